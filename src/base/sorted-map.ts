/**
 * An ordered map whose nodes have owners: a B+tree in which every node carries the epoch that may write it in place.
 *
 * A fork shares the root and costs nothing; the first write under the new epoch copies the nodes on its path (a few
 * arrays of at most 32 entries). A set is always walked in key order, so that nothing depends on the history of inserts.
 *
 * It is the heap too: with keys that begin with a padded time, `first()` is what is due next, and what is no longer due
 * can be deleted from the middle.
 */
import { assert } from "./assert.ts";
import { SHARED, type Epoch } from "./epoch.ts";

/** Makes a record that belongs to `epoch` from one that belongs to somebody else; what it holds is shared or forked. */
export type CopyRecord<V> = (value: V, epoch: Epoch) => V;

/** Most keys in a node. */
const MAX_KEYS = 32;
/** A node with fewer keys is merged with its neighbour, or takes some of the neighbour's. */
const MIN_KEYS = 8;
/** A merged node keeps room, so that the next insert does not split it again. */
const MAX_MERGED_KEYS = 24;

/** One shape for leaves and branches keeps lookups monomorphic. */
class Node<K, V> {
  readonly epoch: Epoch;
  /** Leaf: the keys. Branch: separators; `keys[i]` is above all keys of child i and not above any of child i + 1. */
  readonly keys: K[];
  /** Leaf: the values. Branch: empty. */
  readonly values: V[];
  /** Leaf: `null`. Branch: one more than there are separators. */
  readonly children: Node<K, V>[] | null;

  constructor(epoch: Epoch, keys: K[], values: V[], children: Node<K, V>[] | null) {
    this.epoch = epoch;
    this.keys = keys;
    this.values = values;
    this.children = children;
  }
}

/** What a node that grew too large gave away: its upper part, and the separator before it. */
interface Split<K, V> {
  readonly key: K;
  readonly right: Node<K, V>;
}

const EMPTY_LEAF = new Node<never, never>(SHARED, [], [], null);

/** Ordered map; string keys by code unit, numbers by size (never NaN). */
export class SortedMap<K extends string | number, V> {
  /** Who may write this map. A map is written under one epoch; its owner goes on with a fork when it takes another. */
  readonly epoch: Epoch;
  private root: Node<K, V>;
  private count: number;
  private readonly copy: CopyRecord<V> | null;
  /** False once forked: the nodes are shared from then on, and a write in place would show on the other side. */
  private writable: boolean;

  private constructor(epoch: Epoch, root: Node<K, V>, count: number, copy: CopyRecord<V> | null) {
    this.epoch = epoch;
    this.root = root;
    this.count = count;
    this.copy = copy;
    this.writable = epoch !== SHARED;
  }

  /** An empty map. `copy` is what `edit` uses when the values are records with owners. */
  static empty<K extends string | number, V>(epoch: Epoch, copy?: CopyRecord<V>): SortedMap<K, V> {
    return new SortedMap<K, V>(epoch, EMPTY_LEAF as Node<K, V>, 0, copy ?? null);
  }

  /** The same entries for another owner, in O(1). Neither side sees the other's writes; this object is read-only from now on. */
  fork(epoch: Epoch): SortedMap<K, V> {
    assert(epoch !== this.epoch, "a fork takes a new epoch");
    // A frozen map (a snapshot under test) refuses writes already.
    if (this.writable && !Object.isFrozen(this)) this.writable = false;
    return new SortedMap(epoch, this.root, this.count, this.copy);
  }

  get size(): number {
    return this.count;
  }

  /** The value for reading. For writing, `edit`. */
  get(key: K): V | undefined {
    const leaf = this.leafOf(key);
    const i = lowerBound(leaf.keys, key);
    return i < leaf.keys.length && leaf.keys[i] === key ? leaf.values[i] : undefined;
  }

  has(key: K): boolean {
    const leaf = this.leafOf(key);
    const i = lowerBound(leaf.keys, key);
    return i < leaf.keys.length && leaf.keys[i] === key;
  }

  /** Inserts or replaces. While walking `keys()`, replacing the value of a key that is there is allowed. */
  set(key: K, value: V): void {
    const root = this.ownedRoot();
    const split = this.insert(root, key, value);
    if (split !== null) this.root = new Node(this.epoch, [split.key], [], [root, split.right]);
  }

  /** True when the key was there. */
  delete(key: K): boolean {
    if (!this.has(key)) return false;
    const root = this.ownedRoot();
    this.remove(root, key);
    this.count--;
    if (this.count === 0) this.root = EMPTY_LEAF as Node<K, V>;
    else if (root.children !== null && root.children.length === 1) this.root = root.children[0]!;
    return true;
  }

