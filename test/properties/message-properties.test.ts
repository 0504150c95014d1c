/**
 * The properties of message execution as checks: a trace of a real run has them all, a trace that was tampered with lacks the one it was tampered
 * against, and the check of a whole trace finds what the check event by event finds.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ExecutedEvent, NetworkEvent, SentEvent } from "../../src/core/events.ts";
import type { Choice } from "../../src/core/schedule/schedule.ts";
import type { CallContextId, CanisterId } from "../../src/core/state/ids.ts";
import { RejectCode } from "../../src/core/state/rejects.ts";
import { isCallback, isUnknownOutcome, violationsOf, type Property, type Violation } from "../../src/trace/properties.ts";
import { PropertyWatch } from "../../src/trace/property-watch.ts";
import { call, note, program, reply } from "../universal/program.ts";
import { openCalls } from "../support/open-calls.ts";
import { richTrace } from "../support/rich-trace.ts";
import { Scenario } from "../support/scenario.ts";

const trace = richTrace();

const isSent = (event: NetworkEvent): event is SentEvent => event.kind === "sent";
const isExecuted = (event: NetworkEvent): event is ExecutedEvent => event.kind === "executed";
const requests = trace.filter(isSent).filter((event) => event.message === "request");
const executed = trace.filter(isExecuted);

function found<T>(items: readonly T[], wanted: (item: T) => boolean): T {
  const item = items.find(wanted);
  if (item === undefined) throw new Error("the trace has no such event");
  return item;
}

const answerTo = (tag: number, wanted: (event: SentEvent) => boolean = () => true): SentEvent =>
  found(trace.filter(isSent), (event) => event.message === "response" && event.requestTag === tag && wanted(event));
const executionOf = (tag: number): ExecutedEvent => found(executed, (event) => event.tag === tag);

const replaced = (event: NetworkEvent, ...by: NetworkEvent[]): NetworkEvent[] => trace.flatMap((one) => (one === event ? by : [one]));
const twice = (event: NetworkEvent): NetworkEvent[] => replaced(event, event, event);
const after = (place: NetworkEvent, event: NetworkEvent): NetworkEvent[] => replaced(place, place, event);

/** Executed calls between canisters that wait for as long as it takes, and that wait for a time. */
const unbounded = found(requests, (event) => event.deadline === 0 && event.cycles === 1_000n);
const given = found(requests, (event) => event.deadline !== 0 && event.cycles === 600n);
const long = found(executed, (event) => event.slices > 3);
const trapped = found(executed, (event) => event.entry === "update" && event.result.kind === "trap");

