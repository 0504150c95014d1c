import { expect, test } from "vitest";
import { A, B, dedent, NAMES, TraceWriter, USER } from "../../test/support/trace-events.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { CanisterId, PrincipalId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";
import { beside, draw } from "./draw.ts";
import { foldRows, type Row } from "./rows.ts";

/** The user calls `a.go`, which calls `b.sulk`; nobody answers there. */
function starved(): TraceWriter {
  const trace = new TraceWriter();
  const go = trace.ingress(A, "go");
  const running = trace.executed(A, go, 1);
  const sulk = trace.request(running, A, B, "sulk");
  trace.executed(B, sulk, 1);
  const answer = trace.reject(null, sulk, 5, "did not reply");
  trace.executed(A, answer, 1, { entry: "rejectCallback", result: { kind: "reply" } });
  trace.replied(go);
  return trace;
}

/** `a.go` pings `b` several times: all at once, or each after the answer to the one before. */
function pings(count: number, mode: "parallel" | "sequential"): TraceWriter {
  const trace = new TraceWriter();
  const go = trace.ingress(A, mode);
  trace.pass(1);
  let running = trace.executed(A, go, 1);
  for (let done = 0; done < count;) {
    const requests = Array.from({ length: mode === "parallel" ? count : 1 }, () => trace.request(running, A, B, "ping"));
    trace.pass(3);
    const answers = requests.map((request, i) => trace.reply(trace.executed(B, request, done + i + 1), request));
    trace.pass(3);
    for (const answer of answers) running = trace.executed(A, answer, 1, { entry: "replyCallback" });
    done += requests.length;
  }
  trace.replied(go);
  return trace;
}

test("a lane for each participant, an arrow for each message, a note for each reject", () => {
  const label = (arrow: { isAnswer: boolean; message: { message: string } }): string | null =>
    arrow.isAnswer && arrow.message.message === "ingress" ? "reply 5" : null;
  expect(draw(starved().events, { names: NAMES, label })).toBe(
    dedent(`
      user         a            b
       ├─── go ────▶            │
       │           ├─── sulk ───▶
       │           ◀─ reject 5 ─┤  did not reply
       ◀─ reply 5 ─┤            │
    `),
  );
});

test("plain ASCII where boxes cannot be shown", () => {
  expect(draw(starved().events, { names: NAMES, ascii: true })).toBe(
    dedent(`
      user       a            b
       +-- go --->            |
       |         +--- sulk --->
       |         <- reject 5 -+  did not reply
       <- reply -+            |
    `),
  );
});

test("sequential beside parallel, with the seconds a user would wait", () => {
  const options = { names: NAMES, margin: "seconds" } as const;
  const [left, right] = [draw(pings(3, "sequential").events, options), draw(pings(3, "parallel").events, options)];
  expect(beside(left, right, { titles: ["one after the other", "all at once"] })).toBe(
    dedent(`
      one after the other                      all at once

              user            a         b             user          a         b
       0.0 s   ├─ sequential ─▶         │      0.0 s   ├─ parallel ─▶         │
       1.0 s   │              ├─ ping ──▶      1.0 s   │            ├─ ping ──▶
       4.0 s   │              ◀─ reply ─┤              │            ├─ ping ──▶
       7.0 s   │              ├─ ping ──▶              │            ├─ ping ──▶
      10.0 s   │              ◀─ reply ─┤      4.0 s   │            ◀─ reply ─┤
      13.0 s   │              ├─ ping ──▶              │            ◀─ reply ─┤
      16.0 s   │              ◀─ reply ─┤              │            ◀─ reply ─┤
      19.0 s   ◀─── reply ────┤         │      7.0 s   ◀── reply ───┤         │
    `),
  );
});

