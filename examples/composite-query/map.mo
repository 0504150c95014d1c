/// A map whose entries lie in four other canisters, its buckets, and whose `get` is fast all the same.
///
/// A plain query cannot call. A composite query can: it runs on one node, asks queries of canisters on the same
/// subnet and is answered within milliseconds, without a round. `getUpdate` gives the same answer as an update.
/// The last methods do what a composite query may not do, and report how the system refuses.
import Array "mo:core/Array";
import Error "mo:core/Error";
import Principal "mo:core/Principal";
import VarArray "mo:core/VarArray";
import Bucket "bucket";
import Rejects "../shared/rejects";

persistent actor Map {
  type Answer = { #ok : ?Text; #err : Rejects.Failure };

  transient let bucketCount = 4;
  transient let cyclesForBucket = 2_000_000_000_000;

  let buckets : [var ?Bucket.Bucket] = VarArray.repeat(null, bucketCount);
  /// Creating takes an `await`: a second `put` meanwhile must not create the same bucket again.
  transient let creating : [var Bool] = VarArray.repeat(false, bucketCount);

  public func put(key : Nat, value : Text) : async () {
    let index = key % bucketCount;
    let bucket = switch (buckets[index]) {
      case (?bucket) bucket;
      case null {
        if (creating[index]) throw Error.reject("the bucket of key " # debug_show key # " is being created: try again");
        creating[index] := true;
        try {
          let bucket = await (with cycles = cyclesForBucket) Bucket.Bucket(index);
          buckets[index] := ?bucket;
          bucket;
        } finally { creating[index] := false };
      };
    };
    await bucket.put(key, value);
  };

  public composite query func get(key : Nat) : async ?Text {
    switch (buckets[key % bucketCount]) {
      case (?bucket) await bucket.get(key);
      case null null;
    };
  };

  public func getUpdate(key : Nat) : async ?Text {
    switch (buckets[key % bucketCount]) {
      case (?bucket) await bucket.get(key);
      case null null;
    };
  };

  public query func bucketIds() : async [?Principal] {
    Array.tabulate(bucketCount, func index = switch (buckets[index]) { case (?bucket) ?Principal.fromActor(bucket); case null null });
  };

  // What must fail. Motoko's types forbid each of these, so the callee's type is given anew, and wrongly.

  type PretendsUpdate = actor { get : shared Nat -> async ?Text };
  type PretendsQuery = actor { getUpdate : shared query Nat -> async ?Text };
  type Readable = actor { get : shared query Nat -> async ?Text };

  /// An update that calls the composite query of another map.
  public func updateCallsCompositeOf(map : Principal, key : Nat) : async Answer {
    let target = actor (map.toText()) : PretendsUpdate;
    try { #ok(await target.get(key)) } catch (error) { #err(Rejects.failure(error)) };
  };

  /// An update that calls this canister's own composite query.
  public func updateCallsOwnComposite(key : Nat) : async Answer {
    let target = actor (Principal.fromActor(Map).toText()) : PretendsUpdate;
    try { #ok(await target.get(key)) } catch (error) { #err(Rejects.failure(error)) };
  };

  /// A composite query that calls an update method of a bucket.
  public composite query func compositeCallsUpdate(key : Nat) : async Answer {
    switch (buckets[key % bucketCount]) {
      case (?bucket) {
        let target = actor (Principal.fromActor(bucket).toText()) : PretendsQuery;
        try { #ok(await target.getUpdate(key)) } catch (error) { #err(Rejects.failure(error)) };
      };
      case null #ok null;
    };
  };

  /// A composite query that asks a canister by its id: refused when that one is on another subnet.
  public composite query func compositeCallsQueryOf(bucket : Principal, key : Nat) : async Answer {
    let target = actor (bucket.toText()) : Readable;
    try { #ok(await target.get(key)) } catch (error) { #err(Rejects.failure(error)) };
  };
};
