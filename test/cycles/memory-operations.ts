/**
 * The operations of the memory matrix (`memory-matrix.test.ts`): what a canister does, and is done to, by which its memory changes.
 */
import { Principal } from "@icp-sdk/core/principal";
import { fromHex } from "../../src/base/bytes.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import type { CanisterId, MessageId } from "../../src/core/state/ids.ts";
import { decode, encode, NO_VERSION, settings } from "../support/management-world.ts";
import { said, type CallEnd, type Scenario } from "../support/scenario.ts";
import { universalCanister } from "../universal/module.ts";
import { call, grow, growStable, NOTHING, program, reply, setHook, trap, type Program } from "../universal/program.ts";
import { roundsOf } from "./sheet.ts";

const MIB = new Uint8Array(2 ** 20).fill(42);
const WASM = universalCanister();

export type Kind = "entry" | "reply" | "cleanup" | "install" | "allocation" | "management";

export interface Operation<S> {
  /** What a failure is told as. */
  readonly kind: Kind;
  readonly change: "grows" | "shrinks" | "stays";
  /** Before there are any conditions. */
  readonly setup: (scene: Scenario, id: CanisterId) => S;
  /** What comes after the conditions are set, and before it is looked at. */
  readonly prepare?: (scene: Scenario, id: CanisterId) => MessageId;
  readonly run: (scene: Scenario, id: CanisterId, setup: S, prepared: MessageId | null) => CallEnd;
}

const principal = (id: CanisterId): Principal => Principal.fromUint8Array(fromHex(id));
/** A user's management call; those that name nothing but a canister share an argument. */
const manage = (scene: Scenario, method: string, argument: Record<string, unknown>): CallEnd =>
  scene.call("" as never, method, encode(method in ARGUMENT ? (method as keyof typeof ARGUMENT) : "canister_id", argument));

function must(end: CallEnd): Uint8Array {
  if (end.kind === "rejected") throw new Error(said(end));
  return end.data;
}

const growing = (heap: number, stable: number): Program =>
  program(...(heap > 0 ? [grow(heap)] : []), ...(stable > 0 ? [growStable(stable)] : []));

const install =
  (arg: Program) =>
  (scene: Scenario, id: CanisterId): void =>
    void must(scene.reinstall(id, "install", WASM, arg));
const small = install(NOTHING);
const large = install(growing(64, 64));
const change =
  (mode: "install" | "reinstall" | "upgrade", arg: Program) =>
  (scene: Scenario, id: CanisterId): CallEnd =>
    scene.reinstall(id, mode, WASM, arg);

function take(scene: Scenario, id: CanisterId, more: Record<string, unknown> = {}): CallEnd {
  return manage(scene, "take_canister_snapshot", {
    canister_id: principal(id),
    replace_snapshot: [],
    uninstall_code: [],
    ...NO_VERSION,
    ...more,
  });
}

const taken = (scene: Scenario, id: CanisterId): Uint8Array =>
  decode<{ id: Uint8Array }>("take_canister_snapshot", must(take(scene, id))).id;
const load = (scene: Scenario, id: CanisterId, snapshot: Uint8Array): CallEnd =>
  manage(scene, "load_canister_snapshot", { canister_id: principal(id), snapshot_id: snapshot, ...NO_VERSION });
const upload = (scene: Scenario, id: CanisterId): CallEnd => manage(scene, "upload_chunk", { canister_id: principal(id), chunk: MIB });

/** Metadata like those of a snapshot with this much heap. */
function describeSnapshot(scene: Scenario, id: CanisterId, heapBytes: number, replaced: Uint8Array | null = null): CallEnd {
  return manage(scene, "upload_canister_snapshot_metadata", {
    canister_id: principal(id),
    replace_snapshot: replaced === null ? [] : [replaced],
    wasm_module_size: BigInt(WASM.length),
    globals: [],
    wasm_memory_size: BigInt(heapBytes),
    stable_memory_size: 0n,
    certified_data: new Uint8Array(0),
    global_timer: [],
    on_low_wasm_memory_hook_status: [],
  });
}

