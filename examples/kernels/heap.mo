/// A heap of any size, full of bytes that are not zero, and a small update beside it, for `bench/`: what a message
/// costs should not depend on how much the canister holds.
import Blob "mo:core/Blob";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Region "mo:core/Region";
import VarArray "mo:core/VarArray";

persistent actor Heap {
  transient let mebibyte = 1_048_576;
  transient let wasmPage = 65_536;

  let blocks = List.empty<Blob>();
  let pattern = Region.new();
  var touches = 0;

  /// Adds blocks of 1 MiB to the heap. The pattern is made once, in stable memory, and read from there into each
  /// block: one copy by the system instead of a loop over bytes.
  public func fill(megabytes : Nat) : async Nat {
    if (pattern.size() == 0) preparePattern();
    for (_ in Nat.range(0, megabytes)) blocks.add(pattern.loadBlob(0, mebibyte));
    blocks.size();
  };

  /// The small update.
  public func touch() : async Nat {
    touches += 1;
    touches;
  };

  /// A byte of the heap, to see that it is there.
  public query func peek(megabyte : Nat, index : Nat) : async Nat8 {
    blocks.at(megabyte)[index];
  };

  func preparePattern() {
    ignore pattern.grow(Nat64.fromNat(mebibyte / wasmPage));
    let page = Blob.fromVarArray(VarArray.tabulate<Nat8>(wasmPage, func i = Nat8.fromNat(1 + i % 251)));
    for (i in Nat.range(0, mebibyte / wasmPage)) pattern.storeBlob(Nat64.fromNat(i * wasmPage), page);
  };
};
