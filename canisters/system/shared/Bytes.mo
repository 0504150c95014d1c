/// Blobs: put together, cut, written as hex and as LEB128.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import Char "mo:core/Char";
import Int "mo:core/Int";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Nat "mo:core/Nat";
import Nat32 "mo:core/Nat32";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Text "mo:core/Text";

module {
  public func concat(parts : [Blob]) : Blob {
    let bytes = List.empty<Nat8>();
    for (part in parts.vals()) bytes.addAll(part.vals());
    Blob.fromArray(bytes.toArray());
  };

  public func slice(blob : Blob, from : Nat, to : Nat) : Blob {
    let bytes = blob.toArray();
    Blob.fromArray(Array.tabulate<Nat8>(Nat.max(to, from) - from : Nat, func(i) = bytes[from + i]));
  };

  /// Filled up with zeros at the end.
  public func padded(blob : Blob, size : Nat) : Blob {
    let bytes = blob.toArray();
    Blob.fromArray(Array.tabulate<Nat8>(size, func(i) = if (i < bytes.size()) bytes[i] else 0));
  };

  public func single(byte : Nat8) : Blob = Blob.fromArray([byte]);

  public func leb128(value : Nat) : Blob {
    let bytes = List.empty<Nat8>();
    var rest = value;
    while (rest >= 128) {
      bytes.add(Nat8.fromNat(rest % 128 + 128));
      rest /= 128;
    };
    bytes.add(Nat8.fromNat(rest));
    Blob.fromArray(bytes.toArray());
  };

  public func sleb128(value : Int) : Blob {
    let bytes = List.empty<Nat8>();
    var rest = value;
    loop {
      let low = Int.abs(((rest % 128) + 128) % 128); // of the two's complement
      rest := (rest - low) / 128;
      if ((rest == 0 and low < 64) or (rest == -1 and low >= 64)) {
        bytes.add(Nat8.fromNat(low));
        return Blob.fromArray(bytes.toArray());
      };
      bytes.add(Nat8.fromNat(low + 128));
    };
  };

  /// Big-endian.
  public func fromNat64(value : Nat64) : Blob {
    let (a, b, c, d, e, f, g, h) = Nat64.explode(value);
    Blob.fromArray([a, b, c, d, e, f, g, h]);
  };

  public func toHex(blob : Blob) : Text {
    func digit(n : Nat8) : Char = Char.fromNat32(Nat32.fromNat(Nat8.toNat(n) + (if (n < 10) 48 else 87)));
    Text.fromIter(Iter.flatMap<Nat8, Char>(blob.vals(), func byte = [digit(byte / 16), digit(byte % 16)].vals()));
  };

  /// `null` for a text that is not pairs of hex digits.
  public func fromHex(text : Text) : ?Blob {
    if (text.size() % 2 == 1) return null;
    let bytes = List.empty<Nat8>();
    var high : ?Nat8 = null;
    for (char in text.chars()) {
      let ?value = hexDigit(char) else return null;
      switch (high) {
        case null high := ?value;
        case (?h) {
          bytes.add(h * 16 + value);
          high := null;
        };
      };
    };
    ?Blob.fromArray(bytes.toArray());
  };

  func hexDigit(char : Char) : ?Nat8 {
    let code = Nat32.toNat(char.toNat32());
    if (code >= 48 and code <= 57) ?Nat8.fromNat(code - 48) else if (code >= 97 and code <= 102) ?Nat8.fromNat(code - 87) else if (code >= 65 and code <= 70) ?Nat8.fromNat(code - 55) else null;
  };
};
