import { LOG_CAPACITY_BYTES } from "../canister/log.ts";
import { gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  encode,
  firstLine,
  ManagementWorld,
  principal,
  principalText,
  text,
  TRILLION,
} from "../../../test/support/management-world.ts";
import { compileWat, importLine } from "../../../test/support/ic0-wat.ts";
import { IC0 } from "../wasm/ic0.ts";
import { feesOf, executionPrepayment } from "../cycles/fees.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import { toHex } from "../../base/bytes.ts";

const INSTALL = { install: null };
const REINSTALL = { reinstall: null };
const UPGRADE = { upgrade: [] };
function upgrade(given: { skip?: boolean; persistence?: "keep" | "replace" }): object {
  const persistence = given.persistence === undefined ? [] : [{ [given.persistence]: null }];
  return { upgrade: [{ skip_pre_upgrade: given.skip === undefined ? [] : [given.skip], wasm_memory_persistence: persistence }] };
}

/** Imports what the body calls. */
function module(body: string): Uint8Array {
  const called = new Set([...body.matchAll(/\(call \$([a-z0-9_]+)/g)].map((match) => match[1]).filter((name) => IC0.has(name)));
  return compileWat(`(module ${[...called].map((name) => importLine(name)).join("\n")} ${body})`);
}

/** Adds a custom section, which the text format cannot. */
function withSection(binary: Uint8Array, name: string, content = ""): Uint8Array {
  const [nameBytes, contentBytes] = [Buffer.from(name), Buffer.from(content)];
  const body = Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, contentBytes]);
  return new Uint8Array(Buffer.concat([binary, Buffer.from([0, body.length]), body]));
}

/** Writes one byte at an address of stable memory. */
function stableByte(address: number, value: string): string {
  return `(i32.store8 (i32.const 100) ${value}) (call $stable64_write (i64.const ${address}) (i64.const 100) (i64.const 1))`;
}

/** Every hook leaves a trace in stable memory: 0 start, 1 init, 2 pre_upgrade, 3 post_upgrade; and counts in a global and in the heap. */
const TRACER = module(`
  (memory 1) (global $g (mut i32) (i32.const 0))
  (func $ensure (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1))))))
  (func $bump (global.set $g (i32.add (global.get $g) (i32.const 1))) (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))))
  (func $start (call $ensure) (call $bump) ${stableByte(0, "(i32.const 1)")})
  (start $start)
  (func (export "canister_init") (call $bump) ${stableByte(1, "(i32.add (call $msg_arg_data_size) (i32.const 1))")}
    ${stableByte(5, "(i32.wrap_i64 (call $canister_version))")})
  (func (export "canister_pre_upgrade") ${stableByte(2, "(global.get $g)")} ${stableByte(6, "(i32.wrap_i64 (call $canister_version))")}
    (call $certified_data_set (i32.const 100) (i32.const 1)) (drop (call $global_timer_set (i64.const 7))))
  (func (export "canister_post_upgrade") ${stableByte(3, "(i32.load (i32.const 8))")} ${stableByte(5, "(i32.wrap_i64 (call $canister_version))")}
    ${stableByte(4, "(call $msg_caller_size)")})`);

function stable(canister: CanisterState, length = 7): number[] {
  const bytes = new Uint8Array(length);
  canister.execution!.stable.read(0, bytes, 0, length);
  return [...bytes];
}

/** Everything but what a failed installation may change. */
function unchanged({ execution, version, history, certifiedData, globalTimerNanos, settings }: CanisterState): unknown {
  return {
    module: execution?.module.hash,
    heap: execution?.heap.stamp,
    stable: execution?.stable.stamp,
    version,
    history,
    certifiedData,
    globalTimerNanos,
    settings,
  };
}

const TRAPS_IN_INIT = module(`(memory 1) (data (i32.const 0) "hello")
  (func (export "canister_init") (call $debug_print (i32.const 0) (i32.const 5)) (drop (call $stable64_grow (i64.const 1))) (unreachable))`);

