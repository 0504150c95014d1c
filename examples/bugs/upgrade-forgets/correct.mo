/// Money that is on its way is held until it is delivered, over upgrades too.
persistent actor class Courier(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var held = 0;

  public shared func pack(amount : Nat) : async () {
    if (amount > balance) return;
    balance -= amount;
    held += amount;
  };

  public shared func deliver() : async () {
    let amount = held;
    if (amount == 0) return;
    held := 0;
    try { await ledger.pay(amount) } catch (_) { held += amount };
  };

  public query func holds() : async Nat { balance + held };
};
