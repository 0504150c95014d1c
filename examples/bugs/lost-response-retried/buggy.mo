/// Sends money, and tries again when it does not hear that it arrived.
persistent actor class Sender(ledger : actor { pay : Nat -> async () }) {
  public shared func send(amount : Nat) : async Bool {
    var tries = 0;
    while (tries < 3) {
      tries += 1;
      try {
        await (with timeout = 5) ledger.pay(amount);
        return true;
      } catch (_) {};
    };
    false;
  };
};
