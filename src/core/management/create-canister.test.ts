import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  decode,
  encode,
  firstLine,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
  settings,
  text,
  TRILLION,
} from "../../../test/support/management-world.ts";
import type { CanisterId } from "../state/ids.ts";
import { canisterIdFromIndex } from "../state/principal.ts";

const FEE = 500_000_000_000n;

function createArgument(given?: Record<string, unknown>): Uint8Array {
  return encode("create_canister", { settings: given === undefined ? [] : [settings(given)], ...NO_VERSION });
}

test("the attached cycles less the fee become the balance, nothing is refunded [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const caller = net.create();
  const outcome = net.call("create_canister", createArgument(), { from: caller, cycles: 2n * TRILLION });
  expect(outcome).toMatchObject({ kind: "answered", refundCycles: 0n });
  const id = canisterIdFromIndex(net.subnet().nextCanisterIndex - 1n);
  const canister = net.canister(id);
  expect(canister.balanceCycles).toBe(2n * TRILLION - FEE);
  expect(canister.consumed.canisterCreation).toBe(FEE);
  expect(canister).toMatchObject({ version: 0, status: { kind: "running" }, execution: null });
  expect(canister.settings.controllers).toEqual([caller]);
  expect(canister.history.entries).toEqual([
    {
      timestampNanos: net.world.state.timeNanos,
      canisterVersion: 0,
      origin: { kind: "canister", canister: caller, version: null },
      details: { kind: "creation", controllers: [caller], environmentVariablesHash: null },
    },
  ]);
  expect(net.events.filter((event) => event.kind === "canister").map((event) => event.change)).toEqual(["created", "created"]);
});

test("ids follow one another, from the first of the subnet's block", () => {
  const net = new ManagementWorld();
  expect([net.create(), net.create()].map(principalText)).toEqual(["lxzze-o7777-77777-aaaaa-cai", "lqy7q-dh777-77777-aaaaq-cai"]);
});

test("fewer cycles than the fee: IC0403, everything back, no id used up [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const caller = net.create();
  const next = net.subnet().nextCanisterIndex;
  const outcome = net.call("create_canister", createArgument(), { from: caller, cycles: FEE - 1n });
  expect(firstLine(text(outcome))).toBe(
    "IC0403: Creating a canister requires a fee of 500000000000 that is deducted from the canister's initial balance but only 499999999999 cycles were received with the create_canister request.",
  );
  expect(outcome).toMatchObject({ refundCycles: FEE - 1n });
  expect(net.subnet().nextCanisterIndex).toBe(next);
});

test("bad settings fail the creation, with everything back and no id used up [abstract-behavior#ic-management-canister-canister-creation]", () => {
  const net = new ManagementWorld();
  const caller = net.create();
  const next = net.subnet().nextCanisterIndex;
  const outcome = net.call("create_canister", createArgument({ compute_allocation: 101n }), { from: caller, cycles: TRILLION });
  expect(text(outcome)).toBe("IC0504: ComputeAllocation expected to be in the range [0..100], got 101");
  expect(outcome).toMatchObject({ refundCycles: TRILLION });
  const poor = net.call("create_canister", createArgument({ memory_allocation: 1n << 40n }), { from: caller, cycles: TRILLION });
  expect(firstLine(text(poor))).toContain("IC0101: Canister requested 1.00 TiB of memory but only");
  expect(net.subnet().nextCanisterIndex).toBe(next);
  expect(net.subnet().canisters.size).toBe(1);
});

test("settings are in place from the start [management-canister#ic-create_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create({
    settings: {
      controllers: [principal(BOB), principal(ALICE), principal(BOB)],
      freezing_threshold: 7n,
      environment_variables: [
        { name: "b", value: "2" },
        { name: "a", value: "1" },
      ],
    },
  });
  const canister = net.canister(id);
  expect(canister.settings).toMatchObject({
    controllers: [ALICE, BOB],
    freezingThresholdSeconds: 7n,
    wasmMemoryLimit: 3_221_225_472n,
    reservedCyclesLimit: 5n * TRILLION,
    environmentVariables: [
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ],
  });
  const details = canister.history.entries[0].details;
  expect(details.kind === "creation" && details.environmentVariablesHash?.length).toBe(32);
});

test("users cannot create for cycles; canisters of other subnets neither [abstract-behavior#ic-management-canister-canister-creation]", () => {
  const net = new ManagementWorld({ subnets: [1, 2].map(() => ({ kind: "application", name: "application" })) });
  const far = net.create({ subnet: 1 });
  expect(net.error("create_canister", createArgument())).toBe("IC0504: create_canister cannot be called by a user.");
  expect(net.error("create_canister", createArgument(), { from: far, cycles: TRILLION })).toBe(
    `IC0504: Incorrect sender subnet id: ${principalText(net.subnet(1).config.id)}. Sender should be on the same subnet or on the NNS subnet.`,
  );
});

