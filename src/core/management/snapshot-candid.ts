/**
 * What is in a snapshot between our records and the interface's Candid: ids, source, timer, hook, and globals, which lie as bytes in the image that
 * instances are loaded with.
 *
 * Source: interface spec, "IC method read_canister_snapshot_metadata".
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import type { ExecutionState } from "../canister/execution-state.ts";
import type { CanisterState } from "../state/canister.ts";
import type { SnapshotId } from "../state/ids.ts";
import type { CanisterSnapshot, SnapshotGlobal } from "../state/snapshots.ts";
import type { ModuleInfo, VisibleGlobal } from "../wasm/module-info.ts";
import { optional, type HookStatusValue, type SnapshotGlobalValue, type UploadedMetadata } from "./candid.ts";

export function snapshotIdOf(bytes: Uint8Array): SnapshotId {
  return toHex(bytes) as SnapshotId;
}

/** As lists and `take_canister_snapshot` show it. */
export function snapshotToCandid({ id, takenAtNanos, sizeBytes }: CanisterSnapshot): object {
  return { id: fromHex(id), taken_at_timestamp: takenAtNanos, total_size: BigInt(sizeBytes) };
}

export function sourceToCandid(source: CanisterSnapshot["source"]): object {
  return source === "takenFromCanister" ? { taken_from_canister: null } : { metadata_upload: null };
}

export function timerToCandid(nanos: bigint): object {
  return nanos === 0n ? { inactive: null } : { active: nanos };
}

/** A timer that is active at the beginning of time is due, as one a nanosecond later: our 0 is no timer. */
export function timerFromCandid(value: UploadedMetadata["global_timer"]): bigint | null {
  const timer = optional(value);
  if (timer === null) return null;
  return "inactive" in timer ? 0n : timer.active === 0n ? 1n : timer.active;
}

export function hookToCandid(hook: CanisterState["lowMemoryHook"]): HookStatusValue {
  switch (hook) {
    case "notSatisfied":
      return { condition_not_satisfied: null };
    case "ready":
      return { ready: null };
    case "executed":
      return { executed: null };
  }
}

export function hookFromCandid(value: UploadedMetadata["on_low_wasm_memory_hook_status"]): CanisterState["lowMemoryHook"] | null {
  const hook = optional(value);
  if (hook === null) return null;
  return "ready" in hook ? "ready" : "executed" in hook ? "executed" : "notSatisfied";
}

// Globals.

/** Numbers of 32 and 64 bits, as the bits they are. */
const scratch = new DataView(new ArrayBuffer(8));

export function globalToCandid({ type, bits }: SnapshotGlobal): SnapshotGlobalValue {
  scratch.setBigUint64(0, bits & 0xffff_ffff_ffff_ffffn, true);
  switch (type) {
    case "i32":
      return { i32: scratch.getInt32(0, true) };
    case "i64":
      return { i64: scratch.getBigInt64(0, true) };
    case "f32":
      return { f32: scratch.getFloat32(0, true) };
    case "f64":
      return { f64: scratch.getFloat64(0, true) };
    case "v128":
      return { v128: bits };
  }
}

export function globalFromCandid(value: SnapshotGlobalValue): SnapshotGlobal {
  if ("v128" in value) return { type: "v128", bits: value.v128 };
  scratch.setBigUint64(0, 0n, true);
  const type = setNumber(value);
  return { type, bits: scratch.getBigUint64(0, true) };
}

function setNumber(value: Exclude<SnapshotGlobalValue, { readonly v128: bigint }>): "i32" | "i64" | "f32" | "f64" {
  if ("i32" in value) {
    scratch.setInt32(0, value.i32, true);
    return "i32";
  }
  if ("i64" in value) {
    scratch.setBigInt64(0, value.i64, true);
    return "i64";
  }
  // What bits a NaN has is the engine's to say, unless we do.
  if ("f32" in value) {
    if (Number.isNaN(value.f32)) scratch.setUint32(0, 0x7fc0_0000, true);
    else scratch.setFloat32(0, value.f32, true);
    return "f32";
  }
  if (Number.isNaN(value.f64)) scratch.setBigUint64(0, 0x7ff8_0000_0000_0000n, true);
  else scratch.setFloat64(0, value.f64, true);
  return "f64";
}

function bytesOf(type: VisibleGlobal["type"]): number {
  return type === "v128" ? 16 : 8;
}

/** The globals that a snapshot of this code has. */
export function globalsOf({ module, globals: image }: ExecutionState): SnapshotGlobal[] {
  return module.info.visibleGlobals.map(({ type, offset, initial }) => {
    const bytes = offset === null ? initial : image.subarray(offset, offset + bytesOf(type));
    let bits = 0n;
    for (let i = bytesOf(type) - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(bytes[i]!);
    return { type, bits };
  });
}

/** Whether a module has globals of these types, in this order. */
export function globalsMatch({ visibleGlobals }: ModuleInfo, globals: readonly SnapshotGlobal[]): boolean {
  return visibleGlobals.length === globals.length && visibleGlobals.every(({ type }, i) => type === globals[i]!.type);
}

/** The image of mutable globals that has these values; what is immutable stays as the module has it. */
export function imageOf({ visibleGlobals, globalsBytes }: ModuleInfo, globals: readonly SnapshotGlobal[]): Uint8Array {
  const image = new Uint8Array(globalsBytes);
  visibleGlobals.forEach(({ type, offset }, i) => {
    if (offset === null) return;
    const { bits } = globals[i]!;
    for (let b = 0; b < bytesOf(type); b++) image[offset + b] = Number((bits >> BigInt(8 * b)) & 0xffn);
  });
  return image;
}
