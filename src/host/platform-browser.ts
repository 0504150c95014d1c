/**
 * What the core needs synchronously from outside, in a page or a worker: the browser's `WebAssembly`, hashes by libraries.
 *
 * V8's inlining cannot be given more room here, as Node's is (`platform-node.ts`): Motoko's code takes up to a quarter more time. Nothing else differs:
 * the stack is counted, not measured, and a worker's engine has the least of it (`test/browser`).
 */
import { getCrc32 } from "@icp-sdk/core/principal";
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { sha224, sha256 } from "@noble/hashes/sha2.js";
import { inflate } from "../codec/inflate.ts";
import { HostFailure } from "../core/canister/run-context.ts";
import type { CompiledModule, Platform, WasmEngine } from "../core/wasm/engine.ts";
import { networkKeys } from "../crypto/network-keys.ts";
import { thresholdKeys } from "../crypto/threshold/threshold-keys.ts";
import { wasmEngine } from "./engine.ts";
import { gunzipWith } from "./gzip.ts";

/**
 * The largest module that a page's main thread compiles at once, by Chromium's rule; a worker's compiles all. Modules are larger once they are rewritten:
 * two to three times.
 */
const MAIN_THREAD_MODULE_BYTES = 8 * 2 ** 20;

const engine: WasmEngine = {
  ...wasmEngine,
  compile(bytes: Uint8Array): CompiledModule {
    try {
      return wasmEngine.compile(bytes);
    } catch (error) {
      if (bytes.length <= MAIN_THREAD_MODULE_BYTES || typeof document === "undefined") throw error;
      throw new HostFailure(
        `a module has ${bytes.length} bytes once it is rewritten, and the main thread of a page compiles at most ${MAIN_THREAD_MODULE_BYTES}: run the network in a worker.`,
        { cause: error },
      );
    }
  },
};

/** Nothing can be loaded synchronously in a page, so the curves are part of the bundle. */
const curves = {
  secp256k1: () => ({ secp256k1, schnorr }),
  ed25519: () => ({ ed25519 }),
  bls: () => ({ bls12_381, hash_to_field }),
};

export const browserPlatform: Platform = {
  engine,
  sha256: (bytes) => sha256(bytes),
  sha224: (bytes) => sha224(bytes),
  gunzip: gunzipWith({ inflate, crc32: getCrc32 }),
  thresholdKeys: thresholdKeys(curves),
  networkKeys: networkKeys(curves),
};