  /**
   * The value for writing. A record that belongs to an older epoch is replaced by its copy first; what is no record
   * (a number, a frozen message) comes back as it is.
   */
  edit(key: K): V | undefined {
    const value = this.get(key);
    assert(this.writable, "a map is edited only under the epoch that owns it");
    if (typeof value !== "object" || value === null || !("epoch" in value) || value.epoch === this.epoch) return value;
    assert(this.copy !== null, "a map whose records have owners needs a copy function");
    const owned = this.copy(value, this.epoch);
    this.set(key, owned);
    return owned;
  }

  first(): [K, V] | undefined {
    if (this.count === 0) return undefined;
    const leaf = leftmost(this.root);
    return [leaf.keys[0]!, leaf.values[0]!];
  }

  last(): [K, V] | undefined {
    if (this.count === 0) return undefined;
    let node = this.root;
    while (node.children !== null) node = node.children[node.children.length - 1]!;
    return [node.keys[node.keys.length - 1]!, node.values[node.keys.length - 1]!];
  }

  /** The entry with the smallest key above `key`, which itself need not be there. */
  firstAfter(key: K): [K, V] | undefined {
    let node = this.root;
    let next: Node<K, V> | null = null; // the subtree right of the path, as low as there is one
    while (node.children !== null) {
      const i = upperBound(node.keys, key);
      if (i + 1 < node.children.length) next = node.children[i + 1]!;
      node = node.children[i]!;
    }
    const i = upperBound(node.keys, key);
    if (i < node.keys.length) return [node.keys[i]!, node.values[i]!];
    if (next === null) return undefined;
    const leaf = leftmost(next);
    return [leaf.keys[0]!, leaf.values[0]!];
  }

  /** Ascending. The map must not gain or lose keys meanwhile. */
  keys(): IterableIterator<K> {
    return this.root.children === null ? this.root.keys.values() : itemsOf(new Leaves(this.root, null), "keys");
  }

  /** In ascending order of the keys. The map must not be modified meanwhile. */
  values(): IterableIterator<V> {
    return this.root.children === null ? this.root.values.values() : itemsOf(new Leaves(this.root, null), "values");
  }

  /** In ascending order of the keys. The map must not be modified meanwhile. */
  entries(): IterableIterator<[K, V]> {
    return new Entries(this.root, null);
  }

  /**
   * Ascending, what may have been written since the map was forked: the entries of leaves that belong to its own epoch. Costs those leaves. Keys that were
   * deleted do not come. The map must not be modified meanwhile.
   */
  written(): IterableIterator<[K, V]> {
    return new Entries(this.root, this.epoch);
  }

  private leafOf(key: K): Node<K, V> {
    let node = this.root;
    while (node.children !== null) node = node.children[upperBound(node.keys, key)]!;
    return node;
  }

  private ownedRoot(): Node<K, V> {
    assert(this.writable, "a map is written only under the epoch that owns it, and not after a fork");
    return (this.root = this.owned(this.root));
  }

  private owned(node: Node<K, V>): Node<K, V> {
    if (node.epoch === this.epoch) return node;
    return new Node(this.epoch, node.keys.slice(), node.values.slice(), node.children === null ? null : node.children.slice());
  }

  /** `node` belongs to this map. */
  private insert(node: Node<K, V>, key: K, value: V): Split<K, V> | null {
    if (node.children === null) {
      const i = lowerBound(node.keys, key);
      if (i < node.keys.length && node.keys[i] === key) {
        node.values[i] = value;
        return null;
      }
      insertAt(node.keys, i, key);
      insertAt(node.values, i, value);
      this.count++;
      return node.keys.length <= MAX_KEYS ? null : this.splitLeaf(node);
    }
    const i = upperBound(node.keys, key);
    const child = (node.children[i] = this.owned(node.children[i]!));
    const split = this.insert(child, key, value);
    if (split === null) return null;
    insertAt(node.keys, i, split.key);
    insertAt(node.children, i + 1, split.right);
    return node.keys.length <= MAX_KEYS ? null : this.splitBranch(node, node.children);
  }

  private splitLeaf(node: Node<K, V>): Split<K, V> {
    const middle = node.keys.length >> 1;
    const right = new Node(this.epoch, node.keys.splice(middle), node.values.splice(middle), null);
    return { key: right.keys[0]!, right };
  }

