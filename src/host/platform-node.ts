/** What the core needs synchronously from outside, from Node's own modules. */
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { crc32, inflateRawSync } from "node:zlib";
import type { CompiledModule, Platform, WasmEngine } from "../core/wasm/engine.ts";
import { nodeEngine } from "./engine.ts";

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

/** V8, given room to inline before it compiles its first module. */
const engine: WasmEngine = {
  ...nodeEngine,
  compile(bytes: Uint8Array): CompiledModule {
    tuneInlining();
    return nodeEngine.compile(bytes);
  },
};

function digest(algorithm: "sha256" | "sha224", bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest());
}

/** Length of a gzip member's header. Source: RFC 1952, 2.3. */
function gzipHeaderBytes(bytes: Uint8Array): number {
  const flags = bytes[3]!;
  let at = 10;
  if (bytes.length < at) throw new Error("gzip header is cut off");
  if (flags & 0xe0) throw new Error("gzip header has unknown flags");
  if (flags & 0x04) at += 2 + bytes[at]! + 256 * bytes[at + 1]!;
  for (const flag of [0x08, 0x10]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) throw new Error("gzip header is cut off");
    at = zero + 1;
  }
  if (flags & 0x02) at += 2;
  if (!(at <= bytes.length - 8)) throw new Error("gzip header is cut off");
  return at;
}

/**
 * The first member alone: what follows it (padding, a second member) is left unread, as the replica's decoder does.
 * Node's own `gunzipSync` would append further members.
 */
function gunzip(bytes: Uint8Array, limitBytes: number): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new Error("not a gzip stream");
  const body = bytes.subarray(gzipHeaderBytes(bytes));
  const { buffer, engine } = inflateRawSync(body, { maxOutputLength: limitBytes, info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  const footer = engine.bytesWritten;
  if (footer + 8 > body.length) throw new Error("gzip footer is cut off");
  const view = new DataView(body.buffer, body.byteOffset + footer, 8);
  if (view.getUint32(0, true) !== crc32(buffer)) throw new Error("CRC32 mismatched");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

export const nodePlatform: Platform = {
  engine,
  sha256: (bytes) => digest("sha256", bytes),
  sha224: (bytes) => digest("sha224", bytes),
  gunzip,
};