test("equal choices are one row, unless nothing is to be merged", () => {
  const chosen: Row = {
    kind: "mark",
    at: "a",
    isFailure: false,
    isChoice: true,
    label: "chosen",
    note: "none",
    moment: pings(1, "parallel").events[0]!,
  };
  const rows: Row[] = [chosen, chosen, { ...chosen, note: "later" }];
  const labels = (fold: number): string[] => foldRows(rows, fold, () => "").map((row) => (row.kind === "gap" ? "gap" : row.label));
  expect(labels(4)).toEqual(["chosen ×2", "chosen"]);
  expect(labels(Infinity)).toEqual(["chosen", "chosen", "chosen"]);
});

test("many equal arrows are drawn as one", () => {
  expect(draw(pings(90, "parallel").events, { names: NAMES, margin: "rounds" })).toBe(
    dedent(`
               user          a             b
      round 1   ├─ parallel ─▶             │
      round 2   │            ├─ ping ×90 ──▶
      round 5   │            ◀─ reply ×90 ─┤
      round 8   ◀── reply ───┤             │
    `),
  );
});

test("the first and last rows only", () => {
  expect(draw(pings(50, "sequential").events, { names: NAMES, first: 2, last: 2 })).toBe(
    dedent(`
      user            a         b
       ├─ sequential ─▶         │
       │              ├─ ping ──▶
       ┆              ┆         ┆  98 more
       │              ◀─ reply ─┤
       ◀─── reply ────┤         │
    `),
  );
});

test("of what is left out, what the schedule chose is shown", () => {
  const { events } = pings(50, "sequential");
  const { round, timeNanos, subnet } = events[100]!;
  const deviation = { kind: "pick", concerns: "pick how", nth: 0, chose: "1: at once" } as const;
  const chosen: NetworkEvent = { kind: "chosen", round, timeNanos, subnet, deviation, at: null, tag: null };
  const all = [...events.slice(0, 100), chosen, ...events.slice(100)];
  expect(draw(all, { names: NAMES, first: 1, last: 1, choice: () => "how: at once" })).toBe(
    dedent(`
      user            a         b  schedule
       ├─ sequential ─▶         │     │
       ┆              ┆         ┆     ┆         47 more
       │              ◀─ reply ─┤     │
       │              ├─ ping ──▶     │
       │              │         │     ● chosen  how: at once
       │              ◀─ reply ─┤     │
       │              ├─ ping ──▶     │
       ┆              ┆         ┆     ┆         49 more
       ◀─── reply ────┤         │     │
    `),
  );
});

test("more lanes than have room beside each other are a list, in which an answer stands below its call", () => {
  const trace = new TraceWriter();
  const names = new Map<PrincipalId, string>([[USER, "user"]]);
  const ids = Array.from({ length: 12 }, (_, i) => `00000000000000${String(i).padStart(2, "0")}0101` as CanisterId);
  for (const [i, id] of ids.entries()) names.set(id, `a-service-with-a-name-of-more-than-forty-letters-${i}`);
  const go = trace.ingress(ids[0]!, "go");
  const requests: [MessageTag, CanisterId][] = [];
  for (let i = 0, running = trace.executed(ids[0]!, go, 1); i < 11; i++) {
    const request = trace.request(running, ids[i]!, ids[i + 1]!, "next");
    requests.push([request, ids[i + 1]!]);
    running = trace.executed(ids[i + 1]!, request, 1);
  }
  trace.reject(null, requests.at(-1)![0], 5, "the last one says no");
  trace.pass(2);
  trace.replied(go);
  expect(draw(trace.events, { names, width: 80, first: 2, last: 3, margin: "rounds" })).toBe(
    dedent(`
      round 1            user ──▶ a-servi…ters-0  go
               a-servi…ters-0 ──▶ a-servi…ters-1  next
                               ┆                  9 more
               a-servi…ers-10 ──▶ a-servi…ers-11  next
               a-servi…ers-10 ◀── a-servi…ers-11  reject 5: the last one says no
      round 3            user ◀── a-servi…ters-0  reply
    `),
  );
});

