/**
 * Contents of snapshots, read and uploaded: what can be read and written, by whom, what it costs, and every error.
 */
import { describe, expect, test } from "vitest";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { SnapshotId } from "../../src/core/state/ids.ts";
import { memoryUsageBytes } from "../../src/core/state/memory-usage.ts";
import { compileWat } from "../support/ic0-wat.ts";
import { BOB, encode, firstLine, id, NO_VERSION, principalText, settings } from "../support/management-world.ts";
import {
  about,
  copySnapshot,
  COUNTER,
  dataArg,
  list,
  loadArg,
  metadata,
  metadataArg,
  read,
  readArg,
  setCount,
  setup,
  take,
  unknown,
  uploadMetadata,
} from "../support/snapshots.ts";

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
