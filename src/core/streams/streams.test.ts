import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nextEpoch } from "../../base/epoch.ts";
import { CanisterQueues } from "../queues/canister-queues.ts";
import { principal, replyTo, requestFrom } from "../queues/messages.fixture.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, Refund, StreamMessage } from "../state/messages.ts";
import { RefundPool } from "./refund-pool.ts";
import { drainOutputs, isStreamFull } from "./routing.ts";
import { Stream } from "./stream.ts";

const [A, B, C, D] = [principal(1), principal(2), principal(3), principal(4)] as const;
const limits = { streamMessages: 10, streamBytes: 5_000 };

const refundOf = (cycles: bigint): Refund => ({ kind: "refund", tag: 0, recipient: A, cycles });

test("a message may be read from its round on, and never before what was sent earlier", () => {
  const stream = Stream.empty(nextEpoch());
  const [first, second] = [requestFrom(A, B), requestFrom(A, B)];
  stream.push(first, 5);
  stream.push(second, 3);
  expect([stream.at(0, 4), stream.at(1, 4)]).toEqual([undefined, undefined]);
  expect([stream.at(0, 5), stream.at(1, 5), stream.at(2, 5)]).toEqual([first, second, undefined]);
  expect(stream.take(4)).toBeUndefined();
  expect([stream.take(5), stream.take(5), stream.take(5)]).toEqual([first, second, undefined]);
  expect([stream.begin, stream.end]).toEqual([2, 2]);
});

test("a header is seen when its slice has arrived; messages and rejects are news, receipts alone are less", () => {
  const stream = Stream.empty(nextEpoch());
  expect([stream.news, stream.header(100)]).toEqual([null, null]);
  stream.push(requestFrom(A, B), 3);
  expect(stream.news).toBe("messages");
  stream.close(3, 1);
  expect([stream.news, stream.header(2)]).toEqual([null, null]);
  expect(stream.header(3)).toMatchObject({ begin: 0, end: 1, signalsEnd: 0 });
  stream.signal(null);
  expect(stream.news).toBe("receipts");
  stream.signal({ code: 2, message: "full" });
  expect(stream.news).toBe("messages");
  stream.close(2, 4); // not before what was sent earlier
  expect(stream.header(3)).toMatchObject({ signalsEnd: 2 });
  expect([stream.rejectOf(0), stream.rejectOf(1)]).toEqual([null, { code: 2, message: "full" }]);
  stream.forgetSignalsBefore(1);
  expect(stream.hasRejectsBefore(2)).toBe(true);
  stream.forgetSignalsBefore(2);
  expect([stream.rejectOf(1), stream.hasRejectsBefore(2), stream.signalsEnd]).toEqual([null, false, 2]);
});

test("two streams settle each other's messages, whatever is taken, signalled and sent when; forks do not touch each other", () => {
  const side = fc.constantFrom(0 as const, 1 as const);
  const command = fc.oneof(
    fc.record({ what: fc.constant("push" as const), side, bytes: fc.nat({ max: 50 }) }),
    fc.record({ what: fc.constant("take" as const), side, accept: fc.boolean() }),
    fc.record({ what: fc.constant("close" as const), side, hop: fc.nat({ max: 3 }) }),
    fc.record({ what: fc.constant("settle" as const), side }),
    fc.record({ what: fc.constant("fork" as const), side }),
    fc.record({ what: fc.constant("round" as const) }),
  );
  fc.assert(
    fc.property(fc.array(command, { size: "max", maxLength: 80 }), (commands) => {
      const streams = [Stream.empty(nextEpoch()), Stream.empty(nextEpoch())];
      /** What became of each message of a side: waiting, taken or rejected, as its receiver knows. */
      const fates: ("waiting" | "taken" | "rejected")[][] = [[], []];
      const kept: [Stream, StreamMessage[]][] = [];
      let round = 0;
      for (const one of commands) {
        if (one.what === "round") {
          round++;
          continue;
        }
        const [own, back] = [streams[one.side], streams[1 - one.side]];
        switch (one.what) {
          case "push":
            own.push(requestFrom(A, B, { argBytes: one.bytes }), round + 1);
            fates[one.side].push("waiting");
            break;
          case "take": {
            const index = own.signalsEnd;
            if (back.at(index, round) === undefined) break;
            own.signal(one.accept ? null : { code: 2, message: "full" });
            expect(fates[1 - one.side][index]).toBe("waiting");
            fates[1 - one.side][index] = one.accept ? "taken" : "rejected";
            break;
          }
          case "close":
            if (own.news !== null) own.close(round + 1 + one.hop, round);
            break;
          case "settle": {
            const header = back.header(round);
            if (header === null) break;
            for (let index = own.begin; index < header.signalsEnd; index++) {
              expect(own.take(round)).toBeDefined();
              expect(back.rejectOf(index) === null ? "taken" : "rejected").toBe(fates[one.side][index]);
            }
            own.forgetSignalsBefore(header.begin);
            break;
          }
          case "fork":
            kept.push([own, [...own]]);
            streams[one.side] = own.copy(nextEpoch());
            break;
        }
        streams[0].check(streams[1]);
        streams[1].check(streams[0]);
        for (const [stream, other, fate] of [[streams[0], streams[1], fates[0]] as const, [streams[1], streams[0], fates[1]] as const]) {
          const open = fate.slice(stream.begin).filter((what) => what !== "taken").length;
          expect([...stream.unsettled(other)].length).toBe(open);
          expect(stream.length).toBe(fate.length - stream.begin);
        }
      }
      for (const [old, messages] of kept) {
        expect([...old]).toEqual(messages);
        old.check(undefined);
      }
    }),
  );
});

