/// A shop that has its parcels delivered by whoever the customer names, and waits for that as long as it is willing to: a courier
/// that keeps it waiting cannot keep it from being stopped.
persistent actor Shop {
  var delivered = 0;

  public shared func send(courier : actor { deliver : () -> async () }) : async Bool {
    try {
      await (with timeout = 10) courier.deliver();
      delivered += 1;
      true;
    } catch (_) { false };
  };

  public query func parcels() : async Nat { delivered };
};
