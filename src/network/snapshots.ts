/**
 * Snapshots of a canister, as a test handles them: calls of the management canister by one of its controllers, and folders of files. All of it costs the
 * canister what it costs on the platform.
 *
 * Source: interface spec, "IC method take_canister_snapshot" and following.
 */
import { IDL } from "@icp-sdk/core/candid";
import { CanneryError } from "../base/cannery-error.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import { RESULT } from "../core/management/candid-types.ts";
import type { ArgumentName, ArgumentValue, SnapshotDataKind, SnapshotDataOffset, SnapshotMetadata } from "../core/management/candid.ts";
import { opt } from "../core/management/candid.ts";
import type { CanisterId, PrincipalId } from "../core/state/ids.ts";
import type { BySender } from "./canister.ts";
import type { HostFiles } from "./host.ts";
import { about } from "./management.ts";
import { principalOf } from "./principals.ts";
import type { Session } from "./session.ts";
import { chunkFile, METADATA_FILE, PARTS, readMetadata, writeMetadata } from "../api/snapshot-folder.ts";

/** What the platform tells of a canister's snapshot. */
export interface CanisterSnapshotInfo {
  /** Hex: what `icp canister snapshot` shows. */
  readonly id: string;
  /** Virtual time, nanoseconds since the Unix epoch. */
  readonly takenAtNanos: bigint;
  /** Bytes of the canister's memory that it takes. */
  readonly sizeBytes: bigint;
}

/** How a snapshot is taken. */
export interface TakeSnapshotOptions extends BySender {
  /** The id of a snapshot whose place the new one takes. */
  readonly replace?: string;
  /** Leaves the canister empty. */
  readonly uninstallCode?: boolean;
}

/** Largest piece that is read or written at once. Source: management-canister.md 5. */
const SLICE_BYTES = 2_000_000;

/** The snapshots that the platform keeps of a canister. What is rejected is thrown as `CanneryCallError`. */
export class CanisterSnapshots {
  private readonly net: Session;
  private readonly canister: CanisterId;
  private readonly controllerOr: (options: BySender) => PrincipalId;

  constructor(net: Session, canister: CanisterId, controllerOr: (options: BySender) => PrincipalId) {
    this.net = net;
    this.canister = canister;
    this.controllerOr = controllerOr;
  }

  /** Takes a snapshot of the canister as it is now. Stop it first, if open calls are to be no part of what is restored later. */
  async take(options: TakeSnapshotOptions = {}): Promise<CanisterSnapshotInfo> {
    const reply = await this.call("take_canister_snapshot", options, {
      ...this.target,
      replace_snapshot: idOpt(options.replace),
      uninstall_code: opt(options.uninstallCode ?? null),
      sender_canister_version: [],
    });
    return infoOf(IDL.decode(RESULT.take_canister_snapshot, reply)[0] as unknown as RawInfo);
  }

  /** Makes the canister what it was when the snapshot was taken: one of its own, or of another canister of the sender on the same subnet. */
  async load(snapshot: string, options: BySender = {}): Promise<void> {
    await this.call("load_canister_snapshot", options, { ...this.of(snapshot), sender_canister_version: [] });
  }

  /** Oldest first. */
  async list(options: BySender = {}): Promise<CanisterSnapshotInfo[]> {
    const request = about(this.canister, this.controllerOr(options), "list_canister_snapshots", "canister_id", this.target);
    const [all] = IDL.decode(RESULT.list_canister_snapshots, await this.net.execute(request)) as unknown as [RawInfo[]];
    return all.map(infoOf);
  }

  /** Gives its memory back. */
  async delete(snapshot: string, options: BySender = {}): Promise<void> {
    await this.call("delete_canister_snapshot", options, this.of(snapshot));
  }

  /** Everything a snapshot has but its contents. */
  async metadata(snapshot: string, options: BySender = {}): Promise<SnapshotMetadata> {
    const reply = await this.call("read_canister_snapshot_metadata", options, this.of(snapshot));
    return IDL.decode(RESULT.read_canister_snapshot_metadata, reply)[0] as unknown as SnapshotMetadata;
  }

  /** Writes a snapshot into a folder, as `icp canister snapshot download` does. There must be none in it yet. */
  async download(snapshot: string, folder: string, options: BySender = {}): Promise<void> {
    const files = this.files();
    const at = files.resolve(null, folder);
    if (await files.isFile(files.resolve(at, METADATA_FILE)))
      throw new CanneryError("folder-not-empty", `${at} has a snapshot already (${METADATA_FILE}): choose another folder, or remove that`);
    const metadata = await this.metadata(snapshot, options);
    for (const { part, file, size } of PARTS) {
      await files.write(files.resolve(at, file), this.slices(snapshot, part, size(metadata), options));
    }
    for (const chunk of metadata.wasm_chunk_store) {
      await files.write(files.resolve(at, chunkFile(chunk.hash)), [await this.read(snapshot, { wasm_chunk: chunk }, options)]);
    }
    // Last, as it says that all is there.
    await files.write(files.resolve(at, METADATA_FILE), [writeMetadata(metadata)]);
  }

