/**
 * Threshold keys as the network knows them: their names, and which subnets hold them. The secrets are the host's to derive (`crypto/threshold`).
 *
 * Source: management-canister.md 1.1, 7; interface spec, "IC method ecdsa_public_key".
 */
import type { SubnetId } from "./ids.ts";
import type { NetworkState, SubnetConfig } from "./network-state.ts";
import { knownSubnets } from "./topology.ts";

export type KeyScheme = "ecdsa" | "schnorr" | "vetkd";
/** Curves and algorithms, in the numbering of `cost_sign_with_*`. Source: system-api.md 4. */
export const ALGORITHMS = {
  ecdsa: ["secp256k1"],
  schnorr: ["bip340secp256k1", "ed25519"],
  vetkd: ["bls12_381_g2"],
} as const;
export type KeyAlgorithm = (typeof ALGORITHMS)[KeyScheme][number];

export interface ChainKey {
  readonly scheme: KeyScheme;
  readonly algorithm: KeyAlgorithm;
  readonly name: string;
}

/** How the replica prints algorithms. */
const PRINTED: Readonly<Record<KeyAlgorithm, string>> = {
  secp256k1: "Secp256k1",
  bip340secp256k1: "Bip340Secp256k1",
  ed25519: "Ed25519",
  bls12_381_g2: "Bls12_381_G2",
};

/** In the replica's order: by scheme, curves and algorithms as numbered. */
const EVERY_ALGORITHM: readonly Pick<ChainKey, "scheme" | "algorithm">[] = [
  { scheme: "ecdsa", algorithm: "secp256k1" },
  { scheme: "schnorr", algorithm: "bip340secp256k1" },
  { scheme: "schnorr", algorithm: "ed25519" },
  { scheme: "vetkd", algorithm: "bls12_381_g2" },
];

/** `ecdsa:Secp256k1:key_1`, as in error texts. */
export function printedKey({ scheme, algorithm, name }: ChainKey): string {
  return `${scheme}:${PRINTED[algorithm]}:${name}`;
}

/** `Bip340Secp256k1`, as in error texts. */
export function printedAlgorithm(algorithm: KeyAlgorithm): string {
  return PRINTED[algorithm];
}

/** Subnets known to a subnet that hold a key of this name, in the order of the network. A name stands for one key of every scheme. */
export function keyHolders(state: NetworkState, from: SubnetId, name: string): readonly SubnetConfig[] {
  return knownSubnets(state, from)
    .map((id) => state.subnets.get(id)!.config)
    .filter((config) => config.keyNames.includes(name));
}

/** Every key that a subnet knows of, as error texts list them. */
export function printedKeys(state: NetworkState, from: SubnetId): string {
  return printedKeysOf([...new Set(knownSubnets(state, from).flatMap((id) => state.subnets.get(id)!.config.keyNames))]);
}

/** Every key of these names, as error texts list them. */
export function printedKeysOf(keyNames: readonly string[]): string {
  const names = [...keyNames].sort();
  return `[${EVERY_ALGORITHM.flatMap((kind) => names.map((name) => printedKey({ ...kind, name }))).join(", ")}]`;
}
