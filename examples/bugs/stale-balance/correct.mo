/// Deposits are noted by an auditor and added to the balance as it is then.
persistent actor class Account(auditor : actor { work : () -> async () }) {
  var balance = 0;
  var accepted = 0;

  public shared func deposit(amount : Nat) : async () {
    try { await auditor.work() } catch (_) { return };
    balance += amount;
    accepted += amount;
  };

  public query func difference() : async Int { accepted - balance };
};
