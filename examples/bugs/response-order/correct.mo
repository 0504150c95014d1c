/// Keeps the newest answer of an oracle, asked directly or through a relay, whichever comes last.
persistent actor class Cache(oracle : actor { next : () -> async Nat }, relay : actor { next : () -> async Nat }) {
  var value = 0;
  var newest = 0;

  public shared func refresh() : async () { await keep(oracle) };

  public shared func refreshThroughRelay() : async () { await keep(relay) };

  func keep(source : actor { next : () -> async Nat }) : async () {
    try {
      let answer = await source.next();
      if (answer > value) value := answer;
      if (answer > newest) newest := answer;
    } catch (_) {};
  };

  public query func wentBack() : async Bool { value < newest };
};
