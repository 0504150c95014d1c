/// The assets: their contents in several encodings, their properties, the names under which they are found, and batches of changes to them.
///
/// Source: github.com/dfinity/certified-assets, ic-certified-assets/src/state_machine/mod.rs.
import Array "mo:core/Array";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat64 "mo:core/Nat64";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import Sha256 "../shared/Sha256";
import Types "Types";

module {
  public type Encoding = { modified : Int; chunks : [Blob]; length : Nat; sha256 : Blob };
  public type Asset = {
    contentType : Text;
    encodings : Map.Map<Text, Encoding>;
    maxAge : ?Nat64;
    /// In the order of their names, each once.
    headers : ?[Types.Header];
    isAliased : ?Bool;
    allowRawAccess : ?Bool;
  };
  type Chunk = { batch : Nat; content : Blob };
  public type Batch = {
    var expiresAt : Nat64;
    var proposed : ?Types.CommitBatch;
    var evidence : ?Blob;
    var bytes : Nat;
  };
  public type Store = {
    assets : Map.Map<Text, Asset>;
    chunks : Map.Map<Nat, Chunk>;
    batches : Map.Map<Nat, Batch>;
    var nextChunk : Nat;
    var nextBatch : Nat;
    var limits : Types.Configuration;
    var updatedAt : Nat64;
  };

  /// Nanoseconds that a batch is kept after its last change.
  let BATCH_LIFE : Nat64 = 300_000_000_000;
  let PAGE_SIZE = 100;

  public func empty() : Store = {
    assets = Map.empty();
    chunks = Map.empty();
    batches = Map.empty();
    var nextChunk = 1;
    var nextBatch = 1;
    var limits = { max_batches = null; max_chunks = null; max_bytes = null };
    var updatedAt = 0;
  };

  // Names.

  /// The asset under a key, or the one that the key is another name of.
  public func find(store : Store, key : Text) : ?Asset {
    switch (store.assets.get(key)) { case (?asset) return ?asset; case null {} };
    for (name in originals(key).vals()) {
      switch (store.assets.get(name)) {
        case (?asset) return if (asset.isAliased != ?false) ?asset else null;
        case null {};
      };
    };
    null;
  };

  /// Other names of an asset that are its own: not an asset's, and not closer to another one.
  public func aliases(store : Store, key : Text, asset : Asset) : [Text] {
    if (asset.isAliased == ?false) return [];
    otherNames(key).filter(
      func name = not store.assets.containsKey(name) and originals(name).find(func original = store.assets.containsKey(original)) == ?key
    );
  };

  /// Keys that a name may be short for, the first that exists wins.
  func originals(name : Text) : [Text] {
    if (name.endsWith(#char '/')) [name # "index.html"] else if (isHtml(name)) [] else [name # ".html", name # "/index.html"];
  };

  func otherNames(key : Text) : [Text] {
    let ?stem = key.stripEnd(#text ".html") else return [];
    switch (key.stripEnd(#text "/index.html")) {
      case (?folder) if (folder == "") [stem, "/"] else [stem, folder # "/", folder];
      case null [stem];
    };
  };

  public func isHtml(key : Text) : Bool = key.endsWith(#text ".html");

  // Changes. Each traps when it cannot be made.

  public func apply(store : Store, operation : Types.Operation, now : Nat64) {
    switch operation {
      case (#CreateAsset args) create(store, args);
      case (#SetAssetContent args) setContent(store, args, now);
      case (#SetAssetProperties args) setProperties(store, args);
      case (#UnsetAssetContent { key; content_encoding }) existing(store, key).encodings.remove(content_encoding);
      case (#DeleteAsset { key }) store.assets.remove(key);
      case (#Clear _) {
        store.assets.clear();
        store.batches.clear();
        store.chunks.clear();
      };
    };
  };

  func existing(store : Store, key : Text) : Asset = switch (store.assets.get(key)) {
    case (?asset) asset;
    case null Runtime.trap("asset not found");
  };

  func create(store : Store, { key; content_type; max_age; headers; enable_aliasing; allow_raw_access } : Types.CreateAsset) {
    if (store.assets.containsKey(key)) Runtime.trap("asset already exists");
    store.assets.add(
      key,
      {
        contentType = content_type;
        encodings = Map.empty<Text, Encoding>();
        maxAge = max_age;
        headers = ordered(headers);
        isAliased = enable_aliasing;
        allowRawAccess = allow_raw_access;
      },
    );
  };

  func ordered(headers : ?[Types.Header]) : ?[Types.Header] = switch headers {
    case (?given) ?Map.fromArray<Text, Text>(given).toArray();
    case null null;
  };

  func setContent(store : Store, { key; content_encoding; chunk_ids; last_chunk; sha256 } : Types.SetAssetContent, now : Nat64) {
    if (chunk_ids.size() == 0 and last_chunk == null) Runtime.trap("encoding must have at least one chunk or contain last_chunk");
    let asset = existing(store, key);
    let chunks = List.empty<Blob>();
    for (id in chunk_ids.vals()) {
      let ?{ content } = store.chunks.take(id) else Runtime.trap("chunk not found");
      chunks.add(content);
    };
    switch last_chunk { case (?content) chunks.add(content); case null {} };
    putEncoding(asset, content_encoding, chunks.toArray(), sha256, now);
  };

  func putEncoding(asset : Asset, name : Text, chunks : [Blob], expected : ?Blob, now : Nat64) {
    let sha256 = Sha256.hashAll(chunks);
    switch expected {
      case (?hash) {
        if (hash.size() != 32) Runtime.trap("invalid SHA-256");
        if (hash != sha256) Runtime.trap("sha256 mismatch");
      };
      case null {};
    };
    let length = chunks.foldLeft<Blob, Nat>(0, func(sum, chunk) = sum + chunk.size());
    asset.encodings.add(name, { modified = now.toNat(); chunks; length; sha256 });
  };

  public func store(store : Store, { key; content_type; content_encoding; content; sha256 } : Types.Store, now : Nat64) {
    let asset : Asset = switch (store.assets.get(key)) {
      case (?known) ({ known with contentType = content_type; isAliased = null });
      case null ({
        contentType = content_type;
        encodings = Map.empty<Text, Encoding>();
        maxAge = null;
        headers = null;
        isAliased = null;
        allowRawAccess = null;
      });
    };
    putEncoding(asset, content_encoding, [content], sha256, now);
    store.assets.add(key, asset);
  };

  func setProperties(store : Store, { key; max_age; headers; allow_raw_access; is_aliased } : Types.SetAssetProperties) {
    let asset = existing(store, key);
    func or_<T>(change : ??T, before : ?T) : ?T = switch change { case (?after) after; case null before };
    store.assets.add(
      key,
      {
        asset with
        maxAge = or_(max_age, asset.maxAge);
        headers = switch headers { case (?after) ordered(after); case null asset.headers };
        allowRawAccess = or_(allow_raw_access, asset.allowRawAccess);
        isAliased = or_(is_aliased, asset.isAliased);
      },
    );
  };

  /// Gives each page a cookie with the canister's environment.
  public func setCookies(store : Store, keys : Iter.Iter<Text>, cookie : Text) {
    for (key in keys) {
      let ?asset = store.assets.get(key) else Runtime.unreachable();
      let headers = Map.fromArray<Text, Text>(switch (asset.headers) { case (?given) given; case null [] });
      headers.add("Set-Cookie", cookie);
      store.assets.add(key, { asset with headers = ?headers.toArray() });
    };
  };

  // Batches.

  public func createBatch(store : Store, now : Nat64) : Nat {
    for ((id, batch) in store.batches.toArray().vals()) {
      if (batch.expiresAt <= now and batch.evidence == null) deleteBatch(store, id);
    };
    for ((id, batch) in store.batches.entries()) {
      if (batch.proposed != null) Runtime.trap(
        if (batch.evidence == null) "Batch " # id.toText() # " has not completed evidence computation.  Wait for it to expire or delete it to propose another." else "Batch " # id.toText() # " is already proposed.  Delete or execute it to propose another."
      );
    };
    if (isAbove(store.limits.max_batches, store.batches.size() + 1)) Runtime.trap("batch limit exceeded");
    let id = store.nextBatch;
    store.nextBatch += 1;
    let batch : Batch = { var expiresAt = now + BATCH_LIFE; var proposed = null; var evidence = null; var bytes = 0 };
    store.batches.add(id, batch);
    id;
  };

  public func createChunks(store : Store, batchId : Nat, contents : [Blob], now : Nat64) : [Nat] {
    let bytes = contents.foldLeft<Blob, Nat>(0, func(sum, content) = sum + content.size());
    checkLimits(store, contents.size(), bytes);
    let batch = batchOf(store, batchId);
    if (batch.proposed != null) Runtime.trap("batch " # batchId.toText() # " has been proposed");
    batch.expiresAt := now + BATCH_LIFE;
    batch.bytes += bytes;
    let first = store.nextChunk;
    for (content in contents.vals()) {
      store.chunks.add(store.nextChunk, { batch = batchId; content });
      store.nextChunk += 1;
    };
    Array.tabulate<Nat>(contents.size(), func(i) = first + i);
  };

  public func batchOf(store : Store, id : Nat) : Batch = switch (store.batches.get(id)) {
    case (?batch) batch;
    case null Runtime.trap("batch not found");
  };

  /// Limits with what the batch's own operations bring.
  public func checkCommit(store : Store, { operations } : Types.CommitBatch) {
    var chunks = 0;
    var bytes = 0;
    for (operation in operations.vals()) {
      switch operation {
        case (#SetAssetContent { last_chunk = ?content }) {
          chunks += 1;
          bytes += content.size();
        };
        case _ {};
      };
    };
    checkLimits(store, chunks, bytes);
  };

  func checkLimits(store : Store, chunks : Nat, bytes : Nat) {
    if (isAbove(store.limits.max_chunks, store.chunks.size() + chunks)) Runtime.trap("chunk limit exceeded");
    let held = store.batches.values().foldLeft<Batch, Nat>(0, func(sum, batch) = sum + batch.bytes);
    if (isAbove(store.limits.max_bytes, held + bytes)) Runtime.trap("byte limit exceeded");
  };

  func isAbove(limit : ?Nat64, count : Nat) : Bool = switch limit { case (?most) count > most.toNat(); case null false };

  public func deleteBatch(store : Store, id : Nat) {
    store.batches.remove(id);
    for ((chunk, { batch }) in store.chunks.toArray().vals()) if (batch == id) store.chunks.remove(chunk);
  };

  public func configure(store : Store, { max_batches; max_chunks; max_bytes } : Types.Configure) {
    func or_(change : ??Nat64, before : ?Nat64) : ?Nat64 = switch change { case (?after) after; case null before };
    store.limits := {
      max_batches = or_(max_batches, store.limits.max_batches);
      max_chunks = or_(max_chunks, store.limits.max_chunks);
      max_bytes = or_(max_bytes, store.limits.max_bytes);
    };
  };

  // Reading.

  public func list(store : Store, start : ?Nat, length : ?Nat) : [Types.AssetDetails] {
    let first = switch start { case (?index) index; case null 0 };
    let count = switch length { case (?most) Nat.min(most, PAGE_SIZE); case null PAGE_SIZE };
    store.assets.entries().drop(first).take(count).map<(Text, Asset), Types.AssetDetails>(
      func((key, asset)) = {
        properties(asset) with
        key;
        content_type = asset.contentType;
        encodings = asset.encodings.entries().map<(Text, Encoding), Types.EncodingDetails>(
          func((content_encoding, { sha256; length; modified })) = { content_encoding; sha256 = ?sha256; length; modified }
        ).toArray();
      }
    ).toArray();
  };

  public func properties({ maxAge; headers; allowRawAccess; isAliased } : Asset) : Types.AssetProperties = {
    max_age = maxAge;
    headers;
    allow_raw_access = allowRawAccess;
    is_aliased = isAliased;
  };
};
