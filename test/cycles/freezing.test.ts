/**
 * The freezing threshold to the cycle, and what each operation does on either side of it.
 *
 * Source: cycles.md 4 (the formula, and the table "Frozen behaviour").
 */
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { Scenario, said } from "../support/scenario.ts";
import * as does from "../universal/program.ts";
import { append, call, grow, note, program, reply, send } from "../universal/program.ts";
import { amounts, consumed, cyclesOf, DAY, envelope, canisterArgument, MESSAGE, prices, roundsOf, see, setBalance } from "./sheet.ts";

const GIB = 2n ** 30n;
const APPLICATION = { kind: "application" as const, name: "application" };
const PERIOD = 2_592_000n;

/** A canister of exactly a GiB and a threshold of so many seconds. */
function one(seconds = PERIOD, nodes = 13) {
  const scene = new Scenario({ subnets: [{ ...APPLICATION, nodeCount: nodes }, APPLICATION] });
  const [id, other] = [scene.puppet({ cycles: 10n ** 16n }), scene.puppet({ subnet: 1 })];
  scene.setSettings(id, { memory_allocation: GIB, freezing_threshold: seconds });
  const price = prices(BigInt(nodes));
  return { scene, id, other, price, threshold: (price.idle(GIB) * seconds) / DAY };
}

describe.each([13, 34])(
  "on %i nodes [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: freezing threshold]",
  (nodes) => {
    test("the threshold is the idle rate for freezing_threshold seconds: the liquid balance is what is above", () => {
      for (const seconds of [0n, 1n, 12_345n, PERIOD]) {
        const { scene, id, threshold } = one(seconds, nodes);
        const [balance, liquid] = see(scene, id, does.balance, does.liquidBalance);
        expect(balance! - liquid!).toBe(threshold);
      }
    });

    test("compute allocation is in it", () => {
      const { scene, id, price } = one(PERIOD, nodes);
      setBalance(scene, id, 10n ** 17n);
      scene.setSettings(id, { compute_allocation: 4n });
      const [balance, liquid] = see(scene, id, does.balance, does.liquidBalance);
      expect(balance! - liquid!).toBe((price.idle(GIB, 0n, 4n) * PERIOD) / DAY);
    });

    test("memory of messages is in it", () => {
      const { scene, id, other, price } = one(PERIOD, nodes);
      scene.start(id, call(other, { arg: reply(), times: 50 }));
      roundsOf(scene, 0);
      // The answers must not come before it looks.
      const end = scene.submit(id, "run", reply(does.balance, does.liquidBalance));
      const messages = BigInt(scene.canister(id).queues.guaranteedMemoryBytes);
      roundsOf(scene, 0);
      const status = scene.status(end.messageId);
      const [balance, liquid] = amounts(status?.kind === "replied" ? status.data : new Uint8Array());
      expect(messages).toBeGreaterThan(50n * 2_097_152n);
      expect(balance! - liquid!).toBe((price.idle(GIB, messages) * PERIOD) / DAY);
    });
  },
);

