/// A journey is a room and a seat: the room is given back when there is no seat.
persistent actor class Journey(
  hotel : actor { reserve : () -> async (); release : () -> async () },
  flight : actor { reserve : () -> async () },
) {
  public shared func book() : async Bool {
    try { await hotel.reserve() } catch (_) { return false };
    try { await flight.reserve(); return true } catch (_) {};
    var tries = 0;
    label giveBack while (tries < 20) {
      tries += 1;
      try { await hotel.release(); break giveBack } catch (_) {};
    };
    false;
  };
};
