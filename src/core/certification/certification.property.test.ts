import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compare, equal, toHex } from "../../base/bytes.ts";
import { nextEpoch } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import { digestOf, EMPTY, fork, labeled, leaf, type HashTree, type Label, type Path } from "./hash-tree.ts";
import { below, labelMap, withLabel, withoutLabel, type LabelMap } from "./label-map.ts";
import { lookup, type Lookup } from "./lookup.ts";
import { TrackedTree } from "./tracked-tree.ts";
import { witness } from "./witness.ts";

/** What a tree stands for. */
type Plain = Uint8Array | readonly (readonly [Label, Plain])[];

/** Short labels of few letters: neighbours, prefixes of each other, and the empty one. */
const label = fc.uint8Array({ maxLength: 3, max: 2 });
const value = fc.uint8Array({ maxLength: 4 });
const { plain } = fc.letrec<{ plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    value,
    fc.uniqueArray(fc.tuple(label, tie("plain")), { maxLength: 6, selector: ([l]) => toHex(l) }),
  ),
}));
const path: fc.Arbitrary<Path> = fc.array(label, { maxLength: 4 });

const inOrder = (entries: readonly (readonly [Label, Plain])[]) => [...entries].sort(([a], [b]) => compare(a, b));

/** In the shape of this implementation. */
function treeOf(plain: Plain): HashTree {
  return plain instanceof Uint8Array ? leaf(plain) : labelMap(plain.map(([l, p]) => [l, treeOf(p)]));
}

/** In any shape that the specification allows: `choose` says where to part. */
function treeOfAnyShape(plain: Plain, choose: () => number): HashTree {
  if (plain instanceof Uint8Array) return leaf(plain);
  const parts = (labels: HashTree[]): HashTree => {
    if (labels.length > 0 && choose() % 8 === 0) return fork(EMPTY, parts(labels));
    if (labels.length < 2) return labels[0] ?? EMPTY;
    const at = 1 + (choose() % (labels.length - 1));
    return fork(parts(labels.slice(0, at)), parts(labels.slice(at)));
  };
  return parts(inOrder(plain).map(([l, p]) => labeled(l, treeOfAnyShape(p, choose))));
}

/** What is really there. */
function truth(path: Path, plain: Plain): Lookup {
  const [first, ...rest] = path;
  if (first === undefined) {
    if (plain instanceof Uint8Array) return { kind: "found", value: plain };
    return { kind: plain.length === 0 ? "absent" : "error" };
  }
  if (plain instanceof Uint8Array) return { kind: "absent" };
  const entry = plain.find(([l]) => equal(l, first));
  return entry === undefined ? { kind: "absent" } : truth(rest, entry[1]);
}

/** Whether some label of the path has a value where the path goes on: a witness shows no value that was not asked for, so it proves nothing then. */
function goesThroughValue(path: Path, plain: Plain): boolean {
  return path.some((_, i) => truth(path.slice(0, i), plain).kind === "found");
}

const isBelow = (path: Path, asked: Path): boolean => asked.every((l, i) => i < path.length && equal(path[i]!, l));

/** An endless list of numbers. */
const choices = fc.infiniteStream(fc.nat({ max: 1000 })).map((stream) => () => stream.next().value as number);

describe("witnesses of random trees", () => {
  test("have the root hash of the tree, whatever its shape, and answer for each path asked for as the tree does", () => {
    fc.assert(
      fc.property(plain, fc.array(path, { maxLength: 5 }), choices, (plain, asked, choose) => {
        for (const tree of [treeOf(plain), treeOfAnyShape(plain, choose)]) {
          const shown = witness(tree, asked, sha256);
          expect(digestOf(shown, sha256)).toEqual(digestOf(tree, sha256));
          for (const path of asked) if (!goesThroughValue(path, plain)) expect(lookup(path, shown)).toEqual(truth(path, plain));
        }
      }),
    );
  });

  test("say nothing false of any other path, and show no value that was not asked for [certification#lookup]", () => {
    fc.assert(
      fc.property(plain, fc.array(path, { maxLength: 4 }), fc.array(path, { maxLength: 20 }), (plain, asked, others) => {
        const shown = witness(treeOf(plain), asked, sha256);
        for (const path of others) {
          const found = lookup(path, shown);
          if (found.kind === "unknown") continue;
          const really = truth(path, plain);
          expect(found.kind === "error" ? "error" : found).toEqual(really.kind === "error" ? "error" : really);
          if (found.kind === "found") expect(asked.some((asked) => isBelow(path, asked))).toBe(true);
        }
      }),
    );
  });
});

