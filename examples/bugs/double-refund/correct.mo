/// An order is paid when it is placed. It can be cancelled before the delivery is under way, and a failed delivery gives the money back: whoever closes
/// an order is the one who gives back.
persistent actor class Shop(ledger : actor { pay : Nat -> async () }) {
  var balance = 100;
  var open = false;
  var underWay = false;

  public shared func buy() : async Bool {
    if (open or balance < 60) return false;
    balance -= 60;
    open := true;
    underWay := true;
    var delivered = false;
    try {
      await ledger.pay(60);
      delivered := true;
    } catch (_) {};
    underWay := false;
    ignore close(not delivered);
    delivered;
  };

  public shared func cancel() : async Bool { not underWay and close(true) };

  func close(giveBack : Bool) : Bool {
    if (not open) return false;
    open := false;
    if (giveBack) balance += 60;
    true;
  };

  public query func funds() : async Nat { balance };
};
