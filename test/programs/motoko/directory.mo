/// Composite queries: one canister asks others while it answers a query itself.
import Error "mo:core/Error";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Principal "mo:core/Principal";
import Text "mo:core/Text";

persistent actor Directory {
  type Shelf = actor { size : shared query () -> async Nat; walk : shared composite query Nat -> async Nat };

  let words = Map.empty<Text, Nat>();
  var next : ?Principal = null;
  var asked = 0;

  public func link(to : Principal) : async () { next := ?to };
  public func put(word : Text, number : Nat) : async () { words.add(Text.compare, word, number) };
  public query func size() : async Nat { words.size() };

  /// The sum of all sizes along the links, so many steps far.
  public composite query func walk(steps : Nat) : async Nat {
    asked += 1;
    let own = words.size();
    let ?id = next else return own;
    if (steps == 0) return own;
    let shelf = actor (id.toText()) : Shelf;
    own + (await shelf.walk(steps - 1 : Nat));
  };

  /// What a composite query wrote while it ran: seen by its own callbacks, by nobody afterwards.
  public composite query func writes() : async Nat {
    asked += 10;
    let ?id = next else return asked;
    let shelf = actor (id.toText()) : Shelf;
    ignore await shelf.size();
    asked;
  };
  public query func changes() : async Nat { asked };

  public composite query func refused(id : Principal) : async Text {
    let shelf = actor (id.toText()) : actor { nothing : shared query () -> async Nat };
    try { debug_show (await shelf.nothing()) } catch (error) { debug_show error.code() # " " # error.message() };
  };
};