test("a stream is full by messages, by bytes, and towards a system subnet by 200 canister messages [replica: limits of streams]", () => {
  const stream = Stream.empty(nextEpoch());
  const push = (n: number, message: StreamMessage) => {
    for (let i = 0; i < n; i++) stream.push(message, 1);
  };
  push(9, requestFrom(A, B));
  expect(isStreamFull(stream, "request", limits, false)).toBe(false);
  push(1, requestFrom(A, B));
  expect(isStreamFull(stream, "request", limits, false)).toBe(true);

  const wide = { streamMessages: 10_000, streamBytes: 100_000 };
  push(189, requestFrom(A, B));
  push(10, refundOf(1n));
  expect(isStreamFull(stream, "response", wide, true)).toBe(false);
  push(1, requestFrom(A, B));
  expect(isStreamFull(stream, "response", wide, true)).toBe(true);
  expect(isStreamFull(stream, "response", wide, false)).toBe(false);
  expect(isStreamFull(stream, "refund", wide, true)).toBe(false);
  push(1, requestFrom(A, B, { argBytes: 100_000 })); // the limit in bytes is reached by a message, not before it
  expect(isStreamFull(stream, "response", wide, false)).toBe(true);
});

test("refunds fill at most half of a stream [replica: limits of streams]", () => {
  const stream = Stream.empty(nextEpoch());
  for (let i = 0; i < 5; i++) {
    expect(isStreamFull(stream, "refund", limits, false)).toBe(false);
    stream.push(refundOf(1n), 1);
  }
  expect(isStreamFull(stream, "refund", limits, false)).toBe(true);
  expect(isStreamFull(stream, "request", limits, false)).toBe(false);
});

test("refunds add up by recipient and leave the largest first", () => {
  const pool = RefundPool.empty(nextEpoch());
  pool.add(B, 0n);
  expect(pool.size).toBe(0);
  for (const [to, cycles] of [
    [C, 5n],
    [A, 5n],
    [B, 3n],
    [D, 1n],
    [B, 4n],
  ] as const)
    pool.add(to, cycles);
  const copy = pool.copy(nextEpoch());
  const offered: [PrincipalId, bigint][] = [];
  copy.drain((to, cycles) => {
    offered.push([to, cycles]);
    return to !== A;
  });
  expect(offered).toEqual([
    [B, 7n],
    [A, 5n],
    [C, 5n],
    [D, 1n],
  ]);
  expect([...copy.entries()]).toEqual([[A, 5n]]);
  expect([copy.totalCycles, pool.totalCycles]).toEqual([5n, 18n]);
});

/** Queues of `owner` with requests to these, in this order. */
function outputs(owner: PrincipalId, destinations: readonly PrincipalId[]): CanisterQueues {
  const queues = CanisterQueues.empty(owner, nextEpoch());
  for (const to of destinations) queues.pushOutputRequest(requestFrom(owner, to), 0n);
  return queues;
}

test("sources give one message in turn, and within a source its destinations do, in id order [replica: order of stream building]", () => {
  const sources = [outputs(A, [C, B, B, B, C]), outputs(B, [D]), outputs(C, []), outputs(D, [A, A])];
  const routed: string[] = [];
  drainOutputs(sources, (message) => {
    if (message.kind === "request") routed.push(`${message.sender}>${message.receiver}`);
    return "taken";
  });
  expect(routed).toEqual([`${A}>${B}`, `${B}>${D}`, `${D}>${A}`, `${A}>${C}`, `${D}>${A}`, `${A}>${B}`, `${A}>${C}`, `${A}>${B}`]);
  expect(sources.every((queues) => !queues.hasOutput)).toBe(true);
});

test("a queue whose stream is full is left alone, in its order; the others go on without losing their turn", () => {
  const source = outputs(A, [B, B, C, C, D]);
  const other = outputs(B, [D, D]);
  const routed: CanisterMessage[] = [];
  drainOutputs([source, other], (message) => {
    if (message.kind === "request" && message.receiver === B) return "keep";
    routed.push(message);
    return "taken";
  });
  expect(routed.map((message) => (message.kind === "request" ? `${message.sender}>${message.receiver}` : ""))).toEqual([
    `${A}>${C}`,
    `${B}>${D}`,
    `${A}>${D}`,
    `${B}>${D}`,
    `${A}>${C}`,
  ]);
  expect(source.outputDestinations()).toEqual([B]);
  expect(source.outputCount).toBe(2);
  source.check();
});

test("while a message is routed a reject may enter its sender's input queue", () => {
  const queues = outputs(A, [B, C]);
  drainOutputs([queues], (message, source) => {
    if (message.kind === "request") source.pushOwnReject(replyTo(message), "remote");
    return "taken";
  });
  expect(queues.inputCount).toBe(2);
  expect(queues.hasOutput).toBe(false);
  queues.check();
});
