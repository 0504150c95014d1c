/// An order is paid when it is placed; it can be cancelled until it is delivered, and a failed delivery gives the money back.
persistent actor class Shop(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var open = false;

  public shared func buy() : async Bool {
    if (open or balance < 60) return false;
    balance -= 60;
    open := true;
    try {
      await ledger.pay(60);
      open := false;
      true;
    } catch (_) {
      open := false;
      balance += 60;
      false;
    };
  };

  public shared func cancel() : async Bool {
    if (not open) return false;
    open := false;
    balance += 60;
    true;
  };

  public query func funds() : async Nat { balance };
};
