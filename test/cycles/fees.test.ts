/**
 * Everything else that costs cycles, or moves them: users' messages, creation, deposits, burning, deletion; what costs nothing; and what `canister_status` and
 * `canister_metrics` say of it.
 *
 * Source: cycles.md 1, 2, 3, 7, 8.
 */
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { allCycles } from "../support/all-cycles.ts";
import { decode, principal } from "../support/management-world.ts";
import { Scenario } from "../support/scenario.ts";
import * as does from "../universal/program.ts";
import { call, growStable, program, reply, send } from "../universal/program.ts";
import {
  amounts,
  canisterArgument,
  consumed,
  costOf,
  createEmpty,
  cyclesOf,
  envelope,
  latestEnvelope,
  MESSAGE,
  prices,
  roundsOf,
  see,
  used,
  SHORT_SLICES,
} from "./sheet.ts";

const APPLICATION = { kind: "application" as const, name: "application" };
const MANAGEMENT = "" as CanisterId;
const CREATE = IDL.encode(ARGUMENT.create_canister as unknown as IDL.Type[], [{ settings: [], sender_canister_version: [] }]);

function one(nodes = 13) {
  const scene = new Scenario({ subnets: [{ ...APPLICATION, nodeCount: nodes }, APPLICATION] });
  return { scene, id: scene.puppet({ cycles: 10n ** 15n }), price: prices(BigInt(nodes)) };
}

describe.each([13, 34])("on %i nodes [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees]", (nodes) => {
  test("a user's message costs its receiver by the bytes of the envelope; the price of a byte is rounded before it is multiplied", () => {
    const { scene, id, price } = one(nodes);
    const before = consumed(scene, id).ingressInduction;
    const what = program(reply(), does.NOTHING);
    const padded = new Uint8Array(1_000).fill(0);
    padded.set(what);
    scene.run(id, padded);
    expect(consumed(scene, id).ingressInduction - before).toBe(price.ingress(1_200n));
    expect(price.ingress(1_200n)).toBe(nodes === 13 ? 3_600_000n : 3_138_461n + 1_200n * 5_230n);
  });

  test("a management call costs the canister that it is about", () => {
    const { scene, id, price } = one(nodes);
    expect(costOf(scene, id, () => scene.manageOne("stop_canister", id))).toBe(price.ingress(latestEnvelope(scene)));
    expect(costOf(scene, id, () => scene.manageOne("start_canister", id))).toBe(price.ingress(latestEnvelope(scene)));
  });

  test("uploading a chunk costs 200 M instructions as of 32 bit, without a fixed part, also of a canister of 64 bit", () => {
    const { scene, price } = one(nodes);
    const id = scene.puppet({ bits: 64, cycles: 10n ** 15n });
    const cost = costOf(scene, id, () => void scene.manage("upload_chunk", { canister_id: principal(id), chunk: new Uint8Array(1_000) }));
    expect(cost).toBe(price.ingress(latestEnvelope(scene)) + price.S(200_000_000n));
  });

  test("update_settings of at most 338 bytes costs its bytes and its name, when the settings are applied", () => {
    const { scene, id, price } = one(nodes);
    const charged = costOf(scene, id, () => scene.setSettings(id, { freezing_threshold: 5n }));
    const bytes = latestEnvelope(scene) - 200n;
    expect(bytes).toBeLessThanOrEqual(338n);
    expect(charged).toBe(price.ingress(bytes + BigInt("update_settings".length)));
    // A frozen canister's threshold can be lowered by it, and it then pays.
    scene.setSettings(id, { freezing_threshold: 10n ** 15n });
    expect(scene.run(id, reply())).toMatch(/^IC0207/);
    expect(costOf(scene, id, () => scene.setSettings(id, { freezing_threshold: 5n }))).toBe(charged);
    // A longer one is charged like every message, and so is refused there.
    const variables = ["a", "b", "c", "d"].map((name) => ({ name, value: "x".repeat(100) }));
    const long = costOf(scene, id, () => scene.setSettings(id, { environment_variables: variables }));
    expect(long).toBe(price.ingress(latestEnvelope(scene)));
    scene.setSettings(id, { freezing_threshold: 10n ** 15n });
    expect(() => scene.setSettings(id, { freezing_threshold: 5n, environment_variables: variables })).toThrow(/IC0207/);
  });

  test("creating a canister: the fee is what cost_create_canister says, the rest is the new canister's", () => {
    const { scene, id, price } = one(nodes);
    expect(see(scene, id, does.costCreateCanister)).toEqual([price.creation]);
    const create = (cycles: bigint): { answer: string; cost: bigint; created: bigint } => {
      const known = new Set(scene.net.state.subnets.get(scene.subnet(0))!.canisters.keys());
      const what = call(MANAGEMENT, { method: "create_canister", arg: CREATE, cycles, ...does.passOn });
      let answer = "";
      scene.events.length = 0;
      const cost = costOf(scene, id, () => (answer = scene.run(id, what)));
      const fresh = [...scene.net.state.subnets.get(scene.subnet(0))!.canisters.values()].find((canister) => !known.has(canister.id));
      const response = scene.sent().find((event) => event.message === "response" && event.to === id)!;
      const bytes = response.payload.kind === "data" ? response.payload.data.length : response.payload.message.length + 1;
      const entry = response.payload.kind === "data" ? "replyCallback" : "rejectCallback";
      const executions = price.execution(32, used(scene, id, "update")) + price.execution(32, used(scene, id, entry));
      const carried = price.carried(BigInt("create_canister".length + CREATE.length), BigInt(bytes));
      return { answer, cost: cost - price.ingress(envelope(what)) - executions - carried, created: fresh?.balanceCycles ?? -1n };
    };
    expect(create(price.creation + 123n)).toMatchObject({ cost: price.creation + 123n, created: 123n });
    expect(create(price.creation)).toMatchObject({ cost: price.creation, created: 0n });
    const refused = create(price.creation - 1n);
    expect(refused).toMatchObject({ cost: 0n, created: -1n });
    expect(refused.answer).toMatch(/^-\x04/);
  });
});

