/// Passes each call on to another canister and its answer back, for `bench/`: one call between canisters and nothing else.
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";

persistent actor class Relay(callee : Principal) {
  transient let counter = actor (callee.toText()) : actor { inc : shared () -> async Nat };

  public func inc() : async Nat {
    await counter.inc();
  };

  /// The same, a number of times, one after the other.
  public func incTimes(times : Nat) : async Nat {
    var count = 0;
    for (_ in Nat.range(0, times)) count := await counter.inc();
    count;
  };
};
