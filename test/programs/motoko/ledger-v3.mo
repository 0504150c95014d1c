/// A canister over three versions: a migration makes the new variables from the old ones.
(
  with migration = func(old : { var total : Int; names : [var Text]; var added : Nat; var preUpgrades : Nat; var mustTrap : Bool }) : {
    var totals : [Int];
  } { { var totals = [old.total, old.added] } }
)
persistent actor {
  var totals : [Int] = [];
  public query func state() : async [Int] { totals };
};
