import { expect, test } from "vitest";
import { A, B, TraceWriter } from "../../test/support/trace-events.ts";
import { MessageIndex, type CallTree } from "./messages.ts";

/** The user's call of `a.go` calls `b.one`, then `b.two`, which fails; a timer of `a` calls `b.three`. */
function trace(): TraceWriter {
  const trace = new TraceWriter();
  const go = trace.ingress(A, "go");
  trace.pass(1);
  trace.inducted(go, A);
  const first = trace.executed(A, go, 1, { instructions: 10 });
  const one = trace.request(first, A, B, "one");
  trace.pass(2);
  const answer = trace.reply(trace.executed(B, one, 1, { instructions: 200, cycles: 7n }), one);
  const second = trace.executed(A, answer, 1, { entry: "replyCallback", instructions: 20 });
  const two = trace.request(second, A, B, "two");
  const no = trace.reject(null, two, 4, "no");
  trace.executed(A, no, 1, { entry: "rejectCallback", instructions: 30 });
  trace.rejected(go, 4, 406, "no");
  const timer = trace.executed(A, null, 2, { entry: "globalTimer" });
  trace.request(timer, A, B, "three");
  return trace;
}

const outline = (tree: CallTree): unknown => [
  tree.message.method,
  tree.executions.length,
  tree.instructions,
  tree.cycles,
  tree.calls.map(outline),
];

test("a call tree has the callbacks of a call, the calls they made, and the sums of all", () => {
  const index = new MessageIndex(trace().events);
  expect(index.roots().map((root) => outline(index.tree(root)))).toEqual([
    [
      "go",
      3,
      260,
      22n,
      [
        ["one", 1, 200, 7n, []],
        ["two", 0, 0, 0n, []],
      ],
    ],
    ["three", 0, 0, 0n, []],
  ]);
});

test("a message knows its caller, its times and its outcome", () => {
  const index = new MessageIndex(trace().events);
  const [go, one] = [...index.messages];
  expect(go!.sent.round).toBe(1);
  expect(go!.inducted!.round).toBe(2);
  expect(go!.ended!.round).toBe(4);
  expect(go!.outcome).toEqual({ kind: "reject", code: 4, message: "no" });
  expect(one!.outcome).toEqual({ kind: "reply", data: new Uint8Array() });
  expect(index.message(one!.answerTag!)!.requestTag).toBe(one!.tag);
  const two = [...index.messages].find((message) => message.method === "two")!;
  expect(index.pathTo(two).map((message) => message.method)).toEqual(["go", "two"]);
});

test("a trace that begins in the middle of a run is read as far as it goes", () => {
  const { events } = trace();
  for (let start = 0; start <= events.length; start++) {
    const index = new MessageIndex(events.slice(start));
    for (const root of index.roots()) index.tree(root);
    for (const message of index.messages) expect(index.pathTo(message).at(-1)).toBe(message);
  }
});
