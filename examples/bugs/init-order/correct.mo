/// Takes over the rate when it is started, or when it is first needed; without one it says so.
persistent actor class Exchange(rates : actor { get : () -> async ?Nat }) {
  var rate : ?Nat = null;

  public shared func start() : async () { await learn() };

  func learn() : async () {
    try { if (rate == null) rate := await rates.get() } catch (_) {};
  };

  public shared func convert(amount : Nat) : async ?Nat {
    await learn();
    switch (rate) { case (?known) ?(amount * known); case null null };
  };
};
