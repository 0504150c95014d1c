/// Gives out work, one call for each piece, as many at a time as fit; what could not be done is given again.
import List "mo:core/List";

persistent actor class Foreman(worker : actor { work : () -> async () }) {
  var ordered = 0;

  public shared func order(pieces : Nat) : async () { ordered := pieces };

  public query func asked() : async Nat { ordered };

  public shared func give() : async () {
    let pieces = ordered;
    var left = pieces;
    var waves = 0;
    while (left > 0 and waves < 100) {
      waves += 1;
      let calls = List.empty<async ()>();
      try {
        while (calls.size() < left and calls.size() < 400) calls.add(worker.work());
      } catch (_) {};
      for (call in calls.values()) { try { await call; left -= 1 } catch (_) {} };
    };
  };
};