const described = (scene: Scenario, id: CanisterId): Uint8Array =>
  decode<{ snapshot_id: Uint8Array }>("upload_canister_snapshot_metadata", must(describeSnapshot(scene, id, 2 ** 22))).snapshot_id;

const uploadData = (scene: Scenario, id: CanisterId, snapshot: Uint8Array, kind: Record<string, unknown>, chunk: Uint8Array): CallEnd =>
  manage(scene, "upload_canister_snapshot_data", { canister_id: principal(id), snapshot_id: snapshot, kind, chunk });

/** Sets the memory allocation. The viewers make the message so long that it is paid before it takes effect. */
function allocate(scene: Scenario, id: CanisterId, bytes: bigint): CallEnd {
  const viewers = Array.from({ length: 10 }, (_, i) => Principal.fromUint8Array(new Uint8Array(29).fill(i + 1)));
  const given = settings({ memory_allocation: bytes < 0n ? 0n : bytes, log_visibility: { allowed_viewers: viewers } });
  return manage(scene, "update_settings", { canister_id: principal(id), settings: given, ...NO_VERSION });
}

/** A call whose answer is there, but has not been executed: what it would do is under test. */
function answered(what: { onReply: Program; onCleanup?: Program }) {
  return {
    setup: small,
    prepare: (scene: Scenario, id: CanisterId): MessageId => {
      const message = scene.start(id, call(scene.puppet({ subnet: 1 }), { arg: reply(), ...what }));
      roundsOf(scene, 0);
      roundsOf(scene, 1);
      return message;
    },
    run: (scene: Scenario, _id: CanisterId, _setup: unknown, message: MessageId | null): CallEnd => scene.await(message!),
  };
}

const operation = <S>(of: Operation<S>): Operation<unknown> => of as Operation<unknown>;

