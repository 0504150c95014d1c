/// Tells a rate, once it has been set.
persistent actor Rates {
  var rate : ?Nat = null;
  public shared func set(to : Nat) : async () { rate := ?to };
  public shared func get() : async ?Nat { rate };
};
