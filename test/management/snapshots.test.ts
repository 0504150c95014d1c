/**
 * Snapshots of canisters, method by method: what they hold and restore, who may have them, what they cost, and every error.
 */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CanisterId, SnapshotId } from "../../src/core/state/ids.ts";
import { memoryUsageBytes, snapshotBytes } from "../../src/core/state/memory-usage.ts";
import { compileWat, importLine } from "../support/ic0-wat.ts";
import {
  ALICE,
  BOB,
  decode,
  encode,
  firstLine,
  id,
  idArg,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
  settings,
} from "../support/management-world.ts";
import {
  about,
  copySnapshot,
  dataArg,
  list,
  loadArg,
  metadata,
  metadataArg,
  read,
  readArg,
  take,
  takeArg,
  uploadMetadata,
} from "../support/snapshots.ts";

/** Counts its runs in heap, stable memory and a global; exports an immutable global behind a mutable one. */
const COUNTER = compileWat(`(module
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
const OTHER = compileWat(`(module (memory 1))`);

const count = (canister: CanisterState): number => {
  const bytes = new Uint8Array(4);
  canister.execution!.heap.read(0, bytes, 0, 4);
  return bytes[0];
};

/** Writes what `count` runs of the counter would have: there are no rounds here. */
function setCount(canister: CanisterState, to: number): void {
  const execution = canister.execution!;
  execution.heap.write(0, Uint8Array.of(to));
  execution.stable.write(100, Uint8Array.of(to));
  execution.writeGlobals(
    Uint8Array.from({ length: execution.globals.length }, (_, i) => (i === 0 ? to : execution.globals[i])),
    0,
  );
  canister.certifiedData = Uint8Array.of(to);
}

function setup(given: ConstructorParameters<typeof ManagementWorld>[0] = {}): { net: ManagementWorld; of: CanisterId } {
  const net = new ManagementWorld(given);
  const of = net.create();
  net.install(of, COUNTER);
  return { net, of };
}

const snapshotName = (of: CanisterId, local = 0): string => `${principalText(of)}-${local}`;
const unknown = (of: CanisterId): string => "00000000000000ff" + of;

describe("take_canister_snapshot [management-canister#ic-take_canister_snapshot] [abstract-behavior#ic-management-canister-take-canister-snapshot]", () => {
  test("the answer names it; its id counts up, and it takes the canister's memory", () => {
    const { net, of } = setup();
    net.reply("upload_chunk", encode("upload_chunk", { ...id(of), chunk: Uint8Array.of(7) }));
    const before = memoryUsageBytes(net.canister(of));
    const answer = decode<{ id: Uint8Array; taken_at_timestamp: bigint; total_size: bigint }>(
      "take_canister_snapshot",
      net.reply("take_canister_snapshot", takeArg(of)),
    );
    // Three exported or mutable globals and the replica's own, 32 bytes each.
    const size = 65_536 + 65_536 + 4 * 32 + COUNTER.length + 1_048_576;
    expect(answer).toEqual({
      id: fromHex("0000000000000000" + of),
      taken_at_timestamp: net.world.state.timeNanos,
      total_size: BigInt(size),
    });
    expect(take(net, of)).toBe("0000000000000001" + of);
    expect(memoryUsageBytes(net.canister(of))).toBe(before + 2 * size);
    const status = decode<{ memory_metrics: { snapshots_size: bigint } }>("canister_status", net.reply("canister_status", idArg(of)));
    expect(status.memory_metrics.snapshots_size).toBe(BigInt(2 * size));
    checkInvariants(net.world.state);
  });

  test("costs 2 G instructions and one per byte, of the canister's cycles and of the round's budget", () => {
    const { net, of } = setup();
    const before = net.canister(of).balanceCycles;
    const instructions = 2_000_000_000 + snapshotBytes(net.canister(of));
    expect(net.call("take_canister_snapshot", takeArg(of))).toMatchObject({ kind: "answered", instructions });
    // A cycle for each instruction, on 13 nodes.
    expect(before - net.canister(of).balanceCycles).toBe(BigInt(instructions));
  });

  test("no version, no history", () => {
    const { net, of } = setup();
    const { version, history } = net.canister(of);
    take(net, of);
    expect(net.canister(of)).toMatchObject({ version, history });
  });

  test("a snapshot replaces another one; it must be there", () => {
    const { net, of } = setup();
    const [first, second] = [take(net, of), take(net, of)];
    const third = take(net, of, { replace: first });
    expect(list(net, of).map(({ id }) => id)).toEqual([second, third]);
    expect(firstLine(net.error("take_canister_snapshot", takeArg(of, { replace: first })))).toBe(
      `IC0305: Could not find the snapshot ID ${snapshotName(of)} for canister ${principalText(of)}.`,
    );
  });

  test("ten at most, but one may replace another", () => {
    const { net, of } = setup();
    const all = Array.from({ length: 10 }, () => take(net, of));
    expect(net.error("take_canister_snapshot", takeArg(of))).toBe(
      `IC0406: Canister ${principalText(of)} has reached the maximum number of snapshots allowed: 10.\n` +
        "Consider deleting an unnecessary snapshot of the specified canister before creating a new one. See documentation: canister-snapshot-limit-exceeded",
    );
    take(net, of, { replace: all[4] });
    expect(list(net, of)).toHaveLength(10);
  });

  test("of an empty canister there is none, and nothing is charged", () => {
    const net = new ManagementWorld();
    const of = net.create();
    const before = net.canister(of).balanceCycles;
    expect(net.error("take_canister_snapshot", takeArg(of))).toBe(
      `IC0406: Failed to create snapshot for empty canister ${principalText(of)}:`,
    );
    expect(net.canister(of).balanceCycles).toBe(before);
  });

  test("for controllers only", () => {
    const { net, of } = setup();
    const stranger = net.create({ sender: BOB });
    for (const by of [{ sender: BOB }, { from: stranger }, { from: of }]) {
      expect(net.error("take_canister_snapshot", takeArg(of), by)).toMatch(/^IC0512: Only the controllers of the canister/);
    }
    net.reply(
      "update_settings",
      encode("update_settings", { ...id(of), settings: settings({ controllers: [principal(of)] }), ...NO_VERSION }),
    );
    expect(net.call("take_canister_snapshot", takeArg(of), { from: of, cycles: 7n })).toMatchObject({
      result: { kind: "reply" },
      refundCycles: 7n,
    });
  });

  test("of no canister, and with an id that is none", () => {
    const net = new ManagementWorld();
    const missing = "00000000000000050101" as CanisterId;
    expect(net.error("take_canister_snapshot", takeArg(missing))).toBe(`IC0301: Canister ${principalText(missing)} not found.`);
    const of = net.create();
    expect(net.error("take_canister_snapshot", takeArg(of, { replace: "0000" }))).toMatch(
      /^IC0408: Error decoding candid: .*provided 2, minumum/,
    );
  });

  test("with uninstall_code the canister is empty afterwards, and its memory is counted after both", () => {
    const { net, of } = setup();
    const { version } = net.canister(of);
    const usage = memoryUsageBytes(net.canister(of));
    const size = snapshotBytes(net.canister(of));
    const snapshot = take(net, of, { uninstall: true });
    const canister = net.canister(of);
    expect(canister.execution).toBe(null);
    expect(canister.version).toBe(version + 1);
    expect(canister.history.entries.at(-1)!.details).toEqual({ kind: "codeUninstall" });
    expect(memoryUsageBytes(canister) - usage).toBeLessThan(size - 65_536);
    expect(net.events.filter(({ kind }) => kind === "canister").map((event) => "change" in event && event.change)).toEqual([
      "created",
      "installed",
      "snapshotTaken",
      "uninstalled",
    ]);
    expect(metadata(net, of, snapshot).canister_version).toBe(BigInt(version));
    net.reply("load_canister_snapshot", loadArg(of, snapshot));
    expect(net.canister(of).execution!.stableBytes).toBe(65_536);
    checkInvariants(net.world.state);
  });

  test("the memory that grows must be paid, kept and had", () => {
    const { net, of } = setup({ limits: { rateLimiting: true } });
    const canister = net.canister(of);
    const rich = canister.balanceCycles;
    canister.balanceCycles = 2_000_000_000n;
    expect(net.error("take_canister_snapshot", takeArg(of))).toMatch(
      /^IC0207: Canister management operation failed with: `Canister .* is out of cycles: please top up the canister with at least \d+ additional cycles`\nTry sending more cycles with the request. See documentation: not-enough-cycles$/,
    );
    canister.balanceCycles = 0n;
    expect(net.error("take_canister_snapshot", takeArg(of))).toMatch(
      /^IC0532: Canister cannot grow memory by \d+ bytes due to insufficient cycles/,
    );
    canister.balanceCycles = rich;
    canister.heapDeltaDebitBytes = 75 * 1024 * 1024;
    expect(net.error("take_canister_snapshot", takeArg(of))).toMatch(/^IC0210: Canister .* is heap delta rate limited/);
    canister.heapDeltaDebitBytes = 0;
    take(net, of);
    // The heap's first page is not zero; stable memory is.
    expect(net.canister(of).heapDeltaDebitBytes).toBe(4_096);
  });
});

describe("load_canister_snapshot [management-canister#ic-load_canister_snapshot] [abstract-behavior#ic-management-canister-load-canister-snapshot]", () => {
  test("code, heap, stable memory, globals, chunks and certified data are as they were; timer and version are not", () => {
    const { net, of } = setup();
    net.reply("upload_chunk", encode("upload_chunk", { ...id(of), chunk: Uint8Array.of(7) }));
    setCount(net.canister(of), 3);
    const snapshot = take(net, of);
    setCount(net.canister(of), 9);
    net.reply("clear_chunk_store", idArg(of));
    net.install(of, OTHER, { mode: { upgrade: [] } });
    net.canister(of).globalTimerNanos = 77n;
    const { version } = net.canister(of);

    net.reply("load_canister_snapshot", loadArg(of, snapshot));
    const canister = net.canister(of);
    expect(count(canister)).toBe(3);
    expect(canister.execution!.globals[0]).toBe(3);
    const stable = new Uint8Array(1);
    canister.execution!.stable.read(100, stable, 0, 1);
    expect(stable[0]).toBe(3);
    expect(canister.certifiedData).toEqual(Uint8Array.of(3));
    expect(canister.chunkStore.size).toBe(1);
    expect(canister.globalTimerNanos).toBe(77n);
    expect(canister.version).toBe(version + 1);
    expect(net.query(of, "get")).toMatchObject({ kind: "replied", data: Uint8Array.of(3, 0, 0, 0) });
    checkInvariants(net.world.state);
  });

  test("it can be loaded again: what the canister writes is not the snapshot's", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    for (const to of [4, 5]) {
      net.reply("load_canister_snapshot", loadArg(of, snapshot));
      expect(count(net.canister(of))).toBe(0);
      setCount(net.canister(of), to);
    }
    expect(read(net, of, snapshot, { wasm_memory: { offset: 0n, size: 4n } })).toEqual(new Uint8Array(4));
  });

  test("the history tells what was loaded, and by whom", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    net.reply("load_canister_snapshot", loadArg(of, snapshot));
    const info = decode<{ recent_changes: { details: object; origin: object }[] }>(
      "canister_info",
      net.reply("canister_info", encode("canister_info", { ...id(of), num_requested_changes: [1n] }), { from: of }),
    );
    expect(info.recent_changes[0]).toMatchObject({
      origin: { from_user: { user_id: principal(ALICE) } },
      details: {
        load_snapshot: {
          from_canister_id: [],
          snapshot_id: fromHex(snapshot),
          canister_version: 1n,
          taken_at_timestamp: net.world.state.timeNanos,
          source: { taken_from_canister: null },
        },
      },
    });
  });

  test("prepaid as the longest installation; what it costs is the making of the module, 2 G and the size", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    const before = net.canister(of).balanceCycles;
    const outcome = net.call("load_canister_snapshot", loadArg(of, snapshot));
    const { instructions } = outcome as { instructions: number };
    const size = list(net, of)[0].size;
    expect(instructions).toBeGreaterThan(2_000_000_000 + size + 20_000_000);
    expect(before - net.canister(of).balanceCycles).toBe(BigInt(instructions) + 5_000_000n);
    net.canister(of).balanceCycles = 200_000_000_000n;
    expect(net.error("load_canister_snapshot", loadArg(of, snapshot))).toMatch(
      /^IC0207: Canister management operation failed with: `Canister/,
    );
  });

  test("another canister's: by a controller of both, once there was a checkpoint", () => {
    const { net, of } = setup({ limits: { checkpointRounds: 10 } });
    setCount(net.canister(of), 3);
    const snapshot = take(net, of);
    const other = net.create();
    expect(net.error("load_canister_snapshot", loadArg(other, snapshot))).toBe(
      `IC0406: Snapshot ${snapshotName(of)} is not currently loadable on the specified canister ${principalText(other)}. Try again later. The call should succeed if you wait sufficiently long (usually ten minutes).`,
    );
    Object.assign(net.subnet(), { round: net.subnet().round + 10 });
    const foreign = net.create({ sender: BOB });
    expect(firstLine(net.error("load_canister_snapshot", loadArg(foreign, snapshot), { sender: BOB }))).toBe(
      `IC0406: Only a controller of the canister that snapshot ${snapshotName(of)} belongs to can load it on canister ${principalText(foreign)}. Sender: ${principalText(BOB)}.`,
    );
    net.reply("load_canister_snapshot", loadArg(other, snapshot));
    expect(count(net.canister(other))).toBe(3);
    expect(net.canister(other).snapshots.list.size).toBe(0);
    expect(net.canister(other).history.entries.at(-1)!.details).toMatchObject({ kind: "loadSnapshot", fromCanister: of });
    setCount(net.canister(other), 8);
    expect(count(net.canister(of))).toBe(3);
  });

  test("no such canister, snapshot, or right", () => {
    const { net, of } = setup({ limits: { rateLimiting: true } });
    const snapshot = take(net, of);
    const missing = "00000000000000050101" as CanisterId;
    expect(net.error("load_canister_snapshot", loadArg(missing, snapshot))).toBe(`IC0301: Canister ${principalText(missing)} not found.`);
    expect(firstLine(net.error("load_canister_snapshot", loadArg(of, unknown(of))))).toBe(
      `IC0305: Could not find the snapshot ID ${snapshotName(of, 255)} for canister ${principalText(of)}.`,
    );
    // The canister in the id is looked for before anything else.
    expect(firstLine(net.error("load_canister_snapshot", loadArg(of, unknown(missing)), { sender: BOB }))).toBe(
      `IC0305: Could not find the snapshot ID ${snapshotName(missing, 255)} for canister ${principalText(missing)}.`,
    );
    expect(net.error("load_canister_snapshot", loadArg(of, snapshot), { sender: BOB })).toMatch(/^IC0512/);
    net.canister(of).heapDeltaDebitBytes = 1e12;
    expect(net.error("load_canister_snapshot", loadArg(of, snapshot))).toMatch(/^IC0210/);
  });

  test("memory that does not fit is refused, and the making of the module stays paid", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    net.reply("uninstall_code", encode("uninstall_code", { ...id(of), ...NO_VERSION }));
    const canister = net.canister(of);
    const before = canister.balanceCycles;
    net.subnet().memoryUsageBytes += 2 ** 42;
    expect(net.error("load_canister_snapshot", loadArg(of, snapshot))).toMatch(
      /^IC0101: Canister requested .* of memory but only 0 B are available/,
    );
    expect(net.canister(of).execution).toBe(null);
    expect(before - canister.balanceCycles).toBeGreaterThan(20_000_000n);
  });
});