/** What is promised, and traces that do not keep it. */
const TAMPERED: readonly (readonly [Property, string, () => NetworkEvent[]])[] = [
  [
    1,
    "another message is executed in the middle of a long one",
    () => {
      const between = {
        ...long,
        execution: long.execution - 1,
        tag: null,
        round: long.startedRound + 1,
        slices: 1,
        startedRound: long.startedRound + 1,
      };
      return replaced(long, between, long);
    },
  ],
  [
    1,
    "executions of a canister end in another order than they began",
    () => after(long, { ...long, tag: null, execution: long.execution - 1 }),
  ],
  [2, "a call is made in the name of another canister", () => replaced(unbounded, { ...unbounded, from: given.to })],
  [
    2,
    "a callback runs in another call context",
    () => {
      const callback = found(executed, isCallback);
      return replaced(callback, { ...callback, contextId: 999 as CallContextId });
    },
  ],
  [
    3,
    "the second of two requests is executed first",
    () => {
      const [first, second] = requests.filter((event) => event.cycles === 1_000n).map((event) => executionOf(event.tag));
      return trace.map((event) =>
        event === first ? { ...first, tag: second!.tag } : event === second ? { ...second, tag: first!.tag } : event,
      );
    },
  ],
  [5, "an execution traps and keeps the cycles it accepted", () => replaced(trapped, { ...trapped, acceptedCycles: 50n })],
  [
    5,
    "an execution traps and makes a call",
    () => after(trapped, { ...unbounded, tag: 9_999, from: trapped.canister, parent: trapped.execution }),
  ],
  [
    5,
    "an execution traps and replies",
    () => {
      const answer = answerTo(trapped.tag!);
      return replaced(answer, { ...answer, payload: { kind: "data", data: new Uint8Array() } });
    },
  ],
  [6, "a request is executed twice", () => twice(executionOf(unbounded.tag))],
  [
    6,
    "a request enters an input queue twice",
    () => twice(found(trace, (event) => event.kind === "inducted" && event.tag === unbounded.tag)),
  ],
  [
    6,
    "a request is executed by somebody else",
    () => {
      const execution = executionOf(unbounded.tag);
      return replaced(execution, { ...execution, canister: unbounded.from as CanisterId });
    },
  ],
  [7, "a call gets its response twice", () => twice(executionOf(answerTo(unbounded.tag).tag))],
  [7, "a user is answered twice", () => twice(answerTo(found(trace.filter(isSent), (event) => event.message === "ingress").tag))],
  [8, "an unbounded-wait call is answered twice", () => after(answerTo(unbounded.tag), { ...answerTo(unbounded.tag), tag: 9_999 })],
  [
    8,
    "an unbounded-wait call is answered with SYS_UNKNOWN",
    () => {
      const answer = answerTo(unbounded.tag);
      return replaced(answer, { ...answer, payload: { kind: "reject", code: RejectCode.SYS_UNKNOWN, message: "" } });
    },
  ],
  [
    8,
    "the response of an unbounded-wait call is dropped",
    () => {
      const { tag, round, timeNanos, subnet } = answerTo(unbounded.tag);
      return after(answerTo(unbounded.tag), { kind: "dropped", tag, reason: "lost", round, timeNanos, subnet });
    },
  ],
  [
    9,
    "a response to a bounded-wait call is replaced by another than SYS_UNKNOWN",
    () => {
      const unknown = answerTo(given.tag, isUnknownOutcome);
      return replaced(unknown, { ...unknown, payload: { kind: "reject", code: RejectCode.SYS_TRANSIENT, message: "" } });
    },
  ],
  [
    9,
    "a bounded-wait call is given up twice",
    () => after(answerTo(given.tag, isUnknownOutcome), { ...answerTo(given.tag, isUnknownOutcome), tag: 9_999 }),
  ],
  [10, "a callee keeps less than it accepted", () => replaced(answerTo(unbounded.tag), { ...answerTo(unbounded.tag), cycles: 1_000_000n })],
  [
    10,
    "a refund is short",
    () => replaced(answerTo(unbounded.tag), { ...answerTo(unbounded.tag), cycles: answerTo(unbounded.tag).cycles - 1n }),
  ],
  [
    11,
    "SYS_UNKNOWN brings cycles back that the callee has",
    () => {
      const unknown = answerTo(given.tag, isUnknownOutcome);
      return replaced(unknown, { ...unknown, cycles: 600n });
    },
  ],
];

const watched = (events: readonly NetworkEvent[]): readonly Violation[] => new PropertyWatch().observe(events);
const told = (violations: readonly Violation[]): string[] =>
  violations.map(({ property, about, text }) => `${property} ${about} ${text}`).sort();

test("a run of real canisters has every property", () => {
  expect(violationsOf(trace)).toEqual([]);
  expect(watched(trace)).toEqual([]);
  const kinds = new Set(trace.filter(isExecuted).map((event) => event.entry));
  for (const entry of ["update", "replyCallback", "rejectCallback", "heartbeat", "management"] as const) expect(kinds).toContain(entry);
});

describe("a trace that was tampered with", () => {
  const cases = TAMPERED.map(([property, how, tamper]) => [how, property, tamper] as const);
  test.each(cases)("%s (property %i)", (_how, property, tamper) => {
    const events = tamper();
    expect(violationsOf(events).map((one) => one.property)).toContain(property);
    expect(told(watched(events))).toEqual(told(violationsOf(events)));
  });

  test("every property but the fourth, which promises nothing, has its tampering", () => {
    expect([...new Set(TAMPERED.map(([property]) => property))]).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
  });
});