  private splitBranch(node: Node<K, V>, children: Node<K, V>[]): Split<K, V> {
    const middle = node.keys.length >> 1;
    const right = new Node<K, V>(this.epoch, node.keys.splice(middle + 1), [], children.splice(middle + 1));
    return { key: node.keys.pop()!, right };
  }

  /** `node` belongs to this map, and the key is below it. */
  private remove(node: Node<K, V>, key: K): void {
    if (node.children === null) {
      const i = lowerBound(node.keys, key);
      removeAt(node.keys, i);
      removeAt(node.values, i);
      return;
    }
    const i = upperBound(node.keys, key);
    const child = (node.children[i] = this.owned(node.children[i]!));
    this.remove(child, key);
    if (child.keys.length < MIN_KEYS) this.rebalance(node.keys, node.children, i === 0 ? 0 : i - 1);
  }

  /** Makes children i and i + 1 one node, or two of equal size. */
  private rebalance(separators: K[], children: Node<K, V>[], i: number): void {
    const [left, right] = [children[i]!, children[i + 1]!];
    const isLeaf = left.children === null || right.children === null;
    const keys = isLeaf ? [...left.keys, ...right.keys] : [...left.keys, separators[i]!, ...right.keys];
    const values = [...left.values, ...right.values];
    const below = isLeaf ? null : [...left.children!, ...right.children!];
    if (keys.length <= MAX_MERGED_KEYS) {
      removeAt(separators, i);
      removeAt(children, i + 1);
      children[i] = new Node(this.epoch, keys, values, below);
      return;
    }
    const whole = new Node(this.epoch, keys, values, below);
    const split = below === null ? this.splitLeaf(whole) : this.splitBranch(whole, below);
    children[i] = whole;
    children[i + 1] = split.right;
    separators[i] = split.key;
  }
}

/** Index of the first key that is not below `key`. */
function lowerBound<K extends string | number>(keys: readonly K[], key: K): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first key above `key`. */
function upperBound<K extends string | number>(keys: readonly K[], key: K): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key < keys[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

function leftmost<K, V>(node: Node<K, V>): Node<K, V> {
  while (node.children !== null) node = node.children[0]!;
  return node;
}

/** The leaves from left to right; only those of one epoch where it is given, whose parents are of it too. */
class Leaves<K, V> {
  private readonly waiting: Node<K, V>[];
  private readonly epoch: Epoch | null;

  constructor(root: Node<K, V>, epoch: Epoch | null) {
    this.waiting = [root];
    this.epoch = epoch;
  }

  next(): Node<K, V> | undefined {
    for (let node = this.waiting.pop(); node !== undefined; node = this.waiting.pop()) {
      if (this.epoch !== null && node.epoch !== this.epoch) continue;
      if (node.children === null) return node;
      for (let i = node.children.length - 1; i >= 0; i--) this.waiting.push(node.children[i]!);
    }
    return undefined;
  }
}

function* itemsOf<K, V, Of extends "keys" | "values">(
  leaves: Leaves<K, V>,
  of: Of,
): Generator<Node<K, V>[Of][number], undefined, undefined> {
  for (let leaf = leaves.next(); leaf !== undefined; leaf = leaves.next()) yield* leaf[of];
}

/** The entries of such leaves. No generator: most maps are one leaf, walked several times in each round. */
class Entries<K, V> implements IterableIterator<[K, V]> {
  private leaf: Node<K, V> | undefined;
  /** Place of the next entry in the leaf. */
  private place = 0;
  /** What comes after the leaf; `null` where nothing does. */
  private readonly leaves: Leaves<K, V> | null;

  constructor(root: Node<K, V>, epoch: Epoch | null) {
    this.leaves = root.children === null ? null : new Leaves(root, epoch);
    this.leaf = this.leaves !== null ? this.leaves.next() : epoch === null || root.epoch === epoch ? root : undefined;
  }

  next(): IteratorResult<[K, V], undefined> {
    for (let { leaf } = this; leaf !== undefined; leaf = this.leaf = this.leaves?.next()) {
      if (this.place < leaf.keys.length) {
        const place = this.place++;
        return { value: [leaf.keys[place]!, leaf.values[place]!], done: false };
      }
      this.place = 0;
    }
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** A loop over at most 33 entries is several times faster than `splice`. */
function insertAt<T>(array: T[], index: number, item: T): void {
  array.push(item);
  for (let i = array.length - 1; i > index; i--) array[i] = array[i - 1]!;
  array[index] = item;
}

function removeAt<T>(array: T[], index: number): void {
  for (let i = index + 1; i < array.length; i++) array[i - 1] = array[i]!;
  array.pop();
}
