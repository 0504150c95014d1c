/// A prize is paid once: who claims is looked at before anything is awaited.
persistent actor class Prize(ledger : actor { pay : Nat -> async (); paid : query () -> async Nat }) {
  var claimed = false;
  var busy = false;

  public shared func claim() : async Bool {
    if (claimed or busy) return false;
    busy := true;
    try {
      ignore await ledger.paid();
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
