/// Pays out of what it has. A payment with an id is done once, however often it is asked for.
import Map "mo:core/Map";
import Nat "mo:core/Nat";

persistent actor Ledger {
  var paidOut = 0;
  var refusals = 0;
  let done = Map.empty<Nat, ()>();

  public shared func pay(amount : Nat) : async () {
    if (refusals > 0) {
      refusals -= 1;
      assert false;
    };
    paidOut += amount;
  };

  public shared func payOnce(id : Nat, amount : Nat) : async () {
    if (done.get(id) != null) return;
    done.add(id, ());
    paidOut += amount;
  };

  /// The next payments trap.
  public shared func refuse(count : Nat) : async () { refusals := count };

  public query func paid() : async Nat { paidOut };
};
