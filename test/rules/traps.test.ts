/**
 * Traps before and after calls, cleanup, and what callers and users read when a call fails.
 *
 * Source: messaging.md 6.1, 7.1, 7.2, 11.1.
 */
import { expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import {
  append,
  appendInfo,
  appendJournal,
  badCallbacks,
  call,
  certify,
  grow,
  note,
  passOn,
  program,
  puppet,
  reject,
  reply,
  send,
  setHook,
  setTimer,
  trap,
  unreachable,
  type CallOptions,
  type Program,
} from "../support/puppet.ts";
import { said, Scenario, subnets } from "../support/scenario.ts";

function pair(): { scene: Scenario; a: CanisterId; b: CanisterId } {
  const scene = new Scenario();
  return { scene, a: scene.puppet(), b: scene.puppet() };
}

test("a trap undoes everything since the message began: heap, calls, timer, certified data, version [message-execution-properties#property-5]", () => {
  const { scene, a, b } = pair();
  scene.run(a, program(note("1"), certify("old"), reply()));
  const { version } = scene.canister(a);
  const what = program(note("2"), grow(1), certify("new"), setTimer(5n), call(b, { arg: program(note("x"), reply()) }), trap("no"));
  expect(scene.run(a, what)).toMatch(/^IC0503: Error from Canister \S+: Canister called `ic0.trap` with message: 'no'/);
  expect(scene.canister(a)).toMatchObject({ version, globalTimerNanos: 0n, certifiedData: new TextEncoder().encode("old") });
  expect([scene.journal(a), scene.journal(b)]).toEqual(["1", ""]);
  expect(scene.canister(a).callbacks.size).toBe(0);
});

test("after a trap in a callback, what was before the call stays [message-execution-properties#property-5]", () => {
  const { scene, a, b } = pair();
  const end = scene.run(a, program(note("1"), call(b, { arg: program(note("x"), reply()), onReply: program(note("2"), trap("late")) })));
  expect(end).toMatch(/^IC0503: .*'late'/);
  expect([scene.journal(a), scene.journal(b)]).toEqual(["1", "x"]);
});

test("cleanup runs after a trap in a callback, on the state before it; its effects stay, the callback's error counts [canister-interface#callbacks]", () => {
  const { scene, a, b } = pair();
  const callback = program(note("2"), trap("late"));
  const end = scene.run(a, program(note("1"), call(b, { arg: reply(), onReply: callback, onCleanup: program(note("c"), setTimer(7n)) })));
  expect(end).toMatch(/^IC0503: .*'late'/);
  expect(end).not.toContain("cleanup");
  expect(scene.journal(a)).toBe("1c");
  expect(scene.canister(a).globalTimerNanos).toBe(7n);
  expect(scene.executed().at(-1)).toMatchObject({ entry: "replyCallback", cleanup: "ran" });
});

test("cleanup does not run when the callback returns [canister-interface#callbacks]", () => {
  const { scene, a, b } = pair();
  scene.run(a, call(b, { arg: reply(), onReply: program(note("2"), send), onCleanup: note("c") }));
  expect(scene.journal(a)).toBe("2");
});

test("when cleanup traps too, both texts are told and neither's effects stay [canister-interface#callbacks]", () => {
  const { scene, a, b } = pair();
  const end = scene.run(
    a,
    program(note("1"), call(b, { arg: reply(), onReply: trap("first"), onCleanup: program(note("c"), trap("second")) })),
  );
  expect(end).toMatch(/'first'[\s\S]*\n\ncall_on_cleanup also failed:\n\n[\s\S]*'second'/);
  expect(scene.journal(a)).toBe("1");
  expect(scene.executed().at(-1)).toMatchObject({ cleanup: "failed" });
});

test("cleanup may neither reply nor call [canister-interface#callbacks]", () => {
  for (const [what, name] of [
    [send, "msg_reply"],
    [call("aaaa" as CanisterId), "call_new"],
  ] as const) {
    const { scene, a, b } = pair();
    const end = scene.run(a, call(b, { arg: reply(), onReply: trap("first"), onCleanup: what }));
    expect(end.split("also failed:")[1]).toBe(`\n\nCanister violated contract: "ic0_${name}" cannot be executed in cleanup mode`);
  }
});

test("a trap is not told to anybody while the context still waits for other calls [abstract-behavior#rule-message-execution]", () => {
  const { scene, a, b } = pair();
  const end = scene.run(
    a,
    program(call(b, { arg: reply(), onReply: trap("unseen") }), call(b, { arg: reply(), onReply: program(append("second"), send) })),
  );
  expect(end).toBe("second");
});

test("the last open callback's trap answers the call [abstract-behavior#rule-starvation]", () => {
  const { scene, a, b } = pair();
  const both = program(call(b, { arg: reply(), onReply: trap("one") }), call(b, { arg: reply(), onReply: trap("two") }));
  expect(scene.run(a, both)).toMatch(/'two'/);
});

test("after the answer a trap changes nothing for the caller [abstract-behavior#rule-message-execution]", () => {
  const { scene, a, b } = pair();
  const end = scene.start(a, program(call(b, { arg: reply(), onReply: program(note("x"), trap("unseen")) }), reply("early")));
  scene.rounds(2);
  expect([scene.outcome(end), scene.journal(a)]).toEqual(["early", ""]);
  expect(scene.canister(a).callContexts.size).toBe(0);
});

test("replying twice is a contract violation, and undoes the first reply [canister-interface#responding]", () => {
  const { scene, a } = pair();
  expect(scene.run(a, program(note("x"), reply("1"), reply("2")))).toMatch(
    /^IC0504: Error from Canister \S+: Canister violated contract: /,
  );
  expect(scene.journal(a)).toBe("");
});

test("nobody replies: the last callback returning without an answer is answered for [abstract-behavior#rule-starvation]", () => {
  const { scene, a, b } = pair();
  expect(scene.run(a, call(b, { arg: note("x"), onReject: program(note("r")) }))).toMatch(
    /^IC0506: Canister \S+ did not reply to the call$/,
  );
  expect([scene.journal(a), scene.journal(b)]).toEqual(["r", "x"]);
});

/** What a canister's callback, and a user, learn of a call to `callee`. */
function told(
  scene: Scenario,
  a: CanisterId,
  callee: CanisterId,
  options: CallOptions & { method?: string; arg?: Uint8Array } = {},
): [string, string] {
  const end = scene.run(a, call(callee, { ...options, ...passOn }));
  const user = scene.call(callee, options.method ?? "run", options.arg ?? new Uint8Array(0));
  return [end, user.kind === "rejected" ? `IC0${user.errorCode}: ${user.message}` : "replied"];
}

test("a failed execution: canisters read the code in the text, users beside it [https-interface#error-codes]", () => {
  const { scene, a, b } = pair();
  const id = principalText(b);
  const text = `Error from Canister ${id}: Canister trapped: unreachable`;
  const [canister, user] = told(scene, a, b, { arg: unreachable });
  expect(canister.startsWith(`-\x05IC0502: ${text}`)).toBe(true);
  expect(user.startsWith(`IC0502: ${text}`)).toBe(true);
});

test("a reject of the canister's own has no code in its text [https-interface#reject-codes]", () => {
  const { scene, a, b } = pair();
  expect(told(scene, a, b, { arg: reject("not today") })).toEqual(["-\x04not today", "IC0406: not today"]);
});

test("no such method [canister-interface#system-api-requests]", () => {
  const { scene, a, b } = pair();
  const text =
    `IC0536: Error from Canister ${principalText(b)}: Canister has no update method 'nothing'..\n` +
    "Check that the method being called is exported by the target canister. " +
    "See documentation: https://internetcomputer.org/docs/current/references/execution-errors#method-not-found";
  expect(told(scene, a, b, { method: "nothing" })).toEqual([`-\x05${text}`, text]);
});

test("an empty canister [https-interface#error-codes]", () => {
  const { scene, a, b } = pair();
  scene.uninstall(b);
  const [canister, user] = told(scene, a, b);
  const id = principalText(b);
  expect(canister).toBe(
    `-\x05IC0537: Error from Canister ${id}: Attempted to execute a message, but the canister contains no Wasm module..\n` +
      "Please install code to this canister before calling it. " +
      "See documentation: https://internetcomputer.org/docs/current/references/execution-errors#wasm-module-not-found",
  );
  expect(user).toBe("IC0537: Requested canister has no wasm module");
});

test("a stopped, a stopping and a deleted canister [abstract-behavior#calls-to-stoppedstopping-canisters-are-rejected]", () => {
  const { scene, a, b } = pair();
  const id = principalText(b);
  scene.manageOne("stop_canister", b);
  expect(told(scene, a, b)).toEqual([`-\x05Canister ${id} is stopped`, `IC0508: Canister ${id} is stopped`]);
  scene.manageOne("delete_canister", b);
  expect(told(scene, a, b)).toEqual([`-\x03Canister ${id} not found`, `IC0301: Canister ${id} not found`]);

  const two = new Scenario(subnets(2));
  const [caller, stopping, distant] = [two.puppet(), two.puppet(), two.puppet({ subnet: 1 })];
  two.start(stopping, call(distant, { arg: reply() }));
  const near = (): void => void two.net.step({ kind: "round", subnets: [two.subnet(0)] });
  near();
  two.ask("stop_canister", stopping);
  near();
  const asked = two.start(caller, call(stopping, passOn));
  for (let i = 0; i < 3; i++) near();
  const stoppingText = `Canister ${principalText(stopping)} is stopping`;
  expect(two.outcome(asked)).toBe(`-\x05${stoppingText}`);
  expect(two.submit(stopping, "run")).toMatchObject({ answer: { kind: "refused", error: { code: 509, description: stoppingText } } });
});

test("messages that were queued when the canister stopped fail on execution [replica: messages queued at a stop]", () => {
  const { scene, b } = pair();
  scene.ask("stop_canister", b);
  const [first, second] = [scene.start(b, reply("ran")), scene.start(b, reply("ran"))];
  scene.rounds();
  const outcomes = [scene.outcome(first), scene.outcome(second)];
  expect(outcomes).toEqual(Array(2).fill(`IC0509: Canister ${principalText(b)} is not running`));
  expect(scene.canister(b).status.kind).toBe("stopped");
});

test("a canister nobody hosts [https-interface#reject-codes]", () => {
  const { scene, a } = pair();
  const nowhere = "0000000000000abc0101" as CanisterId;
  expect(scene.run(a, call(nowhere, passOn))).toBe(`-\x03No route to canister ${principalText(nowhere)}`);
});

test("callbacks that do not exist fail when they are called, not before [canister-interface#callbacks]", () => {
  const { scene, a, b } = pair();
  const outside = scene.run(a, program(badCallbacks(9), note("1"), call(b, { arg: reply() })));
  expect(outside).toMatch(/^IC0513: Error from Canister \S+: Canister requested to invoke a non-existent Wasm function 9 from table 0/);
  const empty = scene.run(a, program(badCallbacks(2), call(b, { arg: reply() })));
  expect(empty).toMatch(/^IC0504: Error from Canister /);
  expect(scene.journal(a)).toBe("1");
});

/** A caller whose call is open when `change` happens to it; the callee's subnet makes no rounds meanwhile. */
function changedCaller(change: (scene: Scenario, a: CanisterId) => void, callbacks: Program) {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const id = scene.start(a, program(note("1"), call(b, { arg: reply("late"), cycles: 5_000n, onReply: callbacks })));
  scene.rounds();
  change(scene, a);
  return { scene, a, b, id };
}

test("the answer to an uninstalled caller only brings its cycles [abstract-behavior#rule-uninstall] [abstract-behavior#call-context-removal]", () => {
  const { scene, a, id } = changedCaller((s, c) => s.uninstall(c), note("never"));
  expect(scene.outcome(id)).toBe("IC0406: Canister has been uninstalled.");
  scene.rounds(4);
  expect([scene.canister(a).callbacks.size, scene.canister(a).callContexts.size]).toEqual([0, 0]);
  expect(scene.sent().filter((event) => event.from === a && event.message === "response").length).toBe(1);
});

test("the answer to a reinstalled caller runs in the new code's table, on the new state [abstract-behavior#callback-invocation]", () => {
  // The callback's program was the first that the old code kept. On the new heap another one is at its address.
  const initially = program(note("new"), setHook("pre_upgrade", program(note("!"), reply("from the new program"))));
  const { scene, a, id } = changedCaller((s, c) => void s.reinstall(c, "reinstall", puppet(), initially), program(note("x"), send));
  expect(said(scene.await(id))).toBe("from the new program");
  expect(scene.journal(a)).toBe("new!");
});

test("cycles of a call whose caller runs out of cycles meanwhile are not lost on the way [abstract-behavior#canister-out-of-cycles]", () => {
  const { scene, a, id } = changedCaller(
    (s, c) => void s.net.step({ kind: "command", command: "setBalance", canister: c, cycles: 0n }),
    append("!"),
  );
  scene.rounds(4);
  expect(scene.outcome(id)).toMatch(/^IC0506/);
  expect(scene.canister(a).balanceCycles).toBeGreaterThan(5_000n);
});

test("a caller's callbacks run while it is stopping [index#canister-status]", () => {
  const { scene, a, id } = changedCaller((s, c) => void s.ask("stop_canister", c), program(appendInfo("status"), appendJournal, send));
  scene.rounds(3);
  expect(scene.outcome(id)).toBe(`\x02${"\0".repeat(7)}1`);
  expect(scene.canister(a).status.kind).toBe("stopped");
});