describe("list_canister_snapshots [management-canister#ic-list_canister_snapshots] [abstract-behavior#ic-management-canister-list-canister-snapshots]", () => {
  test("oldest first, for whom the visibility admits", () => {
    const { net, of } = setup();
    const all = [take(net, of), take(net, of)];
    expect(list(net, of).map(({ id }) => id)).toEqual(all);
    const denied = `IC0406: Caller ${principalText(BOB)} is not allowed to call list_canister_snapshots`;
    expect(net.error("list_canister_snapshots", idArg(of), { sender: BOB })).toBe(denied);
    const visibility = (value: object): void => {
      const change = settings({ snapshot_visibility: value });
      net.reply("update_settings", encode("update_settings", { ...id(of), settings: change, ...NO_VERSION }));
    };
    visibility({ allowed_viewers: [principal(BOB)] });
    net.reply("list_canister_snapshots", idArg(of), { sender: BOB });
    expect(net.error("list_canister_snapshots", idArg(of), { from: net.create() })).toMatch(/is not allowed to call/);
    visibility({ public: null });
    net.reply("list_canister_snapshots", idArg(of), { from: net.create() });
  });
});

describe("delete_canister_snapshot [management-canister#ic-delete_canister_snapshot] [abstract-behavior#ic-management-canister-delete-canister-snapshot]", () => {
  test("gives the memory back; the id is never used again", () => {
    const { net, of } = setup();
    const before = memoryUsageBytes(net.canister(of));
    const snapshot = take(net, of);
    const arg = encode("delete_canister_snapshot", about(of, snapshot));
    expect(net.error("delete_canister_snapshot", arg, { sender: BOB })).toMatch(/^IC0512/);
    const balance = net.canister(of).balanceCycles;
    net.reply("delete_canister_snapshot", arg);
    expect(net.canister(of).balanceCycles).toBe(balance);
    expect(memoryUsageBytes(net.canister(of))).toBe(before);
    expect(net.error("delete_canister_snapshot", arg)).toBe(
      `IC0305: Could not find the snapshot ID ${snapshotName(of)} for canister ${principalText(of)}.\n` +
        "Use the `list_canister_snapshot` API to see which snapshots are present. See documentation: https://internetcomputer.org/docs/current/references/execution-errors#canister-snapshot-not-found",
    );
    expect(take(net, of)).toBe("0000000000000001" + of);
    checkInvariants(net.world.state);
  });
});