test("ideographs and pictures take two columns, marks of a character none; what would move the cursor is shown as its number", () => {
  const names = new Map([
    [USER, "王さん"],
    [A, "Börse🏦"],
    [B, "e\u0301\u001b[2J"],
  ]);
  expect(draw(starved().events, { names })).toBe(
    dedent(`
      王さん   Börse🏦     é\\u{1b}[2J
        ├── go ───▶            │
        │         ├─── sulk ───▶
        │         ◀─ reject 5 ─┤       did not reply
        ◀─ reply ─┤            │
    `),
  );
});

test("an arrow passes the lanes between, a call to oneself returns, a lost message does not arrive", () => {
  const trace = new TraceWriter();
  const C = "00000000000000020101" as PrincipalId;
  const go = trace.ingress(A, "go");
  const running = trace.executed(A, go, 1);
  const first = trace.request(running, A, B, "near");
  trace.request(running, A, C, "far");
  trace.request(running, A, A, "again");
  const answer = trace.reply(null, first);
  trace.dropped(answer, "expired");
  expect(draw(trace.events, { names: new Map([...NAMES, [C, "c"]]) })).toBe(
    dedent(`
      user    a          b   c
       ├─ go ─▶          │   │
       │      ├── near ──▶   │
       │      ├──── far ─────▶
       │      ├─ again ↺ │   │
       │      │✗ reply ──┤   │  expired
    `),
  );
});

test("a trap that no answer tells of is marked, and so is a timer that called", () => {
  const trace = new TraceWriter();
  const timer = trace.executed(A, null, 1, { entry: "globalTimer" });
  const ping = trace.request(timer, A, B, "ping");
  const answer = trace.reply(trace.executed(B, ping, 1), ping);
  trace.executed(A, answer, 1, {
    entry: "replyCallback",
    result: { kind: "trap", error: { code: 503, description: "Canister trapped explicitly: no" } },
    cleanup: "ran",
  });
  trace.executed(A, null, 2, { entry: "heartbeat" });
  expect(draw(trace.events, { names: NAMES })).toBe(
    dedent(`
      a                   b
      ● timer             │
      ├────── ping ───────▶
      ◀────── reply ──────┤
      ✗ trap, cleanup ran │  Canister trapped explicitly: no
    `),
  );
});

test("long names, methods and notes are kept within the width", () => {
  const trace = new TraceWriter();
  const go = trace.ingress(A, "a_method_with_a_name_that_nobody_would_want_to_type_more_than_once");
  trace.rejected(
    go,
    5,
    503,
    `Error from Canister aaaaa-aa: Canister called \`ic0.trap\` with message: 'the reason, told at length ${"and more ".repeat(30)}'`,
  );
  const text = draw(trace.events, {
    names: new Map([
      [USER, "someone-with-a-rather-long-name"],
      [A, "a-canister-with-a-long-name"],
    ]),
    width: 80,
  });
  expect(text).toBe(
    dedent(`
      someone-wit…-long-name     a-canister-…-long-name
                ├─ a_method_with_a_name_… ─▶
                ◀──────── reject 5 ────────┤             Error from Canister aaaaa-aa:
                │                          │             Canister called \`ic0.trap\`
                │                          │             with message: 'the reason, …
    `),
  );
});

test("principals of one name share a lane; what is not included is left out with its answers", () => {
  const trace = starved();
  const stop = trace.ingress("" as PrincipalId, "stop_canister");
  trace.replied(stop);
  const names = new Map([...NAMES, [B, "a"]] as const);
  expect(draw(trace.events, { names, include: (message) => message.to !== "" })).toBe(
    dedent(`
      user       a
       ├── go ───▶
       │         ├─ sulk ↺
       │         ├─ reject 5 ↺  did not reply
       ◀─ reply ─┤
    `),
  );
  expect(draw([], {})).toBe("(no messages)");
});
