/// A prize is paid once.
persistent actor class Prize(ledger : actor { pay : Nat -> async (); paid : query () -> async Nat }) {
  var claimed = false;
  var busy = false;

  public shared func claim() : async Bool {
    if (claimed) return false;
    ignore await ledger.paid();
    if (busy) return false;
    busy := true;
    try {
      await ledger.pay(10);
      claimed := true;
      true;
    } catch (_) {
      false;
    } finally {
      busy := false;
    };
  };
};
