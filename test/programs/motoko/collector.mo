/// Much garbage and a little that stays: what is reachable survives every collection, the rest makes room. Compiled once for each
/// garbage collector and each kind of persistence.
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Prim "mo:⛔";
import VarArray "mo:core/VarArray";

persistent actor {
  /// Rows that point into one another, so that a collector has to follow pointers and, if it moves objects, to mend them.
  type Row = { key : Nat; values : [var Nat]; before : ?Row };

  let rows = Map.empty<Nat, Row>();

  /// Makes `count` rows of 1,000 numbers each, under ten keys: all but the last ones are garbage.
  public func churn(count : Nat) : async () {
    for (i in Nat.range(0, count)) {
      let key = i % 10;
      let values = VarArray.tabulate<Nat>(1_000, func j = i * j + 2 ** 40);
      let before = if (key == 0) null else rows.get(Nat.compare, key - 1 : Nat);
      rows.add(Nat.compare, key, { key; values; before });
    };
  };

  /// The sum of everything that can be reached.
  public query func checksum() : async Nat {
    var sum = 0;
    for ((key, row) in rows.entries()) {
      var at : ?Row = ?row;
      label chain loop {
        let ?one = at else break chain;
        for (value in one.values.values()) sum += value + key;
        at := one.before;
      };
    };
    sum;
  };

  public query func heap() : async { live : Nat; memory : Nat; allocated : Nat; collector : Text } {
    {
      live = Prim.rts_heap_size();
      memory = Prim.rts_memory_size();
      allocated = Prim.rts_total_allocation();
      collector = Prim.rts_version();
    };
  };
};
