/**
 * Users' calls: what may enter a block, once; what becomes of them; what they cost.
 *
 * Source: messaging.md 7.6, 9; cycles.md 3.
 */
import { describe, expect, test } from "vitest";
import type { IngressInput } from "../../src/core/inputs.ts";
import type { CanisterId, MessageId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { call, note, passOn, program, reply, spin } from "../support/puppet.ts";
import { importLine } from "../support/ic0-wat.ts";
import { ALICE, said, Scenario, subnets } from "../support/scenario.ts";

const SECOND = 1_000_000_000n;
const BUSY = {
  messageInstructions: 100_000_000,
  sliceInstructions: 10_000_000,
  installCodeSliceInstructions: 10_000_000,
  roundInstructions: 20_000_000,
  messageOverheadInstructions: 10,
  canisterOverheadInstructions: 0,
  canistersPerRoundOverheadInstructions: 0,
};

/** A message by its own number, so that it can be sent again. */
function send(scene: Scenario, receiver: CanisterId, number: number, what: Uint8Array, given: Partial<IngressInput> = {}) {
  const messageId = number.toString(16).padStart(64, "f") as MessageId;
  const { answer, events } = scene.net.step({
    kind: "ingress",
    messageId,
    sender: ALICE,
    receiver,
    method: "run",
    arg: what,
    expiryNanos: scene.net.state.timeNanos + 240n * SECOND,
    envelopeBytes: 300,
    senderInfo: null,
    subnet: null,
    ...given,
  });
  return { messageId, answer, events };
}

test("a message is executed once, however often it is sent [abstract-behavior#api-request-submission]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const what = program(note("x"), reply("once"));
  const { messageId } = send(scene, id, 1, what);
  send(scene, id, 1, what);
  scene.rounds();
  expect(send(scene, id, 1, what).answer).toEqual({ kind: "accepted" });
  scene.rounds(2);
  expect([scene.outcome(messageId), scene.journal(id)]).toEqual(["once", "x"]);
  expect(send(scene, id, 2, what).answer).toEqual({ kind: "accepted" });
  scene.rounds();
  expect(scene.journal(id)).toBe("xx");
});

test("statuses: received, processing, replied; five minutes later nobody knows [abstract-behavior#update-call-request-clean-up] [abstract-behavior#respond-to-user-request]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const { messageId } = send(scene, a, 1, call(b, { arg: reply("b"), ...passOn }));
  expect(scene.outcome(messageId)).toBe("unknown");
  scene.rounds();
  expect(scene.outcome(messageId)).toBe("processing");
  scene.pass(3600);
  scene.rounds();
  expect(scene.outcome(messageId)).toBe("processing");
  scene.rounds();
  expect(scene.outcome(messageId)).toBe("+b");
  const told = scene.events.flatMap((event) =>
    event.kind === "ingressStatus" && event.messageId === messageId ? [event.status.kind] : [],
  );
  expect(told).toEqual(["processing", "replied"]);
  const final = scene.net.state.timeNanos;
  scene.net.step({ kind: "time", timeNanos: final + 300n * SECOND - 1n });
  scene.rounds();
  expect(scene.outcome(messageId)).toBe("+b");
  scene.rounds();
  expect(scene.outcome(messageId)).toBe("unknown");
});

test("a message that waits beyond its expiry is failed, not executed; one being executed does not expire [abstract-behavior#request-rejection]", () => {
  const scene = new Scenario({ limits: BUSY });
  const id = scene.puppet();
  const long = send(scene, id, 1, program(note("a"), spin(2_500_000), reply("done")), {
    expiryNanos: scene.net.state.timeNanos + 10n * SECOND,
  });
  scene.rounds();
  const late = send(scene, id, 2, program(note("b"), reply()), { expiryNanos: scene.net.state.timeNanos + 10n * SECOND });
  scene.rounds();
  expect(scene.outcome(late.messageId)).toBe("received");
  scene.pass(10);
  scene.rounds();
  expect(scene.outcome(long.messageId)).toBe("done");
  expect(scene.outcome(late.messageId)).toBe(`IC0202: Ingress message 0x${late.messageId} timed out waiting to start executing.`);
  scene.rounds(2);
  expect(scene.journal(id)).toBe("a");
});

