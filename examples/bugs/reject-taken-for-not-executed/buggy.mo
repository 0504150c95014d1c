/// A withdrawal that fails is given back.
persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;

  public shared func withdraw(amount : Nat) : async Bool {
    if (amount > balance) return false;
    balance -= amount;
    try {
      await (with timeout = 10) ledger.pay(amount);
      true;
    } catch (_) {
      balance += amount;
      false;
    };
  };

  public query func funds() : async Nat { balance };
};
