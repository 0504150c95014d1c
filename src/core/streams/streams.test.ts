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

test("a message may be taken from its round on, and never before what was sent earlier", () => {
  const stream = Stream.empty(nextEpoch());
  const [first, second] = [requestFrom(A, B), requestFrom(A, B)];
  stream.push(first, 5);
  stream.push(second, 3);
  expect(stream.nextAvailableRound()).toBe(5);
  expect(stream.take(4)).toBeUndefined();
  expect(stream.peek(5)).toBe(first);
  expect(stream.take(5)).toBe(first);
  expect(stream.take(5)).toBe(second);
  expect(stream.take(5)).toBeUndefined();
  expect(stream.nextAvailableRound()).toBeNull();
  stream.push(first, 4); // the stream was empty: nothing to wait for
  expect(stream.take(4)).toBe(first);
});

test("a stream counts what it holds, and forks do not touch each other", () => {
  const message: fc.Arbitrary<StreamMessage> = fc
    .tuple(fc.constantFrom("request", "response", "refund"), fc.constantFrom(0, 9), fc.nat({ max: 50 }))
    .map(([kind, deadline, bytes]) => {
      const request = requestFrom(A, B, { deadline, argBytes: bytes });
      return kind === "request" ? request : kind === "response" ? replyTo(request, { bytes }) : refundOf(1n);
    });
  const command = fc.oneof(
    fc.record({ what: fc.constant("push" as const), message, round: fc.nat({ max: 20 }) }),
    fc.record({ what: fc.constant("take" as const), round: fc.nat({ max: 25 }) }),
    fc.record({ what: fc.constant("fork" as const) }),
  );
  fc.assert(
    fc.property(fc.array(command, { size: "max", maxLength: 60 }), (commands) => {
      let stream = Stream.empty(nextEpoch());
      let model: { message: StreamMessage; round: number }[] = [];
      const kept: [Stream, StreamMessage[]][] = [];
      for (const one of commands) {
        switch (one.what) {
          case "push": {
            stream.push(one.message, one.round);
            model.push({ message: one.message, round: Math.max(one.round, model.at(-1)?.round ?? 0) });
            break;
          }
          case "take": {
            const head = model[0];
            const taken = head !== undefined && head.round <= one.round ? head.message : undefined;
            expect(stream.take(one.round)).toBe(taken);
            if (taken !== undefined) model = model.slice(1);
            break;
          }
          case "fork": {
            kept.push([stream, model.map((entry) => entry.message)]);
            stream = stream.copy(nextEpoch());
            break;
          }
        }
        stream.check();
        expect([...stream.arrivals()].map(({ message, availableRound }) => [message, availableRound])).toEqual(
          model.map((entry) => [entry.message, entry.round]),
        );
        expect(stream.lengthWithoutRefunds).toBe(model.filter((entry) => entry.message.kind !== "refund").length);
      }
      for (const [old, messages] of kept) {
        expect([...old]).toEqual(messages);
        old.check();
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
