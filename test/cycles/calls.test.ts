/**
 * What calls between canisters cost: what `call_perform` withdraws, what comes back with the response and after the callback; what `cost_call` says.
 *
 * Source: cycles.md 1, 2, 3, 8.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import * as does from "../universal/program.ts";
import { append, call, program, reply, send } from "../universal/program.ts";
import { Scenario } from "../support/scenario.ts";
import { amounts, costOf, cyclesOf, envelope, latestEnvelope, MESSAGE, prices, roundsOf, setBalance, used, type Bits } from "./sheet.ts";

const CASES = [13, 34].flatMap((nodes) => ([32, 64] as const).map((bits) => [nodes, bits] as const));
const APPLICATION = { kind: "application" as const, name: "application" };
const NOBODY = "ffffffffffe0ffff0101" as CanisterId;

/** Caller and callee; the callee on a subnet of 13 nodes and 32 bit, which must not matter to the caller. */
function two(nodes: number, bits: Bits) {
  const scene = new Scenario({ subnets: [{ ...APPLICATION, nodeCount: nodes }, APPLICATION] });
  return {
    scene,
    a: scene.puppet({ bits, cycles: 10n ** 15n }),
    b: scene.puppet({ subnet: 1 }),
    price: prices(BigInt(nodes)),
    callee: prices(13n),
  };
}

function answer(scene: Scenario, id: CanisterId, what: does.Program): bigint[] {
  const end = scene.call(id, "run", what);
  if (end.kind === "rejected") throw new Error(end.message);
  return amounts(end.data);
}

describe.each(CASES)(
  "on %i nodes, %i bit [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of calls]",
  (nodes, bits) => {
    test("call_perform withdraws what cost_call says: fee, request bytes, the largest response and the longest callback; and what is attached", () => {
      const { scene, a, b, price } = two(nodes, bits);
      const arg = reply("x".repeat(77));
      const bytes = BigInt("run".length + arg.length);
      const what = program(
        append(does.balance, does.costCall("run".length, arg.length)),
        call(b, { arg, cycles: 1_234n }),
        append(does.balance),
        send,
      );
      const [before, cost, after] = answer(scene, a, what);
      expect(cost).toBe(price.call(bits, bytes));
      expect(before! - after!).toBe(price.call(bits, bytes) + 1_234n);
    });

    test("the unused part of the response's transmission and what was not accepted are there when the callback starts", () => {
      const { scene, a, b, price } = two(nodes, bits);
      const said = "y".repeat(99);
      const arg = program(does.accept(200n), reply(said));
      const what = call(b, { arg, cycles: 1_000n, onReply: reply(does.balance, does.refunded) });
      const start = cyclesOf(scene, a);
      const [inCallback, refunded] = answer(scene, a, what);
      const update = price.ingress(envelope(what)) + price.execution(bits, used(scene, a, "update"));
      const withdrawn = price.call(bits, BigInt("run".length + arg.length)) + 1_000n;
      expect(refunded).toBe(800n);
      expect(inCallback).toBe(start - update - withdrawn + price.transmissionRefund(BigInt(said.length)) + 800n);
    });

    test("a call costs its fee, its bytes both ways and the callback's execution", () => {
      const { scene, a, b, price, callee } = two(nodes, bits);
      const arg = reply("pong");
      const what = program(call(b, { arg, onReply: program(does.spin(321), reply()) }));
      let callees = 0n;
      const cost = costOf(scene, a, () => {
        callees = costOf(scene, b, () => expect(scene.run(a, what)).toBe(""));
      });
      const executions = price.execution(bits, used(scene, a, "update")) + price.execution(bits, used(scene, a, "replyCallback"));
      expect(cost).toBe(price.ingress(envelope(what)) + executions + price.carried(BigInt("run".length + arg.length), 4n));
      // The callee pays for its execution, by its own subnet and module, and for nothing else.
      expect(callees).toBe(callee.execution(32, used(scene, b, "update")));
    });

    test("a reject counts the bytes of its text and one", () => {
      const { scene, a, b, price } = two(nodes, bits);
      const arg = does.reject("because");
      const what = program(call(b, { arg, onReject: reply() }));
      const cost = costOf(scene, a, () => scene.run(a, what));
      const executions = price.execution(bits, used(scene, a, "update")) + price.execution(bits, used(scene, a, "rejectCallback"));
      expect(cost).toBe(price.ingress(envelope(what)) + executions + price.carried(BigInt("run".length + arg.length), 8n));
    });

    test("callback and cleanup together have the fixed part once", () => {
      const { scene, a, b, price } = two(nodes, bits);
      const arg = reply("!");
      const what = program(call(b, { arg, onReply: program(does.spin(50), does.trap()), onCleanup: does.spin(60) }));
      const cost = costOf(scene, a, () => expect(scene.run(a, what)).toMatch(/^IC0503/));
      const event = scene.executed().find((one) => one.cleanup === "ran")!;
      const executions = price.execution(bits, used(scene, a, "update")) + price.execution(bits, BigInt(event.instructions));
      expect(cost).toBe(price.ingress(envelope(what)) + executions + price.carried(BigInt("run".length + arg.length), 1n));
    });

    test("an answer to an uninstalled canister brings back what was attached and what was prepaid, but the fixed part and the bytes", () => {
      const { scene, a, b, price } = two(nodes, bits);
      const arg = reply("?");
      const start = cyclesOf(scene, a);
      const what = call(b, { arg, cycles: 5_000n });
      scene.start(a, what);
      roundsOf(scene, 0);
      const uninstall = scene.askInstall(a, "uninstall", new Uint8Array());
      roundsOf(scene, 0);
      expect(scene.status(uninstall)?.kind).toBe("replied");
      const fees = price.ingress(envelope(what)) + price.ingress(latestEnvelope(scene));
      const update = price.execution(bits, used(scene, a, "update"));
      expect(cyclesOf(scene, a)).toBe(start - fees - update - price.call(bits, BigInt("run".length + arg.length)) - 5_000n);
      scene.rounds(3);
      // Without a module the callback's prepayment is given back at the price of 32 bit, whatever was paid. Replica: `ResponseHelper::finish`.
      const callback = price.prepaid(bits, MESSAGE) - price.S(MESSAGE);
      const carried = price.carried(BigInt("run".length + arg.length), 1n);
      expect(cyclesOf(scene, a)).toBe(start - fees - update - carried - callback);
    });
  },
);

