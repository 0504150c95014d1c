/**
 * Faults by rule: each does what the platform does on a bad day, and what it never does is refused.
 */
import { expect, test } from "vitest";
import { ReplaySchedule } from "../../src/core/schedule/recorder.ts";
import { universalCanister } from "../universal/module.ts";
import {
  acceptMessage,
  accept,
  call,
  grow,
  note,
  noteStable,
  passOn,
  program,
  reply,
  send,
  setHook,
  spin,
  trap,
} from "../universal/program.ts";
import { puppet, puppets } from "./puppets.ts";

const noted = (letter: string, then = reply(letter)) => program(note(letter), then);
const bounded = { timeout: 5 };

test("a rejected request is not executed, and only the one that is meant", async () => {
  const { net, a, b, far } = await puppets();
  for (const callee of [b, far]) {
    const rule = net.faults.reject({ from: a.canister, to: callee.canister, method: "run", nth: 2 });
    expect(await a.calls(callee, { arg: noted("1") })).toBe("+1");
    expect(await a.calls(callee, { arg: noted("2") })).toMatch(/^-\x02.*input queue is full/u);
    expect(await a.calls(callee, { arg: noted("3"), ...bounded })).toBe("+3");
    expect(callee.journal).toBe("13");
    expect(rule.met).toBe(3);
    rule.lift();
  }
  net.faults.reject({ to: b.canister }, { code: 5 });
  expect(await a.calls(b, { arg: noted("x") })).toMatch(/^-\x05.*Out of memory/u);
});