test("an expiry that has passed, or lies too far ahead, is refused [abstract-behavior#api-request-submission]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const now = scene.net.state.timeNanos;
  const at = (expiryNanos: bigint) => send(scene, id, 1, reply(), { expiryNanos }).answer?.kind;
  const before = scene.net.digest();
  expect(at(now - 1n)).toBe("refused");
  expect(at(now + 331n * SECOND)).toBe("refused");
  expect(scene.net.digest()).toBe(before);
  expect(at(now + 300n * SECOND)).toBe("accepted");
});

describe("the window in which a block takes a message [replica: ingress admission window]", () => {
  test("a message that expires before any block takes it stays unknown, is not paid for, and may be sent again", () => {
    const scene = new Scenario();
    const id = scene.puppet();
    const { ingressInduction } = scene.canister(id).consumed;
    const { messageId } = send(scene, id, 1, program(note("x"), reply()), { expiryNanos: scene.net.state.timeNanos + 10n * SECOND });
    scene.net.step({ kind: "time", timeNanos: scene.net.state.timeNanos + 10n * SECOND });
    scene.rounds();
    expect([scene.outcome(messageId), scene.journal(id)]).toEqual(["unknown", ""]);
    expect(scene.canister(id).consumed.ingressInduction).toBe(ingressInduction);
    expect(scene.events.at(-2)).toMatchObject({ kind: "dropped", reason: "expired before a block took it" });
    expect(send(scene, id, 1, program(note("x"), reply())).answer).toEqual({ kind: "accepted" });
    scene.rounds();
    expect(scene.journal(id)).toBe("x");
  });

  test("an expiry on the block's own time is in time; one beyond five minutes is accepted, and waits", () => {
    const scene = new Scenario({ latency: "mainnet" });
    const id = scene.puppet();
    const now = scene.net.state.timeNanos;
    const last = send(scene, id, 1, reply("last"), { expiryNanos: now + SECOND });
    const far = send(scene, id, 2, reply("far"), { expiryNanos: now + 303n * SECOND });
    expect(far.answer).toEqual({ kind: "accepted" });
    scene.rounds();
    expect([last, far].map(({ messageId }) => scene.outcome(messageId))).toEqual(["last", "unknown"]);
    scene.rounds();
    expect(scene.outcome(far.messageId)).toBe("unknown");
    scene.rounds();
    expect(scene.outcome(far.messageId)).toBe("far");
  });
});

test("messages of one block enter in their order; what does not fit waits for the next one [replica: blocks of ingress messages]", () => {
  const scene = new Scenario({ limits: { ingressPerBlock: 3 } });
  const id = scene.puppet();
  [..."abcdefg"].forEach((n, i) => send(scene, id, i, program(note(n), reply())));
  for (const journal of ["abc", "abcdef", "abcdefg"]) {
    scene.rounds();
    expect(scene.journal(id)).toBe(journal);
  }
});

test("the receiver pays 1.2 M cycles and 2000 a byte of the envelope; one that is frozen refuses [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const before = { ...scene.canister(id).consumed };
  send(scene, id, 1, reply(), { envelopeBytes: 1000 });
  scene.rounds();
  expect(scene.canister(id).consumed.ingressInduction - before.ingressInduction).toBe(1_200_000n + 2_000_000n);
  scene.setSettings(id, { freezing_threshold: 1n << 62n });
  const digest = scene.net.digest();
  expect(send(scene, id, 2, reply()).answer).toMatchObject({
    kind: "refused",
    error: { code: 207, description: expect.stringMatching(/^Canister \S+ is out of cycles/) as string },
  });
  expect(scene.net.digest()).toBe(digest);
});

test("a fee that comes while a long execution is under way is taken when that ends [replica: fees during long executions]", () => {
  const scene = new Scenario({ limits: BUSY });
  const id = scene.puppet();
  const long = send(scene, id, 1, program(spin(2_500_000), reply("long")));
  scene.rounds();
  const { balanceCycles } = scene.canister(id);
  send(scene, id, 2, reply());
  scene.rounds();
  expect(scene.canister(id)).toMatchObject({ balanceCycles, postponedIngressCycles: 1_200_000n + 600_000n });
  scene.rounds();
  expect(scene.outcome(long.messageId)).toBe("long");
  expect(scene.canister(id).postponedIngressCycles).toBe(0n);
});