test("install: start, then init with the argument, in the new version [abstract-behavior#ic-management-canister-code-installation]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(text(net.install(id, TRACER, { arg: new Uint8Array(4) }))).toMatch(/^reply/);
  const canister = net.canister(id);
  expect(stable(canister)).toEqual([1, 5, 0, 0, 0, 1, 0]);
  expect(canister.version).toBe(1);
  expect(canister.history.entries.at(-1)).toEqual({
    timestampNanos: net.world.state.timeNanos,
    canisterVersion: 1,
    origin: { kind: "user", user: ALICE },
    details: { kind: "codeDeployment", mode: "install", moduleHash: createHash("sha256").update(TRACER).digest("hex") },
  });
  const executed = net.events.flatMap((event) => (event.kind === "executed" ? [[event.entry, event.result.kind, event.method]] : []));
  expect(executed).toEqual([
    ["start", "none", "install_code"],
    ["init", "none", "install_code"],
  ]);
  expect(net.events.at(-1)).toMatchObject({ kind: "canister", change: "installed" });
});

test("only an empty canister can be installed on, only a filled one upgraded [management-canister#ic-install_code]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(firstLine(text(net.install(id, TRACER, { mode: UPGRADE })))).toBe(
    `IC0537: Error from Canister ${principalText(id)}: Attempted to execute a message, but the canister contains no Wasm module..`,
  );
  net.install(id, TRACER);
  expect(firstLine(text(net.install(id, TRACER)))).toBe(
    `IC0514: Canister ${principalText(id)} cannot be installed because the canister is not empty. Try installing with mode='reinstall' instead.`,
  );
  expect(text(net.install(id, TRACER, { mode: REINSTALL }))).toMatch(/^reply/);
});

test("upgrade: pre_upgrade on the old code and version, then the new code on the old stable memory [abstract-behavior#ic-management-canister-code-upgrade]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.install(id, TRACER);
  net.canister(id).log.append({ dropped: 0, records: [{ timestampNanos: 1n, content: Uint8Array.of(1) }] }, LOG_CAPACITY_BYTES);
  expect(text(net.install(id, TRACER, { mode: UPGRADE }))).toMatch(/^reply/);
  const canister = net.canister(id);
  // pre_upgrade saw the global at 2 and version 1; post_upgrade a fresh heap after start (1), the caller's three bytes, version 2.
  expect(stable(canister)).toEqual([1, 1, 2, 1, 3, 2, 1]);
  expect(canister).toMatchObject({ version: 2, certifiedData: Uint8Array.of(1), globalTimerNanos: 0n });
  expect(canister.log.records.length).toBe(1);
  expect(net.events.at(-1)).toMatchObject({ change: "upgraded" });
});

test("skip_pre_upgrade leaves pre_upgrade out [abstract-behavior#ic-management-canister-code-upgrade]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.install(id, TRACER);
  net.install(id, TRACER, { mode: upgrade({ skip: true }) });
  expect(stable(net.canister(id))[2]).toBe(0);
  expect(net.canister(id).certifiedData.length).toBe(0);
});

test("reinstall clears memories, certified data, log and timer; keeps settings and chunks [abstract-behavior#ic-management-canister-code-installation]", () => {
  const net = new ManagementWorld();
  const id = net.create({ settings: { freezing_threshold: 3n } });
  net.install(id, TRACER);
  const canister = net.canister(id);
  canister.certifiedData = Uint8Array.of(1);
  canister.globalTimerNanos = 9n;
  canister.chunkStore = new Map([["00", Uint8Array.of(1)]]);
  canister.log.append({ dropped: 0, records: [{ timestampNanos: 1n, content: Uint8Array.of(1) }] }, LOG_CAPACITY_BYTES);
  net.install(id, module(`(memory 1)`), { mode: REINSTALL });
  const after = net.canister(id);
  expect(after.execution!.stableBytes).toBe(0);
  expect([after.certifiedData.length, after.globalTimerNanos, after.chunkStore.size, after.log.records.length]).toEqual([0, 0n, 1, 0]);
  expect(after.settings.freezingThresholdSeconds).toBe(3n);
  expect(net.subnet().timers.size).toBe(0);
});

