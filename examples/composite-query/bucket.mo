/// One of the map's buckets: a canister of its own, made by the map when the first key falls to it.
import Map "mo:core/Map";
import Nat "mo:core/Nat";

persistent actor class Bucket(index : Nat) {
  let entries = Map.empty<Nat, Text>();

  public func put(key : Nat, value : Text) : async () {
    entries.add(key, value);
  };

  public query func get(key : Nat) : async ?Text {
    entries.get(key);
  };

  /// The same as an update: what a composite query may not call.
  public func getUpdate(key : Nat) : async ?Text {
    entries.get(key);
  };

  public query func stats() : async { index : Nat; size : Nat } {
    { index; size = entries.size() };
  };
};
