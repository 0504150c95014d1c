/// A shop that has its parcels delivered by whoever the customer names, and waits until that is done.
persistent actor Shop {
  var delivered = 0;

  public shared func send(courier : actor { deliver : () -> async () }) : async Bool {
    try {
      await courier.deliver();
      delivered += 1;
      true;
    } catch (_) { false };
  };

  public query func parcels() : async Nat { delivered };
};