test("a trap anywhere undoes everything but the charge and the log [abstract-behavior#ic-management-canister-code-upgrade]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.install(id, TRACER);
  const before = unchanged(net.canister(id));
  const { balanceCycles } = net.canister(id);
  const outcome = net.install(id, TRAPS_IN_INIT, { mode: REINSTALL });
  expect(firstLine(text(outcome))).toBe(`IC0502: Error from Canister ${principalText(id)}: Canister trapped: unreachable.`);
  expect(unchanged(net.canister(id))).toEqual(before);
  expect(
    net
      .canister(id)
      .log.records.map(({ content }) => Buffer.from(content).toString())
      .map((line) => line.split("\n")[0]),
  ).toEqual(["hello", "[TRAP]: unreachable"]);
  expect(net.events.flatMap((event) => (event.kind === "printed" ? [Buffer.from(event.content).toString().split("\n")[0]] : []))).toEqual([
    "hello",
    "[TRAP]: unreachable",
  ]);
  const used = outcome.kind === "answered" ? outcome.instructions : 0;
  expect(balanceCycles - net.canister(id).balanceCycles).toBe(5_000_000n + BigInt(used));

  const trapsLater = module(`(memory 1) (func (export "canister_post_upgrade") (unreachable))`);
  net.install(id, trapsLater, { mode: UPGRADE });
  // pre_upgrade had written to stable memory and certified data.
  expect(unchanged(net.canister(id))).toEqual(before);
  expect(stable(net.canister(id))).toEqual([1, 1, 0, 0, 0, 1, 0]);
  // And the old code goes on as if nothing had been.
  net.install(id, TRACER, { mode: UPGRADE });
  expect(stable(net.canister(id))).toEqual([1, 1, 2, 1, 3, 2, 1]);
});

test("instructions: creation, a hundredth for a known module, and what ran [replica: instructions of installations]", () => {
  const net = new ManagementWorld();
  const [a, b] = [net.create(), net.create()];
  const empty = module("(memory 1)");
  const first = net.install(a, empty);
  const second = net.install(b, empty);
  const compilation = 6000 * net.canister(a).execution!.module.info.compilationInstructions;
  expect([first, second].map((outcome) => outcome.kind === "answered" && outcome.instructions)).toEqual([
    20_000_000 + compilation,
    20_000_000 + compilation / 100,
  ]);
  expect(100n * TRILLION - net.canister(b).balanceCycles).toBe(25_000_000n + BigInt(compilation / 100));
});

test("the prepayment must leave the freezing threshold [replica: instructions of installations]", () => {
  const net = new ManagementWorld();
  const id = net.create({ amount: 300_000_000_000n });
  expect(firstLine(text(net.install(id, module("(memory 1)"))))).toMatch(
    new RegExp(
      `^IC0207: Canister installation failed with \`Canister ${principalText(id)} is out of cycles: please top up the canister with at least \\d+ additional cycles\`\\.$`,
    ),
  );
  const wasm64 = compileWat("(module (memory i64 1))");
  const fees = feesOf(net.subnet().config);
  expect(executionPrepayment(fees, 300e9, true)).toBe(600_005_000_000n);
  net.canister(id).balanceCycles = 500_000_000_000n;
  expect(text(net.install(id, wasm64))).toMatch(/^IC0207/);
  expect(text(net.install(id, module("(memory 1)")))).toMatch(/^reply/);
});

test("only controllers, in every status [abstract-behavior#ic-management-canister-code-installation]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(firstLine(text(net.install(id, TRACER, { sender: BOB })))).toMatch(/^IC0512/);
  expect(firstLine(text(net.install(id, TRACER, { from: id })))).toMatch(/^IC0512/);
  net.canister(id).status = { kind: "stopped" };
  expect(text(net.install(id, TRACER))).toMatch(/^reply/);
});

test("what is no module is refused, and charged by its size [canister-interface#canister-module-format]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const outcome = net.install(id, Uint8Array.of(1, 2, 3));
  expect(firstLine(text(outcome))).toBe(
    `IC0505: Error from Canister ${principalText(id)}: Canister's Wasm module is not valid: Failed to decode wasm module: unsupported canister module format.`,
  );
  expect(outcome).toMatchObject({ instructions: 20_000_000 + 6_000 * 3 });
  expect(net.canister(id).execution).toBe(null);
});

test("the hash is that of the bytes as uploaded, compressed ones too [management-canister#ic-install_code]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const gzipped = new Uint8Array(gzipSync(TRACER));
  net.install(id, gzipped);
  expect(net.canister(id).execution!.module.hash).toBe(createHash("sha256").update(gzipped).digest("hex"));
});

