/**
 * Calls about snapshots in a `ManagementWorld`, by their ids as hex, and a canister to take them of.
 */
import { IDL } from "@icp-sdk/core/candid";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { RESULT } from "../../src/core/management/candid-types.ts";
import type { SnapshotMetadata, UploadedMetadata } from "../../src/core/management/candid.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { compileWat, importLine } from "./ic0-wat.ts";
import { decode, encode, id, idArg, ManagementWorld, NO_VERSION, principalText } from "./management-world.ts";

/** Counts its runs in heap, stable memory and a global; exports an immutable global behind a mutable one. */
export const COUNTER = compileWat(`(module
  ${["stable64_grow", "stable64_write", "certified_data_set", "msg_reply", "msg_reply_data_append", "global_timer_set"].map((name) => importLine(name)).join("\n")}
  (memory (export "memory") 1 4)
  (global $count (mut i32) (i32.const 0))
  (global $fixed (export "fixed") i64 (i64.const -5))
  (global $half (export "half") (mut f64) (f64.const 0.5))
  (data (i32.const 16) "abc")
  (func (export "canister_init") (drop (call $stable64_grow (i64.const 1))))
  (func (export "canister_update count")
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.set $half (f64.mul (global.get $half) (f64.const 2)))
    (i32.store (i32.const 0) (global.get $count))
    (call $stable64_write (i64.const 100) (i64.const 0) (i64.const 4))
    (call $certified_data_set (i32.const 0) (i32.const 4))
    (call $msg_reply))
  (func (export "canister_query get") (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply)))`);

export const count = (canister: CanisterState): number => {
  const bytes = new Uint8Array(4);
  canister.execution!.heap.read(0, bytes, 0, 4);
  return bytes[0];
};

/** Writes what `count` runs of the counter would have: there are no rounds here. */
export function setCount(canister: CanisterState, to: number): void {
  const execution = canister.execution!;
  execution.heap.write(0, Uint8Array.of(to));
  execution.stable.write(100, Uint8Array.of(to));
  execution.writeGlobals(
    Uint8Array.from({ length: execution.globals.length }, (_, i) => (i === 0 ? to : execution.globals[i])),
    0,
  );
  canister.certifiedData = Uint8Array.of(to);
}

export function setup(given: ConstructorParameters<typeof ManagementWorld>[0] = {}): { net: ManagementWorld; of: CanisterId } {
  const net = new ManagementWorld(given);
  const of = net.create();
  net.install(of, COUNTER);
  return { net, of };
}

export const snapshotName = (of: CanisterId, local = 0): string => `${principalText(of)}-${local}`;
export const unknown = (of: CanisterId): string => "00000000000000ff" + of;

export type By = { sender?: PrincipalId; from?: CanisterId; subnet?: number };
export interface Listed {
  readonly id: Uint8Array;
  readonly taken_at_timestamp: bigint;
  readonly total_size: bigint;
}

/** The argument of a method that names a canister and one of its snapshots, and whatever else it has. */
export function about(of: CanisterId, snapshot: string, rest: object = {}): object {
  return { ...id(of), snapshot_id: fromHex(snapshot), ...rest };
}

export function takeArg(of: CanisterId, given: { replace?: string; uninstall?: boolean } = {}): Uint8Array {
  return encode("take_canister_snapshot", {
    ...id(of),
    replace_snapshot: given.replace === undefined ? [] : [fromHex(given.replace)],
    uninstall_code: given.uninstall === undefined ? [] : [given.uninstall],
    ...NO_VERSION,
  });
}

export function take(net: ManagementWorld, of: CanisterId, given: { replace?: string; uninstall?: boolean } & By = {}): string {
  return toHex(decode<Listed>("take_canister_snapshot", net.reply("take_canister_snapshot", takeArg(of, given), given)).id);
}

export function loadArg(of: CanisterId, snapshot: string): Uint8Array {
  return encode("load_canister_snapshot", about(of, snapshot, NO_VERSION));
}

export function list(net: ManagementWorld, of: CanisterId): { id: string; size: number }[] {
  const [all] = IDL.decode(RESULT.list_canister_snapshots, net.reply("list_canister_snapshots", idArg(of))) as unknown as [Listed[]];
  return all.map(({ id, total_size }) => ({ id: toHex(id), size: Number(total_size) }));
}

export function metadata(net: ManagementWorld, of: CanisterId, snapshot: string): SnapshotMetadata {
  const arg = encode("read_canister_snapshot_metadata", about(of, snapshot));
  return decode<SnapshotMetadata>("read_canister_snapshot_metadata", net.reply("read_canister_snapshot_metadata", arg));
}

export function readArg(of: CanisterId, snapshot: string, kind: object): Uint8Array {
  return encode("read_canister_snapshot_data", about(of, snapshot, { kind }));
}

export function read(net: ManagementWorld, of: CanisterId, snapshot: string, kind: object): Uint8Array {
  const { chunk } = decode<{ chunk: Uint8Array }>(
    "read_canister_snapshot_data",
    net.reply("read_canister_snapshot_data", readArg(of, snapshot, kind)),
  );
  return new Uint8Array(chunk);
}

export const METADATA: UploadedMetadata = {
  wasm_module_size: 1n,
  globals: [],
  wasm_memory_size: 0n,
  stable_memory_size: 0n,
  certified_data: new Uint8Array(0),
  global_timer: [],
  on_low_wasm_memory_hook_status: [],
};

export function metadataArg(of: CanisterId, given: Partial<UploadedMetadata> & { replace?: string } = {}): Uint8Array {
  const { replace, ...rest } = given;
  return encode("upload_canister_snapshot_metadata", {
    ...id(of),
    replace_snapshot: replace === undefined ? [] : [fromHex(replace)],
    ...METADATA,
    ...rest,
  });
}

export function uploadMetadata(net: ManagementWorld, of: CanisterId, given: Partial<UploadedMetadata> = {}): string {
  const data = net.reply("upload_canister_snapshot_metadata", metadataArg(of, given));
  return toHex(decode<{ snapshot_id: Uint8Array }>("upload_canister_snapshot_metadata", data).snapshot_id);
}

export function dataArg(of: CanisterId, snapshot: string, kind: object, chunk: Uint8Array): Uint8Array {
  return encode("upload_canister_snapshot_data", about(of, snapshot, { kind, chunk }));
}

/** A copy of a snapshot of another canister, as a user makes it: everything is read there and uploaded here. */
export function copySnapshot(net: ManagementWorld, from: CanisterId, snapshot: string, to: CanisterId): string {
  const all = metadata(net, from, snapshot);
  const copy = uploadMetadata(net, to, all);
  const sizes = { wasm_module: all.wasm_module_size, wasm_memory: all.wasm_memory_size, stable_memory: all.stable_memory_size };
  for (const [name, size] of Object.entries(sizes)) {
    const chunk = read(net, from, snapshot, { [name]: { offset: 0n, size } });
    net.reply("upload_canister_snapshot_data", dataArg(to, copy, { [name]: { offset: 0n } }, chunk));
  }
  for (const hash of all.wasm_chunk_store) {
    const chunk = read(net, from, snapshot, { wasm_chunk: hash });
    net.reply("upload_canister_snapshot_data", dataArg(to, copy, { wasm_chunk: null }, chunk));
  }
  return copy;
}
