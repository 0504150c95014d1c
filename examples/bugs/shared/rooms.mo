/// Rooms, seats or the like: so many, and some of them reserved.
persistent actor class Rooms(count : Nat) {
  var free = count;
  var reserved = 0;

  public shared func reserve() : async () {
    assert free > 0;
    free -= 1;
    reserved += 1;
  };

  public shared func release() : async () {
    if (reserved > 0) { reserved -= 1; free += 1 };
  };

  /// Takes what is free, for somebody else.
  public shared func fill() : async () { free := 0 };

  public query func taken() : async Nat { reserved };
};
