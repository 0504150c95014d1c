/**
 * Trees as maps from labels to trees, which change label by label: a new tree shares all but one path with the old one.
 *
 * Two labels part at a fork by the first bit in which they differ, so that the shape follows from the labels alone and not from
 * the order in which they came, and a change costs the depth of the map.
 *
 * Departure: the replica combines labels pairwise from left to right (http-interface.md 4.1). There one label more moves all behind it,
 * and the whole map is hashed again. Any shape is verified by the same rules; only root hashes differ.
 */
import { compare } from "../../base/bytes.ts";
import { EMPTY, labeled, type Empty, type Fork, type HashTree, type Label, type Labeled } from "./hash-tree.ts";

/** A fork of a map: labels on its left have bit 0 where those on its right have bit 1, and all are equal before. */
interface MapFork extends Fork {
  readonly bit: number;
  readonly left: MapFork | Labeled;
  readonly right: MapFork | Labeled;
}

/** A tree that `withLabel` made: its labels are strictly increasing. */
export type LabelMap = Empty | Labeled | MapFork;

/** The map with this label, in place of what it had there. */
export function withLabel(map: LabelMap, label: Label | string, tree: HashTree): LabelMap {
  const added = labeled(label, tree);
  if (map.kind === "empty") return added;
  const bit = firstDifference(nearest(map, added.label).label, added.label);
  return inserted(map, added, bit);
}

/** The map without this label. */
export function withoutLabel(map: LabelMap, label: Label): LabelMap {
  switch (map.kind) {
    case "empty":
      return map;
    case "labeled":
      return compare(map.label, label) === 0 ? EMPTY : map;
    case "fork": {
      const goesRight = bitOf(label, map.bit) === 1;
      const before = goesRight ? map.right : map.left;
      const after = withoutLabel(before, label);
      if (after === before) return map;
      const other = goesRight ? map.left : map.right;
      if (after.kind === "empty") return other;
      return goesRight ? mapFork(map.bit, map.left, after) : mapFork(map.bit, after, map.right);
    }
  }
}

/** What is below a label. */
export function below(map: LabelMap, label: Label): HashTree | null {
  if (map.kind === "empty") return null;
  const found = nearest(map, label);
  return compare(found.label, label) === 0 ? found.tree : null;
}

/** A map of a few labels. */
export function labelMap(entries: Iterable<readonly [Label | string, HashTree]>): LabelMap {
  let map: LabelMap = EMPTY;
  for (const [label, tree] of entries) map = withLabel(map, label, tree);
  return map;
}

/** `bit` is where the label parts from its nearest; `null` when it is there already. */
function inserted(map: Labeled | MapFork, added: Labeled, bit: number | null): Labeled | MapFork {
  if (map.kind === "fork" && (bit === null || map.bit < bit)) {
    return bitOf(added.label, map.bit) === 1
      ? mapFork(map.bit, map.left, inserted(map.right, added, bit))
      : mapFork(map.bit, inserted(map.left, added, bit), map.right);
  }
  if (bit === null) return added;
  return bitOf(added.label, bit) === 1 ? mapFork(bit, map, added) : mapFork(bit, added, map);
}

function mapFork(bit: number, left: MapFork | Labeled, right: MapFork | Labeled): MapFork {
  return { kind: "fork", bit, left, right, digest: null };
}

/** A label that has as many bits in common with this one as any. */
function nearest(map: Labeled | MapFork, label: Label): Labeled {
  let node = map;
  while (node.kind === "fork") node = bitOf(label, node.bit) === 1 ? node.right : node.left;
  return node;
}

/** A byte counts as nine bits, of which the first says that it is there: so the end of a label comes before every byte. */
const BITS_PER_BYTE = 9;

function bitOf(label: Label, bit: number): 0 | 1 {
  const byte = Math.floor(bit / BITS_PER_BYTE);
  if (byte >= label.length) return 0;
  const inByte = bit % BITS_PER_BYTE;
  return inByte === 0 || ((label[byte]! >> (8 - inByte)) & 1) === 1 ? 1 : 0;
}

/** `null` for equal labels. */
function firstDifference(a: Label, b: Label): number | null {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = a[i]! ^ b[i]!;
    if (difference !== 0) return i * BITS_PER_BYTE + 1 + (Math.clz32(difference) - 24);
  }
  return a.length === b.length ? null : common * BITS_PER_BYTE;
}
