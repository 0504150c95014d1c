import { encode } from "@dfinity/cbor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../../base/bytes.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import { genesis } from "../genesis.ts";
import type { CanisterId, SubnetId } from "../state/ids.ts";
import { principalBytes } from "../state/principal.ts";
import { certificate, path, rootKey, STATE_ROOT, type RangesFormat } from "./certificate.ts";
import {
  decodeCertificate,
  decodeHashTree,
  decodeRanges,
  encodeCertificate,
  encodeHashTree,
  encodeRanges,
  MalformedCertificate,
} from "./encoding.ts";
import { digestOf, EMPTY, fork, labeled, leaf, pruned, type HashTree } from "./hash-tree.ts";
import { labelMap } from "./label-map.ts";
import { InvalidCertificate, isWellFormed, verifyCertificate, type Verifying } from "./verify.ts";

const { sha256, sha224, networkKeys } = nodePlatform;
const subnetRequests = [
  { kind: "system" as const, name: "nns", nodeCount: 1 },
  { kind: "application" as const, name: "application", nodeCount: 1 },
  { kind: "application" as const, name: "application", nodeCount: 1 },
];
const state = genesis({ seed: 0n, latency: "instant", subnets: subnetRequests }, sha224);
const [root, first, second] = state.subnetOrder as [SubnetId, SubnetId, SubnetId];
const firstCanister = (subnet: SubnetId): CanisterId => state.subnets.get(subnet)!.config.allocationRange.start;

const given = (canister: CanisterId | null, changed: Partial<Verifying> = {}): Verifying => ({
  rootKey: rootKey(state),
  canister,
  sha256,
  networkKeys,
  ...changed,
});
const made = (subnet: SubnetId, ranges: RangesFormat) =>
  certificate({ state, platform: nodePlatform }, { subnet, paths: [path("canister")], ranges });
const ofCanister = (subnet: SubnetId): RangesFormat => ({ kind: "tree", canister: firstCanister(subnet) });

/** A certificate of any tree, by the key of a subnet. */
function signed(tree: HashTree, subnet: number, delegation: ReturnType<typeof decodeCertificate>["delegation"] = null): Uint8Array {
  return encodeCertificate({ tree, signature: networkKeys.signAsSubnet(subnet, concat(STATE_ROOT, digestOf(tree, sha256))), delegation });
}

describe("a certificate verifies [certification#certificate] [certification#certification-delegation]", () => {
  test("the root subnet's own", () => {
    expect(verifyCertificate(made(root, { kind: "none" }), given(firstCanister(second))).delegate).toBeNull();
  });

  test("a delegate's, with canister ranges of either form", () => {
    for (const ranges of [ofCanister(first), { kind: "flat" } as const]) {
      expect(verifyCertificate(made(first, ranges), given(firstCanister(first))).delegate).toEqual({ subnet: first, type: "application" });
    }
    expect(verifyCertificate(made(first, { kind: "none" }), given(null)).delegate?.subnet).toBe(first);
  });
});

