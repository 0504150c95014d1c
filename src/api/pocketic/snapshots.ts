/**
 * Snapshots of canisters between an instance and a folder of the machine that the server runs on.
 *
 * Source: pocketic-server.md 6.3. Replica: `CanisterSnapshotDownload` and `CanisterSnapshotUpload` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { CanneryError } from "../../base/cannery-error.ts";
import { toBase64 } from "../../codec/base64.ts";
import { RESULT } from "../../core/management/candid-types.ts";
import { encodeArgument, opt, principalOf } from "../../core/management/candid.ts";
import type { ArgumentName, ArgumentValue, SnapshotDataKind, SnapshotDataOffset, SnapshotMetadata } from "../../core/management/candid.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId } from "../../core/state/ids.ts";
import { principalText } from "../../core/state/principal.ts";
import { route } from "../../core/state/world.ts";
import { chunkFile, METADATA_FILE, PARTS, readMetadata, writeMetadata } from "../snapshot-folder.ts";
import { runCall } from "./awaiting.ts";
import { failed } from "./failure.ts";
import type { Instance } from "./instance.ts";
import { blob, fields, maybe, principalIn, required, text, type Fields, type Reader } from "./shape.ts";

/** Folders of the server's machine. Each function throws with the host's own words. */
export interface SnapshotFolders {
  /** Makes the folder if it is not there; why it cannot be written to, or `null`. */
  prepare(folder: string): string | null;
  append(folder: string, file: string, bytes: Uint8Array): void;
  read(folder: string, file: string): Uint8Array;
}

/** Largest piece that is read or written at once. Replica: `MAX_CHUNK_SIZE`. */
const PIECE_BYTES = 2_000_000;

interface SnapshotOrder {
  readonly sender: PrincipalId;
  readonly canister: CanisterId;
  readonly folder: string;
}

function order(given: Fields): SnapshotOrder {
  return {
    sender: required(given, "sender", principalIn("principal_id")),
    canister: required(given, "canister_id", principalIn("canister_id")),
    folder: required(given, "snapshot_dir", text),
  };
}

export const snapshotDownload: Reader<SnapshotOrder & { readonly snapshot: Uint8Array }> = (value, what) => {
  const given = fields(value, what);
  return { ...order(given), snapshot: required(given, "snapshot_id", blob) };
};

export const snapshotUpload: Reader<SnapshotOrder & { readonly replaced: Uint8Array | null }> = (value, what) => {
  const given = fields(value, what);
  const named: Reader<Uint8Array> = (id, at) => required(fields(id, at), "snapshot_id", blob);
  return { ...order(given), replaced: maybe(given, "replace_snapshot", named) };
};

type Asked<T> = T extends Reader<infer A> ? A : never;

export function downloadSnapshot(instance: Instance, asked: Asked<typeof snapshotDownload>): null {
  const { sender, canister, folder, snapshot } = asked;
  const folders = instance.host.snapshotFolders;
  const call = caller(instance, sender, canister);
  const unusable = folders.prepare(folder);
  if (unusable !== null) throw failed("InvalidCanisterSnapshotDirectory", JSON.stringify(unusable));
  const of = { canister_id: principalOf(canister), snapshot_id: snapshot };
  const [metadata] = IDL.decode(RESULT.read_canister_snapshot_metadata, call("read_canister_snapshot_metadata", of)) as unknown as [
    SnapshotMetadata,
  ];
  const read = (kind: SnapshotDataKind): Uint8Array => {
    const reply = call("read_canister_snapshot_data", { ...of, kind });
    return (IDL.decode(RESULT.read_canister_snapshot_data, reply) as unknown as [{ chunk: Uint8Array }])[0].chunk;
  };
  inFiles(() => {
    folders.append(folder, METADATA_FILE, writeMetadata(metadata));
    for (const { part, file, size } of PARTS) {
      const length = size(metadata);
      if (length === 0 && part === "stable_memory") continue;
      folders.append(folder, file, new Uint8Array());
      for (let offset = 0; offset < length; offset += PIECE_BYTES) {
        const piece = { offset: BigInt(offset), size: BigInt(Math.min(PIECE_BYTES, length - offset)) };
        folders.append(folder, file, read({ [part]: piece } as unknown as SnapshotDataKind));
      }
    }
    for (const chunk of metadata.wasm_chunk_store) folders.append(folder, chunkFile(chunk.hash), read({ wasm_chunk: chunk }));
  });
  return null;
}

export function uploadSnapshot(instance: Instance, asked: Asked<typeof snapshotUpload>): object {
  const { sender, canister, folder, replaced } = asked;
  const folders = instance.host.snapshotFolders;
  const call = caller(instance, sender, canister);
  const canister_id = principalOf(canister);
  return inFiles(() => {
    const { wasm_chunk_store, ...metadata } = readMetadata(folders.read(folder, METADATA_FILE), `${folder}/${METADATA_FILE}`);
    const reply = call("upload_canister_snapshot_metadata", { canister_id, replace_snapshot: opt(replaced), ...metadata });
    const [{ snapshot_id }] = IDL.decode(RESULT.upload_canister_snapshot_metadata, reply) as unknown as [{ snapshot_id: Uint8Array }];
    const write = (kind: SnapshotDataOffset, chunk: Uint8Array): void => {
      call("upload_canister_snapshot_data", { canister_id, snapshot_id, kind, chunk });
    };
    for (const { part, file, size } of PARTS) {
      const length = size(metadata);
      const bytes = length === 0 ? new Uint8Array() : folders.read(folder, file);
      if (bytes.length < length) throw new CanneryError("bad-snapshot-folder", `Could not read ${file}: it is too short`);
      for (let offset = 0; offset < length; offset += PIECE_BYTES) {
        const piece = bytes.subarray(offset, Math.min(offset + PIECE_BYTES, length));
        write({ [part]: { offset: BigInt(offset) } } as unknown as SnapshotDataOffset, piece);
      }
    }
    for (const hash of wasm_chunk_store) write({ wasm_chunk: null }, folders.read(folder, chunkFile(hash)));
    return { snapshot_id: toBase64(Uint8Array.from(snapshot_id)) };
  });
}

/** Calls of the management canister about one canister, with the rounds that they need. */
function caller(instance: Instance, sender: PrincipalId, canister: CanisterId) {
  const subnet = route(instance.state, canister);
  if (subnet === null)
    throw failed("CanisterRequestRoutingError", JSON.stringify(`Canister ${principalText(canister)} does not belong to any subnet.`));
  return <N extends ArgumentName>(method: N, value: ArgumentValue[N]): Uint8Array => {
    const arg = encodeArgument(method, value);
    const outcome = runCall(instance, { sender, receiver: MANAGEMENT_CANISTER, method, arg, senderInfo: null }, subnet);
    if (outcome.kind === "failed") throw snapshotError(outcome.message);
    return outcome.data;
  };
}

function snapshotError(why: string) {
  return failed("CanisterSnapshotError", JSON.stringify(why));
}

/** Whatever the host says of its files is the client's to know. */
function inFiles<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof CanneryError || (error instanceof Error && "code" in error)) throw snapshotError(error.message);
    throw error;
  }
}
