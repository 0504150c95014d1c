/// Pays what is due, every ten seconds.
import Timer "mo:core/Timer";

persistent actor class Payer(ledger : actor { pay : Nat -> async () }) {
  var due = 30;

  func payDue() : async () {
    if (due == 0) return;
    try {
      await ledger.pay(due);
      due := 0;
    } catch (_) {};
  };

  transient let _timer = Timer.recurringTimer<system>(#seconds 10, payDue);

  public query func open() : async Nat { due };
};
