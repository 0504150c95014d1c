/// Hashes by which people agree on a batch of changes, or on all assets, before they vote on it.
///
/// Source: github.com/dfinity/certified-assets, ic-certified-assets/src/evidence.rs.
import Array "mo:core/Array";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Text "mo:core/Text";
import Bytes "../shared/Bytes";
import Sha256 "../shared/Sha256";
import Assets "Assets";
import Types "Types";

module {
  let FALSE : Nat8 = 0;
  let TRUE : Nat8 = 1;
  let NONE : Nat8 = 2;
  let SOME : Nat8 = 3;
  let CREATE_ASSET : Nat8 = 4;
  let SET_ASSET_CONTENT : Nat8 = 5;
  let UNSET_ASSET_CONTENT : Nat8 = 6;
  let DELETE_ASSET : Nat8 = 7;
  let CLEAR : Nat8 = 8;
  let SET_ASSET_PROPERTIES : Nat8 = 9;

  public func ofBatch(store : Assets.Store, { operations } : Types.CommitBatch) : Blob {
    let writer = Writer();
    for (operation in operations.vals()) {
      switch operation {
        case (#CreateAsset args) writer.createAsset(args);
        case (#SetAssetContent args) {
          writer.setContent(args);
          for (id in args.chunk_ids.vals()) {
            switch (store.chunks.get(id)) { case (?{ content }) writer.bytes(content); case null {} };
          };
          // A last chunk after others is left out.
          switch (args.last_chunk) {
            case (?content) if (args.chunk_ids.size() == 0) writer.bytes(content);
            case null {};
          };
        };
        case (#SetAssetProperties args) writer.setProperties(args);
        case (#UnsetAssetContent { key; content_encoding }) {
          writer.tag(UNSET_ASSET_CONTENT);
          writer.text(key);
          writer.text(content_encoding);
        };
        case (#DeleteAsset { key }) {
          writer.tag(DELETE_ASSET);
          writer.text(key);
        };
        case (#Clear _) writer.tag(CLEAR);
      };
    };
    writer.sum();
  };

  /// As if all assets were made by one batch.
  public func ofAssets(store : Assets.Store) : Blob {
    let writer = Writer();
    for ((key, asset) in store.assets.entries()) {
      writer.createAsset({
        key;
        content_type = asset.contentType;
        max_age = asset.maxAge;
        headers = asset.headers;
        enable_aliasing = asset.isAliased;
        allow_raw_access = asset.allowRawAccess;
      });
      for ((content_encoding, { sha256; chunks }) in asset.encodings.entries()) {
        writer.setContent({ key; content_encoding; chunk_ids = []; last_chunk = null; sha256 = ?sha256 });
        for (chunk in chunks.vals()) writer.bytes(chunk);
      };
    };
    writer.sum();
  };

  class Writer() {
    let digest = Sha256.Digest();

    public func sum() : Blob = digest.sum();
    public func bytes(content : Blob) = digest.write(content);
    public func text(content : Text) = digest.write(content.encodeUtf8());
    public func tag(byte : Nat8) = digest.write(Bytes.single(byte));

    func optional<T>(value : ?T, write : T -> ()) = switch value {
      case (?present) {
        tag(SOME);
        write(present);
      };
      case null tag(NONE);
    };

    func bool(value : Bool) = tag(if value TRUE else FALSE);
    func nat64(value : Nat64) = bytes(Bytes.fromNat64(value));
    func headers(list : [Types.Header]) {
      for ((name, value) in Map.fromArray<Text, Text>(list).entries()) {
        text(name);
        text(value);
      };
    };

    public func createAsset({ key; content_type; max_age; headers = list; allow_raw_access; enable_aliasing } : Types.CreateAsset) {
      tag(CREATE_ASSET);
      text(key);
      text(content_type);
      optional(max_age, nat64);
      optional(list, headers);
      optional(allow_raw_access, bool);
      optional(enable_aliasing, bool);
    };

    public func setContent({ key; content_encoding; sha256 } : Types.SetAssetContent) {
      tag(SET_ASSET_CONTENT);
      text(key);
      text(content_encoding);
      optional(sha256, bytes);
    };

    public func setProperties({ key; max_age; headers = list; allow_raw_access; is_aliased } : Types.SetAssetProperties) {
      tag(SET_ASSET_PROPERTIES);
      text(key);
      optional<?Nat64>(max_age, func value = optional(value, nat64));
      optional<?[Types.Header]>(list, func value = optional(value, headers));
      optional<?Bool>(allow_raw_access, func value = optional(value, bool));
      optional<?Bool>(is_aliased, func value = optional(value, bool));
    };
  };
};
