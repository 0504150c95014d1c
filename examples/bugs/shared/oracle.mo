/// Each answer is newer than the one before.
persistent actor Oracle {
  var version = 0;
  public shared func next() : async Nat { version += 1; version };
  public query func newest() : async Nat { version };
};
