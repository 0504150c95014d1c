/// Gives out work, one call for each piece; what cannot be sent is sent again at once.
import List "mo:core/List";

persistent actor class Foreman(worker : actor { work : () -> async () }) {
  var ordered = 0;

  public shared func order(pieces : Nat) : async () { ordered := pieces };

  public query func asked() : async Nat { ordered };

  public shared func give() : async () {
    let pieces = ordered;
    let calls = List.empty<async ()>();
    var sent = 0;
    while (sent < pieces) {
      try {
        calls.add(worker.work());
        sent += 1;
      } catch (_) {};
    };
    for (call in calls.values()) { try { await call } catch (_) {} };
  };
};
