/// The same calls one after the other and all at once.
///
/// `sequential` waits for each answer before it calls again: any number of calls succeeds, and over a long way
/// each of them takes its own time. `parallel` first sends all calls, then waits for the answers in order: all
/// share one wait, but only 500 calls may be open between two canisters. Each further one is refused before it is
/// sent, and Motoko throws at the call itself (`#call_error`), not at the `await`. `parallelBounded` does the same
/// with a bounded wait: an answer that takes too long is given up, with an unknown outcome (`#system_unknown`).
import List "mo:core/List";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import { Tally; type Outcome } "../shared/tally";

persistent actor Caller {
  type Callee = actor { ping : shared () -> async () };

  transient let timeoutSeconds : Nat32 = 60;

  public func sequential(callee : Principal, n : Nat) : async Outcome {
    let target = actor (callee.toText()) : Callee;
    let tally = Tally();
    for (_ in Nat.range(0, n)) {
      try {
        await target.ping();
        tally.success();
      } catch (error) { tally.reject(error) };
    };
    tally.outcome();
  };

  public func parallel(callee : Principal, n : Nat) : async Outcome {
    let target = actor (callee.toText()) : Callee;
    let tally = Tally();
    let sent = List.empty<async ()>();
    for (_ in Nat.range(0, n)) {
      try { sent.add(target.ping()) } catch (refused) { tally.reject(refused) };
    };
    for (answer in sent.values()) {
      try {
        await answer;
        tally.success();
      } catch (error) { tally.reject(error) };
    };
    tally.outcome();
  };

  public func parallelBounded(callee : Principal, n : Nat) : async Outcome {
    let target = actor (callee.toText()) : Callee;
    let tally = Tally();
    let sent = List.empty<async ()>();
    for (_ in Nat.range(0, n)) {
      try { sent.add((with timeout = timeoutSeconds) target.ping()) } catch (refused) { tally.reject(refused) };
    };
    for (answer in sent.values()) {
      try {
        await answer;
        tally.success();
      } catch (error) { tally.reject(error) };
    };
    tally.outcome();
  };
};
