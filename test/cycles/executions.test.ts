/**
 * What executions cost: the prepayment that a canister sees missing, and the price in the end, on subnets of 13 and of 34 nodes, of modules of 32 and of 64 bit.
 * How many instructions there are is proved elsewhere (`test/instructions`).
 *
 * Source: cycles.md 1, 3.
 */
import { describe, expect, test } from "vitest";
import { universalCanister } from "../universal/module.ts";
import * as does from "../universal/program.ts";
import { program, reply } from "../universal/program.ts";
import { Scenario, said } from "../support/scenario.ts";
import {
  amounts,
  consumed,
  costOf,
  cyclesOf,
  envelope,
  INSTALL,
  latestEnvelope,
  MESSAGE,
  prices,
  QUERY,
  setBalance,
  used,
  type Bits,
} from "./sheet.ts";

const CASES = [13, 34].flatMap((nodes) => ([32, 64] as const).map((bits) => [nodes, bits] as const));

function one(nodes: number, bits: Bits, hooks: NonNullable<Parameters<Scenario["puppet"]>[0]>["hooks"] = []) {
  const scene = new Scenario({ subnets: [{ kind: "application", name: "application", nodeCount: nodes }] });
  return { scene, id: scene.puppet({ bits, hooks }), price: prices(BigInt(nodes)) };
}

describe.each(CASES)(
  "on %i nodes, %i bit [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of executions]",
  (nodes, bits) => {
    test("an update is prepaid for 40 G instructions; the unused part comes back when it has ended", () => {
      const { scene, id, price } = one(nodes, bits);
      const what = program(does.spin(1_234), reply(does.balance));
      const before = cyclesOf(scene, id);
      const end = scene.call(id, "run", what);
      const [seen] = amounts(end.kind === "replied" ? end.data : new Uint8Array());
      expect(seen).toBe(before - price.ingress(envelope(what)) - price.prepaid(bits, MESSAGE));
      expect(before - cyclesOf(scene, id)).toBe(price.ingress(envelope(what)) + price.execution(bits, used(scene, id, "update")));
    });

    test("a query called as an update is prepaid for 5 G instructions", () => {
      const { scene, id, price } = one(nodes, bits);
      const what = reply(does.balance);
      const before = cyclesOf(scene, id);
      const end = scene.call(id, "look", what);
      const [seen] = amounts(end.kind === "replied" ? end.data : new Uint8Array());
      expect(seen).toBe(before - price.ingress(envelope(what)) - price.prepaid(bits, QUERY));
      expect(before - cyclesOf(scene, id)).toBe(
        price.ingress(envelope(what)) + price.execution(bits, used(scene, id, "replicatedQuery"), QUERY),
      );
    });

    test("a trap costs the instructions up to it", () => {
      const { scene, id, price } = one(nodes, bits);
      const what = program(does.spin(1_000), does.trap());
      const cost = costOf(scene, id, () => expect(scene.run(id, what)).toMatch(/^IC0503/));
      expect(used(scene, id, "update")).toBeGreaterThan(1_000n);
      expect(cost).toBe(price.ingress(envelope(what)) + price.execution(bits, used(scene, id, "update")));
    });

    test("a message that cannot start costs the fixed part", () => {
      const { scene, id, price } = one(nodes, bits);
      const cost = costOf(scene, id, () => expect(said(scene.call(id, "nothing"))).toMatch(/^IC0536/));
      expect(cost).toBe(price.ingress(200n) + price.execution(bits, 0n));
    });

    test("heartbeat and timer cost what an update does", () => {
      const { scene, id, price } = one(nodes, bits, ["heartbeat", "global_timer"]);
      scene.run(id, program(does.setHook("global_timer", does.spin(100)), does.setHook("heartbeat", does.spin(77)), reply()));
      const cost = costOf(scene, id, () => scene.rounds());
      expect(cost).toBe(price.execution(bits, used(scene, id, "heartbeat")));
      scene.run(id, program(does.setTimer(1), reply()));
      const since = consumed(scene, id).instructions;
      scene.events.length = 0;
      scene.rounds();
      const tasks = scene.executed().map(({ entry, instructions }) => [entry, price.execution(bits, BigInt(instructions))] as const);
      expect(tasks.map(([entry]) => entry).sort()).toEqual(["globalTimer", "heartbeat"]);
      expect(consumed(scene, id).instructions - since).toBe(tasks.reduce((sum, [, cycles]) => sum + cycles, 0n));
    });

    test("installing is prepaid for 300 G instructions, by the memory type of the new module", () => {
      const { scene, id, price } = one(nodes, bits === 32 ? 64 : 32);
      scene.setSettings(id, { freezing_threshold: 0n });
      const upgrade = (): bigint => {
        scene.events.length = 0;
        return costOf(scene, id, () => expect(scene.reinstall(id, "upgrade", universalCanister([], bits)).kind).toBe("replied"));
      };
      const cost = upgrade();
      const fee = price.ingress(latestEnvelope(scene));
      const instructions = BigInt(scene.executed().find((event) => event.entry === "management")!.instructions);
      expect(instructions).toBeGreaterThan(0n);
      expect(cost).toBe(fee + price.execution(bits, instructions, INSTALL));
      // With exactly that much it goes; with one cycle less it does not, and costs the induction alone.
      setBalance(scene, id, fee + price.prepaid(bits, INSTALL));
      expect(upgrade()).toBeLessThan(cost + 1n);
      setBalance(scene, id, fee + price.prepaid(bits, INSTALL) - 1n);
      expect(said(scene.reinstall(id, "upgrade", universalCanister([], bits)))).toMatch(/^IC0207: Canister installation failed with/);
      expect(cyclesOf(scene, id)).toBe(price.prepaid(bits, INSTALL) - 1n);
    });

    test("queries cost nothing", () => {
      const { scene, id } = one(nodes, bits);
      expect(costOf(scene, id, () => scene.query(id, "look", reply("x")))).toBe(0n);
      expect(costOf(scene, id, () => scene.query(id, "ask", reply("x")))).toBe(0n);
    });
  },
);

