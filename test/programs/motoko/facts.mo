/// What a canister can learn of itself and its world, and the cycles it holds: accepts, sends, burns.
import CertifiedData "mo:core/CertifiedData";
import Cycles "mo:core/Cycles";
import InternetComputer "mo:core/InternetComputer";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Prim "mo:⛔";

persistent actor Facts {
  // Cycles.

  public query func balance() : async Nat { Cycles.balance() };

  public func deposit(most : Nat) : async { available : Nat; accepted : Nat } {
    let available = Cycles.available();
    { available; accepted = Cycles.accept<system>(Nat.min(most, available)) };
  };

  public func burn(amount : Nat) : async Nat { Cycles.burn<system>(amount) };

  /// Sends cycles along with a call of `deposit` of another canister like this one.
  public func send(to : Principal, amount : Nat, most : Nat) : async { accepted : Nat; refunded : Nat } {
    let other = actor (to.toText()) : actor { deposit : shared Nat -> async { available : Nat; accepted : Nat } };
    let { available; accepted } = await (with cycles = amount) other.deposit(most);
    assert available == amount;
    { accepted; refunded = Cycles.refunded() };
  };

  // The canister and where it is.

  public shared ({ caller }) func here() : async {
    self : Principal;
    caller : Principal;
    isController : Bool;
    version : Nat64;
    replicated : Bool;
  } {
    {
      self = Principal.fromActor(Facts);
      caller;
      isController = caller.isController();
      version = Prim.canisterVersion();
      replicated = InternetComputer.isReplicated();
    };
  };

  public query func replicatedInQuery() : async Bool { InternetComputer.isReplicated() };

  public func variables() : async [(Text, ?Text)] {
    let found = List.empty<(Text, ?Text)>();
    for (name in Runtime.envVarNames<system>().values()) found.add((name, Runtime.envVar<system>(name)));
    found.toArray();
  };
  public func variable(name : Text) : async ?Text { Runtime.envVar<system>(name) };

  /// Instructions of a loop, as the platform counts them: in this message, and in this call with all its parts.
  public func counted(n : Nat) : async { loop_ : Nat64; message : Nat64; call : Nat64 } {
    await async ();
    let loop_ = InternetComputer.countInstructions(func() { var i = 0; while (i < n) i += 1 });
    { loop_; message = Prim.performanceCounter(0); call = Prim.performanceCounter(1) };
  };

  public func random() : async Blob {
    let management = actor "aaaaa-aa" : actor { raw_rand : shared () -> async Blob };
    await management.raw_rand();
  };

  // Certified data.

  public func certify(data : Blob) : async () { CertifiedData.set(data) };
  public query func certificate() : async ?Blob { CertifiedData.getCertificate() };
};
