/**
 * The hash tree of a large map, brought up to date when a certificate is asked for: by the entries that changed since the last one.
 * Until somebody asks there is no tree, and nothing is kept about changes.
 *
 * It is a cache: what it gives follows from the map alone, so it is in no digest. The owner of the map reports its changes.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../base/assert.ts";
import { equal, fromHex } from "../../base/bytes.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import { digestOf, type HashTree } from "./hash-tree.ts";
import { labelMap, withLabel, withoutLabel, type LabelMap } from "./label-map.ts";

/** The map that a tree is of; keys are labels in hex. */
export interface TreeSource<V> {
  readonly size: number;
  get(key: string): V | undefined;
  entries(): Iterable<readonly [string, V]>;
}

/** Changes that are kept at least; beyond the size of the map it is cheaper to begin anew. */
const KEPT_CHANGES = 1000;

export class TrackedTree<V> implements Owned {
  readonly epoch: Epoch;
  private readonly treeOf: (value: V) => HashTree;
  /** The map as it was when there were no changes yet; `null` before somebody asked. */
  private tree: LabelMap | null = null;
  private size = 0;
  private changes: SortedMap<string, true>;

  private constructor(epoch: Epoch, treeOf: (value: V) => HashTree, changes: SortedMap<string, true>) {
    this.epoch = epoch;
    this.treeOf = treeOf;
    this.changes = changes;
  }

  /** `treeOf` gives the tree below the label of an entry. */
  static empty<V>(epoch: Epoch, treeOf: (value: V) => HashTree): TrackedTree<V> {
    return new TrackedTree(epoch, treeOf, SortedMap.empty(epoch));
  }

  /** The same for another owner, in O(1). */
  copy(epoch: Epoch): TrackedTree<V> {
    const copied = new TrackedTree(epoch, this.treeOf, this.changes.fork(epoch));
    copied.tree = this.tree;
    copied.size = this.size;
    return copied;
  }

  /** An entry of the map came, was replaced or went. */
  changed(key: string): void {
    if (this.tree === null) return;
    this.changes.set(key, true);
    if (this.changes.size <= Math.max(KEPT_CHANGES, this.size)) return;
    this.tree = null;
    this.changes = SortedMap.empty(this.epoch);
  }

  /** The tree of the map as it is now. */
  current(map: TreeSource<V>): LabelMap {
    this.tree = this.broughtUpToDate(map);
    this.size = map.size;
    if (this.changes.size > 0) this.changes = SortedMap.empty(this.epoch);
    return this.tree;
  }

  /** Asserts that the tree is that of the map, but for the changes it knows of. */
  check(map: TreeSource<V>): void {
    if (this.tree === null) return;
    const kept = this.broughtUpToDate(map);
    const plain = TrackedTree.empty(this.epoch, this.treeOf).broughtUpToDate(map);
    assert(equal(digestOf(kept, sha256), digestOf(plain, sha256)), "certified trees know every change of what they are of");
  }

  private broughtUpToDate(map: TreeSource<V>): LabelMap {
    if (this.tree === null) return labelMap([...map.entries()].map(([key, value]) => [fromHex(key), this.treeOf(value)]));
    let tree = this.tree;
    for (const key of this.changes.keys()) {
      const value = map.get(key);
      tree = value === undefined ? withoutLabel(tree, fromHex(key)) : withLabel(tree, fromHex(key), this.treeOf(value));
    }
    return tree;
  }
}
