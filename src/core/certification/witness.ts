/**
 * Witnesses: a tree pruned to what was asked for. What is left has the same root hash, shows what is at the paths, and shows for a label
 * that is not there its two neighbours, which proves the absence.
 *
 * Source: interface spec, certification#certificate; http-interface.md 4.1. Replica: `rs/canonical_state/tree_hash/src/hash_tree.rs` (c7c5005).
 */
import { compare, equal } from "../../base/bytes.ts";
import { digestOf, fork, labeled, pruned, type HashTree, type Label, type Labeled, type Path, type Sha256 } from "./hash-tree.ts";

/** What to keep of a tree: all of it, or what is kept below some of its labels (ascending, each once); none of them: its digest. */
type Kept = "all" | readonly KeptLabel[];
interface KeptLabel {
  readonly label: Label;
  readonly kept: Kept;
}

const NOTHING: Kept = [];

/** The tree pruned to everything at and below the paths. It must be whole: pruned trees do not say where a label would be. */
export function witness(tree: HashTree, paths: readonly Path[], sha256: Sha256): HashTree {
  return prunedTo(tree, paths.length === 0 ? NOTHING : wanted(paths), sha256);
}

/** The tree without what it shows at these paths. */
export function withoutPaths(tree: HashTree, paths: readonly Path[], sha256: Sha256): HashTree {
  return paths.reduce((shown, path) => withoutPath(shown, path, sha256), tree);
}

/** Paths as a tree of their labels. */
function wanted(paths: readonly Path[]): Kept {
  if (paths.some((path) => path.length === 0)) return "all";
  const sorted = [...paths].sort((a, b) => compare(a[0]!, b[0]!));
  const labels: { label: Label; paths: Path[] }[] = [];
  for (const [label, ...rest] of sorted) {
    const last = labels.at(-1);
    if (last !== undefined && equal(last.label, label!)) last.paths.push(rest);
    else labels.push({ label: label!, paths: [rest] });
  }
  return labels.map(({ label, paths }) => ({ label, kept: wanted(paths) }));
}

function prunedTo(tree: HashTree, kept: Kept, sha256: Sha256): HashTree {
  if (kept === "all" || tree.kind === "empty" || tree.kind === "pruned") return tree;
  if (kept.length === 0 || tree.kind === "leaf") return pruned(digestOf(tree, sha256));
  return keptOf(tree, withNeighbours(tree, kept), sha256);
}

/** Labels that are there, as they are wanted, and the neighbours of those that are not. */
function withNeighbours(tree: HashTree, kept: readonly KeptLabel[]): readonly KeptLabel[] {
  const labels: KeptLabel[] = [];
  const add = (label: Label | null, kept: Kept): void => {
    if (label === null) return;
    const last = labels.at(-1);
    // A neighbour may come twice, or be wanted itself.
    if (last === undefined || compare(last.label, label) < 0) labels.push({ label, kept });
    else if (kept !== NOTHING) labels[labels.length - 1] = { label, kept };
  };
  for (const { label, kept: below } of kept) {
    const { found, before, after } = find(tree, label);
    if (found) add(label, below);
    else {
      add(before, NOTHING);
      add(after, NOTHING);
    }
  }
  return labels;
}

/** `kept` are labels of this tree. */
function keptOf(tree: HashTree, kept: readonly KeptLabel[], sha256: Sha256): HashTree {
  if (kept.length === 0 && tree.kind !== "empty") return pruned(digestOf(tree, sha256));
  if (tree.kind === "labeled") return labeled(tree.label, prunedTo(tree.tree, kept[0]!.kept, sha256));
  if (tree.kind !== "fork") return tree;
  const middle = first(tree.right)?.label;
  const onLeft = kept.filter(({ label }) => middle === undefined || compare(label, middle) < 0);
  return fork(keptOf(tree.left, onLeft, sha256), keptOf(tree.right, kept.slice(onLeft.length), sha256));
}

interface Place {
  readonly found: boolean;
  /** Labels next to it; `null` at the ends. */
  readonly before: Label | null;
  readonly after: Label | null;
}

function find(tree: HashTree, label: Label): Place {
  let before: Label | null = null;
  let after: Label | null = null;
  let node = tree;
  while (node.kind === "fork") {
    const middle = first(node.right);
    if (middle !== null && compare(middle.label, label) <= 0) {
      before = last(node.left)?.label ?? before;
      node = node.right;
    } else {
      after = middle?.label ?? after;
      node = node.left;
    }
  }
  if (node.kind !== "labeled") return { found: false, before, after };
  const order = compare(node.label, label);
  if (order < 0) return { found: false, before: node.label, after };
  return order > 0 ? { found: false, before, after: node.label } : { found: true, before, after };
}

function first(tree: HashTree): Labeled | null {
  if (tree.kind === "fork") return first(tree.left) ?? first(tree.right);
  return tree.kind === "labeled" ? tree : null;
}

function last(tree: HashTree): Labeled | null {
  if (tree.kind === "fork") return last(tree.right) ?? last(tree.left);
  return tree.kind === "labeled" ? tree : null;
}

function withoutPath(tree: HashTree, path: Path, sha256: Sha256): HashTree {
  if (tree.kind === "fork") {
    const left = withoutPath(tree.left, path, sha256);
    const right = withoutPath(tree.right, path, sha256);
    return left === tree.left && right === tree.right ? tree : fork(left, right);
  }
  const [label, ...rest] = path;
  if (tree.kind !== "labeled" || label === undefined || !equal(tree.label, label)) return tree;
  if (rest.length === 0) return pruned(digestOf(tree, sha256));
  const below = withoutPath(tree.tree, rest, sha256);
  return below === tree.tree ? tree : labeled(tree.label, below);
}
