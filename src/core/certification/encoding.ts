/**
 * Certificates and the values in state trees as bytes: CBOR with the self-describing tag.
 *
 * Source: interface spec, certification#certification-encoding; http-interface.md 4.
 */
import { encode, encodeWithSelfDescribedTag } from "@dfinity/cbor";
import { unreachable } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterRange } from "../state/network-state.ts";
import { principalBytes } from "../state/principal.ts";
import type { HashTree } from "./hash-tree.ts";

export interface Certificate {
  readonly tree: HashTree;
  /** 48 bytes. */
  readonly signature: Uint8Array;
  readonly delegation: Delegation | null;
}

export interface Delegation {
  readonly subnetId: PrincipalId;
  /** The root subnet's certificate, encoded. */
  readonly certificate: Uint8Array;
}

type CborTree = readonly (number | Uint8Array | CborTree)[];

export function encodeCertificate({ tree, signature, delegation }: Certificate): Uint8Array {
  const given = delegation === null ? {} : { delegation: encodable(delegation) };
  return encodeWithSelfDescribedTag({ tree: cborTree(tree), signature, ...given });
}

/** A tree without its certificate, as canisters put it beside theirs. */
export function encodeHashTree(tree: HashTree): Uint8Array {
  return encodeWithSelfDescribedTag(cborTree(tree));
}

function encodable({ subnetId, certificate }: Delegation) {
  return { subnet_id: principalBytes(subnetId), certificate };
}

function cborTree(tree: HashTree): CborTree {
  switch (tree.kind) {
    case "empty":
      return [0];
    case "fork":
      return [1, cborTree(tree.left), cborTree(tree.right)];
    case "labeled":
      return [2, tree.label, cborTree(tree.tree)];
    case "leaf":
      return [3, tree.value];
    case "pruned":
      return [4, tree.digest];
    default:
      return unreachable(tree);
  }
}

/** Closed intervals. Source: interface spec, index#state-tree-canister-ranges. */
export function encodeRanges(ranges: readonly CanisterRange[]): Uint8Array {
  return encodeWithSelfDescribedTag(ranges.map(({ start, end }) => [principalBytes(start), principalBytes(end)]));
}

/** Source: interface spec, index#state-tree-canister-information. */
export function encodePrincipals(ids: readonly PrincipalId[]): Uint8Array {
  return encodeWithSelfDescribedTag(ids.map(principalBytes));
}

/** A map whose keys are the places of its fields, without the tag. Replica: `rs/canonical_state/src/encoding.rs` ("packed", c7c5005). */
export function encodePacked(fields: readonly (bigint | Packed)[]): Packed {
  const parts = fields.map((field, place) => concat(encode(place), typeof field === "bigint" ? encode(field) : field));
  return concat(Uint8Array.of(MAP | fields.length), ...parts) as Packed;
}

declare const packed: unique symbol;
type Packed = Uint8Array & { readonly [packed]: true };

/** Major type 5. */
const MAP = 0xa0;