describe("maps of labels", () => {
  const operations = fc.array(fc.tuple(label, fc.option(value)), { maxLength: 40 });

  test("hold what was put in, in strictly increasing order", () => {
    fc.assert(
      fc.property(operations, (operations) => {
        let map: LabelMap = EMPTY;
        const expected = new Map<string, Uint8Array>();
        for (const [label, value] of operations) {
          map = value === null ? withoutLabel(map, label) : withLabel(map, label, leaf(value));
          if (value === null) expected.delete(toHex(label));
          else expected.set(toHex(label), value);
        }
        expect(labelsOf(map).map(toHex)).toEqual([...expected.keys()].sort());
        for (const [label] of operations) {
          const found = below(map, label);
          expect(found?.kind === "leaf" ? found.value : null).toEqual(expected.get(toHex(label)) ?? null);
        }
      }),
    );
  });

  test("have a shape that follows from what they hold, not from how it came", () => {
    fc.assert(
      fc.property(operations, fc.uniqueArray(label, { selector: toHex, maxLength: 20 }), (history, labels) => {
        let worn = labelMap(history.map(([label]) => [label, leaf(label)]));
        for (const [label] of history) worn = withoutLabel(worn, label);
        expect(worn).toBe(EMPTY);
        for (const label of labels) worn = withLabel(worn, label, leaf(label));
        expect(worn).toEqual(labelMap([...labels].sort(compare).map((label) => [label, leaf(label)])));
      }),
    );
  });

  function labelsOf(tree: HashTree): Label[] {
    if (tree.kind === "fork") return [...labelsOf(tree.left), ...labelsOf(tree.right)];
    return tree.kind === "labeled" ? [tree.label] : [];
  }
});

test("a tracked tree is the tree of its map, in every fork of it", () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 15 }).map(toHex);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), key, value: fc.nat({ max: 9 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("ask" as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("fork" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("back" as const) }) },
  );
  const treeOfValue = (value: number): HashTree => leaf(Uint8Array.of(value));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const epoch = nextEpoch();
      let now = { map: SortedMap.empty<string, number>(epoch), tree: TrackedTree.empty(epoch, treeOfValue) };
      let kept = now;
      const copy = ({ map, tree }: typeof now): typeof now => {
        const epoch = nextEpoch();
        return { map: map.fork(epoch), tree: tree.copy(epoch) };
      };
      const check = ({ map, tree }: typeof now): void => {
        const plain = labelMap([...map.entries()].map(([key, value]) => [Uint8Array.from(Buffer.from(key, "hex")), treeOfValue(value)]));
        expect(digestOf(tree.current(map), sha256)).toEqual(digestOf(plain, sha256));
      };
      for (const step of steps) {
        if (step.kind === "set") now.map.set(step.key, step.value);
        else if (step.kind === "delete") now.map.delete(step.key);
        if (step.kind === "set" || step.kind === "delete") now.tree.changed(step.key);
        else if (step.kind === "ask") check(now);
        else if (step.kind === "fork") now = copy((kept = now));
        else if (now !== kept) now = copy(kept);
        now.tree.check(now.map);
      }
      check(kept);
      check(now);
    }),
  );
});

test("a tracked tree that nobody asks for any more begins anew", () => {
  const epoch = nextEpoch();
  const map = SortedMap.empty<string, number>(epoch);
  const tree = TrackedTree.empty(epoch, (value: number) => leaf(Uint8Array.of(value)));
  tree.current(map);
  for (let i = 0; i < 1500; i++) {
    const key = i.toString(16).padStart(4, "0");
    map.set(key, i % 256);
    tree.changed(key);
  }
  tree.check(map);
  const plain = TrackedTree.empty(nextEpoch(), (value: number) => leaf(Uint8Array.of(value))).current(map);
  expect(digestOf(tree.current(map), sha256)).toEqual(digestOf(plain, sha256));
});
