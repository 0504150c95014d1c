/**
 * Certificates and the values in state trees as bytes: CBOR with the self-describing tag.
 *
 * Source: interface spec, certification#certification-encoding; http-interface.md 4.
 */
import { encode, encodeWithSelfDescribedTag } from "@dfinity/cbor";
import { unreachable } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import { decodeCbor, isFields, type CborFields } from "../../codec/cbor.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterRange } from "../state/network-state.ts";
import { principalBytes, principalOfBytes } from "../state/principal.ts";
import { EMPTY, fork, labeled, leaf, pruned, type HashTree } from "./hash-tree.ts";

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

/** Bytes that are no certificate, no tree, or no list of ranges. The message says what is wrong. */
export class MalformedCertificate extends Error {
  override name = "MalformedCertificate";
}

/** Of somebody's certificate, whose tag may be missing. Throws `MalformedCertificate`. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  return reading(bytes, (value) => {
    const { tree, signature, delegation } = fieldsOf(value);
    return { tree: hashTreeOf(tree), signature: bytesOf(signature), delegation: isNothing(delegation) ? null : delegationOf(delegation) };
  });
}

/** Throws `MalformedCertificate`. */
export function decodeHashTree(bytes: Uint8Array): HashTree {
  return reading(bytes, hashTreeOf);
}

/** Throws `MalformedCertificate`. */
export function decodeRanges(bytes: Uint8Array): CanisterRange[] {
  return reading(bytes, (value) =>
    listOf(value).map((range) => {
      const [start, end] = listOf(range);
      return { start: principalOfBytes(bytesOf(start)), end: principalOfBytes(bytesOf(end)) };
    }),
  );
}

/** A tree without its certificate, as canisters put it beside theirs. */
export function encodeHashTree(tree: HashTree): Uint8Array {
  return encodeWithSelfDescribedTag(cborTree(tree));
}

function encodable({ subnetId, certificate }: Delegation) {
  return { subnet_id: principalBytes(subnetId), certificate };
}

/** Whatever is wrong with the bytes, of any depth, is one error. */
function reading<T>(bytes: Uint8Array, read: (value: unknown) => T): T {
  try {
    return read(decodeCbor(bytes));
  } catch (cause) {
    throw new MalformedCertificate(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** A field may be left out by name or by value. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function delegationOf(value: unknown): Delegation {
  const { subnet_id, certificate } = fieldsOf(value);
  return { subnetId: principalOfBytes(bytesOf(subnet_id)), certificate: bytesOf(certificate) };
}

/** Of a part of what was decoded. Throws `MalformedCertificate`. */
export function hashTreeOf(value: unknown): HashTree {
  const parts = listOf(value);
  const [kind, first, second] = parts;
  if (parts.length !== PARTS[Number(kind)]) throw new MalformedCertificate("a hash tree has nodes of another form");
  switch (kind) {
    case 0:
      return EMPTY;
    case 1:
      return fork(hashTreeOf(first), hashTreeOf(second));
    case 2:
      return labeled(bytesOf(first), hashTreeOf(second));
    case 3:
      return leaf(bytesOf(first));
    case 4:
      return pruned(digestBytes(first));
    default:
      throw new MalformedCertificate("a hash tree has nodes of another kind");
  }
}

/** Of each kind of node, how many items its list has. */
const PARTS = [1, 3, 3, 2, 2];

function digestBytes(value: unknown): Uint8Array {
  const digest = bytesOf(value);
  if (digest.length !== 32) throw new MalformedCertificate(`a digest has 32 bytes, not ${digest.length}`);
  return digest;
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new MalformedCertificate("bytes are expected");
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedCertificate("a list is expected");
  return value;
}

function fieldsOf(value: unknown): CborFields {
  if (!isFields(value)) throw new MalformedCertificate("a map is expected");
  return value;
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
