/// So many places, to be reserved and released: seats of a flight or rooms of a hotel.
import Error "mo:core/Error";

persistent actor class Inventory(capacity : Nat) {
  var free = capacity;

  public func reserve() : async () {
    if (free == 0) throw Error.reject("nothing left");
    free -= 1;
  };

  public func release() : async () {
    free += 1;
  };

  public query func available() : async Nat {
    free;
  };
};
