/// A canister over three versions: one more variable, one with a wider type, and hooks before and after the upgrade.
import Prim "mo:⛔";

persistent actor {
  var total : Int = 0;
  let names : [var Text] = [var "other"];
  var added : Nat = 5;
  var preUpgrades : Nat = 0;
  transient var cache = 0;
  var mustTrap = false;

  public func add(amount : Int) : async Int {
    total += amount;
    cache += 1;
    total;
  };
  public query func state() : async { total : Int; name : Text; cache : Nat; added : Nat; preUpgrades : Nat } {
    { total; name = names[0]; cache; added; preUpgrades };
  };
  public func trapNextUpgrade() : async () { mustTrap := true };

  system func preupgrade() {
    preUpgrades += 1;
    if mustTrap Prim.trap("not ready to be upgraded");
  };
  system func postupgrade() { added += 1 };
};
