/// An asset canister: files that gateways serve with proofs. Uploaders find the interface of the official one, of which it is a small
/// counterpart for networks without the web at hand.
///
/// Source: github.com/dfinity/certified-assets, ic-certified-assets/src/lib.rs.
import Array "mo:core/Array";
import CertifiedData "mo:core/CertifiedData";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat16 "mo:core/Nat16";
import Nat64 "mo:core/Nat64";
import Principal "mo:core/Principal";
import Runtime "mo:core/Runtime";
import Set "mo:core/Set";
import Text "mo:core/Text";
import Time "mo:core/Time";
import Prim "mo:⛔";
import Bytes "../shared/Bytes";
import HashTree "../shared/HashTree";
import AssetStore "Assets";
import Certification "Certification";
import Evidence "Evidence";
import Types "Types";
import Url "Url";

shared ({ caller = installer }) persistent actor class Assets(args : ?Types.InitArgs) = self {
  let all = AssetStore.empty();
  let permissions = {
    commit = Set.singleton<Principal>(installer);
    prepare = Set.empty<Principal>();
    managePermissions = Set.empty<Principal>();
  };
  var environment = "";
  var stateHash : ?{ of : Nat64; hash : Blob } = null;
  transient var tree = Certification.tree(all);

  public query func api_version() : async Nat16 { 2 };

  // Who may do what.

  public shared ({ caller }) func authorize(principal : Principal) : async () {
    needs(caller, #ManagePermissions);
    permissions.commit.add(principal);
  };

  public shared ({ caller }) func deauthorize(principal : Principal) : async () {
    if (principal == caller) needs(caller, #Commit) else needsController(caller);
    permissions.commit.remove(principal);
  };

  public func list_authorized() : async [Principal] { permissions.commit.toArray() };

  public shared ({ caller }) func grant_permission({ to_principal; permission } : { to_principal : Principal; permission : Types.Permission }) : async () {
    needs(caller, #ManagePermissions);
    those(permission).add(to_principal);
  };

  public shared ({ caller }) func revoke_permission({ of_principal; permission } : { of_principal : Principal; permission : Types.Permission }) : async () {
    needs(caller, if (of_principal == caller) permission else #ManagePermissions);
    those(permission).remove(of_principal);
  };

  public func list_permitted({ permission } : { permission : Types.Permission }) : async [Principal] { those(permission).toArray() };

  public shared ({ caller }) func take_ownership() : async () {
    needsController(caller);
    setPermissions({ commit = [caller]; prepare = []; manage_permissions = [] });
  };

  func those(permission : Types.Permission) : Set.Set<Principal> = switch permission {
    case (#Commit) permissions.commit;
    case (#Prepare) permissions.prepare;
    case (#ManagePermissions) permissions.managePermissions;
  };

  func setPermissions({ commit; prepare; manage_permissions } : Types.SetPermissions) {
    for ((set, members) in [(permissions.commit, commit), (permissions.prepare, prepare), (permissions.managePermissions, manage_permissions)].vals()) {
      set.clear();
      set.addAll(members.vals());
    };
  };

  /// Controllers may manage permissions; whoever may commit may prepare.
  func needs(caller : Principal, permission : Types.Permission) {
    if (those(permission).contains(caller) or caller.isController()) return;
    Runtime.trap("Caller does not have " # permissionText(permission) # " permission and is not a controller.");
  };

  func needsController(caller : Principal) {
    if (not caller.isController()) Runtime.trap("Caller is not a controller.");
  };

  func mayCommit(caller : Principal) {
    if (not permissions.commit.contains(caller)) Runtime.trap("Caller does not have Commit permission");
  };

  func mayPrepare(caller : Principal) {
    if (not permissions.prepare.contains(caller) and not permissions.commit.contains(caller)) Runtime.trap("Caller does not have Prepare permission");
  };

  func permissionText(permission : Types.Permission) : Text = switch permission {
    case (#Commit) "Commit";
    case (#Prepare) "Prepare";
    case (#ManagePermissions) "ManagePermissions";
  };

  // Reading.

  public query func list({ start; length } : { start : ?Nat; length : ?Nat }) : async [Types.AssetDetails] { AssetStore.list(all, start, length) };

  public query func get({ key; accept_encodings } : { key : Text; accept_encodings : [Text] }) : async Types.EncodedAsset {
    let asset = found(key);
    for (content_encoding in accept_encodings.vals()) {
      switch (asset.encodings.get(content_encoding)) {
        case (?{ chunks; length; sha256 }) return {
          content = chunks[0];
          content_type = asset.contentType;
          content_encoding;
          sha256 = ?sha256;
          total_length = length;
        };
        case null {};
      };
    };
    Runtime.trap("no such encoding");
  };

  public query func get_chunk({ key; content_encoding; index; sha256 } : Types.StreamingToken) : async { content : Blob } {
    let ?encoding = found(key).encodings.get(content_encoding) else Runtime.trap("no such encoding");
    checkHash(sha256, encoding);
    if (index >= encoding.chunks.size()) Runtime.trap("chunk index out of bounds");
    { content = encoding.chunks[index] };
  };

  func found(key : Text) : AssetStore.Asset = switch (AssetStore.find(all, key)) {
    case (?asset) asset;
    case null Runtime.trap("asset not found");
  };

  func checkHash(given : ?Blob, { sha256 } : AssetStore.Encoding) {
    let ?hash = given else Runtime.trap("sha256 required");
    if (hash != sha256) Runtime.trap("sha256 mismatch");
  };

  public query func get_asset_properties(key : Text) : async Types.AssetProperties {
    let ?asset = all.assets.get(key) else Runtime.trap("asset not found");
    AssetStore.properties(asset);
  };

  public query func certified_tree({}) : async { certificate : Blob; tree : Blob } {
    { certificate = certificate(); tree = HashTree.encode(tree) };
  };

  func certificate() : Blob = switch (CertifiedData.getCertificate()) {
    case (?given) given;
    case null Runtime.trap("no data certificate available");
  };

  // Changes.

  public shared ({ caller }) func create_asset(args : Types.CreateAsset) : async () { changeOne<system>(caller, #CreateAsset args) };
  public shared ({ caller }) func set_asset_content(args : Types.SetAssetContent) : async () { changeOne<system>(caller, #SetAssetContent args) };
  public shared ({ caller }) func set_asset_properties(args : Types.SetAssetProperties) : async () { changeOne<system>(caller, #SetAssetProperties args) };
  public shared ({ caller }) func unset_asset_content(args : Types.UnsetAssetContent) : async () { changeOne<system>(caller, #UnsetAssetContent args) };
  public shared ({ caller }) func delete_asset(args : Types.DeleteAsset) : async () { changeOne<system>(caller, #DeleteAsset args) };
  public shared ({ caller }) func clear(args : {}) : async () { changeOne<system>(caller, #Clear args) };

  public shared ({ caller }) func store(args : Types.Store) : async () {
    mayCommit(caller);
    AssetStore.store(all, args, now());
    changed<system>([args.key].vals());
  };

  func changeOne<system>(caller : Principal, operation : Types.Operation) {
    mayCommit(caller);
    AssetStore.apply(all, operation, now());
    changed<system>(touched([operation]));
  };

  /// Keys of assets whose content or properties were set.
  func touched(operations : [Types.Operation]) : Iter.Iter<Text> = Iter.filterMap<Types.Operation, Text>(
    operations.vals(),
    func operation = switch operation {
      case (#SetAssetContent { key } or #SetAssetProperties { key }) ?key;
      case _ null;
    },
  );

  /// Pages that were touched get the cookie of today's environment, all of them when it has changed. Then everything is certified.
  func changed<system>(keys : Iter.Iter<Text>) {
    let before = environment;
    environment := Url.encode(environmentText<system>());
    let affected = Set.fromIter(if (before == environment) keys else all.assets.keys());
    let pages = affected.values().filter(func key = AssetStore.isHtml(key) and all.assets.containsKey(key));
    AssetStore.setCookies(all, pages.toArray().vals(), "ic_env=" # environment # "; SameSite=Lax");
    all.updatedAt := now();
    tree := Certification.tree(all);
    CertifiedData.set(tree.hash);
  };

  /// The root key, and the variables that are meant for everybody.
  func environmentText<system>() : Text {
    let names = Set.fromIter(Runtime.envVarNames<system>().vals().filter(func name = name.startsWith(#text "PUBLIC_")));
    let parts = List.singleton("ic_root_key=" # Bytes.toHex(Prim.rootKey()));
    for (name in names.values()) {
      switch (Runtime.envVar<system>(name)) { case (?value) parts.add(name # "=" # value); case null {} };
    };
    parts.values().join("&");
  };

  public shared ({ caller }) func create_batch({}) : async { batch_id : Nat } {
    mayPrepare(caller);
    { batch_id = AssetStore.createBatch(all, now()) };
  };

  public shared ({ caller }) func create_chunk({ batch_id; content } : { batch_id : Nat; content : Blob }) : async { chunk_id : Nat } {
    mayPrepare(caller);
    { chunk_id = AssetStore.createChunks(all, batch_id, [content], now())[0] };
  };

  public shared ({ caller }) func create_chunks({ batch_id; content } : { batch_id : Nat; content : [Blob] }) : async { chunk_ids : [Nat] } {
    mayPrepare(caller);
    { chunk_ids = AssetStore.createChunks(all, batch_id, content, now()) };
  };

  public shared ({ caller }) func commit_batch(batch : Types.CommitBatch) : async () {
    mayCommit(caller);
    commit<system>(batch);
  };

  func commit<system>(batch : Types.CommitBatch) {
    AssetStore.checkCommit(all, batch);
    for (operation in batch.operations.vals()) AssetStore.apply(all, operation, now());
    all.batches.remove(batch.batch_id);
    changed<system>(touched(batch.operations));
  };

  public shared ({ caller }) func delete_batch({ batch_id } : { batch_id : Nat }) : async () {
    mayPrepare(caller);
    ignore AssetStore.batchOf(all, batch_id);
    AssetStore.deleteBatch(all, batch_id);
  };

  // Batches that somebody else commits.

  public shared ({ caller }) func propose_commit_batch(proposed : Types.CommitBatch) : async () {
    mayPrepare(caller);
    let batch = AssetStore.batchOf(all, proposed.batch_id);
    if (batch.proposed != null) Runtime.trap("batch " # proposed.batch_id.toText() # " already has proposed CommitBatchArguments");
    batch.proposed := ?proposed;
  };

  public shared ({ caller }) func compute_evidence({ batch_id; max_iterations = _ } : { batch_id : Nat; max_iterations : ?Nat16 }) : async ?Blob {
    mayPrepare(caller);
    let batch = AssetStore.batchOf(all, batch_id);
    let ?proposed = batch.proposed else Runtime.trap("batch does not have CommitBatchArguments");
    if (batch.evidence == null) batch.evidence := ?Evidence.ofBatch(all, proposed);
    batch.evidence;
  };

  type CommitProposed = { batch_id : Nat; evidence : Blob };

  public shared ({ caller }) func commit_proposed_batch(args : CommitProposed) : async () {
    mayCommit(caller);
    switch (proposal(args)) {
      case (#Ok proposed) commit<system>(proposed);
      case (#Err why) Runtime.trap(why);
    };
  };

  public func validate_commit_proposed_batch(args : CommitProposed) : async Types.Validation {
    switch (proposal(args)) {
      case (#Ok _) #Ok("commit proposed batch " # args.batch_id.toText() # " with evidence " # Bytes.toHex(args.evidence));
      case (#Err why) #Err why;
    };
  };

  func proposal({ batch_id; evidence } : CommitProposed) : { #Ok : Types.CommitBatch; #Err : Text } {
    let ?batch = all.batches.get(batch_id) else return #Err "batch not found";
    let ?proposed = batch.proposed else return #Err "batch does not have CommitBatchArguments";
    let ?computed = batch.evidence else return #Err "batch does not have computed evidence";
    if (computed == evidence) #Ok proposed else #Err("batch computed evidence " # Bytes.toHex(computed) # " does not match presented evidence " # Bytes.toHex(evidence));
  };

  public func compute_state_hash() : async ?Text {
    let hash = switch stateHash {
      case (?known) if (known.of == all.updatedAt) known.hash else Evidence.ofAssets(all);
      case null Evidence.ofAssets(all);
    };
    stateHash := ?{ of = all.updatedAt; hash };
    ?Bytes.toHex(hash);
  };

  public query func get_state_info() : async { last_state_update_timestamp : Nat64; state_hash : ?Text } {
    { last_state_update_timestamp = all.updatedAt; state_hash = switch stateHash { case (?known) ?Bytes.toHex(known.hash); case null null } };
  };

  // Limits.

  public shared ({ caller }) func get_configuration() : async Types.Configuration {
    mayPrepare(caller);
    all.limits;
  };

  public shared ({ caller }) func configure(change : Types.Configure) : async () {
    mayCommit(caller);
    AssetStore.configure(all, change);
  };

  // What others say that a proposal would do.

  public func validate_grant_permission({ to_principal; permission } : { to_principal : Principal; permission : Types.Permission }) : async Types.Validation {
    #Ok("grant " # permissionText(permission) # " permission to principal " # to_principal.toText());
  };

  public func validate_revoke_permission({ of_principal; permission } : { of_principal : Principal; permission : Types.Permission }) : async Types.Validation {
    #Ok("revoke " # permissionText(permission) # " permission from principal " # of_principal.toText());
  };

  public func validate_take_ownership() : async Types.Validation { #Ok "revoke all permissions, then gives the caller Commit permissions" };
  public func validate_configure(change : Types.Configure) : async Types.Validation { #Ok("configure: " # debug_show change) };

  // HTTP.

  public query func http_request(request : Types.HttpRequest) : async Types.HttpResponse {
    let path = Text.split(request.url, #char '?').next();
    let ?key = Url.decode(switch path { case (?before) before; case null "" }) else {
      return plain(400, [], ("failed to decode path '" # request.url # "': invalid percent encoding").encodeUtf8());
    };
    let version : Nat16 = switch (request.certificate_version) { case (null or ?1) 1; case _ 2 };
    let asset = AssetStore.find(all, key);
    let fallback = all.assets.get(Certification.FALLBACK);
    switch (switch asset { case null fallback; case own own }) {
      case (?{ allowRawAccess = ?false }) if (isRaw(request)) return toCertified(request);
      case _ {};
    };
    let (proof, what) = Certification.header(tree, key, certificate(), version);
    let served = switch what { case (#path) asset; case (#fallback) fallback };
    switch served {
      case (?content) switch (encodingFor(request, content, version)) {
        case (?name) return ok(key, content, name, proof, version);
        case null {};
      };
      case null {};
    };
    let headers = Certification.NOT_FOUND_HEADERS;
    let expression = if (version == 1) [] else [(Certification.EXPRESSION_HEADER, Certification.expression(headers))];
    plain(404, headers.concat([proof]).concat(expression), Certification.NOT_FOUND_BODY);
  };

  /// The encoding of an asset that the client gets: one that it asked for where there is one.
  func encodingFor({ headers } : Types.HttpRequest, asset : AssetStore.Asset, version : Nat16) : ?Text {
    let preferred = Certification.preferred(asset);
    if (preferred.size() == 0) return null;
    for ((name, value) in headers.vals()) {
      if (name.toLower() == "accept-encoding") {
        let wanted = value.split(#char ',').map<Text, Text>(func one = one.trim(#char ' ')).toArray();
        // In version 1 the first of the preferred ones is the only one that is certified.
        if (version == 1 and wanted.find(func one = one == preferred[0]) != null) return ?preferred[0];
        let first = wanted.find(func one = asset.encodings.containsKey(one));
        if (first != null) return first;
      };
    };
    ?preferred[0];
  };

  func ok(key : Text, asset : AssetStore.Asset, name : Text, proof : Types.Header, version : Nat16) : Types.HttpResponse {
    let ?encoding = asset.encodings.get(name) else Runtime.unreachable();
    let certified = Certification.headers(asset, name);
    let expression = if (version == 1) [] else [(Certification.EXPRESSION_HEADER, Certification.expression(certified))];
    let etag = if (certified.find(func((header, _)) = header == "etag") == null) [("etag", "\"" # Bytes.toHex(encoding.sha256) # "\"")] else [];
    {
      status_code = 200;
      headers = certified.concat([proof]).concat(expression).concat(etag);
      body = encoding.chunks[0];
      streaming_strategy = switch (next(key, name, encoding, 0)) {
        case (?token) ?#Callback { callback = self.http_request_streaming_callback; token };
        case null null;
      };
      upgrade = null;
    };
  };

  /// Not an option: gateways read a record, as the official canister answers (whose interface says `opt`).
  public query func http_request_streaming_callback(token : Types.StreamingToken) : async Types.StreamingBody {
    let { key; content_encoding; index; sha256 } = token;
    // A key that is served by the fallback names no asset itself.
    let asset = switch (AssetStore.find(all, key)) { case (?own) own; case null found(Certification.FALLBACK) };
    let ?encoding = asset.encodings.get(content_encoding) else Runtime.trap("Invalid token on streaming: encoding not found.");
    checkHash(sha256, encoding);
    if (index >= encoding.chunks.size()) Runtime.trap("Invalid token on streaming: chunk not found.");
    { body = encoding.chunks[index]; token = next(key, content_encoding, encoding, index) };
  };

  func next(key : Text, content_encoding : Text, { chunks; sha256 } : AssetStore.Encoding, index : Nat) : ?Types.StreamingToken {
    if (index + 1 < chunks.size()) ?{ key; content_encoding; index = index + 1; sha256 = ?sha256 } else null;
  };

  func plain(status_code : Nat16, headers : [Types.Header], body : Blob) : Types.HttpResponse {
    { status_code; headers; body; streaming_strategy = null; upgrade = null };
  };

  func host({ headers } : Types.HttpRequest) : Text = switch (headers.find(func((name, _)) = name.toLower() == "host")) {
    case (?(_, value)) value;
    case null "";
  };

  /// On the public gateways only: a local one has nowhere to send clients to.
  func isRaw(request : Types.HttpRequest) : Bool = host(request).contains(#text ".raw.ic");

  /// From where responses are not verified to where they are.
  func toCertified(request : Types.HttpRequest) : Types.HttpResponse {
    let domain = if (host(request).endsWith(#text "ic0.app")) "ic0.app" else "icp0.io";
    plain(308, [("Location", "https://" # Principal.fromActor(self).toText() # "." # domain # request.url)], "");
  };

  func now() : Nat64 = Nat64.fromIntWrap(Time.now());

  // At the start, and after upgrades.

  switch args {
    case (?#Init { set_permissions = ?given }) setPermissions(given);
    case (?#Upgrade { set_permissions = ?given }) setPermissions(given);
    case _ {};
  };
  CertifiedData.set(tree.hash);
};