test("creation is counted as consumed by the new canister [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees]", () => {
  const { scene, id } = one();
  const total = allCycles(scene.net.state);
  scene.run(id, call(MANAGEMENT, { method: "create_canister", arg: CREATE, cycles: 10n ** 12n, ...does.passOn }));
  const created = [...scene.net.state.subnets.get(scene.subnet(0))!.canisters.values()].find((canister) => canister.execution === null)!;
  expect(created.consumed.canisterCreation).toBe(500_000_000_000n);
  expect(allCycles(scene.net.state)).toBe(total);
});

test("provisional creation costs nothing, with 100 T cycles where no amount is given; a top-up makes cycles [management-canister#ic-provisional_create_canister_with_cycles] [management-canister#ic-provisional_top_up_canister] [replica: fees]", () => {
  const { scene } = one();
  const before = allCycles(scene.net.state);
  const id = createEmpty(scene, null);
  expect(cyclesOf(scene, id)).toBe(10n ** 14n);
  scene.manage("provisional_top_up_canister", { canister_id: principal(id), amount: 77n });
  expect(cyclesOf(scene, id)).toBe(10n ** 14n + 77n);
  expect(allCycles(scene.net.state) - before).toBe(10n ** 14n + 77n);
});

test("deposit_cycles moves everything attached to the target [management-canister#ic-deposit_cycles] [replica: fees]", () => {
  const { scene, id, price } = one();
  const far = scene.puppet({ subnet: 1 });
  const gained = -costOf(scene, far, () => {
    const what = call(MANAGEMENT, { method: "deposit_cycles", arg: canisterArgument(far), cycles: 4_321n, onReply: reply(does.refunded) });
    const end = scene.call(id, "run", what);
    expect(amounts(end.kind === "replied" ? end.data : new Uint8Array())).toEqual([0n]);
  });
  expect(gained).toBe(4_321n);
  expect(price.creation).toBe(500_000_000_000n);
});

