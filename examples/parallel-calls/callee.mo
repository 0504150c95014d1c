/// The callee of `parallel-calls`: answers `ping` at once and counts how often it was asked.
persistent actor Callee {
  var count = 0;

  public func ping() : async () {
    count += 1;
  };

  public query func pings() : async Nat {
    count;
  };
};