test("a message in the block after its canister stopped is rejected there, and paid for [abstract-behavior#calls-to-stoppedstopping-canisters-are-rejected]", () => {
  const scene = new Scenario({ limits: { ingressPerBlock: 1 } });
  const id = scene.puppet();
  const before = scene.canister(id).consumed.ingressInduction;
  scene.ask("stop_canister", id);
  const { messageId, answer } = send(scene, id, 1, reply());
  expect(answer).toEqual({ kind: "accepted" });
  scene.rounds();
  expect([scene.canister(id).status.kind, scene.outcome(messageId)]).toEqual(["stopped", "unknown"]);
  const paid = scene.canister(id).consumed.ingressInduction;
  scene.rounds();
  expect(scene.outcome(messageId)).toBe(`IC0508: Canister ${principalText(id)} is stopped`);
  expect(scene.canister(id).consumed.ingressInduction - paid).toBe(1_800_000n);
  expect(paid).toBeGreaterThan(before);
  const refused = send(scene, id, 2, reply()).answer;
  expect(refused).toEqual({ kind: "refused", error: { code: 508, description: `Canister ${principalText(id)} is stopped` } });
});

/** Accepts calls of `yes`, and of `run` never; traps for `boom`. Counts what reaches it. */
const DOORKEEPER = `(module ${["msg_method_name_size", "msg_method_name_copy", "accept_message", "msg_reply", "msg_reply_data_append"].map((name) => importLine(name)).join("\n")}
  (memory 1)
  (func (export "canister_inspect_message")
    (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
    (call $msg_method_name_copy (i32.const 0) (i32.const 0) (call $msg_method_name_size))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 98)) (then unreachable))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 121)) (then (call $accept_message)))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 116)) (then (call $accept_message) (call $accept_message))))
  (func $count (i32.store (i32.const 68) (i32.add (i32.load (i32.const 68)) (i32.const 1)))
    (call $msg_reply_data_append (i32.const 64) (i32.const 8)) (call $msg_reply))
  (export "canister_update yes" (func $count)) (export "canister_update run" (func $count)) (export "canister_update boom" (func $count))
  (export "canister_update twice" (func $count)) (export "canister_query look" (func $count)))`;

test("canister_inspect_message decides who comes in; its changes are dropped and nothing is charged [canister-interface#system-api-inspect-message]", () => {
  const scene = new Scenario();
  const id = scene.install(DOORKEEPER);
  const other = scene.puppet();
  const { balanceCycles } = scene.canister(id);
  const digest = scene.net.digest();
  const text = `Error from Canister ${principalText(id)}: Canister rejected the message`;
  expect(said(scene.call(id, "run"))).toBe(`IC0406: ${text}`);
  expect(said(scene.call(id, "boom"))).toMatch(/^IC0502: Error from Canister \S+: Canister trapped: unreachable/);
  expect(said(scene.call(id, "twice"))).toMatch(/^IC0504: /);
  expect(scene.net.digest()).toBe(digest);
  expect(scene.canister(id).balanceCycles).toBe(balanceCycles);
  expect(said(scene.call(id, "yes"))).toBe("\0\0\0\0\x01\0\0\0");
  // Not asked for calls of canisters, nor for queries; a method that does not exist is let in.
  expect(scene.run(other, call(id, { onReply: reply("in") }))).toBe("in");
  expect(scene.query(id, "look")).toMatchObject({ kind: "replied" });
  expect(said(scene.call(id, "yonder"))).toMatch(/^IC0536: /);
});

test("composite queries and empty canisters are refused before a block [abstract-behavior#api-request-submission]", () => {
  const scene = new Scenario();
  const id = scene.install(`(module ${importLine("msg_reply")} (func (export "canister_composite_query c") (call $msg_reply)))`);
  const before = scene.net.digest();
  expect(said(scene.call(id, "c"))).toBe("IC0527: Composite query cannot be called in replicated mode");
  expect(scene.net.digest()).toBe(before);
  const caller = scene.puppet();
  expect(scene.run(caller, call(id, { method: "c", ...passOn }))).toBe("-\x05IC0527: Composite query cannot be called in replicated mode");
});
