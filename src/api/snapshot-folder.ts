/**
 * A snapshot as a folder of files, as `icp canister snapshot download` and PocketIC write it: `metadata.json`, `wasm_module.bin`, `wasm_memory.bin`,
 * `stable_memory.bin`, and a file for each chunk in `wasm_chunk_store/`.
 *
 * The metadata are those of `read_canister_snapshot_metadata` as Rust's serde writes them: variants as objects of one field, `opt` as the value or null,
 * blobs as lists of numbers, 64-bit numbers in full, and what is no number as null. Numbers that JavaScript's would round are therefore quoted on the way
 * in and bare on the way out.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { toHex } from "../base/bytes.ts";
import { decodeUtf8Lossy, encodeUtf8 } from "../base/utf8.ts";
import type { HookStatusValue, Opt, SnapshotGlobalValue, SnapshotMetadata, UploadedMetadata } from "../core/management/candid.ts";
import { opt, optional } from "../core/management/candid.ts";

export const METADATA_FILE = "metadata.json";

/** The parts of a snapshot that are one long file each, by their names in `read_canister_snapshot_data`. */
export const PARTS = [
  { part: "wasm_module", file: "wasm_module.bin", size: (of: UploadedMetadata) => Number(of.wasm_module_size) },
  { part: "wasm_memory", file: "wasm_memory.bin", size: (of: UploadedMetadata) => Number(of.wasm_memory_size) },
  { part: "stable_memory", file: "stable_memory.bin", size: (of: UploadedMetadata) => Number(of.stable_memory_size) },
] as const;

export function chunkFile(hash: Uint8Array): string {
  return `wasm_chunk_store/${toHex(hash)}.bin`;
}

// Out.

export function writeMetadata(metadata: SnapshotMetadata): Uint8Array {
  const { source, globals, wasm_chunk_store, certified_data, global_timer, on_low_wasm_memory_hook_status } = metadata;
  const json = {
    source,
    taken_at_timestamp: metadata.taken_at_timestamp,
    wasm_module_size: metadata.wasm_module_size,
    globals: globals.map((global) => ("v128" in global ? { v128: digitsOf(global.v128) } : global)),
    wasm_memory_size: metadata.wasm_memory_size,
    stable_memory_size: metadata.stable_memory_size,
    wasm_chunk_store: wasm_chunk_store.map(({ hash }) => ({ hash: [...hash] })),
    canister_version: metadata.canister_version,
    certified_data: [...certified_data],
    global_timer: bare(optional(global_timer)),
    on_low_wasm_memory_hook_status: bare(optional(on_low_wasm_memory_hook_status)),
  };
  const text = JSON.stringify(
    json,
    (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0n" : value),
    2,
  );
  return encodeUtf8(text.replaceAll(/"(-?\d+)n"/g, "$1"));
}

/** A variant without a value is its name alone. */
function bare(variant: object | null): object | string | null {
  if (variant === null) return null;
  const [[name, value]] = Object.entries(variant) as [[string, unknown]];
  return value === null ? name : variant;
}

/** A large natural number, as `num-bigint` writes it: digits of 32 bits, the lowest first. */
function digitsOf(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 32n) digits.push(Number(rest & 0xffff_ffffn));
  return digits;
}

// In.

export interface FolderMetadata extends UploadedMetadata {
  readonly wasm_chunk_store: readonly Uint8Array[];
}

/** What is needed to upload a snapshot again. `where` is for refusals. */
export function readMetadata(bytes: Uint8Array, where: string): FolderMetadata {
  const text = decodeUtf8Lossy(bytes).replaceAll(/(?<=[[,:]\s*)-?\d{16,}(?=\s*[\],}])/g, '"$&"');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refusal(where, "it is no JSON");
  }
  const fields = new Fields(json, where);
  return {
    wasm_module_size: fields.nat("wasm_module_size"),
    globals: fields.list("globals").map((value) => globalOf(value, where)),
    wasm_memory_size: fields.nat("wasm_memory_size"),
    stable_memory_size: fields.nat("stable_memory_size"),
    certified_data: fields.bytes("certified_data"),
    global_timer: timerOf(fields.get("global_timer"), where),
    on_low_wasm_memory_hook_status: hookOf(fields.get("on_low_wasm_memory_hook_status"), where),
    wasm_chunk_store: fields.list("wasm_chunk_store").map((chunk) => new Fields(chunk, where).bytes("hash")),
  };
}

function refusal(where: string, what: string): CanneryError {
  return new CanneryError("bad-snapshot-folder", `${where} does not describe a snapshot: ${what}`);
}

/** Fields of an object of the file. */
class Fields {
  private readonly object: Readonly<Record<string, unknown>>;
  private readonly where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw refusal(where, "a record is missing");
    this.object = value as Readonly<Record<string, unknown>>;
    this.where = where;
  }

  get(name: string): unknown {
    return this.object[name] ?? null;
  }

  nat(name: string): bigint {
    return integer(this.get(name), `${name} of ${this.where}`, this.where);
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw refusal(this.where, `${name} is no list`);
    return value;
  }

  bytes(name: string): Uint8Array {
    const list = this.list(name);
    if (!list.every((byte) => Number.isInteger(byte) && Number(byte) >= 0 && Number(byte) < 256))
      throw refusal(this.where, `${name} is no list of bytes`);
    return Uint8Array.from(list as readonly number[]);
  }
}

function integer(value: unknown, what: string, where: string): bigint {
  if (typeof value === "string" && /^-?\d+$/.test(value)) return BigInt(value);
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw refusal(where, `${what} is no integer`);
}

function globalOf(value: unknown, where: string): SnapshotGlobalValue {
  const [[type, given]] = Object.entries(value ?? {}) as [[string, unknown]];
  switch (type) {
    case "i32":
      return { i32: Number(integer(given, "a global", where)) };
    case "i64":
      return { i64: integer(given, "a global", where) };
    // NaN and infinities are null.
    case "f32":
      return { f32: given === null ? NaN : Number(given) };
    case "f64":
      return { f64: given === null ? NaN : Number(given) };
    case "v128":
      return { v128: Array.isArray(given) ? ofDigits(given, where) : integer(given, "a global", where) };
    default:
      throw refusal(where, `there are no globals of type ${type}`);
  }
}

function ofDigits(digits: readonly unknown[], where: string): bigint {
  return digits.reduceRight<bigint>((sum, digit) => (sum << 32n) | integer(digit, "a global", where), 0n);
}

function timerOf(value: unknown, where: string): UploadedMetadata["global_timer"] {
  if (value === null) return [];
  if (value === "inactive") return [{ inactive: null }];
  return [{ active: new Fields(value, where).nat("active") }];
}

const HOOKS = ["condition_not_satisfied", "ready", "executed"] as const;

function hookOf(value: unknown, where: string): Opt<HookStatusValue> {
  if (value === null) return opt<HookStatusValue>(null);
  const hook = HOOKS.find((name) => name === value);
  if (hook === undefined) throw refusal(where, "on_low_wasm_memory_hook_status is none of the three");
  return [{ [hook]: null } as unknown as HookStatusValue];
}
