/// One withdrawal at a time; the money is taken before it is paid, and the lock is given back whatever happens.
persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var locked = false;

  public shared func withdraw(amount : Nat) : async () {
    assert not locked and amount <= balance;
    locked := true;
    balance -= amount;
    try {
      await ledger.pay(amount);
    } catch (_) {
      balance += amount;
    } finally {
      locked := false;
    };
  };

  public shared func spend(amount : Nat) : async () {
    if (amount <= balance) balance -= amount;
  };

  public query func isLocked() : async Bool { locked };
};
