/**
 * Signatures by canisters: a certificate of the canister's certified data, and in the tree that this data is the root of, the message.
 *
 * Source: interface spec, index#canister-signatures; http-interface.md 2.4. Replica: `rs/crypto/iccsa/src/api.rs` (c7c5005).
 */
import { equal } from "../../base/bytes.ts";
import { decodeCbor, InvalidCbor, isFields } from "../../codec/cbor.ts";
import { path } from "../../core/certification/certificate.ts";
import { hashTreeOf, MalformedCertificate } from "../../core/certification/encoding.ts";
import { digestOf, type HashTree, type Sha256 } from "../../core/certification/hash-tree.ts";
import { lookup } from "../../core/certification/lookup.ts";
import { InvalidCertificate, verifyCertificate } from "../../core/certification/verify.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import type { NetworkKeys } from "../../crypto/network-keys.ts";
import { principalBytes } from "../../core/state/principal.ts";

export interface CanisterKey {
  readonly canister: PrincipalId;
  readonly seed: Uint8Array;
}

/** CBOR's self-describing tag, which is required here. */
const TAG = [0xd9, 0xd9, 0xf7];

/** By what a canister's signature is judged. */
export interface Trust {
  /** DER of the root subnet's key. */
  readonly rootKey: Uint8Array;
  readonly platform: { readonly sha256: Sha256; readonly networkKeys: Pick<NetworkKeys, "verifiesAsSubnet"> };
}

/** `null` when the canister signed the message, else why not. */
export function checkCanisterSignature(
  { rootKey, platform }: Trust,
  { canister, seed }: CanisterKey,
  message: Uint8Array,
  signature: Uint8Array,
): string | null {
  const { sha256, networkKeys } = platform;
  const invalid = (problem: string): string => `Invalid canister signature: ${problem}`;
  try {
    const { certificate, tree } = partsOf(signature);
    const verified = verifyCertificate(certificate, { rootKey, canister, sha256, networkKeys });
    const type = verified.delegate?.type;
    if (type === null || type === "cloud_engine") return invalid(`certificates by a subnet of type ${type ?? "unknown"} are not accepted`);
    const data = lookup(path("canister", principalBytes(canister), "certified_data"), verified.tree);
    if (data.kind !== "found" || !equal(data.value, digestOf(tree, sha256))) {
      return invalid("the certified data of the canister is not the root of the signature tree");
    }
    const found = lookup(path("sig", sha256(seed), sha256(message)), tree);
    return found.kind === "found" && found.value.length === 0 ? null : invalid("the signature tree does not contain the message");
  } catch (error) {
    if (error instanceof MalformedCertificate || error instanceof InvalidCertificate) return invalid(error.message);
    throw error;
  }
}

/** Throws `MalformedCertificate`. */
function partsOf(signature: Uint8Array): { readonly certificate: Uint8Array; readonly tree: HashTree } {
  if (TAG.some((byte, at) => signature[at] !== byte))
    throw new MalformedCertificate("failed to parse signature CBOR: missing self-describing tag");
  let fields: unknown;
  try {
    fields = decodeCbor(signature);
  } catch (cause) {
    if (!(cause instanceof InvalidCbor)) throw cause;
    throw new MalformedCertificate(`failed to parse signature CBOR: ${cause.message}`, { cause });
  }
  if (!isFields(fields) || !(fields["certificate"] instanceof Uint8Array) || fields["tree"] === undefined) {
    throw new MalformedCertificate("failed to parse signature CBOR: a certificate and a tree are expected");
  }
  return { certificate: fields["certificate"], tree: hashTreeOf(fields["tree"]) };
}
