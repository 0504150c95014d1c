/// Sends money, and tries again under the same id when it does not hear that it arrived.
persistent actor class Sender(ledger : actor { payOnce : (Nat, Nat) -> async () }) {
  var nextId = 0;

  public shared func send(amount : Nat) : async Bool {
    let id = nextId;
    nextId += 1;
    var tries = 0;
    while (tries < 3) {
      tries += 1;
      try {
        await (with timeout = 5) ledger.payOnce(id, amount);
        return true;
      } catch (_) {};
    };
    false;
  };
};