test("canisters of the NNS create on every subnet, and on a system subnet for nothing", () => {
  const net = new ManagementWorld({
    subnets: [
      { kind: "application", name: "application" },
      { kind: "system", name: "nns" },
    ],
  });
  const root = net.create({ subnet: 1 });
  expect(net.call("create_canister", createArgument(), { from: root, cycles: TRILLION })).toMatchObject({ result: { kind: "reply" } });
  expect(net.call("create_canister", createArgument(), { from: root, subnet: 1 })).toMatchObject({ result: { kind: "reply" } });
});

test("no more canisters than the subnet allows [replica: canisters of a subnet]", () => {
  const net = new ManagementWorld({ limits: { maxCanisters: 1 } });
  const caller = net.create();
  expect(firstLine(net.error("create_canister", createArgument(), { from: caller, cycles: TRILLION }))).toBe(
    `IC0102: Subnet ${principalText(net.subnet().config.id)} has reached the allowed canister limit of 1 canisters. Retry creating the canister.`,
  );
});

test("the last id of the block is given out, and then no more", () => {
  const net = new ManagementWorld();
  net.subnet().nextCanisterIndex = (1n << 64n) - (1n << 20n) - 1n;
  expect(net.create()).toBe(net.subnet().config.allocationRange.end);
  const caller = net.subnet().config.allocationRange.end;
  expect(net.error("create_canister", createArgument(), { from: caller, cycles: TRILLION })).toMatch(
    /^IC0101: Could not create canister\. Subnet has surpassed its canister ID allocation\./,
  );
});

test("provisional creation: 100 T unless said otherwise, attached cycles come back [management-canister#ic-provisional_create_canister_with_cycles]", () => {
  const net = new ManagementWorld();
  expect(net.canister(net.create()).balanceCycles).toBe(100n * TRILLION);
  expect(net.canister(net.create({ amount: 5n })).balanceCycles).toBe(5n);
  const arg = encode("provisional_create_canister_with_cycles", { amount: [], settings: [], specified_id: [], ...NO_VERSION });
  expect(net.call("provisional_create_canister_with_cycles", arg, { from: net.create(), cycles: 9n })).toMatchObject({ refundCycles: 9n });
});

test("a specified id is checked in the platform's order [abstract-behavior#ic-management-canister-canister-creation-with-cycles]", () => {
  const net = new ManagementWorld({
    subnets: [
      { kind: "system", name: "nns" },
      { kind: "application", name: "application" },
    ],
  });
  const at = (id: CanisterId) =>
    encode("provisional_create_canister_with_cycles", { amount: [], settings: [], specified_id: [principal(id)], ...NO_VERSION });
  const method = "provisional_create_canister_with_cycles";
  const governance = canisterIdFromIndex(1n);
  expect(decode<{ canister_id: { toText(): string } }>("canister_id", net.reply(method, at(governance))).canister_id.toText()).toBe(
    "rrkah-fqaaa-aaaaa-aaaaq-cai",
  );
  expect(firstLine(net.error(method, at(governance)))).toBe("IC0538: Canister rrkah-fqaaa-aaaaa-aaaaq-cai is already installed.");
  expect(firstLine(net.error(method, at(net.subnet().config.allocationRange.start)))).toBe(
    `IC0408: The \`specified_id\` ${principalText(net.subnet().config.allocationRange.start)} is invalid because it belongs to the canister allocation ranges of the test environment.`,
  );
  const far = canisterIdFromIndex(0x2100000n);
  expect(firstLine(net.error(method, at(far)))).toBe(
    `IC0405: Unsuccessful validation of specified ID: Specified CanisterId ${principalText(far)} is not hosted by subnet ${principalText(net.subnet().config.id)}.`,
  );
  // Such canisters do not move the counter of ids.
  expect(net.create()).toBe(net.subnet().config.allocationRange.start);
});

test("without being on the whitelist provisional methods do not exist [management-canister#ic-provisional_create_canister_with_cycles] [management-canister#ic-provisional_top_up_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.whitelist([BOB]);
  const arg = encode("provisional_create_canister_with_cycles", { amount: [], settings: [], specified_id: [], ...NO_VERSION });
  expect(net.error("provisional_create_canister_with_cycles", arg)).toBe("IC0536: Sender not authorized to use method.");
  const topUp = encode("provisional_top_up_canister", { canister_id: principal(id), amount: 3n });
  expect(net.error("provisional_top_up_canister", topUp)).toBe("IC0536: Sender not authorized to use method.");
  net.reply("provisional_top_up_canister", topUp, { sender: BOB });
  expect(net.canister(id).balanceCycles).toBe(100n * TRILLION + 3n);
});
