/// A withdrawal that is known not to have been done is given back; what is not known is for people to settle.
import Error "mo:core/Error";

persistent actor class Bank(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var unsettled = 0;

  public shared func withdraw(amount : Nat) : async Bool {
    if (amount > balance) return false;
    balance -= amount;
    try {
      await (with timeout = 10) ledger.pay(amount);
      true;
    } catch (error) {
      switch (error.code()) {
        case (#system_unknown) unsettled += amount;
        case _ balance += amount;
      };
      false;
    };
  };

  public query func funds() : async Nat { balance };
};
