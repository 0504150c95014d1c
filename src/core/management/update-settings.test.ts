import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  decode,
  encode,
  firstLine,
  idArg,
  ManagementWorld,
  principal,
  principalText,
  settings,
  text,
  TRILLION,
} from "../../../test/support/management-world.ts";
import { freezingThresholdCycles, idleUse } from "../cycles/freezing.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";

function update(id: CanisterId, given: Record<string, unknown>): Uint8Array {
  return encode("update_settings", { canister_id: principal(id), settings: settings(given), sender_canister_version: [] });
}

const U64 = (1n << 64n) - 1n;
const U128 = (1n << 128n) - 1n;
const viewers = (count: number) => ({
  allowed_viewers: Array.from({ length: count }, (_, i) => principal(`0${i.toString(16)}01` as CanisterId)),
});

test("controllers are a set, shorter ids first; viewers stay as they were given [replica: order of principals]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const [short, long] = [principal("fffe" as PrincipalId), principal(("00".repeat(28) + "02") as PrincipalId)];
  const list = [long, short, long, principal(ALICE)];
  net.reply("update_settings", update(id, { controllers: list, log_visibility: { allowed_viewers: list } }));
  const { settings } = decode("canister_status", net.reply("canister_status", idArg(id))) as {
    settings: { controller: unknown; controllers: unknown; log_visibility: unknown };
  };
  expect(settings).toMatchObject({
    controllers: [short, principal(ALICE), long],
    log_visibility: { allowed_viewers: list },
  });
});

test("every field is taken over, and the version counts up once [management-canister#ic-update_settings]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.reply(
    "update_settings",
    update(id, {
      controllers: [principal(BOB), principal(ALICE)],
      compute_allocation: 5n,
      memory_allocation: 1_000_000n,
      freezing_threshold: 100n,
      reserved_cycles_limit: 9n,
      minimum_incoming_canister_call_cycles: 8n,
      wasm_memory_limit: 7n,
      wasm_memory_threshold: 6n,
      log_visibility: { public: null },
      snapshot_visibility: { allowed_viewers: [principal(BOB)] },
      status_visibility: { public: null },
      environment_variables: [{ name: "x", value: "y" }],
    }),
  );
  expect(net.canister(id)).toMatchObject({
    version: 1,
    settings: {
      controllers: [ALICE, BOB],
      computeAllocation: 5,
      memoryAllocation: 1_000_000n,
      freezingThresholdSeconds: 100n,
      reservedCyclesLimit: 9n,
      minimumIncomingCanisterCallCycles: 8n,
      wasmMemoryLimit: 7n,
      wasmMemoryThreshold: 6n,
      logVisibility: { kind: "public" },
      snapshotVisibility: { kind: "allowedViewers", viewers: [BOB] },
      statusVisibility: { kind: "public" },
      environmentVariables: [{ name: "x", value: "y" }],
    },
  });
});

test("only a change of controllers is in the history; other settings stay as they are [abstract-behavior#trimming-canister-history]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.reply("update_settings", update(id, { freezing_threshold: 1n }));
  expect(net.canister(id).history.total).toBe(1);
  net.reply("update_settings", update(id, { controllers: [principal(BOB)] }));
  expect(net.canister(id).history.entries.at(-1)).toMatchObject({
    canisterVersion: 2,
    origin: { kind: "user", user: ALICE },
    details: { kind: "controllersChange", controllers: [BOB] },
  });
  expect(net.canister(id).settings.freezingThresholdSeconds).toBe(1n);
  expect(firstLine(net.error("update_settings", update(id, {})))).toBe(
    `IC0512: Only the controllers of the canister ${principalText(id)} can control it.`,
  );
});

