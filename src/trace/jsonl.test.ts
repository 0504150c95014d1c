import fc from "fast-check";
import { expect, test } from "vitest";
import { A, B, TraceWriter } from "../../test/support/trace-events.ts";
import type { NetworkEvent } from "../core/events.ts";
import { eventFromLine, eventToLine, fromJsonLines, toJsonLines } from "./jsonl.ts";

const at = { round: fc.nat(), timeNanos: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), subnet: fc.constant("aa02") };
const cycles = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
const bytes = fc.uint8Array({ maxLength: 40 });
const tag = fc.nat();
const reject = fc.record({ kind: fc.constant("reject"), code: fc.integer({ min: 1, max: 6 }), message: fc.string() });
const principal = fc.constantFrom("", "04", A, B);

const event = fc.oneof(
  fc.record({
    ...at,
    kind: fc.constant("sent"),
    tag,
    message: fc.constantFrom("ingress", "request", "response"),
    parent: fc.option(fc.nat()),
    requestTag: fc.option(tag),
    from: principal,
    to: principal,
    method: fc.string(),
    payload: fc.oneof(fc.record({ kind: fc.constant("data"), data: bytes }), reject),
    cycles,
    deadline: fc.nat(),
  }),
  fc.record({ ...at, kind: fc.constant("inducted"), tag, at: principal }),
  fc.record({ ...at, kind: fc.constant("dropped"), tag, reason: fc.string() }),
  fc.record({
    ...at,
    kind: fc.constant("executed"),
    execution: fc.nat(),
    canister: principal,
    tag: fc.option(tag),
    entry: fc.constantFrom("update", "globalTimer", "init"),
    method: fc.string(),
    contextId: fc.option(fc.nat()),
    iteration: fc.nat(),
    instructions: fc.nat(),
    cycles,
    result: fc.oneof(
      fc.record({ kind: fc.constantFrom("reply", "none") }),
      fc.record({ kind: fc.constant("reject"), message: fc.string() }),
      fc.record({ kind: fc.constant("trap"), error: fc.record({ code: fc.constant(503), description: fc.string() }) }),
    ),
    cleanup: fc.constantFrom("ran", "failed", null),
    slices: fc.nat(),
  }),
  fc.record({
    ...at,
    kind: fc.constant("ingressStatus"),
    messageId: fc.constant("ab"),
    tag,
    status: fc.oneof(
      fc.record({ kind: fc.constantFrom("received", "processing", "done") }),
      fc.record({ kind: fc.constant("replied"), data: bytes }),
      fc.record({ kind: fc.constant("rejected"), code: fc.nat(), message: fc.string(), errorCode: fc.constant(503) }),
    ),
  }),
  fc.record({ ...at, kind: fc.constant("printed"), canister: principal, content: bytes }),
  fc.record({ ...at, kind: fc.constant("canister"), canister: principal, change: fc.constant("created") }),
  fc.record({ ...at, kind: fc.constant("round"), executions: fc.nat() }),
) as unknown as fc.Arbitrary<NetworkEvent>;

test("reading undoes writing", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), (events) => {
      expect(fromJsonLines(toJsonLines(events))).toEqual(events);
    }),
  );
});

test("amounts are decimal strings, bytes are hex", () => {
  const trace = new TraceWriter();
  const go = trace.ingress(A, "go");
  trace.replied(go, "ok");
  expect(toJsonLines(trace.events).split("\n")).toEqual([
    '{"round":1,"timeNanos":"1700000000000000000","subnet":"aa02","kind":"sent","tag":1,"parent":null,"requestTag":null,' +
      '"payload":{"kind":"data","data":""},"cycles":"0","deadline":0,"message":"ingress","from":"04","to":"00000000000000000101","method":"go"}',
    '{"round":1,"timeNanos":"1700000000000000000","subnet":"aa02","kind":"ingressStatus","messageId":"00","tag":1,' +
      '"status":{"kind":"replied","data":"6f6b"}}',
    "",
  ]);
});

test("a broken line is named", () => {
  const good = eventToLine(new TraceWriter().events[0] ?? { kind: "round", round: 1, timeNanos: 1n, subnet: "" as never, executions: 0 });
  expect(() => fromJsonLines(`${good}\n\n{"kind":`)).toThrow(/^line 3 of the trace: /u);
  expect(() => fromJsonLines('{"kind":"printed","content":"0g"}')).toThrow("line 1 of the trace: not a hex digit at position 1");
  expect(() => eventFromLine("[1]")).toThrow("a line of a trace is an object");
});
