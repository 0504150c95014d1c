/// The smallest canister that does something: a counter that survives upgrades, prints, and can fail.
import Debug "mo:core/Debug";
import Nat "mo:core/Nat";
import Runtime "mo:core/Runtime";

persistent actor Counter {
  var count = 0;

  public query func get() : async Nat {
    count;
  };

  public func inc() : async Nat {
    count += 1;
    count;
  };

  public func add(amount : Nat) : async Nat {
    count += amount;
    count;
  };

  /// Writes to the canister's log.
  public func print(text : Text) : async () {
    Debug.print(text # ": " # count.toText());
  };

  /// Counts, then traps: the count is as before.
  public func fail() : async () {
    count += 1;
    Runtime.trap("counter failed at " # count.toText());
  };
};