test.each<[string, bigint, string]>([
  ["compute_allocation", 101n, "ComputeAllocation expected to be in the range [0..100], got 101"],
  ["memory_allocation", U64 + 1n, "MemoryAllocation expected to be in the range [0..2^64-1], got 18_446_744_073_709_551_616"],
  ["freezing_threshold", U64 + 1n, "Freezing threshold expected to be in the range of [0..2^64-1], got 18_446_744_073_709_551_616"],
  [
    "reserved_cycles_limit",
    U128 + 1n,
    "Reserved cycles limit expected to be in the range of [0..2^128-1], got 340_282_366_920_938_463_463_374_607_431_768_211_456",
  ],
  ["wasm_memory_limit", (1n << 48n) + 1n, "Wasm memory limit expected to be in the range of [0..2^64-1], got 281_474_976_710_657"],
  ["wasm_memory_threshold", (1n << 48n) + 1n, "Wasm memory threshold expected to be in the range of [0..2^64-1], got 281_474_976_710_657"],
  ["log_memory_limit", U64 + 1n, "Log memory limit expected to be in the range of [0..2^64-1], got 18_446_744_073_709_551_616"],
])("%s has an upper bound", (name, beyond, message) => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(net.error("update_settings", update(id, { [name]: beyond }))).toBe(`IC0504: ${message}`);
  expect(net.canister(id).version).toBe(0);
});

test.each<[string, bigint]>([
  ["freezing_threshold", U64],
  ["reserved_cycles_limit", U128],
  ["minimum_incoming_canister_call_cycles", U128],
  ["wasm_memory_limit", 1n << 48n],
  ["wasm_memory_threshold", 1n << 48n],
])("%s may be as large as its bound", (name, bound) => {
  const net = new ManagementWorld();
  net.reply("update_settings", update(net.create(), { [name]: bound }));
});

test("at most ten controllers and ten viewers, or the argument does not decode [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const tooMany = "IC0408: Error decoding candid: Deserialize error: The number of elements exceeds maximum allowed 10";
  expect(net.error("update_settings", update(id, { controllers: viewers(11).allowed_viewers }))).toBe(tooMany);
  expect(net.error("update_settings", update(id, { log_visibility: viewers(11) }))).toBe(tooMany);
  net.reply("update_settings", update(id, { log_visibility: viewers(10), controllers: viewers(10).allowed_viewers }));
  expect(net.error("update_settings", new Uint8Array([1, 2, 3]))).toMatch(/^IC0408: Error decoding candid: /);
});

test("environment variables: number, names, values, duplicates [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const set = (variables: { name: string; value: string }[]) => update(id, { environment_variables: variables });
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `n${i}`, value: "" }));
  expect(net.error("update_settings", set(many(21)))).toBe("IC0408: Too many environment variables: 21 (max: 20)");
  const long = "ä".repeat(64) + "x"; // 129 bytes
  expect(net.error("update_settings", set([{ name: long, value: "" }]))).toBe(
    `IC0408: Environment variable name "${long}" exceeds the maximum allowed length of 128.`,
  );
  expect(net.error("update_settings", set([{ name: "a", value: long }]))).toBe(
    `IC0408: Environment variable value "${long}" exceeds the maximum allowed length of 128.`,
  );
  const twice = [
    { name: "a", value: "1" },
    { name: "a", value: "2" },
  ];
  expect(net.error("update_settings", set(twice))).toBe("IC0408: Duplicate environment variables are not allowed");
  net.reply("update_settings", set(many(20)));
  net.reply("update_settings", set([{ name: "only", value: "" }]));
  expect(net.canister(id).settings.environmentVariables).toEqual([{ name: "only", value: "" }]);
});

test("compute: half of three threads, one percent stays free [replica: allocations of a subnet]", () => {
  const net = new ManagementWorld();
  const [a, b] = [net.create({ amount: 1n << 100n }), net.create({ amount: 1n << 100n })];
  net.reply("update_settings", update(a, { compute_allocation: 100n }));
  expect(firstLine(net.error("update_settings", update(b, { compute_allocation: 50n })))).toBe(
    "IC0101: Canister requested a compute allocation of 50% which cannot be satisfied because the Subnet's remaining compute capacity is 49%.",
  );
  net.reply("update_settings", update(b, { compute_allocation: 49n }));
  net.reply("update_settings", update(a, { compute_allocation: 99n }));
});