test("enhanced orthogonal persistence: the heap is kept when asked, and must be asked about [abstract-behavior#ic-management-canister-code-upgrade]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const persistent = withSection(TRACER, "icp:private enhanced-orthogonal-persistence");
  net.install(id, persistent);
  expect(text(net.install(id, persistent, { mode: UPGRADE }))).toBe(
    "IC0504: Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade option.",
  );
  expect(text(net.install(id, TRACER, { mode: upgrade({ persistence: "keep" }) }))).toBe(
    "IC0504: Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new canister module supports enhanced orthogonal persistence.",
  );
  net.install(id, persistent, { mode: upgrade({ persistence: "keep" }) });
  // The counter in the heap went on from 2: start made it 3.
  expect(stable(net.canister(id))[3]).toBe(3);
  net.install(id, persistent, { mode: upgrade({ persistence: "replace" }) });
  expect(stable(net.canister(id))[3]).toBe(1);
});

test("a heap above wasm_memory_limit fails at the end, growth beyond it while running", () => {
  const net = new ManagementWorld();
  const id = net.create({ settings: { wasm_memory_limit: 65_536n } });
  expect(firstLine(text(net.install(id, module("(memory 2)"))))).toMatch(
    new RegExp(
      `^IC0539: Error from Canister ${principalText(id)}: Canister exceeded its current Wasm memory limit of 65536 bytes\\. The peak Wasm memory usage was 131072 bytes\\.`,
    ),
  );
  expect(text(net.install(id, module(`(memory 1) (func (export "canister_init") (drop (memory.grow (i32.const 1))))`)))).toMatch(/^IC0539/);
  expect(text(net.install(id, module("(memory 1)")))).toMatch(/^reply/);
});

test("new memory must leave the freezing threshold [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  const net = new ManagementWorld();
  const id = net.create({ amount: 10n * TRILLION });
  const large = module(`(memory 1) (func (export "canister_init") (drop (call $stable64_grow (i64.const 200000))))`);
  expect(firstLine(text(net.install(id, large)))).toMatch(
    /^IC0532: Canister cannot grow memory by \d+ bytes due to insufficient cycles\. At least \d+ additional cycles are required\.$/,
  );
  expect(net.canister(id).execution).toBe(null);
});

test("cycles burned in init stay burned; those of a failed init do not", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const burn = (end: string) =>
    module(`(memory 1) (func (export "canister_init") (call $cycles_burn128 (i64.const 0) (i64.const 1000) (i32.const 0)) ${end})`);
  net.install(id, burn("(unreachable)"));
  expect(net.canister(id).consumed.burnedCycles).toBe(0n);
  const before = net.canister(id).balanceCycles;
  const outcome = net.install(id, burn(""));
  expect(net.canister(id).consumed.burnedCycles).toBe(1000n);
  const used = outcome.kind === "answered" ? outcome.instructions : 0;
  expect(before - net.canister(id).balanceCycles).toBe(5_000_000n + BigInt(used) + 1000n);
});

test("rate limiting refuses an installation while the last one is worked off [replica: rate limits]", () => {
  const net = new ManagementWorld({ limits: { rateLimiting: true } });
  const id = net.create();
  net.install(id, TRACER);
  expect(net.canister(id).installCodeDebitInstructions).toBeGreaterThan(20_000_000);
  expect(firstLine(text(net.install(id, TRACER, { mode: REINSTALL })))).toBe(
    `IC0209: Canister ${principalText(id)} is rate limited because it executed too many instructions in the previous install_code messages. Please retry installation after several minutes.`,
  );
});

