/// A journey is a room and a seat.
persistent actor class Journey(hotel : actor { reserve : () -> async () }, flight : actor { reserve : () -> async () }) {
  public shared func book() : async Bool {
    try {
      await hotel.reserve();
      await flight.reserve();
      true;
    } catch (_) { false };
  };
};
