/// More calls than fit: 500 may be open between two canisters, and the rest are refused before they are sent.
///
/// Calling again at once cannot help: no answer can come in, and so no place become free, before the running
/// execution ends (`retryAtOnce`). `callAll` notes what was refused and sends it from a timer, as often as it
/// takes, until all have succeeded; `progress` tells how far it is.
import List "mo:core/List";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Timer "mo:core/Timer";
import { Tally; type Outcome } "../shared/tally";

persistent actor Caller {
  type Callee = actor { ping : shared () -> async () };

  type Progress = {
    /// Calls answered with a reply.
    succeeded : Nat;
    /// Calls that were refused or rejected and are to be sent again.
    waiting : Nat;
    /// Executions that sent calls: the first, and one for each timer.
    waves : Nat;
  };

  transient let retryAfter = #seconds 1;

  var succeeded = 0;
  var waiting = 0;
  var waves = 0;
  /// An upgrade drops timers; what still waits then is sent by the next `callAll`.
  transient var timerIsSet = false;

  /// Sends `n` calls and waits for those that could be sent. The others follow from timers.
  public func callAll(callee : Principal, n : Nat) : async Progress {
    waiting += n;
    await* sendWaiting(callee);
    { succeeded; waiting; waves };
  };

  public query func progress() : async Progress {
    { succeeded; waiting; waves };
  };

  /// Sends `n` calls and tries each refused one once more, at once: the second try is refused like the first.
  public func retryAtOnce(callee : Principal, n : Nat) : async Outcome {
    let target = actor (callee.toText()) : Callee;
    let tally = Tally();
    let sent = List.empty<async ()>();
    for (_ in Nat.range(0, n)) {
      try { sent.add(target.ping()) } catch (_) {
        try { sent.add(target.ping()) } catch (refused) { tally.reject(refused) };
      };
    };
    for (answer in sent.values()) {
      try {
        await answer;
        tally.success();
      } catch (error) { tally.reject(error) };
    };
    tally.outcome();
  };

  func sendWaiting(callee : Principal) : async* () {
    let target = actor (callee.toText()) : Callee;
    waves += 1;
    let sent = List.empty<async ()>();
    var full = false;
    while (waiting > 0 and not full) {
      try {
        sent.add(target.ping());
        waiting -= 1;
      } catch (_) { full := true };
    };
    if (full) retryLater<system>(callee);
    for (answer in sent.values()) {
      try {
        await answer;
        succeeded += 1;
      } catch (_) {
        waiting += 1; // `ping` may be repeated; a call that may not must look at the reject code first
        retryLater<system>(callee);
      };
    };
  };

  func retryLater<system>(callee : Principal) {
    if (timerIsSet) return;
    timerIsSet := true;
    ignore Timer.setTimer<system>(
      retryAfter,
      func() : async () {
        timerIsSet := false;
        await* sendWaiting(callee);
      },
    );
  };
};
