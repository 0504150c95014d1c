/// Pays what is due, every ten seconds, if the last payment is not still under way.
import Timer "mo:core/Timer";

persistent actor class Payer(ledger : actor { pay : Nat -> async () }) {
  var due = 30;
  transient var isPaying = false;

  func payDue() : async () {
    if (due == 0 or isPaying) return;
    isPaying := true;
    try {
      await ledger.pay(due);
      due := 0;
    } catch (_) {} finally { isPaying := false };
  };

  transient let _timer = Timer.recurringTimer<system>(#seconds 10, payDue);

  public query func open() : async Nat { due };
};
