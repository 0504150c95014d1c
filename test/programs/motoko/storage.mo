/// Stable memory by regions, and blobs of megabytes as arguments, results and in stable memory.
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Principal "mo:core/Principal";
import Region "mo:core/Region";
import Prim "mo:⛔";

persistent actor Storage {
  let index = Region.new();
  let bodies = Region.new();
  /// Where the next body begins.
  var end : Nat64 = 0;
  var count : Nat64 = 0;

  func ensure(region : Region.Region, bytes : Nat64) {
    let pages = (bytes + 65_535) / 65_536;
    let has = region.size();
    if (pages > has and region.grow(pages - has) == 0xFFFF_FFFF_FFFF_FFFF) Prim.trap("out of stable memory");
  };

  /// Appends a body; its number.
  public func put(body : Blob) : async Nat64 {
    let size = body.size().toNat64();
    ensure(bodies, end + size);
    bodies.storeBlob(end, body);
    ensure(index, (count + 1) * 16);
    index.storeNat64(count * 16, end);
    index.storeNat64(count * 16 + 8, size);
    end += size;
    count += 1;
    count - 1;
  };

  public query func get(number : Nat64) : async Blob {
    if (number >= count) Prim.trap("there is no body " # debug_show number);
    bodies.loadBlob(index.loadNat64(number * 16), index.loadNat64(number * 16 + 8).toNat());
  };

  public query func sizes() : async { index : Nat64; bodies : Nat64; ids : (Nat, Nat) } {
    { index = index.size(); bodies = bodies.size(); ids = (index.id(), bodies.id()) };
  };

  /// Grows a region far beyond what anybody writes, and writes at its end.
  public func far(pages : Nat64) : async { before : Nat64; last : Nat8 } {
    let region = Region.new();
    let before = region.grow(pages);
    let at = pages * 65_536 - 1;
    region.storeNat8(at, 42);
    { before; last = region.loadNat8(at) };
  };

  public func outside() : async () { ignore index.loadNat8(index.size() * 65_536) };

  public func echo(body : Blob) : async Blob { body };

  /// Sends a body of so many bytes to another canister like this one, and has it back.
  public func pass(to : Principal, bytes : Nat) : async { returned : Nat; equal : Bool } {
    let other = actor (to.toText()) : actor { echo : shared Blob -> async Blob };
    let source = Region.new();
    ensure(source, bytes.toNat64());
    for (i in Nat.range(0, bytes / 100_000)) source.storeNat64(i.toNat64() * 100_000, 2 ** 60 + i.toNat64());
    let body = source.loadBlob(0, bytes);
    let returned = await other.echo(body);
    { returned = returned.size(); equal = returned == body };
  };
};