test("codes that the system never gives are refused with the reason, unless they are asked for as unlawful", async () => {
  const { net, a, b } = await puppets();
  for (const [code, why] of [
    [1, /SYS_FATAL/u],
    [3, /does not exist/u],
    [4, /callee's own/u],
    [6, /loseResponse/u],
  ] as const)
    expect(() => net.faults.reject({}, { code })).toThrow(why);
  net.faults.reject({ to: b.canister }, { code: 5 });
  await expect(a.canister.call("run", call(b.id, { arg: reply(), ...bounded, ...passOn }))).rejects.toMatchObject({
    code: "unlawful-fault",
  });
  net.faults.clear();
  net.faults.unlawful.reject({ to: b.canister, times: 1 }, { code: 4 });
  expect(await a.calls(b, { arg: noted("x") })).toMatch(/^-\x04/u);
});

test("a lost answer: the callee has run, the caller learns at its deadline that nobody knows", async () => {
  const { net, a, b, far } = await puppets();
  net.faults.loseResponse({ from: a.canister, method: "run" });
  for (const callee of [b, far]) {
    expect(await a.calls(callee, { arg: program(accept(100n), noted("x")), cycles: 300n, ...bounded })).toBe(
      "-\x06Call deadline has expired.",
    );
    expect(callee.journal).toBe("x");
  }
});

test("a lost request: the callee has not run, the caller cannot tell; what was attached comes back", async () => {
  const { net, a, b, far } = await puppets();
  net.faults.loseRequest({ from: a.canister });
  for (const callee of [b, far]) {
    expect(await a.calls(callee, { arg: noted("x"), cycles: 300n, ...bounded })).toBe("-\x06Call deadline has expired.");
    expect(callee.journal).toBe("");
  }
});

test("of calls that wait without deadline nothing is ever lost: refused, unless it is asked for as unlawful", async () => {
  const { net, a, b } = await puppets();
  for (const lose of ["loseRequest", "loseResponse"] as const) {
    const rule = net.faults[lose]({ to: b.canister });
    await expect(a.canister.call("run", call(b.id, { arg: noted("x"), ...passOn }))).rejects.toMatchObject({ code: "unlawful-fault" });
    rule.lift();
    await net.settle();
  }
  net.faults.unlawful.loseResponse({ to: b.canister });
  const waiting = a.canister.call("run", call(b.id, { arg: noted("y"), ...passOn }));
  await expect(waiting).rejects.toMatchObject({ code: "no-answer" });
  expect(b.journal).toBe("xxy");
});

test("messages wait for rounds, for time, or until they are released", async () => {
  const { net, a, b, far } = await puppets();
  for (const callee of [b, far]) {
    for (const part of ["request", "response"] as const) {
      const plain = net.round;
      await a.calls(callee, { arg: reply() });
      const ordinary = net.round - plain;
      const slow = net.faults.delay({ to: callee.canister }, { part, rounds: 7 });
      const before = net.round;
      await a.calls(callee, { arg: reply() });
      expect(net.round - before).toBe(ordinary + 7);
      slow.lift();

      const late = net.faults.delay({ to: callee.canister }, { part, time: { seconds: 90 } });
      const { time } = net;
      expect(await a.calls(callee, { arg: reply("late") })).toBe("+late");
      expect(net.time - time).toBeGreaterThanOrEqual(90_000_000_000n);
      expect(net.time - time).toBeLessThan(91_000_000_000n);
      late.lift();

      const held = net.faults.withhold({ to: callee.canister, part });
      const journal = callee.journal;
      const answer = a.calls(callee, { arg: noted("h") });
      await net.tick(30);
      expect(callee.journal).toBe(part === "request" ? journal : `${journal}h`);
      expect(held.release()).toBe(1);
      expect(await answer).toBe("+h");
      held.lift();
    }
  }
});

test("what is withheld stops nobody else; settling says who waits", async () => {
  const { net, a, b, far } = await puppets();
  const held = net.faults.withhold({ to: b.canister, times: 1 });
  const { time } = net;
  const first = a.calls(b, { arg: noted("1") });
  expect(await far.calls(b, { arg: noted("2") })).toBe("+2");
  await expect(net.settle({ budget: { rounds: 100 } })).rejects.toThrow(/a\.run .* waits for b\.run/u);
  expect(net.time - time).toBeLessThan(1_000_000_000n); // nor does it time out by itself
  held.lift();
  expect(await first).toBe("+1");
  expect(b.journal).toBe("21");
});

test("executions end at the instruction limit, or trap, where the rule says: in the callee, or after the caller's await", async () => {
  const { net, a, b } = await puppets();
  for (const [fault, text] of [
    ["outOfInstructions", /exceeded the limit of (40|38)000000000 instructions/u],
    ["trap", /a trap chosen by the schedule/u],
  ] as const) {
    const inCallee = net.faults[fault]({ to: b.canister }, { after: 10_000 });
    expect(await a.calls(b, { arg: program(note("x"), spin(100_000), reply()) })).toMatch(text);
    expect(await a.calls(b, { arg: reply("short") })).toBe("+short");
    inCallee.lift();
    const afterAwait = net.faults[fault]({ from: a.canister, to: b.canister }, { entry: "callback" });
    const guarded = program(
      note("["),
      call(b.id, { arg: reply(), onReply: program(note("!"), reply()), onReject: trap(), onCleanup: note("]") }),
    );
    expect(await a.run(guarded)).toMatch(text);
    afterAwait.lift();
  }
  expect([a.journal, b.journal]).toEqual(["[][]", ""]);
});

test("a canister that cannot pay rejects; cycles are as they were", async () => {
  const { net, a, b } = await puppets();
  net.faults.outOfCycles({ to: b.canister, times: 1 });
  const balance = b.canister.balance();
  expect(await a.calls(b, { arg: noted("x") })).toMatch(/IC0207.*out of cycles/u);
  expect(b.canister.balance()).toBe(balance);
  expect(await a.calls(b, { arg: noted("y") })).toBe("+y");
});

test("call_perform refuses where a queue is full", async () => {
  const { net, a, b } = await puppets();
  net.faults.refuseCall({ to: b.canister, nth: 2 });
  const three = [1, 2, 3].map(() => call(b.id, { arg: noted("x") }));
  expect(await a.run(program(...three, reply("tried")))).toBe("tried");
  await net.settle();
  expect(b.journal).toBe("xx");
});

test("what inspect_message refuses may get in", async () => {
  const { net } = await puppets();
  const guarded = await puppet(net, { name: "guarded", hooks: ["inspect_message"] });
  await guarded.run(program(setHook("inspect_message", note("no")), reply()));
  expect(await guarded.run(noted("x"))).toMatch(/^rejected/u);
  net.faults.skipInspection({ to: guarded.canister });
  expect(await guarded.run(noted("x"))).toBe("x");
  net.faults.clear();
  net.faults.add({ fault: "skipInspection" });
  expect(await guarded.run(setHook("inspect_message", acceptMessage))).toMatch(/did not reply/u);
});

test("a subnet that is cut off is heard of when that ends; a slow one is late", async () => {
  const { net, a, b, far } = await puppets();
  const cut = net.faults.cutOff(net.subnets[1]!);
  const answer = a.calls(far, { arg: noted("x") });
  expect(await a.calls(b, { arg: reply("near") })).toBe("+near");
  await net.tick(20);
  expect(far.journal).toBe("");
  cut.lift();
  expect(await answer).toBe("+x");

  const before = net.round;
  await a.calls(far, { arg: reply() });
  const usual = net.round - before;
  const slow = net.faults.slow(net.subnets[1]!, 10);
  const start = net.round;
  await a.calls(far, { arg: reply() });
  expect(net.round - start).toBeGreaterThan(usual + 5);
  slow.lift();
});

test("canisters are stopped, upgraded and reinstalled in the middle of a call", async () => {
  const { net, a, b } = await puppets();
  const module = universalCanister();
  const upgrade = net.faults.upgrade({ to: b.canister, part: "response", module }, b.canister);
  expect(await a.calls(b, { arg: program(noteStable("s"), note("h"), reply("ran")) })).toBe("+ran");
  expect(b.journal).toBe("");
  upgrade.lift();

  const reinstall = net.faults.reinstall({ to: b.canister, module }, b.canister);
  expect(await a.calls(b, { arg: noted("after") })).toBe("+after");
  reinstall.lift();

  // The caller is to be stopped while it waits: it gets its answer first.
  const stop = net.faults.stop({ from: a.canister, to: b.canister }, a.canister);
  expect(await a.calls(b, { arg: noted("!") })).toBe("+!");
  stop.lift();
  await net.settle();
  expect((await a.canister.status()).status).toBe("stopped");
  expect(await a.run(reply())).toMatch(/is stopped/u);
});

test("memory pressure: what was there in abundance is not any more", async () => {
  const { net, a, b } = await puppets();
  expect(await a.run(program(grow(100), reply("grown")))).toBe("grown");
  net.faults.pressure({ subnetMemoryBytes: 1n << 20n, guaranteedMessageMemoryBytes: 0 });
  expect(await b.run(program(grow(100), reply("grown")))).toMatch(/rejected/u);
  expect(await a.run(program(call(b.id, { arg: noted("x") }), reply("tried")))).toBe("tried");
  await net.settle();
  expect(b.journal).toBe("");
});

test("rules, and what they have met, go back with a snapshot and on in a fork", async () => {
  const { net, a, b } = await puppets({ faults: [] });
  const rule = net.faults.reject({ to: b.canister, nth: 2 });
  await a.calls(b, { arg: reply() });
  const snapshot = net.snapshot();
  for (let i = 0; i < 2; i++) {
    net.restore(snapshot);
    expect(rule.met).toBe(1);
    expect(await a.calls(b, { arg: reply() })).toMatch(/^-\x02/u);
    expect(await a.calls(b, { arg: reply("third") })).toBe("+third");
  }
  net.restore(snapshot);
  const fork = net.fork();
  const again = (method: typeof net) =>
    method.canister(a.canister.id, { candid: "service : {}" }).call("run", call(b.id, { arg: reply("x"), ...passOn }));
  expect(new TextDecoder().decode(await again(fork))).toMatch(/^-\x02/u);
  expect(rule.met).toBe(1);
  expect(new TextDecoder().decode(await again(net))).toMatch(/^-\x02/u);
});

test("what rules did is repeated from the deviations, without the rules", async () => {
  const story = async (faulty: boolean, replayed?: ReplaySchedule) => {
    const net = await puppets(replayed === undefined ? {} : { schedule: replayed });
    const { a, b, far } = net;
    if (faulty) {
      net.net.faults.reject({ to: b.canister, nth: 2 });
      net.net.faults.loseResponse({ to: far.canister });
      net.net.faults.trap({ from: a.canister }, { entry: "callback", after: 3 }).release();
      net.net.faults.delay({ to: b.canister, nth: 1 }, { rounds: 3 });
      net.net.faults.refuseCall({ to: far.canister, nth: 2 });
    }
    const said = [
      await a.calls(b, { arg: noted("1") }),
      await a.calls(b, { arg: noted("2") }),
      await a.calls(far, { arg: noted("3"), ...bounded }),
    ];
    said.push(await a.run(program(call(far.id, { arg: noted("4") }), send)));
    return { said, digest: net.net.digest(), deviations: net.net.deviations() };
  };
  const first = await story(true);
  const schedule = new ReplaySchedule(first.deviations);
  const second = await story(false, schedule);
  expect(second).toEqual(first);
  expect(schedule.unused).toEqual([]);
  expect((await story(false)).digest).not.toBe(first.digest);
});
