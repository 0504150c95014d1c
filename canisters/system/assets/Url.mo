/// Percent encoding.
///
/// Source: https://url.spec.whatwg.org/#percent-encoded-bytes.
import Blob "mo:core/Blob";
import Char "mo:core/Char";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Nat32 "mo:core/Nat32";
import Nat8 "mo:core/Nat8";
import Text "mo:core/Text";
import Bytes "../shared/Bytes";

module {
  /// `null` when the bytes that come out are no UTF-8. A percent sign without two hex digits stands for itself.
  public func decode(text : Text) : ?Text {
    let bytes = text.encodeUtf8().toArray();
    let decoded = List.empty<Nat8>();
    var at = 0;
    while (at < bytes.size()) {
      let escaped = if (bytes[at] == 0x25 and at + 2 < bytes.size()) hexByte(bytes[at + 1], bytes[at + 2]) else null;
      switch escaped {
        case (?byte) {
          decoded.add(byte);
          at += 3;
        };
        case null {
          decoded.add(bytes[at]);
          at += 1;
        };
      };
    };
    Blob.fromArray(decoded.toArray()).decodeUtf8();
  };

  /// Letters and digits as they are, everything else as `%XX`.
  public func encode(text : Text) : Text = Text.fromIter(
    Iter.flatMap<Nat8, Char>(
      text.encodeUtf8().vals(),
      func byte {
        let char = Char.fromNat32(Nat32.fromNat(byte.toNat()));
        let isPlain = byte < 128 and (char.isAlphabetic() or char.isDigit());
        if (isPlain) Iter.singleton(char) else ("%" # Bytes.toHex(Bytes.single(byte)).toUpper()).chars();
      },
    )
  );

  func hexByte(high : Nat8, low : Nat8) : ?Nat8 {
    let ?digits = Blob.fromArray([high, low]).decodeUtf8() else return null;
    let ?byte = Bytes.fromHex(digits) else return null;
    ?byte.toArray()[0];
  };
};