test("chunks: uploaded, listed, put together, cleared [management-canister#ic-install_chunked_code] [management-canister#ic-stored_chunks] [management-canister#ic-clear_chunk_store]", () => {
  const net = new ManagementWorld();
  const [id, store] = [net.create(), net.create()];
  const upload = (to: CanisterId, chunk: Uint8Array) => encode("upload_chunk", { canister_id: principal(to), chunk });
  const halves = [TRACER.slice(0, 50), TRACER.slice(50)];
  const before = net.canister(store).balanceCycles;
  for (const half of halves) net.reply("upload_chunk", upload(store, half));
  net.reply("upload_chunk", upload(store, halves[0]));
  expect(before - net.canister(store).balanceCycles).toBe(600_000_000n);
  expect(net.canister(store).chunkStore.size).toBe(2);
  expect(net.subnet().memoryUsageBytes).toBeGreaterThan(2 * 1_048_576);

  const hashes = halves.map((half) => new Uint8Array(createHash("sha256").update(half).digest()));
  const moduleHash = new Uint8Array(createHash("sha256").update(TRACER).digest());
  const chunked = (given: { list?: Uint8Array[]; hash?: Uint8Array; store?: CanisterId; mode?: object } = {}) =>
    encode("install_chunked_code", {
      mode: given.mode ?? INSTALL,
      target_canister: principal(id),
      store_canister: [principal(given.store ?? store)],
      chunk_hashes_list: (given.list ?? hashes).map((hash) => ({ hash })),
      wasm_module_hash: given.hash ?? moduleHash,
      arg: new Uint8Array(0),
      sender_canister_version: [],
    });
  expect(firstLine(net.error("install_chunked_code", chunked({ list: [hashes[0], Uint8Array.of(1)] })))).toBe(
    "IC0504: Error from Wasm chunk store: Chunk hash is invalid. The length is not 32.",
  );
  expect(firstLine(net.error("install_chunked_code", chunked({ list: [moduleHash] })))).toBe(
    `IC0504: Error from Wasm chunk store: Chunk hash [${[...moduleHash].join(", ")}] was not found.`,
  );
  expect(firstLine(net.error("install_chunked_code", chunked({ list: [hashes[1], hashes[0]] })))).toMatch(
    /^IC0504: Error from Wasm chunk store: Wasm module hash \[[\d, ]+\] does not match given hash \[[\d, ]+\]\.$/,
  );
  expect(net.error("install_chunked_code", chunked({ list: Array.from({ length: 101 }, () => moduleHash) }))).toBe(
    "IC0504: InstallChunkedCode Error: chunk_hashes_list length 101 exceeds the maximum of 100 chunks",
  );
  const nowhere = "00000000000000000101" as CanisterId;
  expect(net.error("install_chunked_code", chunked({ store: nowhere }))).toBe(
    `IC0301: InstallChunkedCode Error: Store canister ${principalText(nowhere)} was not found on subnet ${principalText(net.subnet().config.id)} of target canister ${principalText(id)}`,
  );
  const outcome = net.call("install_chunked_code", chunked());
  expect(text(outcome)).toMatch(/^reply/);
  expect(outcome.kind === "answered" && outcome.instructions).toBeGreaterThan(2 * 1_048_576 + 20_000_000);
  expect(net.canister(id).execution!.module.hash).toBe(toHex(moduleHash));

  const clear = encode("canister_id", { canister_id: principal(store) });
  expect(firstLine(net.error("clear_chunk_store", clear, { sender: BOB }))).toMatch(/^IC0512/);
  net.reply("clear_chunk_store", clear, { from: store });
  expect(net.canister(store).chunkStore.size).toBe(0);
});

test("chunks have bounds, and each upload its price, also in vain [management-canister#ic-upload_chunk]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const upload = (chunk: Uint8Array) => encode("upload_chunk", { canister_id: principal(id), chunk });
  const before = net.canister(id).balanceCycles;
  const outcome = net.call("upload_chunk", upload(new Uint8Array(1_048_577)));
  expect(firstLine(text(outcome))).toBe(
    "IC0504: Error from Wasm chunk store: Wasm chunk size 1048577 exceeds the maximum chunk size of 1048576.",
  );
  expect(outcome).toMatchObject({ instructions: 200_000_000 });
  expect(before - net.canister(id).balanceCycles).toBe(200_000_000n);
  net.canister(id).chunkStore = new Map(Array.from({ length: 100 }, (_, i) => [String(i), Uint8Array.of(i)]));
  expect(firstLine(net.error("upload_chunk", upload(Uint8Array.of(1))))).toBe(
    "IC0504: Error from Wasm chunk store: Wasm chunk store has already reached maximum capacity of 104857600 bytes or the maximum number of entries, 100.",
  );
});
