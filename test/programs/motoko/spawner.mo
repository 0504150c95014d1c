/// Makes canisters from an actor class, pays for them, upgrades them and starts them over: the class's module travels inside this one.
import Child "child";
import Cycles "mo:core/Cycles";
import Error "mo:core/Error";
import List "mo:core/List";
import Principal "mo:core/Principal";
import Prim "mo:⛔";

persistent actor Spawner {
  type Management = actor {
    canister_status : shared { canister_id : Principal } -> async {
      status : { #running; #stopping; #stopped };
      cycles : Nat;
      settings : { controllers : [Principal] };
    };
    stop_canister : shared { canister_id : Principal } -> async ();
    delete_canister : shared { canister_id : Principal } -> async ();
  };
  transient let management = actor "aaaaa-aa" : Management;

  let children = List.empty<Child.Child>();

  public func spawn(name : Text, cycles : Nat) : async { #made : Principal; #refused : Text } {
    try {
      let child = await (with cycles) Child.Child(name);
      children.add(child);
      #made(Principal.fromActor(child));
    } catch (error) { #refused(debug_show error.code() # " " # error.message()) };
  };

  /// On a canister that exists: `upgrade` keeps what is stable, `reinstall` does not.
  public func again(index : Nat, name : Text, how : { #upgrade; #reinstall }) : async () {
    let ?child = children.get(index) else Prim.trap("there is no such child");
    ignore switch how {
      case (#upgrade) await (system Child.Child)(#upgrade child)(name);
      case (#reinstall) await (system Child.Child)(#reinstall child)(name);
    };
  };

  /// A canister with settings, made from cycles of this one.
  public func spawnControlled(name : Text, controllers : [Principal], cycles : Nat) : async Principal {
    let settings = ?{
      controllers = ?controllers;
      compute_allocation = null;
      memory_allocation = null;
      freezing_threshold = ?0;
    };
    let child = await (with cycles) (system Child.Child)(#new { settings })(name);
    children.add(child);
    Principal.fromActor(child);
  };

  public func visit(index : Nat) : async Text {
    let ?child = children.get(index) else Prim.trap("there is no such child");
    await child.visit();
  };

  public func status(index : Nat) : async { cycles : Nat; controllers : [Principal] } {
    let ?child = children.get(index) else Prim.trap("there is no such child");
    let { cycles; settings } = await management.canister_status({ canister_id = Principal.fromActor(child) });
    { cycles; controllers = settings.controllers };
  };

  /// What the child kept of an offer, and what came back with its answer.
  public func offer(index : Nat, cycles : Nat) : async { accepted : Nat; refunded : Nat } {
    let ?child = children.get(index) else Prim.trap("there is no such child");
    let accepted = await (with cycles) child.half();
    { accepted; refunded = Cycles.refunded() };
  };

  public func remove(index : Nat) : async Text {
    let ?child = children.get(index) else Prim.trap("there is no such child");
    let id = { canister_id = Principal.fromActor(child) };
    await management.stop_canister(id);
    await management.delete_canister(id);
    try { await child.visit() } catch (error) { debug_show error.code() # " " # error.message() };
  };
};