test("whatever is done to a trace, the whole of it has the violations that its events have", () => {
  const place = fc.nat(trace.length - 1);
  const damage = fc.oneof(
    fc.record({ kind: fc.constant("lose" as const), place }),
    fc.record({ kind: fc.constant("repeat" as const), place, to: place }),
    fc.record({ kind: fc.constant("move" as const), place, to: place }),
    fc.record({ kind: fc.constant("cycles" as const), place, cycles: fc.bigInt(0n, 1_000n) }),
    fc.record({ kind: fc.constant("unknown" as const), place }),
    fc.record({ kind: fc.constant("accept" as const), place, cycles: fc.bigInt(0n, 1_000n) }),
  );
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 12 }), (damages) => {
      const events = [...trace];
      let fresh = 1_000_000;
      for (const one of damages) {
        const event = events[one.place % events.length];
        switch (one.kind) {
          case "lose":
            events.splice(one.place % events.length, 1);
            break;
          case "repeat":
            fresh++;
            if (event.kind === "executed") events.splice(one.to, 0, { ...event, execution: fresh });
            else events.splice(one.to, 0, event.kind === "sent" ? { ...event, tag: fresh } : { ...event });
            break;
          case "move":
            events.splice(one.to, 0, ...events.splice(one.place % events.length, 1));
            break;
          case "cycles":
            if (event.kind === "sent") events[one.place % events.length] = { ...event, cycles: one.cycles };
            break;
          case "unknown":
            if (event.kind === "sent" && event.message === "response") {
              const payload = { kind: "reject", code: RejectCode.SYS_UNKNOWN, message: "" } as const;
              events[one.place % events.length] = { ...event, payload };
            }
            break;
          case "accept":
            if (event.kind === "executed") events[one.place % events.length] = { ...event, acceptedCycles: one.cycles };
        }
      }
      expect(told(watched(events))).toEqual(told(violationsOf(events)));
    }),
    { numRuns: 1_000 },
  );
});

test("events in pieces, and a copy in the middle, find what the whole finds", () => {
  const events = TAMPERED.at(-1)![2]();
  const first = new PropertyWatch();
  first.observe(events.slice(0, events.length / 2));
  const second = first.copy();
  second.observe(events.slice(events.length / 2));
  expect(told(second.violations)).toEqual(told(violationsOf(events)));
  expect(first.violations).toEqual([]);
});

test("a trace that begins in the middle of a run breaks nothing", () => {
  for (const from of [0.2, 0.5, 0.8]) {
    const events = trace.slice(Math.floor(trace.length * from));
    expect(violationsOf(events)).toEqual([]);
    expect(watched(events)).toEqual([]);
  }
});

test("a call is open from the moment it is made until its response was delivered [message-execution-properties#property-7]", () => {
  const scene = new Scenario({ latency: "mainnet", subnets: [0, 1].map(() => ({ kind: "application", name: "application" })) });
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const watch = new PropertyWatch();
  const counts: number[] = [];
  scene.start(a, call(b, { arg: reply(), times: 3, onReply: note("r") }));
  let seen = scene.events.length;
  for (let i = 0; i < 10; i++) {
    scene.rounds();
    watch.observe(scene.events.slice(seen));
    seen = scene.events.length;
    expect(watch.openCalls()).toEqual(openCalls(scene.net.state));
    counts.push(watch.openCalls().length);
  }
  expect(Math.max(...counts)).toBe(3);
  expect(counts.at(-1)).toBe(0);
});

test("two calls interleave in either order, and both runs have every property [message-execution-properties#property-4]", () => {
  const orders = new Set<string>();
  for (const chosen of [0, 1]) {
    // Which of two submitted messages is first in the block.
    const choose = (choice: Choice, options: number): number => (choice.kind === "ingress" && options > 2 ? chosen : 0);
    const scene = new Scenario({}, { schedule: { ordinary: false, choose } });
    const [a, b] = [scene.puppet(), scene.puppet()];
    for (const name of ["1", "2"]) scene.start(a, program(call(b, { arg: reply(), onReply: note(name, name) }), note(name), reply()));
    scene.rounds(4);
    orders.add(scene.journal(a));
    expect(violationsOf(scene.events)).toEqual([]);
  }
  expect(orders.size).toBeGreaterThan(1);
});
