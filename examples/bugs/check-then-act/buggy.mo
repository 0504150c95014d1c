/// A withdrawal checks the balance, pays, and takes the money from the balance when the payment is done.
persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;

  public shared func withdraw(amount : Nat) : async Bool {
    if (balance < amount) return false;
    await ledger.pay(amount);
    balance := if (balance > amount) balance - amount else 0;
    true;
  };
};