test("allocations must leave the freezing threshold when they grow, and only then [abstract-behavior#ic-management-canister-changing-settings]", () => {
  const net = new ManagementWorld();
  const id = net.create({ amount: TRILLION });
  const compute = net.error("update_settings", update(id, { compute_allocation: 1n }));
  const canister = net.canister(id);
  const threshold = freezingThresholdCycles(
    feesOf(net.subnet().config),
    { ...canister.settings, computeAllocation: 1 },
    idleUse(canister),
    0n,
  );
  expect(firstLine(compute)).toBe(
    `IC0530: Cannot increase compute allocation to 1% due to insufficient cycles. At least ${threshold - TRILLION} additional cycles are required.`,
  );
  expect(firstLine(net.error("update_settings", update(id, { memory_allocation: 10n << 30n })))).toMatch(
    /^IC0531: Cannot increase memory allocation to 10\.00 GiB due to insufficient cycles\. At least \d+ additional cycles are required\.$/,
  );
  // A threshold that freezes the canister is accepted, and then any setting that does not grow.
  net.reply("update_settings", update(id, { freezing_threshold: U64 }));
  net.reply("update_settings", update(id, { wasm_memory_limit: 5n }));
  expect(net.canister(id).version).toBe(2);
});

test("the reserved cycles limit is not set below the reserved balance; others are checked against the old limit [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.canister(id).reservedCycles = 100n;
  expect(firstLine(net.error("update_settings", update(id, { reserved_cycles_limit: 99n })))).toBe(
    "IC0540: Cannot set the reserved cycles limit 99 below the reserved cycles balance of the canister 100.",
  );
  net.reply("update_settings", update(id, { reserved_cycles_limit: 100n }));
});

test("storage is reserved for a memory allocation on a subnet that is filling up [replica: storage reservation]", () => {
  const net = new ManagementWorld({ limits: { subnetMemoryReservationThresholdBytes: 0n } });
  const id = net.create({ amount: 10_000n * TRILLION });
  expect(firstLine(net.error("update_settings", update(id, { memory_allocation: 300n << 30n, reserved_cycles_limit: 1n })))).toMatch(
    /^IC0533: Cannot increase memory allocation to 300\.00 GiB due to its reserved cycles limit\. The current limit \(1\) would be exceeded by \d+\.$/,
  );
  net.reply("update_settings", update(id, { memory_allocation: 300n << 30n, reserved_cycles_limit: U128 }));
  const { balanceCycles, reservedCycles } = net.canister(id);
  expect(reservedCycles).toBeGreaterThan(0n);
  // The induction of the call itself is paid as well.
  expect(balanceCycles + reservedCycles).toBeLessThan(10_000n * TRILLION);
  expect(net.subnet().memoryUsageBytes).toBe(300 * 2 ** 30);
});

test("a user's small call is charged after it took effect, a frozen canister's threshold can be lowered", () => {
  const net = new ManagementWorld();
  const id = net.create({ settings: { freezing_threshold: U64 } });
  const before = net.canister(id).balanceCycles;
  const arg = update(id, { freezing_threshold: 0n });
  expect(text(net.call("update_settings", arg))).toMatch(/^reply/);
  expect(before - net.canister(id).balanceCycles).toBe(1_200_000n + 2_000n * BigInt(arg.length + "update_settings".length));
  // A charge that cannot be paid is forgiven.
  net.reply("update_settings", update(id, { freezing_threshold: U64 }));
  expect(before - net.canister(id).balanceCycles).toBeLessThan(4_000_000n);
});

test("the low-memory hook becomes due when limit and threshold say so [abstract-behavior#rule-on-low-wasm-memory]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.reply("update_settings", update(id, { wasm_memory_limit: 10n, wasm_memory_threshold: 11n }));
  expect(net.canister(id).lowMemoryHook).toBe("ready");
  expect(net.subnet().withInput.has(id)).toBe(true);
  net.reply("update_settings", update(id, { wasm_memory_threshold: 10n }));
  expect(net.canister(id).lowMemoryHook).toBe("notSatisfied");
  expect(net.subnet().withInput.has(id)).toBe(false);
});

test("an unknown canister [management-canister#ic-update_settings]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.subnet().canisters.delete(id);
  expect(net.error("update_settings", update(id, {}))).toBe(`IC0301: Canister ${principalText(id)} not found.`);
});