test("numbers of the sheet: an update 40 005 000 000, on wasm64 80 005 000 000, installing 300 005 000 000 and 600 005 000 000 [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of executions]", () => {
  const price = prices(13n);
  expect([price.prepaid(32, MESSAGE), price.prepaid(64, MESSAGE)]).toEqual([40_005_000_000n, 80_005_000_000n]);
  expect([price.prepaid(32, INSTALL), price.prepaid(64, INSTALL)]).toEqual([300_005_000_000n, 600_005_000_000n]);
});

test("a module that cannot be decoded is priced as one of 32 bit [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of executions]", () => {
  const { scene, id, price } = one(13, 64);
  scene.setSettings(id, { freezing_threshold: 0n });
  const module = new Uint8Array([0, 97, 115, 109, 9]);
  scene.reinstall(id, "reinstall", module);
  const fee = price.ingress(latestEnvelope(scene));
  setBalance(scene, id, fee + price.prepaid(32, INSTALL));
  expect(said(scene.reinstall(id, "reinstall", module))).toMatch(/^IC0505/);
  setBalance(scene, id, fee + price.prepaid(32, INSTALL) - 1n);
  expect(said(scene.reinstall(id, "reinstall", module))).toMatch(/^IC0207/);
});

test("the low-memory hook costs what an update does [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of executions]", () => {
  const { scene, id, price } = one(13, 32, ["on_low_wasm_memory"]);
  scene.setSettings(id, { wasm_memory_limit: 2_000_000n, wasm_memory_threshold: 1_500_000n });
  const what = program(does.setHook("on_low_wasm_memory", does.spin(500)), does.grow(20), reply());
  const cost = costOf(scene, id, () => scene.run(id, what));
  scene.rounds();
  const hook = price.execution(32, used(scene, id, "lowWasmMemory"));
  expect(cost).toBe(price.ingress(envelope(what)) + price.execution(32, used(scene, id, "update")) + hook);
});

test("an update that cannot be prepaid costs nothing beyond its induction; with exactly enough it runs [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of executions]", () => {
  const { scene, id, price } = one(13, 32);
  scene.setSettings(id, { freezing_threshold: 0n });
  const what = reply("ran");
  const fee = price.ingress(envelope(what));
  setBalance(scene, id, fee + price.prepaid(32, MESSAGE));
  expect(scene.run(id, what)).toBe("ran");
  setBalance(scene, id, fee + price.prepaid(32, MESSAGE) - 1n);
  expect(scene.run(id, what)).toMatch(
    /^IC0207: Canister .* is out of cycles: please top up the canister with at least 1 additional cycles$/,
  );
  expect(cyclesOf(scene, id)).toBe(price.prepaid(32, MESSAGE) - 1n);
});