describe("refused", () => {
  const refusal = (bytes: Uint8Array, verifying: Verifying = given(null)): string => {
    try {
      verifyCertificate(bytes, verifying);
    } catch (error) {
      if (error instanceof InvalidCertificate || error instanceof MalformedCertificate) return error.message;
      throw error;
    }
    return "nothing";
  };

  test("a canister of another subnet, or delegations that tell no ranges", () => {
    expect(refusal(made(first, ofCanister(first)), given(firstCanister(second)))).toContain("in none of the ranges");
    expect(refusal(made(first, { kind: "none" }), given(firstCanister(first)))).toContain("in none of the ranges");
  });

  test("another root key, another signature, no key", () => {
    const bytes = made(root, { kind: "none" });
    const other = state.subnets.get(first)!.config.publicKeyDer;
    expect(refusal(bytes, given(null, { rootKey: other }))).toContain("signature is not");
    expect(refusal(bytes, given(null, { rootKey: other.subarray(1) }))).toContain("no BLS key");
    const { tree, signature } = decodeCertificate(bytes);
    for (const signature of [new Uint8Array(48), new Uint8Array(3)]) {
      expect(refusal(encodeCertificate({ tree, signature, delegation: null }))).toContain("signature is not");
    }
    expect(refusal(encodeCertificate({ tree: fork(tree, EMPTY), signature, delegation: null }))).toContain("signature is not");
  });

  test("a delegation by a delegate, by somebody else, or about another subnet", () => {
    const { delegation } = decodeCertificate(made(first, ofCanister(first)));
    const tree = labelMap([["time", leaf(Uint8Array.of(0))]]);
    const nested = signed(decodeCertificate(delegation!.certificate).tree, 0, delegation);
    expect(refusal(signed(tree, 1, { subnetId: first, certificate: nested }))).toContain("has a delegation itself");
    const byFirst = signed(decodeCertificate(delegation!.certificate).tree, 1);
    expect(refusal(signed(tree, 1, { subnetId: first, certificate: byFirst }))).toContain("signature is not");
    expect(refusal(signed(tree, 1, { subnetId: second, certificate: delegation!.certificate }))).toContain(
      "does not show the subnet's key",
    );
    expect(refusal(signed(tree, 2, delegation))).toContain("signature is not");
    const noKey = labelMap([["subnet", labelMap([[principalBytes(first), labelMap([["public_key", leaf(Uint8Array.of(1))]])]])]]);
    expect(refusal(signed(tree, 1, { subnetId: first, certificate: signed(noKey, 0) }))).toContain("no BLS key");
  });

  test("a tree that is not well-formed [certification#lookup]", () => {
    const a = labeled("a", EMPTY);
    const b = labeled("b", EMPTY);
    expect(
      [fork(a, b), leaf(Uint8Array.of()), labeled("a", leaf(Uint8Array.of())), fork(EMPTY, pruned(new Uint8Array(32)))].every(isWellFormed),
    ).toBe(true);
    const bad = [fork(b, a), fork(a, a), fork(a, leaf(Uint8Array.of())), labeled("a", fork(b, a)), fork(fork(b, EMPTY), a)];
    expect(bad.map(isWellFormed)).toEqual(bad.map(() => false));
    expect(refusal(signed(fork(b, a), 0))).toContain("not well-formed");
  });
});

describe("decoding undoes encoding [certification#certification-encoding]", () => {
  const bytes = fc.uint8Array({ maxLength: 5 });
  const { tree } = fc.letrec<{ tree: HashTree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constant(EMPTY),
      bytes.map(leaf),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(pruned),
      fc.tuple(bytes, tie("tree")).map(([label, tree]) => labeled(label, tree)),
      fc.tuple(tie("tree"), tie("tree")).map(([left, right]) => fork(left, right)),
    ),
  }));

  test("of trees, certificates and ranges", () => {
    fc.assert(
      fc.property(tree, bytes, fc.boolean(), (tree, signature, delegated) => {
        expect(decodeHashTree(encodeHashTree(tree))).toEqual(tree);
        const whole = { tree, signature, delegation: delegated ? { subnetId: first, certificate: signature } : null };
        expect(decodeCertificate(encodeCertificate(whole))).toEqual(whole);
      }),
    );
    const ranges = [{ start: firstCanister(first), end: firstCanister(second) }];
    expect(decodeRanges(encodeRanges(ranges))).toEqual(ranges);
  });

  test("bytes of anything else are refused, and nothing worse", () => {
    const refused = (read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void =>
      expect(() => read(bytes)).toThrow(MalformedCertificate);
    for (const value of [
      1,
      "x",
      [],
      [5],
      [1, [0]],
      [4, new Uint8Array(31)],
      [3, "x"],
      [true, [0], [0]],
      [2, 1, [0]],
      { tree: [0] },
      null,
    ]) {
      refused(decodeHashTree, encode(value));
      refused(decodeCertificate, encode(value));
    }
    refused(decodeHashTree, fromHex("9affffffff"));
    refused(decodeHashTree, fromHex("9bffffffffffffffff"));
    // Deeper than any stack.
    refused(decodeHashTree, new Uint8Array(2_000_000).fill(0x83));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        for (const read of [decodeHashTree, decodeCertificate, decodeRanges]) {
          try {
            read(noise);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedCertificate);
          }
        }
      }),
    );
  });
});
