/// Control flow over awaits: async*, try with finally, traps before and after an await, errors of every code, calls by name and bytes,
/// calls that wait only so long.
import Blob "mo:core/Blob";
import Error "mo:core/Error";
import InternetComputer "mo:core/InternetComputer";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Prim "mo:⛔";

persistent actor Control {
  let steps = List.empty<Text>();

  public query func journal() : async [Text] { steps.toArray() };
  public func forget() : async () { steps.clear() };

  func note(step : Text) { steps.add(step) };

  // async*: the callee's part before its first await is done by the caller, in one execution with it.

  func inner(mustWait : Bool) : async* Nat {
    note("inner begins");
    if mustWait await async ();
    note("inner ends");
    7;
  };

  /// Whether `inner` ended in another execution: the counter of instructions begins anew in each.
  public func delegated(mustWait : Bool) : async Nat {
    note("outer begins");
    for (_ in Nat.range(0, 10_000)) {};
    let before = Prim.performanceCounter(0);
    let result = await* inner(mustWait);
    note(if (Prim.performanceCounter(0) < before) "another execution" else "the same execution");
    result;
  };

  // try and finally.

  public func lock() : async Text { "locked" };
  public func refuse() : async () { throw Error.reject("not today") };
  public func crash() : async () { Prim.trap("crashed") };

  public func tried(how : { #well; #throws; #traps; #trapsAfter }) : async Text {
    try {
      note("before");
      switch how {
        case (#well) ignore await lock();
        case (#throws) await refuse();
        case (#traps) await crash();
        case (#trapsAfter) {
          ignore await lock();
          note("lost with the trap");
          Prim.trap("after the await");
        };
      };
      "well";
    } catch (error) {
      debug_show error.code() # " " # error.message();
    } finally {
      note("finally");
    };
  };

  /// A trap before any await takes all of the message back.
  public func trapsAtOnce() : async () {
    note("never seen");
    Prim.trap("at once");
  };

  // Errors.

  /// What calling a method that may not be there says.
  public func callNamed(canister : Principal, method : Text, arguments : Blob) : async { #ok : Blob; #err : Text } {
    try {
      #ok(await InternetComputer.call(canister, method, arguments));
    } catch (error) {
      #err(debug_show error.code() # " " # error.message());
    };
  };

  /// What Motoko itself does for a bounded wait.
  public func callBounded(canister : Principal, seconds : Nat32) : async Text {
    let other = actor (canister.toText()) : actor { deadline : shared () -> async ?Nat };
    try {
      debug_show (await (with timeout = seconds) other.deadline());
    } catch (error) { debug_show error.code() # " " # error.message() };
  };

  public func deadline() : async ?Nat { InternetComputer.replyDeadline() };

  /// Calls itself more often than there may be calls in flight: which ones were refused, and how.
  public func flood(count : Nat) : async { answered : Nat; refused : [Text] } {
    let sent = List.empty<async Text>();
    let refused = List.empty<Text>();
    for (_ in Nat.range(0, count)) {
      try { sent.add(lock()) } catch (error) {
        let text = debug_show error.code() # " " # error.message();
        if (not refused.contains(func(a : Text, b : Text) : Bool = a == b, text)) refused.add(text);
      };
    };
    var answered = 0;
    for (answer in sent.values()) {
      ignore await answer;
      answered += 1;
    };
    { answered; refused = refused.toArray() };
  };

  /// One-way: there is nothing to wait for.
  public func tell(step : Text) : () { note(step) };
  public func tellOther(step : Text) : async () {
    Control.tell(step);
    note("told");
  };
};
