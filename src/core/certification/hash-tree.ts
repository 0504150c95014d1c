/**
 * Hash trees: what a certificate shows of the state. Nodes are immutable and shared between trees; each keeps its digest once somebody
 * asked for it, so that a tree made from an older one hashes only what is new.
 *
 * Source: interface spec, certification#certificate (`HashTree`, `reconstruct`).
 */
import { unreachable } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";

export type HashTree = Empty | Fork | Labeled | Leaf | Pruned;

export interface Empty {
  readonly kind: "empty";
}
export interface Fork extends Hashed {
  readonly kind: "fork";
  readonly left: HashTree;
  readonly right: HashTree;
}
export interface Labeled extends Hashed {
  readonly kind: "labeled";
  readonly label: Label;
  readonly tree: HashTree;
}
export interface Leaf extends Hashed {
  readonly kind: "leaf";
  readonly value: Uint8Array;
}
export interface Pruned {
  readonly kind: "pruned";
  readonly digest: Digest;
}

interface Hashed {
  /** Kept by `digestOf`; `null` until then. */
  digest: Digest | null;
}

/** Bytes; ordered as bytes are, a prefix first. */
export type Label = Uint8Array;
/** From the root downwards. */
export type Path = readonly Label[];
/** 32 bytes. */
export type Digest = Uint8Array;
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const EMPTY: Empty = { kind: "empty" };

export function fork(left: HashTree, right: HashTree): Fork {
  return { kind: "fork", left, right, digest: null };
}

export function labeled(label: Label | string, tree: HashTree): Labeled {
  return { kind: "labeled", label: typeof label === "string" ? encodeUtf8(label) : label, tree, digest: null };
}

/** The tree keeps the bytes: they must not be written any more. */
export function leaf(value: Uint8Array): Leaf {
  return { kind: "leaf", value, digest: null };
}

export function pruned(digest: Digest): Pruned {
  return { kind: "pruned", digest };
}

/** Says what a digest or a signature is of: a byte with the length, then the text. Source: interface spec, index#hash (`domain_sep`). */
export function domainSeparator(text: string): Uint8Array {
  return concat(Uint8Array.of(text.length), encodeUtf8(text));
}

const OF_EMPTY = domainSeparator("ic-hashtree-empty");
const OF_FORK = domainSeparator("ic-hashtree-fork");
const OF_LABELED = domainSeparator("ic-hashtree-labeled");
const OF_LEAF = domainSeparator("ic-hashtree-leaf");

/** The root hash of a tree, which pruning does not change. */
export function digestOf(tree: HashTree, sha256: Sha256): Digest {
  switch (tree.kind) {
    case "empty":
      return sha256(OF_EMPTY);
    case "fork":
      return (tree.digest ??= sha256(concat(OF_FORK, digestOf(tree.left, sha256), digestOf(tree.right, sha256))));
    case "labeled":
      return (tree.digest ??= sha256(concat(OF_LABELED, tree.label, digestOf(tree.tree, sha256))));
    case "leaf":
      return (tree.digest ??= sha256(concat(OF_LEAF, tree.value)));
    case "pruned":
      return tree.digest;
    default:
      return unreachable(tree);
  }
}
