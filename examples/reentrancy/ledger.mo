/// Pays out, slowly: each payment takes some messages to itself before it is answered, as a ledger does that
/// has to ask others first. Whoever calls it and waits is open to other calls meanwhile.
import Error "mo:core/Error";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";

persistent actor Ledger {
  let paid = Map.empty<Principal, Nat>();
  var steps = 3;
  var refusals = 0;

  public func pay(to : Principal, amount : Nat) : async () {
    for (_ in Nat.range(0, steps)) await async {};
    if (refusals > 0) {
      refusals -= 1;
      throw Error.reject("the ledger refuses this payment");
    };
    paid.add(to, paidTo(to) + amount);
  };

  public query func total(to : Principal) : async Nat {
    paidTo(to);
  };

  /// The next `count` payments are refused.
  public func refuse(count : Nat) : async () {
    refusals := count;
  };

  /// How many messages to itself a payment takes.
  public func setSteps(count : Nat) : async () {
    steps := count;
  };

  func paidTo(to : Principal) : Nat {
    switch (paid.get(to)) { case (?amount) amount; case null 0 };
  };
};
