/// A bank that pays out through another canister, and what can happen while it waits for the answer.
///
/// The code before an `await` and the code after it are two executions. Between them other calls run on the same
/// state. `withdrawUnsafe` checks the balance before and writes it after: two withdrawals that meet are both paid.
/// `withdraw` closes the account while a payment is under way and opens it in `finally`, which also runs when the
/// payment is refused and when the code after the `await` traps. A trap undoes only its own execution.
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Set "mo:core/Set";
import Rejects "../shared/rejects";

persistent actor class Bank(ledgerId : Principal) {
  type Ledger = actor { pay : shared (Principal, Nat) -> async () };

  type Result = { #ok : Nat; #err : { #insufficient; #busy; #failed : Rejects.Failure } };

  let balances = Map.empty<Principal, Nat>();
  /// Accounts with a payment under way. Transient: an upgrade that drops the calls must not leave an account closed.
  transient let busy = Set.empty<Principal>();
  var stepsDone = 0;

  transient let ledger = actor (ledgerId.toText()) : Ledger;

  public shared ({ caller }) func deposit(amount : Nat) : async Nat {
    let balance = balanceOf(caller) + amount;
    balances.add(caller, balance);
    balance;
  };

  public shared query ({ caller }) func balance() : async Nat {
    balanceOf(caller);
  };

  /// Wrong: what was read before the `await` may no longer be true after it.
  public shared ({ caller }) func withdrawUnsafe(amount : Nat) : async Result {
    let before = balanceOf(caller);
    if (before < amount) return #err(#insufficient);
    let after = before - amount : Nat;
    try { await ledger.pay(caller, amount) } catch (error) { return #err(#failed(Rejects.failure(error))) };
    balances.add(caller, after);
    #ok after;
  };

  /// Right: one withdrawal per account at a time.
  public shared ({ caller }) func withdraw(amount : Nat) : async Result {
    if (busy.contains(caller)) return #err(#busy);
    let before = balanceOf(caller);
    if (before < amount) return #err(#insufficient);
    busy.add(caller);
    try {
      await ledger.pay(caller, amount);
      let after = balanceOf(caller) - amount : Nat; // a deposit may have come in meanwhile
      balances.add(caller, after);
      #ok after;
    } catch (error) {
      #err(#failed(Rejects.failure(error)));
    } finally { busy.remove(caller) };
  };

  /// As `withdraw`, with a mistake after the payment: what follows the `await` is undone, the payment is not, and
  /// the account is open again.
  public shared ({ caller }) func withdrawThenTrap(amount : Nat) : async Result {
    if (busy.contains(caller)) return #err(#busy);
    let before = balanceOf(caller);
    if (before < amount) return #err(#insufficient);
    busy.add(caller);
    try {
      await ledger.pay(caller, amount);
      balances.add(caller, before - amount : Nat);
      Runtime.trap("a mistake after the payment");
    } finally { busy.remove(caller) };
  };

  /// Counts a step, waits, counts another and traps: the first step stays, the second is undone.
  public shared ({ caller }) func trapAfterAwait() : async () {
    stepsDone += 1;
    await ledger.pay(caller, 0);
    stepsDone += 1;
    Runtime.trap("after the await");
  };

  public query func steps() : async Nat {
    stepsDone;
  };

  func balanceOf(owner : Principal) : Nat {
    switch (balances.get(owner)) { case (?amount) amount; case null 0 };
  };
};
