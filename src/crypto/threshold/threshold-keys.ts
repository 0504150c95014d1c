/**
 * The threshold keys of a network by name. Every key of one scheme comes from one seed, as on PocketIC's networks, so that addresses that a
 * project computed from such a network's keys stay what they are.
 *
 * Source: management-canister.md 7, "Test networks". Replica: `rs/state_machine_tests/src/lib.rs` (c7c5005).
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { ed25519Keys, type Ed25519Curve } from "./ed25519-keys.ts";
import { secp256k1Keys, type DerivedKey, type Secp256k1Curve } from "./secp256k1-keys.ts";
import { vetKeys, type BlsCurve } from "./vetkd-keys.ts";

export type SchnorrAlgorithm = "bip340secp256k1" | "ed25519";

export interface PublicKeyAndChain {
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
}

/** `name` is the key's; `path` is the whole path, the canister's id first. */
export interface ThresholdKeys {
  ecdsaPublicKey(name: string, path: readonly Uint8Array[]): PublicKeyAndChain;
  signEcdsa(name: string, path: readonly Uint8Array[], hash: Uint8Array): Uint8Array;
  schnorrPublicKey(algorithm: SchnorrAlgorithm, name: string, path: readonly Uint8Array[]): PublicKeyAndChain;
  /** `merkleRoot` is for `bip340secp256k1`: see `Secp256k1Keys.signBip340`. */
  signSchnorr(
    algorithm: SchnorrAlgorithm,
    name: string,
    path: readonly Uint8Array[],
    message: Uint8Array,
    merkleRoot: Uint8Array | null,
  ): Uint8Array;
  vetPublicKey(name: string, canister: Uint8Array, context: Uint8Array): Uint8Array;
  /** Source: `VetKeys.encrypt`. */
  deriveVetKey(of: {
    readonly name: string;
    readonly canister: Uint8Array;
    readonly context: Uint8Array;
    readonly input: Uint8Array;
    readonly transportKey: Uint8Array;
    readonly chance: Uint8Array;
  }): Uint8Array;
  isTransportKey(bytes: Uint8Array): boolean;
}

/** How the libraries are loaded: each with the first key that needs it. */
export interface Curves {
  secp256k1(): Secp256k1Curve;
  ed25519(): Ed25519Curve;
  bls(): BlsCurve;
}

const SEED = new Uint8Array(32).fill(42);

export function thresholdKeys(curves: Curves): ThresholdKeys {
  const secp256k1 = once(() => secp256k1Keys(curves.secp256k1()));
  const ed25519 = once(() => ed25519Keys(curves.ed25519()));
  const vet = once(() => vetKeys(curves.bls()));
  const derived = (scheme: "secp256k1" | "ed25519", name: string, path: readonly Uint8Array[]): DerivedKey => {
    const keys = scheme === "secp256k1" ? secp256k1() : ed25519();
    return keys.derive(keys.derive(keys.ofSeed(SEED), [encodeUtf8(name)]), path);
  };
  const curveOf = (algorithm: SchnorrAlgorithm) => (algorithm === "ed25519" ? "ed25519" : "secp256k1");
  return {
    ecdsaPublicKey(name, path) {
      const key = derived("secp256k1", name, path);
      return { publicKey: secp256k1().publicKey(key), chainCode: key.chainCode };
    },
    signEcdsa: (name, path, hash) => secp256k1().signEcdsa(derived("secp256k1", name, path), hash),
    schnorrPublicKey(algorithm, name, path) {
      const curve = curveOf(algorithm);
      const key = derived(curve, name, path);
      return { publicKey: (curve === "ed25519" ? ed25519() : secp256k1()).publicKey(key), chainCode: key.chainCode };
    },
    signSchnorr(algorithm, name, path, message, merkleRoot) {
      const key = derived(curveOf(algorithm), name, path);
      return algorithm === "ed25519" ? ed25519().sign(key, message) : secp256k1().signBip340(key, message, merkleRoot);
    },
    vetPublicKey: (name, canister, context) => vet().publicKey(vet().derive(vet().ofName(encodeUtf8(name)), canister, context)),
    deriveVetKey({ name, canister, context, input, transportKey, chance }) {
      const key = vet().derive(vet().ofName(encodeUtf8(name)), canister, context);
      return vet().encrypt(key, input, transportKey, chance);
    },
    isTransportKey: (bytes) => vet().isTransportKey(bytes),
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
