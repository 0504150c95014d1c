/** What the core needs synchronously from outside, from Node's own modules. */
import { hash } from "node:crypto";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { crc32, inflateRawSync } from "node:zlib";
import { networkKeys } from "../crypto/network-keys.ts";
import type { Ed25519Curve } from "../crypto/threshold/ed25519-keys.ts";
import type { Secp256k1Curve } from "../crypto/threshold/secp256k1-keys.ts";
import { thresholdKeys } from "../crypto/threshold/threshold-keys.ts";
import type { CompiledModule, Platform, WasmEngine } from "../core/wasm/engine.ts";
import { nodeEd25519 } from "./ed25519-node.ts";
import { engineWith } from "./engine.ts";
import { gunzipWith } from "./gzip.ts";

/** The V8 whose inliner knows these flags: Node 24's. Older ones print an error for flags they do not know. */
const INLINING_V8 = 13;
/**
 * Metering makes functions larger, so that V8 inlines fewer of them; with more room Motoko's code runs a quarter faster (measured on Node 24).
 * Results do not depend on it. It holds for all Wasm of the process.
 */
const INLINING_FLAGS = "--wasm-inlining-factor=9 --wasm-inlining-max-size=1500 --wasm-inlining-budget=15000";

let tuned = false;

function tuneInlining(): void {
  if (tuned) return;
  tuned = true;
  if (parseInt(process.versions.v8, 10) < INLINING_V8) return;
  for (const flag of INLINING_FLAGS.split(" ")) setFlagsFromString(flag);
}

/** Node's Buffer searches with memchr: 1 µs for the map of 512 MiB, against 8 µs for a typed array's own search. It compares with memcmp: 0.1 µs for a page, against 0.24. */
const v8 = engineWith({
  view: (buffer, length) => Buffer.from(buffer, 0, length),
  comparison(buffer) {
    const bytes = Buffer.from(buffer);
    return (at, other, from, length) => bytes.compare(other.bytes, from, from + length, at, at + length) === 0;
  },
});

/**
 * When a memory grows, V8 takes it off its books and enters it anew. Of one of 64 MiB it then believes that memory runs short, and collects garbage:
 * some 20 ms for each Wasm page. It keeps no books of shared memories. That their bytes count for nothing does not keep them alive much longer: a canister's
 * pages lie in `page-slabs.ts` a second time, which V8 counts.
 */
const SHARED_FROM_BYTES = 32 * 2 ** 20;

/** V8, given room to inline before it compiles its first module. */
const engine: WasmEngine = {
  ...v8,
  sharesMemoryFrom: SHARED_FROM_BYTES,
  compile(bytes: Uint8Array): CompiledModule {
    tuneInlining();
    return v8.compile(bytes);
  },
};

/** As text with a byte in each character: making a Buffer costs more than hashing a short input. */
function digest(algorithm: "sha256" | "sha224", bytes: Uint8Array): Uint8Array {
  const text = hash(algorithm, bytes, "binary");
  const found = new Uint8Array(text.length);
  for (let i = 0; i < found.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

const gunzip = gunzipWith({
  inflate(body, limitBytes) {
    const { buffer, engine } = inflateRawSync(body, { maxOutputLength: limitBytes, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { bytes: new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length), streamBytes: engine.bytesWritten };
  },
  crc32: (bytes) => crc32(bytes),
});

const load = createRequire(import.meta.url);
/** Loading the curves takes as long as making a network: only who signs pays for it. */
const curves = {
  secp256k1: () => load("@noble/curves/secp256k1.js") as Secp256k1Curve,
  ed25519: () => load("@noble/curves/ed25519.js") as Ed25519Curve,
  bls: () => ({
    ...(load("@noble/curves/bls12-381.js") as typeof import("@noble/curves/bls12-381.js")),
    ...(load("@noble/curves/abstract/hash-to-curve.js") as typeof import("@noble/curves/abstract/hash-to-curve.js")),
  }),
};

export const nodePlatform: Platform = {
  engine,
  sha256: (bytes) => digest("sha256", bytes),
  sha224: (bytes) => digest("sha224", bytes),
  gunzip,
  thresholdKeys: thresholdKeys(curves),
  networkKeys: networkKeys({ bls: curves.bls, ed25519: () => ({ ed25519: nodeEd25519 }) }),
};
