/// A withdrawal takes the money from the balance before it pays, and puts it back when the payment fails.
persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;

  public shared func withdraw(amount : Nat) : async Bool {
    if (balance < amount) return false;
    balance -= amount;
    try {
      await ledger.pay(amount);
      true;
    } catch (_) {
      balance += amount;
      false;
    };
  };
};