  /**
   * Makes a snapshot of a folder that `icp canister snapshot download`, PocketIC or `download` has written; resolves with its id. Pieces of
   * zeros are left out: a snapshot begins with nothing else.
   */
  async upload(folder: string, options: BySender & { readonly replace?: string } = {}): Promise<string> {
    const files = this.files();
    const at = files.resolve(null, folder);
    const where = files.resolve(at, METADATA_FILE);
    const { wasm_chunk_store, ...metadata } = readMetadata(await files.read(where), where);
    const reply = await this.call("upload_canister_snapshot_metadata", options, {
      ...this.target,
      replace_snapshot: idOpt(options.replace),
      ...metadata,
    });
    const [{ snapshot_id }] = IDL.decode(RESULT.upload_canister_snapshot_metadata, reply) as unknown as [{ snapshot_id: Uint8Array }];
    const snapshot = toHex(snapshot_id);
    for (const { part, file, size } of PARTS) {
      if (size(metadata) > 0) await this.uploadPart(snapshot, part, files.resolve(at, file), size(metadata), options);
    }
    for (const hash of wasm_chunk_store) {
      await this.write(snapshot, { wasm_chunk: null }, await files.read(files.resolve(at, chunkFile(hash))), options);
    }
    return snapshot;
  }

  private async uploadPart(
    snapshot: string,
    part: (typeof PARTS)[number]["part"],
    file: string,
    size: number,
    options: BySender,
  ): Promise<void> {
    let offset = 0;
    for await (const slice of this.files().slices(file, SLICE_BYTES)) {
      if (slice.some((byte) => byte !== 0))
        await this.write(snapshot, { [part]: { offset: BigInt(offset) } } as unknown as SnapshotDataOffset, slice, options);
      offset += slice.length;
    }
    if (offset !== size) throw new CanneryError("bad-snapshot-folder", `${file} has ${offset} bytes; the snapshot's metadata say ${size}`);
  }

  private async *slices(
    snapshot: string,
    part: (typeof PARTS)[number]["part"],
    size: number,
    options: BySender,
  ): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < size; offset += SLICE_BYTES) {
      const slice = { offset: BigInt(offset), size: BigInt(Math.min(SLICE_BYTES, size - offset)) };
      yield await this.read(snapshot, { [part]: slice } as unknown as SnapshotDataKind, options);
    }
  }

  private async read(snapshot: string, kind: SnapshotDataKind, options: BySender): Promise<Uint8Array> {
    const reply = await this.call("read_canister_snapshot_data", options, { ...this.of(snapshot), kind });
    const [{ chunk }] = IDL.decode(RESULT.read_canister_snapshot_data, reply) as unknown as [{ chunk: Uint8Array }];
    return chunk;
  }

  private async write(snapshot: string, kind: SnapshotDataOffset, chunk: Uint8Array, options: BySender): Promise<void> {
    await this.call("upload_canister_snapshot_data", options, { ...this.of(snapshot), kind, chunk });
  }

  private get target(): { readonly canister_id: ReturnType<typeof principalOf> } {
    return { canister_id: principalOf(this.canister) };
  }

  private of(snapshot: string): { readonly canister_id: ReturnType<typeof principalOf>; readonly snapshot_id: Uint8Array } {
    return { ...this.target, snapshot_id: idBytes(snapshot) };
  }

  /** A method whose argument has its name. */
  private async call<N extends ArgumentName>(method: N, options: BySender, value: ArgumentValue[N]): Promise<Uint8Array> {
    return this.net.execute(about(this.canister, this.controllerOr(options), method, method, value));
  }

  private files(): HostFiles {
    const { files } = this.net.host;
    if (files === null)
      throw new CanneryError("no-files", "there are no files here: snapshots can be read and written as folders only where there are");
    return files;
  }
}

interface RawInfo {
  readonly id: Uint8Array;
  readonly taken_at_timestamp: bigint;
  readonly total_size: bigint;
}

function infoOf({ id, taken_at_timestamp, total_size }: RawInfo): CanisterSnapshotInfo {
  return { id: toHex(id), takenAtNanos: taken_at_timestamp, sizeBytes: total_size };
}

function idOpt(id: string | undefined): ArgumentValue["take_canister_snapshot"]["replace_snapshot"] {
  return id === undefined ? [] : [idBytes(id)];
}

function idBytes(id: string): Uint8Array {
  if (/^([0-9a-f]{2})+$/i.test(id)) return fromHex(id.toLowerCase());
  throw new CanneryError("bad-snapshot-id", `${JSON.stringify(id)} is no snapshot's id: that is hex, as take() and list() give it`);
}
