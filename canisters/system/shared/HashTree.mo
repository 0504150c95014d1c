/// Hash trees that a canister certifies: every node keeps its hash, so that a witness costs the way to what it shows.
///
/// Source: interface spec, "Certification", certification#certification-encoding.
import Array "mo:core/Array";
import Blob "mo:core/Blob";
import Iter "mo:core/Iter";
import List "mo:core/List";
import Map "mo:core/Map";
import Nat "mo:core/Nat";
import Nat8 "mo:core/Nat8";
import Text "mo:core/Text";
import Bytes "Bytes";
import Sha256 "Sha256";

module {
  public type Tree = { hash : Blob; node : Node };
  public type Node = {
    #empty;
    #fork : (Tree, Tree);
    #labeled : (Blob, Tree);
    #leaf : Blob;
    #pruned;
  };

  public func empty() : Tree = { hash = hashOf("ic-hashtree-empty", []); node = #empty };
  public func leaf(value : Blob) : Tree = { hash = hashOf("ic-hashtree-leaf", [value]); node = #leaf value };
  public func labeled(name : Blob, tree : Tree) : Tree = {
    hash = hashOf("ic-hashtree-labeled", [name, tree.hash]);
    node = #labeled(name, tree);
  };
  public func fork(left : Tree, right : Tree) : Tree = {
    hash = hashOf("ic-hashtree-fork", [left.hash, right.hash]);
    node = #fork(left, right);
  };
  func pruned(tree : Tree) : Tree = switch (tree.node) {
    case (#empty) tree;
    case _ ({ hash = tree.hash; node = #pruned });
  };

  /// A tree of labeled subtrees, which come in the order of their labels.
  public func ofLabels(entries : [(Blob, Tree)]) : Tree {
    func between(from : Nat, to : Nat) : Tree {
      if (from >= to) return empty();
      if (to == from + 1) {
        let (name, tree) = entries[from];
        return labeled(name, tree);
      };
      let middle = (from + to + 1) / 2;
      fork(between(from, middle), between(middle, to));
    };
    between(0, entries.size());
  };

  /// What of a tree is to be shown: everything below a label, or some labels and below each the same again.
  public type Shown = { #all; #labels : [(Blob, Shown)] };

  /// Everything below each of the paths.
  public func paths(wanted : [[Blob]]) : Shown {
    let byLabel = Map.empty<Blob, List.List<[Blob]>>();
    for (path in wanted.vals()) {
      if (path.size() == 0) return #all;
      let rest = Array.tabulate<Blob>(path.size() - 1, func(i) = path[i + 1]);
      switch (byLabel.get(path[0])) {
        case (?known) known.add(rest);
        case null byLabel.add(path[0], List.singleton(rest));
      };
    };
    #labels(byLabel.entries().map<(Blob, List.List<[Blob]>), (Blob, Shown)>(func((name, rests)) = (name, paths(rests.toArray()))).toArray());
  };

  /// The tree with all else pruned. A label that is not there leaves its neighbours, which prove its absence.
  public func witness(tree : Tree, shown : Shown) : Tree {
    switch shown {
      case (#all) tree;
      case (#labels wanted) withLabels(tree, wanted, null, null);
    };
  };

  /// `low` and `high` are the labels nearest to this subtree on both sides, as far as they are known.
  func withLabels(tree : Tree, wanted : [(Blob, Shown)], low : ?Blob, high : ?Blob) : Tree {
    switch (tree.node) {
      case (#labeled(name, below)) {
        switch (wanted.find(func((label_, _)) = label_ == name)) {
          case (?(_, shown)) labeled(name, witness(below, shown));
          case null {
            if (isNeighbour(name, wanted, low, high)) labeled(name, pruned(below)) else pruned(tree);
          };
        };
      };
      case (#fork(left, right)) {
        let middleLow = lastLabel(left);
        let middleHigh = firstLabel(right);
        let newLeft = withLabels(left, wanted, low, middleHigh);
        let newRight = withLabels(right, wanted, middleLow, high);
        switch (newLeft.node, newRight.node) {
          case (#pruned, #pruned) pruned(tree);
          case _ ({ hash = tree.hash; node = #fork(newLeft, newRight) });
        };
      };
      case _ tree;
    };
  };

  /// Whether a wanted label that is absent would stand just before or just after this one.
  func isNeighbour(name : Blob, wanted : [(Blob, Shown)], low : ?Blob, high : ?Blob) : Bool {
    wanted.find(
      func((label_, _)) = if (label_ < name) {
        switch low { case null true; case (?before) before < label_ };
      } else {
        switch high { case null true; case (?after) label_ < after };
      }
    ) != null;
  };

  func firstLabel(tree : Tree) : ?Blob = switch (tree.node) {
    case (#labeled(name, _)) ?name;
    case (#fork(left, _)) firstLabel(left);
    case _ null;
  };

  func lastLabel(tree : Tree) : ?Blob = switch (tree.node) {
    case (#labeled(name, _)) ?name;
    case (#fork(_, right)) lastLabel(right);
    case _ null;
  };

  /// The subtree at a label; `null` where there is none.
  public func lookup(tree : Tree, name : Blob) : ?Tree {
    switch (tree.node) {
      case (#labeled(found, below)) if (found == name) ?below else null;
      case (#fork(left, right)) {
        let isRight = switch (firstLabel(right)) { case (?first) first <= name; case null false };
        lookup(if (isRight) right else left, name);
      };
      case _ null;
    };
  };

  /// CBOR with the tag that says so, as certificates have their trees.
  public func encode(tree : Tree) : Blob {
    let out = List.empty<Nat8>();
    put(out, [0xd9, 0xd9, 0xf7]);
    write(out, tree);
    Blob.fromArray(out.toArray());
  };

  public func write(out : List.List<Nat8>, tree : Tree) {
    switch (tree.node) {
      case (#empty) put(out, [0x81, 0x00]);
      case (#fork(left, right)) {
        put(out, [0x83, 0x01]);
        write(out, left);
        write(out, right);
      };
      case (#labeled(name, below)) {
        put(out, [0x83, 0x02]);
        writeCborBytes(out, name);
        write(out, below);
      };
      case (#leaf value) {
        put(out, [0x82, 0x03]);
        writeCborBytes(out, value);
      };
      case (#pruned) {
        put(out, [0x82, 0x04]);
        writeCborBytes(out, tree.hash);
      };
    };
  };

  func put(out : List.List<Nat8>, bytes : [Nat8]) {
    out.addAll(bytes.vals());
  };

  public func writeCborBytes(out : List.List<Nat8>, bytes : Blob) {
    writeCborHead(out, 0x40, bytes.size());
    out.addAll(bytes.vals());
  };

  /// Major type in its place, and a length below 2^32.
  public func writeCborHead(out : List.List<Nat8>, major : Nat8, length : Nat) {
    func byte(n : Nat) : Nat8 = Nat8.fromNat(n % 256);
    if (length < 24) out.add(major + byte(length)) else if (length < 256) put(out, [major + 24, byte(length)]) else if (length < 65_536) put(out, [major + 25, byte(length / 256), byte(length)]) else put(out, [major + 26, byte(length / 16_777_216), byte(length / 65_536), byte(length / 256), byte(length)]);
  };

  func hashOf(domain : Text, parts : [Blob]) : Blob {
    let digest = Sha256.Digest();
    digest.write(Bytes.single(Nat8.fromNat(domain.size())));
    digest.write(Text.encodeUtf8(domain));
    for (part in parts.vals()) digest.write(part);
    digest.sum();
  };
};
