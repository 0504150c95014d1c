import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { toHex } from "../../base/bytes.ts";
import { decodeUtf8Lossy, encodeUtf8 } from "../../base/utf8.ts";
import { encodeHashTree, encodePacked } from "./encoding.ts";
import { digestOf, EMPTY, fork, labeled, leaf, type HashTree } from "./hash-tree.ts";
import { labelMap } from "./label-map.ts";
import { lookup, valuesBelow } from "./lookup.ts";
import { witness, withoutPaths } from "./witness.ts";

const path = (...labels: string[]) => labels.map(encodeUtf8);
const text = (value: string): HashTree => leaf(encodeUtf8(value));
const root = (tree: HashTree) => toHex(digestOf(tree, sha256));
/** Behind the self-describing tag. */
const cbor = (tree: HashTree) => toHex(encodeHashTree(tree)).slice(6);

/** The tree of the specification's example, in its shape. */
const EXAMPLE = fork(
  fork(labeled("a", fork(fork(labeled("x", text("hello")), EMPTY), labeled("y", text("world")))), labeled("b", text("good"))),
  fork(labeled("c", EMPTY), labeled("d", text("morning"))),
);
const ROOT = "eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0";

const said = (labels: string[], tree: HashTree): string => {
  const found = lookup(path(...labels), tree);
  return found.kind === "found" ? decodeUtf8Lossy(found.value) : found.kind;
};

describe("the specification's example [certification#certification-encoding]", () => {
  test("root hash and encoding", () => {
    expect(root(EXAMPLE)).toBe(ROOT);
    expect(cbor(EXAMPLE)).toBe(
      "8301830183024161830183018302417882034568656c6c6f810083024179820345776f726c6483024162820344676f6f648301830241638100830241648203476d6f726e696e67",
    );
  });

  test("pruning to paths, one of which is not there", () => {
    const pruned = witness(EXAMPLE, [path("a", "y"), path("ax"), path("d")], sha256);
    expect(root(pruned)).toBe(ROOT);
    expect(cbor(pruned)).toBe(
      "83018301830241618301820458201b4feff9bef8131788b0c9dc6dbad6e81e524249c879e9f10f71ce3749f5a63883024179820345776f726c6483024162820458207b32ac0c6ba8ce35ac82c255fc7906f7fc130dab2a090f80fe12f9c2cae83ba6830182045820ec8324b8a1f1ac16bd2e806edba78006479c9877fed4eb464a25485465af601d830241648203476d6f726e696e67",
    );
  });

  test("lookups in the pruned tree", () => {
    const pruned = witness(EXAMPLE, [path("a", "y"), path("ax"), path("d")], sha256);
    expect([["a", "a"], ["a", "y"], ["aa"], ["ax"], ["b"], ["bb"], ["d"], ["e"]].map((labels) => said(labels, pruned))).toEqual([
      "unknown",
      "world",
      "absent",
      "absent",
      "unknown",
      "unknown",
      "morning",
      "absent",
    ]);
  });
});

describe("lookup [certification#lookup]", () => {
  test("a value, nothing, something that is no value", () => {
    expect([["a", "x"], ["c"], ["a"], [], ["d", "x"], ["c", "x"]].map((labels) => said(labels, EXAMPLE))).toEqual([
      "hello",
      "absent",
      "error",
      "error",
      "absent",
      "absent",
    ]);
  });

  test("all values below a path", () => {
    const values = (labels: string[], tree: HashTree) => valuesBelow(path(...labels), tree).map(decodeUtf8Lossy);
    expect(values(["a"], EXAMPLE)).toEqual(["hello", "world"]);
    expect(values([], EXAMPLE)).toEqual(["hello", "world", "good", "morning"]);
    expect(values(["x"], EXAMPLE)).toEqual([]);
  });

  test("nothing is known beside what is pruned", () => {
    const tree = labelMap(["a", "b", "c", "d"].map((label) => [label, text(label)]));
    const onlyB = withoutPaths(tree, [path("a"), path("c"), path("d")], sha256);
    expect(root(onlyB)).toBe(root(tree));
    expect([["a"], ["aa"], ["b"], ["bb"], ["e"], ["b", "x"]].map((labels) => said(labels, onlyB))).toEqual([
      "unknown",
      "unknown",
      "b",
      "unknown",
      "unknown",
      "absent",
    ]);
  });
});

describe("witnesses", () => {
  test("everything, nothing, the empty tree", () => {
    expect(witness(EXAMPLE, [[]], sha256)).toBe(EXAMPLE);
    expect(witness(EXAMPLE, [path("a"), []], sha256)).toBe(EXAMPLE);
    expect(witness(EXAMPLE, [], sha256)).toEqual({ kind: "pruned", digest: digestOf(EXAMPLE, sha256) });
    expect(witness(EMPTY, [path("a")], sha256)).toBe(EMPTY);
    expect(root(EMPTY)).toBe("4e3ed35c4e2d1ee89996483fb6260a64cffb6c47dbab216e7930e82f8190d120");
  });

  test("a label is kept whole when it is asked for, also beside paths below it", () => {
    const both = witness(EXAMPLE, [path("a"), path("a", "x")], sha256);
    expect([said(["a", "x"], both), said(["a", "y"], both)]).toEqual(["hello", "world"]);
  });

  test("a neighbour that is wanted itself is shown with what is below it", () => {
    const tree = labelMap(["a", "c", "e"].map((label) => [label, text(label)]));
    for (const paths of [
      [path("b"), path("c")],
      [path("c"), path("d")],
      [path("b"), path("c"), path("d")],
    ]) {
      expect(said(["c"], witness(tree, paths, sha256))).toBe("c");
    }
  });
});

test("a map's numbers in packed form, the sheet's vector: http-interface.md 3 [replica: subnet metrics]", () => {
  const metrics = encodePacked([5n, 5_242_880n, encodePacked([250_000_000_000n, 0n]), 4_200n]);
  expect(toHex(metrics)).toBe("a40005011a0050000002a2001b0000003a35294400010003191068");
});
