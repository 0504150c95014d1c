/// Blocks of ICRC-3: generic values and their hashes.
///
/// Source: https://github.com/dfinity/ICRC-1, standards/ICRC-3.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import Text "mo:core/Text";
import Bytes "Bytes";
import Sha256 "Sha256";

module {
  public type Value = {
    #Nat : Nat;
    #Int : Int;
    #Text : Text;
    #Blob : Blob;
    #Array : [Value];
    #Map : [(Text, Value)];
  };

  /// The representation-independent hash.
  public func hash(value : Value) : Blob = switch value {
    case (#Nat number) Sha256.hash(Bytes.leb128(number));
    case (#Int number) Sha256.hash(Bytes.sleb128(number));
    case (#Text text) Sha256.hash(text.encodeUtf8());
    case (#Blob bytes) Sha256.hash(bytes);
    case (#Array items) Sha256.hashAll(items.map(hash));
    case (#Map entries) {
      let hashed = entries.map(func((key, item)) = Bytes.concat([Sha256.hash(key.encodeUtf8()), hash(item)]));
      Sha256.hashAll(hashed.sort());
    };
  };
};