describe("exactly at the threshold, and one cycle below [abstract-behavior#calls-to-frozen-canisters-are-rejected] [replica: freezing threshold]", () => {
  test("ingress: refused at submission and at induction", () => {
    const { scene, id, price, threshold } = one();
    const what = reply("in");
    const fee = price.ingress(envelope(what));
    setBalance(scene, id, threshold + fee + price.prepaid(32, MESSAGE));
    expect(scene.run(id, what)).toBe("in");
    setBalance(scene, id, threshold + fee - 1n);
    const { answer } = scene.submit(id, "run", what);
    expect(answer).toMatchObject({ kind: "refused", error: { code: 207 } });
    // Two that can be submitted, of which one can be paid for.
    setBalance(scene, id, threshold + fee + 5n);
    const ids = [1, 2].map(() => scene.start(id, what));
    scene.rounds();
    expect(ids.map((one) => scene.outcome(one)).every((text) => text.startsWith("IC0207"))).toBe(true);
    expect(cyclesOf(scene, id)).toBe(threshold + 5n);
    expect(consumed(scene, id).ingressInduction).toBeGreaterThan(0n);
  });

  test("a request of another canister: reject 2, its cycles come back", () => {
    const { scene, id, other, price } = one();
    const what = call(id, { arg: reply("ok"), cycles: 9n, ...does.passOn });
    // Room for the response is reserved at the callee too, and is part of the threshold.
    scene.start(other, call(id, { arg: reply() }));
    roundsOf(scene, 1);
    const reserved = BigInt(scene.canister(other).queues.guaranteedMemoryBytes);
    scene.rounds(3);
    const needed = (price.idle(GIB, reserved) * PERIOD) / DAY + price.prepaid(32, MESSAGE);
    setBalance(scene, id, needed);
    expect(scene.run(other, what)).toBe("+ok");
    setBalance(scene, id, needed - 1n);
    expect(scene.run(other, what)).toMatch(/^-\x02IC0207: Canister .* is out of cycles$/);
    expect(cyclesOf(scene, id)).toBe(needed - 1n);
  });

  test("a query: runs at the threshold, not below", () => {
    const { scene, id, threshold } = one();
    setBalance(scene, id, threshold);
    expect(scene.look(id, reply("q"))).toBe("q");
    setBalance(scene, id, threshold - 1n);
    expect(scene.look(id, reply("q"))).toMatch(/^IC0207: Canister .* is unable to process query calls because it's frozen/);
  });

  test("tasks are skipped", () => {
    const { price } = one();
    const scene = new Scenario();
    const id = scene.puppet({ hooks: ["heartbeat"] });
    scene.run(id, program(does.setHook("heartbeat", note("h")), reply()));
    scene.setSettings(id, { freezing_threshold: 0n });
    setBalance(scene, id, price.prepaid(32, MESSAGE) - 1n);
    const before = scene.journal(id);
    scene.rounds(3);
    expect(scene.journal(id)).toBe(before);
    setBalance(scene, id, price.prepaid(32, MESSAGE));
    scene.rounds();
    expect(scene.journal(id)).toBe(`${before}h`);
  });

  test("callback and cleanup run with nothing at all", () => {
    const { scene, id, other } = one();
    const what = call(other, { arg: reply(), onReply: program(note("c"), does.trap()), onCleanup: note("u") });
    const ends = [scene.start(id, call(other, { arg: reply(), onReply: program(note("r"), reply()) })), scene.start(id, what)];
    roundsOf(scene, 0);
    setBalance(scene, id, 0n);
    scene.rounds(3);
    expect(scene.outcome(ends[0]!)).toBe("");
    expect(scene.outcome(ends[1]!)).toMatch(/^IC0503/);
    setBalance(scene, id, 10n ** 16n);
    expect(scene.journal(id).split("").sort().join("")).toBe("ru");
  });

  test("call_perform returns 2", () => {
    const { scene, id, other, price } = one(0n);
    const arg = reply();
    const bytes = BigInt("run".length + arg.length);
    const what = program(call(other, { arg, onReply: does.NOTHING }), append(does.refusedCalls), send);
    const start = price.ingress(envelope(what)) + price.prepaid(32, MESSAGE);
    const refused = (cycles: bigint): number => {
      setBalance(scene, id, cycles);
      const end = scene.call(id, "run", what);
      if (end.kind === "rejected") throw new Error(end.message);
      return end.data[0]!;
    };
    expect(refused(start + price.call(32, bytes))).toBe(0);
    scene.rounds(3);
    expect(refused(start + price.call(32, bytes) - 1n)).toBe(1);
  });

  test("attaching more than the liquid balance traps", () => {
    const { scene, id, other, price, threshold } = one();
    const attach = (cycles: bigint): string => {
      const what = program(call(other, { cycles, unfinished: true }), reply("attached"));
      setBalance(scene, id, threshold + price.ingress(envelope(what)) + price.prepaid(32, MESSAGE) + 1_000n);
      return scene.run(id, what);
    };
    expect(attach(1_000n)).toBe("attached");
    expect(attach(1_001n)).toMatch(/^IC0504: .* is out of cycles/);
  });

  test("cycles_burn takes the liquid balance and no more", () => {
    const { scene, id, price, threshold } = one();
    const what = reply(does.burnt(10n ** 15n), does.balance);
    setBalance(scene, id, threshold + price.ingress(envelope(what)) + price.prepaid(32, MESSAGE) + 777n);
    const end = scene.call(id, "run", what);
    expect(amounts(end.kind === "replied" ? end.data : new Uint8Array())).toEqual([777n, threshold]);
    expect(consumed(scene, id).burnedCycles).toBe(777n);
  });

  test("growing memory traps when the threshold with the new size is not kept, in updates; callbacks may grow", () => {
    const scene = new Scenario({ subnets: [APPLICATION, APPLICATION] });
    const [id, other] = [scene.puppet({ cycles: 10n ** 15n }), scene.puppet({ subnet: 1 })];
    const price = prices(13n);
    scene.run(id, program(grow(1), reply()));
    const bytes = (): bigint => BigInt(scene.canister(id).indexed.memoryBytes);
    const what = program(grow(7), reply("grown"));
    const start = price.ingress(envelope(what)) + price.prepaid(32, MESSAGE);
    const needed = (price.idle(bytes() + 7n * 65_536n) * PERIOD) / DAY;
    setBalance(scene, id, start + needed - 1n);
    expect(scene.run(id, what)).toMatch(/^IC0532: .* cannot grow memory by 458752 bytes due to insufficient cycles/);
    setBalance(scene, id, start + needed);
    expect(scene.run(id, what)).toBe("grown");
    setBalance(scene, id, 10n ** 15n);
    const answered = scene.start(id, call(other, { arg: reply(), onReply: program(grow(7), reply("grown")) }));
    roundsOf(scene, 0);
    setBalance(scene, id, 0n);
    scene.rounds(3);
    expect(scene.outcome(answered)).toBe("grown");
  });

  test("settings: an allocation must leave the balance at the new threshold", () => {
    const { scene, id, price } = one();
    const allocate = (cycles: bigint): void => {
      setBalance(scene, id, cycles);
      scene.setSettings(id, { memory_allocation: 2n * GIB });
    };
    const needed = (price.idle(2n * GIB) * PERIOD) / DAY;
    setBalance(scene, id, 10n ** 16n);
    scene.setSettings(id, {});
    expect(() => allocate(needed - 1n)).toThrow(/IC0531/);
    // The induction of so short an argument is charged when the settings are applied, where it can be: here it cannot.
    expect(() => allocate(needed)).not.toThrow();
    expect(cyclesOf(scene, id)).toBe(needed);
  });

  test("cycles are received: by deposit, and by a refund", () => {
    const { scene, id, other } = one();
    setBalance(scene, id, 0n);
    const deposit = call("" as CanisterId, { method: "deposit_cycles", arg: canisterArgument(id), cycles: 12_345n, ...does.passOn });
    expect(scene.run(other, deposit)).toMatch(/^\+/);
    expect(cyclesOf(scene, id)).toBe(12_345n);
    setBalance(scene, id, 10n ** 16n);
    scene.start(id, call(other, { arg: reply(), cycles: 5_000n }));
    roundsOf(scene, 0);
    setBalance(scene, id, 0n);
    scene.rounds(3);
    expect(cyclesOf(scene, id)).toBeGreaterThan(5_000n);
  });

  test("installing: IC0207", () => {
    const { scene, id, threshold } = one();
    setBalance(scene, id, threshold);
    scene.setSettings(id, {});
    expect(said(scene.reinstall(id, "upgrade", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])))).toMatch(/^IC0207/);
  });
});
