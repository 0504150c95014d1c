/// Certificates of HTTP responses, in both versions: what is certified of each asset under each of its names, and the proofs that go with
/// responses.
///
/// Source: https-interface of the interface spec, "Response verification"; github.com/dfinity/certified-assets, ic-certified-assets/src/asset_certification.
import Array "mo:core/Array";
import Base64 "mo:core/Base64";
import Blob "mo:core/Blob";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat64 "mo:core/Nat64";
import Nat8 "mo:core/Nat8";
import Runtime "mo:core/Runtime";
import Text "mo:core/Text";
import HashTree "../shared/HashTree";
import Icrc3 "../shared/Icrc3";
import Sha256 "../shared/Sha256";
import Assets "Assets";
import Types "Types";

module {
  /// What is served where nothing else is found.
  public let FALLBACK = "/index.html";
  public let NOT_FOUND_BODY : Blob = "not found";
  public let NOT_FOUND_HEADERS : [Types.Header] = [("content-type", "text/plain")];

  /// In this order encodings are preferred; version 1 certifies the first of them only.
  let ENCODINGS = ["identity", "gzip", "compress", "deflate", "br"];

  public func preferred(asset : Assets.Asset) : [Text] {
    let others = asset.encodings.keys().filter(func name = ENCODINGS.find(func known = known == name) == null).toArray();
    ENCODINGS.filter(func name = asset.encodings.containsKey(name)).concat(others);
  };

  /// All headers of a response that are certified, their names in lower case.
  public func headers(asset : Assets.Asset, encoding : Text) : [Types.Header] {
    let all = Map.empty<Text, Text>();
    all.add("content-type", asset.contentType);
    switch (asset.maxAge) { case (?seconds) all.add("cache-control", "max-age=" # seconds.toText()); case null {} };
    if (encoding != "identity") all.add("content-encoding", encoding);
    switch (asset.headers) {
      case (?given) for ((name, value) in given.vals()) all.add(name.toLower(), value);
      case null {};
    };
    all.toArray();
  };

  public let EXPRESSION_HEADER = "ic-certificateexpression";

  /// Says that the request is not certified, and which headers of the response are.
  public func expression(certified : [Types.Header]) : Text {
    let names = certified.map<Types.Header, Text>(func((name, _)) = "\"" # name # "\"").vals().join(", ");
    "default_certification(ValidationArgs{certification: Certification{no_request_certification: Empty{}, response_certification: ResponseCertification{certified_response_headers: ResponseHeaderList{headers: [" # names # "]}}}})";
  };

  func responseHash(certified : [Types.Header], expression : Text, status : Nat, bodyHash : Blob) : Blob {
    let fields = certified.map<Types.Header, (Text, Icrc3.Value)>(func((name, value)) = (name, #Text value)).concat([
      (EXPRESSION_HEADER, #Text expression),
      (":ic-cert-status", #Nat status),
    ]);
    Sha256.hashAll([Icrc3.hash(#Map fields), bodyHash]);
  };

  /// Expression and response, with nothing between them where the request would be.
  type Proof = { expression : Blob; response : Blob };

  func proof(certified : [Types.Header], status : Nat, bodyHash : Blob) : Proof {
    let text = expression(certified);
    { expression = Sha256.hash(text.encodeUtf8()); response = responseHash(certified, text, status, bodyHash) };
  };

  /// Paths of labels, with a leaf at the end of each.
  type Trie = { below : Map.Map<Blob, Trie>; var leaf : ?HashTree.Tree };

  func emptyTrie() : Trie = { below = Map.empty(); var leaf = null };

  func put(trie : Trie, path : [Blob], leaf : HashTree.Tree) {
    var at = trie;
    for (name in path.vals()) {
      at := switch (at.below.get(name)) {
        case (?known) known;
        case null {
          let new = emptyTrie();
          at.below.add(name, new);
          new;
        };
      };
    };
    at.leaf := ?leaf;
  };

  func treeOf(trie : Trie) : HashTree.Tree = switch (trie.leaf) {
    case (?leaf) leaf;
    case null HashTree.ofLabels(trie.below.entries().map<(Blob, Trie), (Blob, HashTree.Tree)>(func((name, below)) = (name, treeOf(below))).toArray());
  };

  /// The tree of all assets.
  public func tree(store : Assets.Store) : HashTree.Tree {
    let root = emptyTrie();
    let nothing = HashTree.leaf("");
    func certify(path : [Blob], { expression; response } : Proof) = put(root, path.concat<Blob>([expression, "", response]), nothing);
    var hasFallback = false;
    for ((key, asset) in store.assets.entries()) {
      let names = [key].concat(Assets.aliases(store, key, asset));
      for (encoding in preferred(asset).vals()) {
        let ?{ sha256 } = asset.encodings.get(encoding) else Runtime.unreachable();
        let certified = proof(headers(asset, encoding), 200, sha256);
        for (name in names.vals()) certify(exactPath(name), certified);
        if (key == FALLBACK) {
          certify(FALLBACK_PATH, certified);
          hasFallback := true;
        };
      };
      for (encoding in preferred(asset).vals().take(1)) {
        let ?{ sha256 } = asset.encodings.get(encoding) else Runtime.unreachable();
        for (name in names.vals()) put(root, pathV1(name), HashTree.leaf(sha256));
      };
    };
    if (not hasFallback) certify(FALLBACK_PATH, proof(NOT_FOUND_HEADERS, 404, Sha256.hash(NOT_FOUND_BODY)));
    treeOf(root);
  };

  let ROOT : Blob = "http_expr";
  let EXACT : Blob = "<$>";
  let ANY : Blob = "<*>";
  let FALLBACK_PATH : [Blob] = [ROOT, ANY];

  func segments(name : Text) : [Blob] {
    let path = switch (name.stripStart(#char '/')) { case (?rest) rest; case null name };
    // The root has one segment, which is empty.
    if (path == "") [""] else path.split(#char '/').map<Text, Blob>(func segment = segment.encodeUtf8()).toArray();
  };

  func exactPath(name : Text) : [Blob] = [ROOT].concat(segments(name)).concat([EXACT]);
  func pathV1(name : Text) : [Blob] = ["http_assets", ("/" # segments(name).vals().map<Blob, Text>(textOf).join("/")).encodeUtf8()];
  func textOf(segment : Blob) : Text = switch (segment.decodeUtf8()) { case (?text) text; case null "" };

  func has(tree : HashTree.Tree, path : [Blob]) : Bool {
    var at = tree;
    for (name in path.vals()) {
      let ?below = HashTree.lookup(at, name) else return false;
      at := below;
    };
    true;
  };

  /// What of a request's path is certified: itself, or what is served instead.
  public type Found = { #path; #fallback };

  /// The certificate's header for a request, and what it proves.
  public func header(tree : HashTree.Tree, name : Text, certificate : Blob, version : Nat16) : (Types.Header, Found) {
    let isFound = has(tree, if (version == 1) pathV1(name) else exactPath(name));
    let shown = if (version == 1) { if (isFound) [pathV1(name)] else [pathV1(name), pathV1(FALLBACK)] } else if (isFound) {
      [exactPath(name)];
    } else [exactPath(name)].concat(fallbacks(name));
    let witness = Base64.encode(HashTree.encode(HashTree.witness(tree, HashTree.paths(shown))));
    let proven = "certificate=:" # Base64.encode(certificate) # ":, tree=:" # witness # ":";
    let value = if (version == 1) proven else "version=2, " # proven # ", expr_path=:" # Base64.encode(cborTexts(if (isFound) exactPath(name) else FALLBACK_PATH)) # ":";
    (("IC-Certificate", value), if (isFound) #path else #fallback);
  };

  /// Everywhere where something could be served for a path instead, from the root to the path itself.
  func fallbacks(name : Text) : [[Blob]] {
    let path = exactPath(name);
    let places = List.empty<[Blob]>();
    var length = 1;
    while (length < path.size()) {
      let prefix = Array.tabulate<Blob>(length, func(i) = path[i]);
      places.add(prefix.concat([ANY]));
      places.add(prefix.concat<Blob>(["", ANY]));
      length += 1;
    };
    places.toArray();
  };

  func cborTexts(texts : [Blob]) : Blob {
    let out = List.empty<Nat8>();
    for (byte in ([0xd9, 0xd9, 0xf7] : [Nat8]).vals()) out.add(byte);
    HashTree.writeCborHead(out, 0x80, texts.size());
    for (text in texts.vals()) {
      HashTree.writeCborHead(out, 0x60, text.size());
      out.addAll(text.vals());
    };
    Blob.fromArray(out.toArray());
  };
};