describe("reading [management-canister#ic-read_canister_snapshot_metadata] [management-canister#ic-read_canister_snapshot_data] [abstract-behavior#ic-management-canister-read-snapshot-metadata] [abstract-behavior#ic-management-canister-read-snapshot-data]", () => {
  test("metadata: exported globals in their order, then the mutable ones", () => {
    const { net, of } = setup();
    net.reply("upload_chunk", encode("upload_chunk", { ...id(of), chunk: Uint8Array.of(7) }));
    setCount(net.canister(of), 6);
    net.canister(of).globalTimerNanos = 99n;
    const snapshot = take(net, of);
    expect(metadata(net, of, snapshot)).toEqual({
      source: { taken_from_canister: null },
      taken_at_timestamp: net.world.state.timeNanos,
      wasm_module_size: BigInt(COUNTER.length),
      globals: [{ i64: -5n }, { f64: 0.5 }, { i32: 6 }],
      wasm_memory_size: 65_536n,
      stable_memory_size: 65_536n,
      wasm_chunk_store: [{ hash: net.world.platform.sha256(Uint8Array.of(7)) }],
      canister_version: BigInt(net.canister(of).version),
      certified_data: Uint8Array.of(6),
      global_timer: [{ active: 99n }],
      on_low_wasm_memory_hook_status: [{ condition_not_satisfied: null }],
    });
  });

  test("data: module, memories, chunks", () => {
    const { net, of } = setup();
    net.reply("upload_chunk", encode("upload_chunk", { ...id(of), chunk: Uint8Array.of(7, 8) }));
    const snapshot = take(net, of);
    expect(read(net, of, snapshot, { wasm_module: { offset: 4n, size: 8n } })).toEqual(COUNTER.slice(4, 12));
    expect(read(net, of, snapshot, { wasm_memory: { offset: 15n, size: 5n } })).toEqual(Uint8Array.of(0, 97, 98, 99, 0));
    expect(read(net, of, snapshot, { stable_memory: { offset: 65_536n, size: 0n } })).toEqual(new Uint8Array(0));
    const hash = net.world.platform.sha256(Uint8Array.of(7, 8));
    expect(read(net, of, snapshot, { wasm_chunk: { hash } })).toEqual(Uint8Array.of(7, 8));
  });

  test("data are charged, also when there are none: 5 M instructions and one per byte, a chunk as a MiB", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    const cost = (kind: object): bigint => {
      const before = net.canister(of).balanceCycles;
      net.call("read_canister_snapshot_data", readArg(of, snapshot, kind));
      return before - net.canister(of).balanceCycles;
    };
    expect(cost({ wasm_memory: { offset: 0n, size: 10n } })).toBe(5_000_000n + 10n);
    expect(cost({ wasm_memory: { offset: 65_536n, size: 10n } })).toBe(5_000_000n + 10n);
    expect(cost({ wasm_chunk: { hash: new Uint8Array(32) } })).toBe(5_000_000n + 1_048_576n);
    expect(cost({ wasm_memory: { offset: 0n, size: 2_000_001n } })).toBe(0n);
    net.canister(of).balanceCycles = 0n;
    expect(net.error("read_canister_snapshot_data", readArg(of, snapshot, { wasm_memory: { offset: 0n, size: 1n } }))).toMatch(/^IC0207/);
  });

  test("errors", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    const error = (kind: object): string => net.error("read_canister_snapshot_data", readArg(of, snapshot, kind));
    expect(error({ wasm_memory: { offset: 0n, size: 2_000_001n } })).toBe("IC0408: Requested slice too large: 2000001 > 2000000");
    for (const part of ["wasm_module", "wasm_memory", "stable_memory"]) {
      expect(error({ [part]: { offset: 65_530n, size: 7n } })).toBe(
        "IC0408: Invalid subslice into wasm module / main memory / stable memory: offset: 65530, size: 7",
      );
    }
    expect(error({ wasm_memory: { offset: 2n ** 64n - 1n, size: 1n } })).toMatch(/^IC0408: Invalid subslice/);
    expect(firstLine(error({ wasm_chunk: { hash: Uint8Array.of(1, 255) } }))).toBe(
      "IC0504: Error from Wasm chunk store: Bytes [01, ff] are not a valid WasmChunkHash..",
    );
    expect(firstLine(error({ wasm_chunk: { hash: new Uint8Array(32) } }))).toBe(
      `IC0504: Error from Wasm chunk store: WasmChunkHash [${Array(32).fill("00").join(", ")}] not found..`,
    );
    const arg = readArg(of, unknown(of), { wasm_memory: { offset: 0n, size: 1n } });
    expect(net.error("read_canister_snapshot_data", arg)).toMatch(/^IC0305/);
    expect(net.error("read_canister_snapshot_data", arg, { sender: BOB })).toBe(
      `IC0406: Caller ${principalText(BOB)} is not allowed to call read_canister_snapshot_data`,
    );
    const metadataOf = encode("read_canister_snapshot_metadata", about(of, unknown(of)));
    expect(net.error("read_canister_snapshot_metadata", metadataOf)).toMatch(/^IC0305/);
    expect(net.error("read_canister_snapshot_metadata", metadataOf, { sender: BOB })).toBe(
      `IC0406: Caller ${principalText(BOB)} is not allowed to call read read_canister_snapshot_metadata snapshot metadata`,
    );
  });
});

