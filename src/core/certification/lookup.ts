/**
 * Looking up a path in a tree that may be pruned.
 *
 * Source: interface spec, certification#lookup, whose equations these are.
 */
import { unreachable } from "../../base/assert.ts";
import { compare } from "../../base/bytes.ts";
import type { HashTree, Label, Path } from "./hash-tree.ts";

export type Lookup =
  | { readonly kind: "found"; readonly value: Uint8Array }
  /** No tree that this one was pruned from has the path. */
  | { readonly kind: "absent" }
  /** The path may have been pruned. */
  | { readonly kind: "unknown" }
  /** The path is there, and is no value. */
  | { readonly kind: "error" };

/** `lookup_path` of the specification. */
export function lookup(path: Path, tree: HashTree): Lookup {
  const found = subtreeAt(path, tree);
  if (found.kind !== "found") return found;
  switch (found.tree.kind) {
    case "empty":
      return { kind: "absent" };
    case "leaf":
      return { kind: "found", value: found.tree.value };
    case "pruned":
      return { kind: "unknown" };
    case "labeled":
    case "fork":
      return { kind: "error" };
    default:
      return unreachable(found.tree);
  }
}

type Found = { readonly kind: "found"; readonly tree: HashTree } | { readonly kind: "absent" } | { readonly kind: "unknown" };

/** The tree at the end of a path. */
export function subtreeAt(path: Path, tree: HashTree): Found {
  let at = tree;
  for (const label of path) {
    const found = findLabel(label, flattenForks(at));
    if (found.kind !== "found") return found;
    at = found.tree;
  }
  return { kind: "found", tree: at };
}

/** All values below a path, as far as they are shown: `lookup*` of the specification. */
export function valuesBelow(path: Path, tree: HashTree): Uint8Array[] {
  const found = subtreeAt(path, tree);
  return found.kind === "found" ? [...values(found.tree)] : [];
}

function* values(tree: HashTree): Generator<Uint8Array, void, undefined> {
  if (tree.kind === "leaf") yield tree.value;
  if (tree.kind === "labeled") yield* values(tree.tree);
  if (tree.kind !== "fork") return;
  yield* values(tree.left);
  yield* values(tree.right);
}

/** From left to right, without the forks and without what is empty. */
function flattenForks(tree: HashTree): HashTree[] {
  if (tree.kind === "empty") return [];
  return tree.kind === "fork" ? [...flattenForks(tree.left), ...flattenForks(tree.right)] : [tree];
}

function findLabel(label: Label, trees: readonly HashTree[]): Found {
  if (trees.length === 0 || (trees.length === 1 && trees[0]!.kind === "leaf")) return { kind: "absent" };
  /** Between two neighbours that show their labels, or before the first, or after the last, there is nothing. */
  let isShownBefore = true;
  for (const tree of trees) {
    if (tree.kind !== "labeled") {
      isShownBefore = false;
      continue;
    }
    const order = compare(tree.label, label);
    if (order === 0) return { kind: "found", tree: tree.tree };
    if (order > 0) return { kind: isShownBefore ? "absent" : "unknown" };
    isShownBefore = true;
  }
  return { kind: isShownBefore ? "absent" : "unknown" };
}
