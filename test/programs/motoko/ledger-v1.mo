/// A canister over three versions: the first.
persistent actor {
  var total : Nat = 0;
  let names : [var Text] = [var "first", "second"];
  transient var cache = 0;

  public func add(amount : Nat) : async Nat {
    total += amount;
    cache += 1;
    names[0] := "changed";
    total;
  };
  public query func state() : async { total : Nat; name : Text; cache : Nat } { { total; name = names[0]; cache } };
};
