/**
 * Snapshots of canisters, taken, loaded, listed, deleted: what they hold and restore, who may have them, what they cost, and every error.
 */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { memoryUsageBytes, snapshotBytes } from "../../src/core/state/memory-usage.ts";
import { compileWat } from "../support/ic0-wat.ts";
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
  count,
  COUNTER,
  list,
  loadArg,
  metadata,
  read,
  setCount,
  setup,
  snapshotName,
  take,
  takeArg,
  unknown,
} from "../support/snapshots.ts";

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
    net.install(of, compileWat(`(module (memory 1))`), { mode: { upgrade: [] } });
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
    net.canister(of).heapDeltaDebitBytes = 0;
    // In a network such a call waits for the end of the execution.
    net.canister(of).paused = {} as CanisterState["paused"];
    expect(net.error("load_canister_snapshot", loadArg(of, snapshot))).toBe(
      `IC0406: The canister ${principalText(of)} is currently executing a long-running message.`,
    );
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