export const OPERATIONS: Record<string, Operation<unknown>> = {
  "an update grows the heap": operation({
    kind: "entry",
    change: "grows",
    setup: small,
    run: (scene, id) => scene.call(id, "run", program(growing(64, 0), reply())),
  }),
  "an update grows stable memory": operation({
    kind: "entry",
    change: "grows",
    setup: small,
    run: (scene, id) => scene.call(id, "run", program(growing(0, 64), reply())),
  }),
  "a callback grows the heap": operation({
    kind: "reply",
    change: "grows",
    ...answered({ onReply: program(growing(64, 0), reply()) }),
  }),
  "a callback grows stable memory": operation({
    kind: "reply",
    change: "grows",
    ...answered({ onReply: program(growing(0, 64), reply()) }),
  }),
  "a cleanup grows the heap": operation({
    kind: "cleanup",
    change: "grows",
    ...answered({ onReply: trap("expected"), onCleanup: growing(64, 0) }),
  }),
  "a cleanup grows stable memory": operation({
    kind: "cleanup",
    change: "grows",
    ...answered({ onReply: trap("expected"), onCleanup: growing(0, 64) }),
  }),
  "a snapshot is taken": operation({ kind: "management", change: "grows", setup: small, run: (scene, id) => take(scene, id) }),
  "a snapshot replaces a larger one": operation({
    kind: "management",
    change: "shrinks",
    setup: (scene, id) => {
      large(scene, id);
      const snapshot = taken(scene, id);
      must(scene.reinstall(id, "reinstall", WASM));
      return snapshot;
    },
    run: (scene, id, snapshot) => take(scene, id, { replace_snapshot: [snapshot] }),
  }),
  "a snapshot replaces one as large": operation({
    kind: "management",
    change: "stays",
    setup: (scene, id) => {
      small(scene, id);
      return taken(scene, id);
    },
    run: (scene, id, snapshot) => take(scene, id, { replace_snapshot: [snapshot] }),
  }),
  "a larger snapshot is loaded": operation({
    kind: "management",
    change: "grows",
    setup: (scene, id) => {
      install(growing(128, 128))(scene, id);
      const snapshot = taken(scene, id);
      scene.uninstall(id);
      return snapshot;
    },
    run: load,
  }),
  "a smaller snapshot is loaded": operation({
    kind: "management",
    change: "shrinks",
    setup: (scene, id) => {
      small(scene, id);
      const snapshot = taken(scene, id);
      must(scene.call(id, "run", program(growing(64, 64), reply())));
      return snapshot;
    },
    run: load,
  }),
  "a snapshot is deleted": operation({
    kind: "management",
    change: "shrinks",
    setup: (scene, id) => {
      large(scene, id);
      return taken(scene, id);
    },
    run: (scene, id, snapshot) => manage(scene, "delete_canister_snapshot", { canister_id: principal(id), snapshot_id: snapshot }),
  }),
  "code is installed": operation({ kind: "install", change: "grows", setup: () => undefined, run: change("install", growing(128, 128)) }),
  "an upgrade grows before and after": operation({
    kind: "install",
    change: "grows",
    setup: (scene, id) => {
      small(scene, id);
      must(scene.call(id, "run", program(setHook("pre_upgrade", growing(32, 32)), reply())));
    },
    run: change("upgrade", growing(96, 96)),
  }),
  "an upgrade grows before and ends with less": operation({
    kind: "install",
    change: "shrinks",
    setup: (scene, id) => {
      large(scene, id);
      must(scene.call(id, "run", program(setHook("pre_upgrade", growing(32, 0)), reply())));
    },
    run: change("upgrade", NOTHING),
  }),
  "a reinstallation grows": operation({ kind: "install", change: "grows", setup: small, run: change("reinstall", growing(128, 128)) }),
  "a reinstallation shrinks": operation({ kind: "install", change: "shrinks", setup: large, run: change("reinstall", NOTHING) }),
  "a chunk is uploaded": operation({ kind: "management", change: "grows", setup: small, run: upload }),
  "a chunk is uploaded again": operation({
    kind: "management",
    change: "stays",
    setup: (scene, id) => {
      small(scene, id);
      must(upload(scene, id));
    },
    run: upload,
  }),
  "the chunks are cleared": operation({
    kind: "management",
    change: "shrinks",
    setup: (scene, id) => void must(upload(scene, id)),
    run: (scene, id) => manage(scene, "clear_chunk_store", { canister_id: principal(id) }),
  }),
  "a snapshot is described": operation({
    kind: "management",
    change: "grows",
    setup: small,
    run: (scene, id) => describeSnapshot(scene, id, 2 ** 22),
  }),
  "a snapshot is described in place of a larger one": operation({
    kind: "management",
    change: "shrinks",
    setup: (scene, id) => {
      small(scene, id);
      return described(scene, id);
    },
    run: (scene, id, snapshot) => describeSnapshot(scene, id, 0, snapshot),
  }),
  "a snapshot's module is uploaded": operation({
    kind: "management",
    change: "stays",
    setup: (scene, id) => {
      small(scene, id);
      return described(scene, id);
    },
    run: (scene, id, snapshot) => uploadData(scene, id, snapshot, { wasm_module: { offset: 0n } }, WASM.subarray(0, 1024)),
  }),
  "a snapshot's chunk is uploaded": operation({
    kind: "management",
    change: "grows",
    setup: (scene, id) => {
      small(scene, id);
      return described(scene, id);
    },
    run: (scene, id, snapshot) => uploadData(scene, id, snapshot, { wasm_chunk: null }, MIB),
  }),
  "the allocation is raised": operation({
    kind: "allocation",
    change: "stays",
    setup: large,
    run: (scene, id) => allocate(scene, id, scene.canister(id).settings.memoryAllocation + 24n * 2n ** 20n),
  }),
  "the allocation is lowered": operation({
    kind: "allocation",
    change: "stays",
    setup: large,
    run: (scene, id) => allocate(scene, id, scene.canister(id).settings.memoryAllocation - 16n * 2n ** 20n),
  }),
  "code is uninstalled": operation({
    kind: "management",
    change: "shrinks",
    setup: large,
    run: (scene, id) => manage(scene, "uninstall_code", { canister_id: principal(id), ...NO_VERSION }),
  }),
};
