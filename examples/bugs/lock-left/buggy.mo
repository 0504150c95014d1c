/// One withdrawal at a time.
persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var locked = false;

  public shared func withdraw(amount : Nat) : async () {
    assert not locked;
    locked := true;
    await ledger.pay(amount);
    balance -= amount;
    locked := false;
  };

  public shared func spend(amount : Nat) : async () {
    if (amount <= balance) balance -= amount;
  };

  public query func isLocked() : async Bool { locked };
};