test("deleting a canister burns what it has; cycles on their way to it are lost, and counted [management-canister#ic-delete_canister] [replica: fees]", () => {
  const { scene, id } = one();
  const far = scene.puppet({ subnet: 1 });
  // A bounded wait that is given up lets the caller stop and go before the callee has even begun.
  const slow = call(far, { arg: reply(), cycles: 900n, timeout: 1 });
  scene.start(id, slow);
  roundsOf(scene, 0);
  scene.pass(5);
  roundsOf(scene, 0, 2);
  const total = allCycles(scene.net.state);
  scene.ask("stop_canister", id);
  roundsOf(scene, 0, 2);
  scene.ask("delete_canister", id);
  roundsOf(scene, 0, 2);
  const subnet = () => scene.net.state.subnets.get(scene.subnet(0))!;
  expect(subnet().canisters.has(id)).toBe(false);
  expect(subnet().consumed.deletedCanisters).toBeGreaterThan(9n * 10n ** 14n);
  scene.rounds(6);
  expect(subnet().consumed.droppedMessages).toBe(900n);
  expect(allCycles(scene.net.state)).toBe(total);
});

test("burning is counted, and is the only thing that it costs [canister-interface#system-api-cycles] [replica: fees]", () => {
  const { scene, id, price } = one();
  const what = reply(does.burnt(1_000_000n));
  const cost = costOf(scene, id, () => scene.run(id, what));
  expect(cost).toBe(price.ingress(envelope(what)) + price.execution(32, used(scene, id, "update")) + 1_000_000n);
  expect(consumed(scene, id).burnedCycles).toBe(1_000_000n);
});

test("a fee that is charged stays charged where the canister turns out to be stopped [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees]", () => {
  const { scene, id, price } = one();
  const what = reply();
  scene.ask("stop_canister", id);
  const fee = price.ingress(latestEnvelope(scene));
  const open = scene.start(id, what);
  const cost = costOf(scene, id, () => scene.rounds(2));
  expect(scene.outcome(open)).toMatch(/^IC050[89]/);
  // In the same block it was inducted, and its execution fails for the fixed part.
  expect(cost).toBe(fee + price.ingress(envelope(what)) + price.execution(32, 0n));
});

test("fees of messages that come while an execution lasts are taken when it ends [replica: fees during long executions] [replica: fees]", () => {
  const scene = new Scenario({ limits: SHORT_SLICES });
  const id = scene.puppet();
  const long = scene.start(id, program(does.spin(5_000_000), reply()));
  scene.rounds();
  const balance = cyclesOf(scene, id);
  const what = reply("x".repeat(50));
  for (let i = 0; i < 3; i++) scene.start(id, what);
  scene.rounds();
  expect(scene.canister(id).paused).not.toBeNull();
  expect(cyclesOf(scene, id)).toBe(balance);
  expect(scene.canister(id).postponedIngressCycles).toBe(3n * prices(13n).ingress(envelope(what)));
  const before = consumed(scene, id).ingressInduction;
  scene.await(long);
  expect(consumed(scene, id).ingressInduction - before).toBe(3n * prices(13n).ingress(envelope(what)));
});

