/// A canister that another one makes: an actor class with an argument of its own.
import Cycles "mo:core/Cycles";
import Principal "mo:core/Principal";

persistent actor class Child(name : Text) {
  transient let greeting = "I am " # name;
  var visits = 0;

  public func visit() : async Text {
    visits += 1;
    greeting # ", visit " # debug_show visits;
  };

  public query func balance() : async Nat { Cycles.balance() };

  public shared ({ caller }) func whoCalls() : async Principal { caller };

  /// Takes half of what it is offered.
  public func half() : async Nat { Cycles.accept<system>(Cycles.available() / 2) };
};