describe("uploading [management-canister#ic-upload_canister_snapshot_metadata] [management-canister#ic-upload_canister_snapshot_data] [abstract-behavior#ic-management-canister-upload-canister-snapshot-metadata] [abstract-behavior#ic-management-canister-upload-canister-snapshot-data]", () => {
  test("what is read of one canister and uploaded to another makes it that canister, with its timer", () => {
    const { net, of } = setup();
    net.reply("upload_chunk", encode("upload_chunk", { ...id(of), chunk: Uint8Array.of(7) }));
    setCount(net.canister(of), 6);
    net.canister(of).globalTimerNanos = 99n;
    const snapshot = take(net, of);
    const other = net.create();
    const copy = copySnapshot(net, of, snapshot, other);
    const uploaded = metadata(net, other, copy);
    expect(uploaded).toEqual({
      ...metadata(net, of, snapshot),
      source: { metadata_upload: null },
      canister_version: 0n,
      taken_at_timestamp: net.world.state.timeNanos,
    });
    net.reply("load_canister_snapshot", loadArg(other, copy));
    const [a, b] = [net.canister(of), net.canister(other)];
    expect(b.execution!.module).toBe(a.execution!.module);
    expect(b.execution!.globals).toEqual(a.execution!.globals);
    expect(b).toMatchObject({ certifiedData: a.certifiedData, globalTimerNanos: 99n, version: 1 });
    expect(net.query(other, "get")).toMatchObject({ data: Uint8Array.of(6, 0, 0, 0) });
    expect(b.history.entries.at(-1)!.details).toMatchObject({ source: "metadataUpload", fromCanister: null });
    checkInvariants(net.world.state);
  });

  test("a timer and a hook that are not said stay as they are", () => {
    const { net, of } = setup();
    const copy = copySnapshot(net, of, take(net, of), of);
    net.canister(of).globalTimerNanos = 55n;
    net.reply("load_canister_snapshot", loadArg(of, copy));
    expect(net.canister(of).globalTimerNanos).toBe(0n);
    const silent = uploadMetadata(net, of, { ...metadata(net, of, copy), global_timer: [], on_low_wasm_memory_hook_status: [] });
    net.reply("upload_canister_snapshot_data", dataArg(of, silent, { wasm_module: { offset: 0n } }, COUNTER));
    net.canister(of).globalTimerNanos = 55n;
    net.reply("load_canister_snapshot", loadArg(of, silent));
    expect(net.canister(of).globalTimerNanos).toBe(55n);
    expect(metadata(net, of, silent)).toMatchObject({ global_timer: [], on_low_wasm_memory_hook_status: [] });
  });

  test("all of its size is charged at once, as instructions and as memory", () => {
    const { net, of } = setup();
    const before = { balance: net.canister(of).balanceCycles, usage: memoryUsageBytes(net.canister(of)) };
    const size = 5 + 131_072 + 65_536 + 2 * 32 + 3;
    uploadMetadata(net, of, {
      wasm_module_size: 5n,
      wasm_memory_size: 131_072n,
      stable_memory_size: 65_536n,
      globals: [{ i32: 1 }, { v128: 2n ** 128n - 1n }],
      certified_data: Uint8Array.of(1, 2, 3),
    });
    expect(memoryUsageBytes(net.canister(of)) - before.usage).toBe(size);
    expect(before.balance - net.canister(of).balanceCycles).toBe(2_000_000_000n + BigInt(size));
    expect(list(net, of)).toEqual([{ id: expect.any(String) as string, size }]);
  });

  test("metadata that no snapshot can have", () => {
    const { net, of } = setup();
    const error = (given: Parameters<typeof metadataArg>[1]): string =>
      net
        .error("upload_canister_snapshot_metadata", metadataArg(of, given))
        .replace("IC0408: Snapshot Metadata contains invalid data: ", "");
    expect(error({ wasm_module_size: 0n })).toBe("WasmModuleEmpty");
    expect(error({ wasm_module_size: 104_857_601n })).toBe("WasmModuleTooLarge");
    expect(error({ wasm_memory_size: 65_535n })).toBe("WasmMemoryNotPageAligned");
    expect(error({ wasm_memory_size: 2n ** 32n + 65_536n })).toBe("WasmMemoryTooLarge");
    expect(error({ stable_memory_size: 1n })).toBe("StableMemoryNotPageAligned");
    expect(error({ stable_memory_size: (500n << 30n) + 65_536n })).toBe("StableMemoryTooLarge");
    expect(error({ globals: Array(1_001).fill({ i32: 0 }) as { i32: number }[] })).toBe("ExportedGlobalsTooLarge");
    expect(error({ certified_data: new Uint8Array(33) })).toBe("CertifiedDataTooLarge");
    expect(error({ globals: [{ v128: 2n ** 128n }] })).toMatch(/^IC0408: Error decoding candid/);
    expect(error({ replace: unknown(of) })).toMatch(/^IC0305/);
    expect(net.error("upload_canister_snapshot_metadata", metadataArg(of), { sender: BOB })).toMatch(/^IC0512/);
    // The mode of the code that is installed decides.
    net.install(of, compileWat(`(module (memory i64 1))`), { mode: { reinstall: null } });
    expect(error({ wasm_memory_size: 6n * 2n ** 30n + 65_536n })).toBe("WasmMemoryTooLarge");
    uploadMetadata(net, of, { wasm_memory_size: 6n * 2n ** 30n });
    for (let i = 0; i < 9; i++) uploadMetadata(net, of);
    expect(error({})).toMatch(/^IC0406: Canister .* has reached the maximum number of snapshots allowed: 10\./);
    net.reply("upload_canister_snapshot_metadata", metadataArg(of, { replace: list(net, of)[3].id }));
    expect(list(net, of)).toHaveLength(10);
  });

  test("data outside of the sizes, of a snapshot that was taken, of one that is not there", () => {
    const { net, of } = setup({ limits: { rateLimiting: true } });
    const snapshot = uploadMetadata(net, of, { wasm_module_size: 10n, wasm_memory_size: 65_536n });
    const error = (kind: object, bytes: number, to = snapshot): string =>
      net.error("upload_canister_snapshot_data", dataArg(of, to, kind, new Uint8Array(bytes)));
    const before = net.canister(of).balanceCycles;
    expect(error({ wasm_module: { offset: 5n } }, 6)).toBe(
      "IC0408: Invalid subslice into wasm module / main memory / stable memory: offset: 5, size: 6",
    );
    expect(before - net.canister(of).balanceCycles).toBe(6n);
    expect(error({ wasm_memory: { offset: 65_536n } }, 1)).toMatch(/^IC0408: Invalid subslice/);
    expect(error({ stable_memory: { offset: 0n } }, 1)).toMatch(/^IC0408: Invalid subslice/);
    expect(error({ wasm_memory: { offset: 0n } }, 1, take(net, of))).toBe(
      "IC0409: Only canister snapshots created by metadata upload can be mutated.",
    );
    expect(error({ wasm_memory: { offset: 0n } }, 1, unknown(of))).toMatch(/^IC0305/);
    expect(firstLine(error({ wasm_chunk: null }, 1_048_577))).toBe(
      "IC0504: Error from Wasm chunk store: Wasm chunk size 1048577 exceeds the maximum chunk size of 1048576.",
    );
    const arg = dataArg(of, snapshot, { wasm_memory: { offset: 0n } }, new Uint8Array(1));
    expect(net.error("upload_canister_snapshot_data", arg, { sender: BOB })).toMatch(/^IC0512/);
    net.reply("upload_canister_snapshot_data", arg);
    net.canister(of).heapDeltaDebitBytes = 1e12;
    expect(net.error("upload_canister_snapshot_data", arg)).toMatch(/^IC0210/);
    net.canister(of).heapDeltaDebitBytes = 0;
    net.canister(of).balanceCycles = 1_000n;
    expect(net.error("upload_canister_snapshot_data", arg)).toMatch(/^IC0207/);
  });

  test("chunks cost 200 M instructions and memory, once", () => {
    const { net, of } = setup();
    const snapshot = uploadMetadata(net, of);
    const upload = (byte: number): bigint => {
      const before = net.canister(of).balanceCycles;
      net.reply("upload_canister_snapshot_data", dataArg(of, snapshot, { wasm_chunk: null }, Uint8Array.of(byte)));
      return before - net.canister(of).balanceCycles;
    };
    expect(upload(1)).toBe(200_000_000n);
    expect(upload(1)).toBe(200_000_000n);
    upload(2);
    expect(list(net, of)[0].size).toBe(1 + 2 * 1_048_576);
    const id = snapshot as SnapshotId;
    const { snapshots } = net.canister(of);
    const full = { ...snapshots.list.get(id)!, chunkStore: new Map(Array.from({ length: 100 }, (_, i) => [String(i), new Uint8Array(0)])) };
    net.canister(of).snapshots = { ...snapshots, list: new Map([[id, full]]) };
    const arg = dataArg(of, snapshot, { wasm_chunk: null }, Uint8Array.of(9));
    expect(firstLine(net.error("upload_canister_snapshot_data", arg))).toBe(
      "IC0504: Error from Wasm chunk store: Wasm chunk store has already reached maximum capacity of 104857600 bytes or the maximum number of entries, 100.",
    );
  });

  test("an uploaded snapshot must fit its module", () => {
    const { net, of } = setup();
    const snapshot = take(net, of);
    const all = metadata(net, of, snapshot);
    const tried = (given: object, module = COUNTER): string => {
      const copy = uploadMetadata(net, of, { ...all, wasm_module_size: BigInt(module.length), ...given });
      net.reply("upload_canister_snapshot_data", dataArg(of, copy, { wasm_module: { offset: 0n } }, module));
      const before = net.canister(of).version;
      const text = net.error("load_canister_snapshot", loadArg(of, copy));
      expect(net.canister(of).version).toBe(before);
      net.reply("delete_canister_snapshot", encode("delete_canister_snapshot", about(of, copy)));
      return text;
    };
    const globals = "IC0408: Wasm exported globals of canister module and snapshot metadata do not match.";
    expect(tried({ globals: all.globals.slice(1) })).toBe(globals);
    expect(tried({ globals: [all.globals[0], { f32: 1 }, all.globals[2]] })).toBe(globals);
    expect(tried({ on_low_wasm_memory_hook_status: [{ ready: null }] })).toBe(
      "IC0408: Hook status (Some(Ready)) of uploaded snapshot is inconsistent with the canister's state (hook condition satisfied: false).",
    );
    expect(tried({ wasm_memory_size: 5n * 65_536n })).toBe(
      "IC0408: Wasm memory of the snapshot has 5 pages, but that of its module may have 4 at most.",
    );
    expect(tried({}, new Uint8Array(9))).toMatch(/^IC0505: /);
    const change = settings({ wasm_memory_limit: 65_536n, wasm_memory_threshold: 1n });
    net.reply("update_settings", encode("update_settings", { ...id(of), settings: change, ...NO_VERSION }));
    expect(tried({ on_low_wasm_memory_hook_status: [{ condition_not_satisfied: null }] })).toMatch(/hook condition satisfied: true\)\.$/);
    const executed = uploadMetadata(net, of, { ...all, on_low_wasm_memory_hook_status: [{ executed: null }] });
    net.reply("upload_canister_snapshot_data", dataArg(of, executed, { wasm_module: { offset: 0n } }, COUNTER));
    net.reply("load_canister_snapshot", loadArg(of, executed));
    expect(net.canister(of).lowMemoryHook).toBe("executed");
  });
});

test("snapshots outlive code that is uninstalled, and are deleted with the canister [management-canister#ic-uninstall_code]", () => {
  const { net, of } = setup();
  const snapshot = take(net, of);
  net.reply("uninstall_code", encode("uninstall_code", { ...id(of), ...NO_VERSION }));
  expect(list(net, of).map(({ id }) => id)).toEqual([snapshot]);
  net.canister(of).status = { kind: "stopped" };
  net.reply("delete_canister", idArg(of));
  expect(net.error("list_canister_snapshots", idArg(of))).toMatch(/^IC0301/);
  checkInvariants(net.world.state);
});