describe("where nothing costs [replica: subnets where nothing costs] [replica: fees]", () => {
  /** Everything a canister may do. */
  function live(scene: Scenario, id: CanisterId, to: CanisterId): void {
    scene.run(
      id,
      program(does.spin(1_000), growStable(3), call(to, { arg: program(does.accept(10n), reply("x")), cycles: 50n, onReply: send })),
    );
    scene.setSettings(id, { memory_allocation: 2n ** 30n, freezing_threshold: 10n ** 9n });
    scene.pass(1_000);
    scene.rounds(2);
    scene.run(id, does.trap());
    scene.reinstall(id, "upgrade", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  }

  test.each([
    ["system", { kind: "system" as const, name: "system" }],
    ["free", { ...APPLICATION, costSchedule: "free" as const, nodeCount: 34 }],
  ])("on a %s subnet only what is given away leaves a canister", (_name, subnet) => {
    const scene = new Scenario({ subnets: [subnet, APPLICATION] });
    const [id, to] = [scene.puppet({ cycles: 1_000n }), scene.puppet({ cycles: 1_000n })];
    live(scene, id, to);
    expect([cyclesOf(scene, id), cyclesOf(scene, to)]).toEqual([990n, 1_010n]);
  });

  test.each([
    ["system", { kind: "system" as const, name: "system" }],
    ["free", { ...APPLICATION, costSchedule: "free" as const }],
  ])("on a %s subnet cost_call and cost_create_canister are 0, there is no threshold, and creation takes nothing", (_name, subnet) => {
    const scene = new Scenario({ subnets: [subnet, APPLICATION] });
    const id = scene.puppet({ cycles: 1_000n });
    expect(see(scene, id, does.costCall(10, 10), does.costCreateCanister, does.liquidBalance)).toEqual([0n, 0n, 1_000n]);
    expect(scene.run(id, call(MANAGEMENT, { method: "create_canister", arg: CREATE, cycles: 33n, ...does.passOn }))).toMatch(/^\+/);
    expect(cyclesOf(scene, id)).toBe(967n);
  });

  test("a free subnet's canisters know what it would have cost", () => {
    const scene = new Scenario({ subnets: [{ ...APPLICATION, costSchedule: "free", nodeCount: 34 }, APPLICATION] });
    const id = scene.puppet({ cycles: 1_000n });
    const price = prices(34n);
    const before = consumed(scene, id);
    const what = program(does.spin(500), reply());
    scene.run(id, what);
    expect(consumed(scene, id).instructions - before.instructions).toBe(price.execution(32, used(scene, id, "update")));
    scene.setSettings(id, { memory_allocation: 2n ** 30n });
    scene.pass(20);
    scene.rounds();
    const memory = consumed(scene, id).memory;
    scene.pass(1_000);
    scene.rounds();
    expect(consumed(scene, id).memory - memory).toBe(price.storage(2n ** 30n, 1_000n));
  });
});

test("canister_status and canister_metrics tell what was taken [management-canister#ic-canister_metrics] [replica: fees]", () => {
  const { scene, id, price } = one();
  scene.setSettings(id, { memory_allocation: 2n ** 30n, compute_allocation: 1n });
  const ask = (method: "canister_status" | "canister_metrics"): unknown => {
    const end = scene.call(MANAGEMENT, method, canisterArgument(id));
    return end.kind === "replied" ? decode(method, end.data) : end;
  };
  // The question itself is paid for before it is answered.
  const status = ask("canister_status");
  expect(status).toMatchObject({
    cycles: cyclesOf(scene, id),
    idle_cycles_burned_per_day: price.idle(2n ** 30n, 0n, 1n),
    reserved_cycles: 0n,
  });
  const metrics = ask("canister_metrics");
  const { memory, instructions, ingressInduction } = consumed(scene, id);
  expect(metrics).toMatchObject({ cycles_consumed: { memory, instructions, ingress_induction: ingressInduction } });
});

test("the prepayment is out of sight of the statistics until the execution ends [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees]", () => {
  const { scene, id, price } = one();
  const far = scene.puppet({ subnet: 1 });
  const before = consumed(scene, id);
  scene.start(id, call(far, { arg: reply() }));
  roundsOf(scene, 0);
  const spent = price.execution(32, used(scene, id, "update"));
  expect(consumed(scene, id).instructions - before.instructions).toBe(spent);
  expect(consumed(scene, id).requestAndResponseTransmission).toBe(before.requestAndResponseTransmission);
  expect(spent).toBeLessThan(price.prepaid(32, MESSAGE));
  scene.rounds(3);
  expect(consumed(scene, id).requestAndResponseTransmission - before.requestAndResponseTransmission).toBe(
    price.carried(BigInt("run".length + reply().length), 0n),
  );
});