test("numbers of the sheet: a call withdraws 42 102 412 000 and 1 000 a byte, 82 102 412 000 on wasm64 [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of calls]", () => {
  expect(prices(13n).call(32, 0n)).toBe(42_102_412_000n);
  expect(prices(13n).call(64, 7n)).toBe(82_102_419_000n);
});

test("calls to the own subnet, to another, to oneself and to the management canister cost the same [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of calls]", () => {
  const scene = new Scenario({ subnets: [APPLICATION, APPLICATION] });
  const [a, near, far] = [scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
  const arg = reply("same");
  const price = prices(13n);
  for (const to of [near, far, a]) {
    const what = program(call(to, { arg, onReply: reply() }));
    const updates: bigint[] = [];
    const cost = costOf(scene, a, () => {
      scene.events.length = 0;
      scene.run(a, what);
    });
    for (const one of scene.executed()) if (one.canister === a) updates.push(price.execution(32, BigInt(one.instructions)));
    expect(cost).toBe(
      price.ingress(envelope(what)) + updates.reduce((x, y) => x + y) + price.carried(BigInt("run".length + arg.length), 4n),
    );
  }
  const what = program(
    call("" as CanisterId, { method: "raw_rand", arg: new Uint8Array([68, 73, 68, 76, 0, 0]), onReply: reply(does.argument) }),
  );
  const cost = costOf(scene, a, () => scene.call(a, "run", what));
  // The answer: a Candid blob of 32 bytes, 9 bytes of header and length.
  const answered = scene.sent().findLast((event) => event.message === "response" && event.to === a)!;
  const bytes = answered.payload.kind === "data" ? answered.payload.data.length : 0;
  const executions = price.execution(32, used(scene, a, "update")) + price.execution(32, used(scene, a, "replyCallback"));
  expect(cost).toBe(price.ingress(envelope(what)) + executions + price.carried(BigInt("raw_rand".length + 6), BigInt(bytes)));
});

test("a call that is never delivered costs its request's bytes and the reject's [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: fees of calls]", () => {
  const scene = new Scenario();
  const a = scene.puppet();
  const price = prices(13n);
  const what = program(call(NOBODY, { arg: "12345", cycles: 900n, onReject: reply(does.rejectMessage) }));
  let text = "";
  const cost = costOf(scene, a, () => (text = scene.run(a, what)));
  expect(text).toMatch(/not found|No route/);
  const executions = price.execution(32, used(scene, a, "update")) + price.execution(32, used(scene, a, "rejectCallback"));
  expect(cost).toBe(price.ingress(envelope(what)) + executions + price.carried(8n, BigInt(text.length + 1)));
});

test("a call that call_perform refuses, or that a trap undoes, costs nothing [canister-interface#system-api-call] [replica: fees of calls]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  const price = prices(13n);
  scene.setSettings(a, { freezing_threshold: 0n });
  const what = program(call(b, { arg: reply() }), append(does.balance), send);
  // Enough for the update, too little for the call.
  setBalance(scene, a, price.ingress(envelope(what)) + price.prepaid(32, MESSAGE) + 1_000_000n);
  expect(answer(scene, a, what)).toEqual([1_000_000n]);
  setBalance(scene, a, 10n ** 14n);
  const undone = program(call(b, { arg: reply(), cycles: 77n }), does.trap());
  const cost = costOf(scene, a, () => scene.run(a, undone));
  expect(cost).toBe(price.ingress(envelope(undone)) + price.execution(32, used(scene, a, "update")));
});

test("each open call ties up its prepayments: 500 of them about 21 T cycles [abstract-behavior#initiating-canister-calls] [replica: fees of calls]", () => {
  const scene = new Scenario({ subnets: [APPLICATION, APPLICATION] });
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const arg = reply();
  const before = cyclesOf(scene, a);
  const what = program(call(b, { arg, times: 500 }), reply());
  scene.start(a, what);
  roundsOf(scene, 0);
  const price = prices(13n);
  const tied = 500n * price.call(32, BigInt("run".length + arg.length));
  expect(before - cyclesOf(scene, a)).toBe(price.ingress(envelope(what)) + price.execution(32, used(scene, a, "update")) + tied);
  expect(tied / 10n ** 12n).toBe(21n);
});
