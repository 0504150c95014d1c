/// Everything that runs without being called: timers, the heartbeat, the low-memory hook; and what decides before a call: inspect.
import Array "mo:core/Array";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Time "mo:core/Time";
import Timer "mo:core/Timer";
import Prim "mo:⛔";

persistent actor Clock {
  let ticks = List.empty<Text>();
  var beats = 0;
  var lowMemory = 0;
  var kept : [[var Nat64]] = [];
  transient let begin = Time.now();
  /// Transient, as timers do not live through an upgrade.
  transient var recurring : ?Timer.TimerId = null;

  func tick(what : Text) {
    let seconds = (Time.now() - begin) / 1_000_000_000;
    ticks.add(what # " at " # debug_show seconds);
  };

  public query func seen() : async [Text] { ticks.toArray() };

  public func once(seconds : Nat, what : Text) : async Nat {
    Timer.setTimer<system>(#seconds seconds, func() : async () { tick(what) });
  };

  public func every(seconds : Nat, what : Text) : async Nat {
    let id = Timer.recurringTimer<system>(#seconds seconds, func() : async () { tick(what) });
    recurring := ?id;
    id;
  };

  public func cancel(id : Nat) : async () { Timer.cancelTimer(id) };

  /// A timer that traps, beside others that do not.
  public func trapping(seconds : Nat) : async () {
    ignore Timer.setTimer<system>(#seconds seconds, func() : async () { Prim.trap("a timer trapped") });
  };

  // The heartbeat.

  system func heartbeat() : async () { beats += 1 };
  public query func heartbeats() : async Nat { beats };

  // Low memory.

  system func lowmemory() : async* () { lowMemory += 1 };
  public query func lowMemoryRuns() : async Nat { lowMemory };
  /// Keeps so many MiB more.
  public func grow(mebibytes : Nat) : async () {
    for (_ in Nat.range(0, mebibytes)) kept := Array.concat(kept, [Prim.Array_init<Nat64>(131_072, 1)]);
  };
  public func release() : async () { kept := [] };

  // Inspection.

  system func inspect({ caller : Principal; arg : Blob; msg : { #secret : () -> (); #once : () -> (Nat, Text); #every : () -> (Nat, Text); #cancel : () -> Nat; #trapping : () -> Nat; #grow : () -> Nat; #release : () -> (); #seen : () -> (); #heartbeats : () -> (); #lowMemoryRuns : () -> () } }) : Bool {
    switch msg {
      case (#secret _) not caller.isAnonymous();
      case _ arg.size() < 1_000;
    };
  };
  public shared ({ caller }) func secret() : async Text { debug_show caller };
};
