/// Counts what it is given to do.
persistent actor Worker {
  var count = 0;
  public shared func work() : async () { count += 1 };
  public query func done() : async Nat { count };
};
