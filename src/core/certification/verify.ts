/**
 * Verifying certificates as clients do: for canister signatures, and for whoever receives a certificate from somewhere.
 *
 * Source: interface spec, certification#certificate (`verify_cert`), certification#certification-delegation (`check_delegation`). Replica:
 * `rs/certification/src/lib.rs` (c7c5005).
 */
import { compare, concat, equal } from "../../base/bytes.ts";
import { decodeUtf8Lossy } from "../../base/utf8.ts";
import { BLS_DER_PREFIX, type NetworkKeys } from "../../crypto/network-keys.ts";
import type { PrincipalId, SubnetId } from "../state/ids.ts";
import { principalBytes } from "../state/principal.ts";
import { path, STATE_ROOT } from "./certificate.ts";
import { decodeCertificate, decodeRanges, MalformedCertificate, type Certificate, type Delegation } from "./encoding.ts";
import { digestOf, type HashTree, type Label, type Path, type Sha256 } from "./hash-tree.ts";
import { lookup, valuesBelow } from "./lookup.ts";

/** A certificate that proves nothing. The message says why. */
export class InvalidCertificate extends Error {
  override name = "InvalidCertificate";
}

const BLS_DER_BYTES = BLS_DER_PREFIX.length + 96;

export interface Verified {
  readonly tree: HashTree;
  /** The subnet that certified it, where that is not the root; its type as far as the delegation shows it. */
  readonly delegate: { readonly subnet: SubnetId; readonly type: string | null } | null;
}

export interface Verifying {
  readonly rootKey: Uint8Array;
  /** What the certificate is about: a delegate must be in charge of it. `null` where that does not matter. */
  readonly canister: PrincipalId | null;
  readonly sha256: Sha256;
  readonly networkKeys: Pick<NetworkKeys, "verifiesAsSubnet">;
}

/** Throws `InvalidCertificate`, or `MalformedCertificate` where the bytes are none. How old it may be is up to the caller. */
export function verifyCertificate(bytes: Uint8Array, given: Verifying): Verified {
  const certificate = decodeCertificate(bytes);
  const delegate = certificate.delegation === null ? null : verifiedDelegate(certificate.delegation, given);
  checkSignature(certificate, delegate === null ? given.rootKey : delegate.key, given);
  return { tree: certificate.tree, delegate: delegate === null ? null : { subnet: delegate.subnet, type: delegate.type } };
}

interface Delegate {
  readonly subnet: SubnetId;
  readonly type: string | null;
  readonly key: Uint8Array;
}

function verifiedDelegate({ subnetId, certificate }: Delegation, given: Verifying): Delegate {
  const root = decodeCertificate(certificate);
  if (root.delegation !== null) throw new InvalidCertificate("a delegation's certificate has a delegation itself");
  checkSignature(root, given.rootKey, given);
  const id = principalBytes(subnetId);
  const { canister } = given;
  if (canister !== null && !isInCharge(root.tree, id, canister)) {
    throw new InvalidCertificate("the canister is in none of the ranges of the subnet that certified");
  }
  const key = valueAt(root.tree, path("subnet", id, "public_key"));
  if (key === null) throw new InvalidCertificate("the delegation does not show the subnet's key");
  const type = valueAt(root.tree, path("subnet", id, "type"));
  return { subnet: subnetId, key, type: type === null ? null : decodeUtf8Lossy(type) };
}

/** By the shards, else by the list of older delegations. */
function isInCharge(tree: HashTree, subnet: Label, canister: PrincipalId): boolean {
  const shards = valuesBelow(path("canister_ranges", subnet), tree);
  const list = valueAt(tree, path("subnet", subnet, "canister_ranges"));
  const ranges = [...shards, ...(list === null ? [] : [list])].flatMap(decodeRanges);
  return ranges.some(({ start, end }) => start <= canister && canister <= end);
}

function checkSignature({ tree, signature }: Certificate, keyDer: Uint8Array, { sha256, networkKeys }: Verifying): void {
  if (!isWellFormed(tree)) throw new InvalidCertificate("the tree is not well-formed");
  if (keyDer.length !== BLS_DER_BYTES || !equal(keyDer.subarray(0, BLS_DER_PREFIX.length), BLS_DER_PREFIX)) {
    throw new MalformedCertificate("the key is no BLS key in DER form");
  }
  const message = concat(STATE_ROOT, digestOf(tree, sha256));
  if (!networkKeys.verifiesAsSubnet(keyDer.subarray(BLS_DER_PREFIX.length), message, signature)) {
    throw new InvalidCertificate("the signature is not the subnet's");
  }
}

function valueAt(tree: HashTree, at: Path): Uint8Array | null {
  const found = lookup(at, tree);
  return found.kind === "found" ? found.value : null;
}

/** Labels strictly increase, and no value stands among them. Source: interface spec, certification#lookup (`well_formed`). */
export function isWellFormed(tree: HashTree): boolean {
  return tree.kind === "leaf" || areWellFormed(tree, { last: null });
}

function areWellFormed(tree: HashTree, labels: { last: Label | null }): boolean {
  switch (tree.kind) {
    case "empty":
    case "pruned":
      return true;
    case "leaf":
      return false;
    case "fork":
      return areWellFormed(tree.left, labels) && areWellFormed(tree.right, labels);
    case "labeled": {
      const increases = labels.last === null || compare(labels.last, tree.label) < 0;
      labels.last = tree.label;
      return increases && isWellFormed(tree.tree);
    }
  }
}
