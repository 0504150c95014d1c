import { expect, test } from "vitest";
import { nextEpoch } from "../../base/epoch.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, Ingress, Request } from "../state/messages.ts";
import { CanisterQueues, startWalk, type DropContext } from "./canister-queues.ts";
import { deadlineReject, ingressFrom, OWN, principal, replyTo, requestFrom } from "./messages.fixture.ts";
import { MAX_RESPONSE_COUNT_BYTES } from "./sizes.ts";

const A = principal(0x0a);
const B = principal(0x0b);
const C = principal(0x0c);
const D = principal(0x0d);

const nanos = (second: number) => BigInt(second) * 1_000_000_000n;
const empty = (capacity?: number) => CanisterQueues.empty(OWN, nextEpoch(), capacity);
const tags = (messages: readonly (CanisterMessage | Ingress)[]) => messages.map((message) => message.tag);

function context(local: readonly PrincipalId[] = []): DropContext {
  let tag = 1_000_000;
  return { isLocal: (id) => local.includes(id), nextTag: () => tag++ };
}

/** Pops everything in the ordinary order. */
function drain(queues: CanisterQueues): (CanisterMessage | Ingress)[] {
  const messages: (CanisterMessage | Ingress)[] = [];
  for (let message = queues.popInput(); message !== undefined; message = queues.popInput()) messages.push(message);
  return messages;
}

test("500 calls to one canister may be in flight; the slot comes back when the response is popped [replica: slots of queues]", () => {
  const queues = empty();
  const requests: Request[] = [];
  for (let i = 0; i < 500; i++) {
    expect(queues.freeSlots(A)).toBe(500 - i);
    requests.push(requestFrom(OWN, A));
    queues.pushOutputRequest(requests[i]!, 0n);
  }
  expect(queues.freeSlots(A)).toBe(0);
  expect(() => queues.pushOutputRequest(requestFrom(OWN, A), 0n)).toThrow();
  expect(queues.freeSlots(B)).toBe(500);

  while (queues.popOutput(A) !== undefined);
  expect(queues.freeSlots(A)).toBe(0); // still awaited
  queues.pushInput(replyTo(requests[7]!), "local");
  expect(queues.freeSlots(A)).toBe(0); // still waiting to be executed
  queues.popInput();
  expect(queues.freeSlots(A)).toBe(1);
  queues.check();
});

test("a canister with 500 unanswered requests of another refuses more, also after it has taken them up [replica: slots of queues]", () => {
  const queues = empty();
  for (let i = 0; i < 500; i++) expect(queues.pushInput(requestFrom(A, OWN), "remote")).toBeNull();
  expect(queues.acceptsRequest(A)).toBe(false);
  expect(queues.pushInput(requestFrom(A, OWN), "remote")).toBe("queueFull");
  const taken = queues.popInput() as Request;
  expect(queues.pushInput(requestFrom(A, OWN), "remote")).toBe("queueFull"); // its answer still needs the slot
  queues.pushOutputResponse(replyTo(taken));
  expect(queues.pushInput(requestFrom(A, OWN), "remote")).toBe("queueFull"); // and keeps it until it leaves
  queues.popOutput(A);
  expect(queues.pushInput(requestFrom(A, OWN), "remote")).toBeNull();
  expect(queues.pushInput(requestFrom(B, OWN), "remote")).toBeNull();
  queues.check();
});

test("calls to oneself use the same pair of queues in both directions [replica: slots of queues]", () => {
  const queues = empty(1);
  const request = requestFrom(OWN, OWN);
  queues.pushOutputRequest(request, 0n);
  expect(queues.freeSlots(OWN)).toBe(0);
  expect(queues.pushInput(queues.peekOutput(OWN)!, "local")).toBeNull();
  queues.popOutput(OWN);
  expect(queues.popInput()).toBe(request);
  queues.pushOutputResponse(replyTo(request));
  queues.pushInput(queues.popOutput(OWN)!, "local");
  expect(queues.freeSlots(OWN)).toBe(0);
  queues.popInput();
  expect(queues.freeSlots(OWN)).toBe(1);
  expect(queues.isEmpty).toBe(true);
  queues.check();
});

test("inputs are taken in turns: local, ingress, remote, and within a source sender by sender [replica: order of inputs]", () => {
  const queues = empty();
  const local = [requestFrom(A, OWN), requestFrom(A, OWN), requestFrom(A, OWN), requestFrom(B, OWN)];
  for (const request of local) queues.pushInput(request, "local");
  const remote = [requestFrom(D, OWN), requestFrom(C, OWN), requestFrom(D, OWN)];
  for (const request of remote) queues.pushInput(request, "remote");
  const ingress = [ingressFrom(A), ingressFrom(B)];
  for (const message of ingress) queues.pushIngress(message);

  const [a1, a2, a3, b1] = tags(local);
  const [d1, c1, d2] = tags(remote);
  const [i1, i2] = tags(ingress);
  expect(tags(queues.inputCandidates())).toEqual([a1, i1, d1, b1, c1]);
  expect(tags(drain(queues))).toEqual([a1, i1, d1, b1, i2, c1, a2, d2, a3]);
  expect(queues.hasInput).toBe(false);
  queues.check();
});

test("a chosen message is taken as if its source and sender had been next", () => {
  const queues = empty();
  const [a1, a2, b1, c1] = [requestFrom(A, OWN), requestFrom(A, OWN), requestFrom(B, OWN), requestFrom(C, OWN)];
  for (const request of [a1, a2, b1]) queues.pushInput(request, "local");
  queues.pushInput(c1, "remote");
  expect(queues.inputCandidates()).toEqual([a1, c1, b1]);
  expect(queues.popInput(2)).toBe(b1);
  expect(queues.inputCandidates()).toEqual([c1, a1]); // after a local message comes ingress, then remote
  expect(queues.popInput(1)).toBe(a1);
  expect(drain(queues)).toEqual([c1, a2]);
});

test("management messages that must wait are passed over, all of them once", () => {
  const queues = empty();
  const x = ingressFrom(A, { effective: C });
  const x2 = ingressFrom(A, { effective: C });
  const y = ingressFrom(A, { effective: D });
  for (const message of [x, x2, y]) queues.pushIngress(message);
  const requests = [requestFrom(A, OWN), requestFrom(B, OWN)];
  for (const request of requests) queues.pushInput(request, "local");

  const seen: number[] = [];
  const walk = startWalk();
  do {
    seen.push(queues.peekInput()!.tag);
  } while (queues.skipInput(walk));
  expect(seen).toEqual([requests[0]!.tag, x.tag, requests[1]!.tag, y.tag]);
  expect(queues.inputCount).toBe(5);
  // Groups of ingress messages are served in turn, too.
  expect(tags(drain(queues).filter((message) => message.kind === "ingress"))).toEqual([x.tag, y.tag, x2.tag]);
  queues.check();
});

test("a guaranteed request that does not leave within 300 s is rejected with everything attached [replica: lifetime of requests]", () => {
  const queues = empty();
  const request = requestFrom(OWN, A, { cycles: 7n });
  queues.pushOutputRequest(request, nanos(1000) + 999_999_999n);
  expect(queues.earliestExpiry()).toBe(1300);
  expect(queues.timeOutMessages(1300, context())).toEqual([]);
  const [dropped] = queues.timeOutMessages(1301, context([A]));
  expect(dropped).toMatchObject({
    kind: "ownRequest",
    message: request,
    reject: { refundCycles: 7n, originator: OWN, respondent: A, payload: { kind: "reject", code: 2, message: "Request timed out." } },
  });
  expect(queues.earliestExpiry()).toBeNull();
  expect(queues.hasOutput).toBe(false);
  expect(queues.hasResponseFor(A, request.callbackId)).toBe(true);
  expect(queues.popInput()).toMatchObject({ callbackId: request.callbackId });
  expect(queues.isEmpty).toBe(true);
  expect(queues.guaranteedMemoryBytes).toBe(0);
  queues.check();
});

test("a request that timed out behind others keeps its request slot until it reaches the head [replica: slots of queues]", () => {
  const queues = empty(2);
  const first = requestFrom(OWN, A);
  const bounded = requestFrom(OWN, A, { deadline: 10 });
  queues.pushOutputRequest(first, nanos(0));
  queues.pushOutputRequest(bounded, nanos(0));
  expect(queues.timeOutMessages(11, context()).length).toBe(1);
  queues.popInput(); // the reject: its response slot is free again
  expect(queues.freeSlots(A)).toBe(0); // but both request slots are taken
  queues.check();
  expect(queues.popOutput(A)).toBe(first);
  expect(queues.peekOutput(A)).toBeUndefined();
  expect(queues.freeSlots(A)).toBe(1);
  queues.check();
});

test("expired messages are dropped by deadline, then by age; strictly after the deadline [abstract-behavior#message-timeout]", () => {
  const queues = empty();
  const late = requestFrom(OWN, B, { deadline: 20 });
  const early = requestFrom(OWN, C, { deadline: 10 });
  const same = requestFrom(OWN, A, { deadline: 20 });
  for (const request of [late, early, same]) queues.pushOutputRequest(request, 0n);
  expect(queues.timeOutMessages(10, context())).toEqual([]);
  expect(tags(queues.timeOutMessages(21, context()).map((dropped) => dropped.message))).toEqual(tags([early, late, same]));
  queues.check();
});

test("an expired bounded-wait request in the input queue goes without answer, and its sender may send another [abstract-behavior#message-timeout]", () => {
  const queues = empty(1);
  const request = requestFrom(A, OWN, { deadline: 5, cycles: 3n });
  queues.pushInput(request, "local");
  expect(queues.acceptsRequest(A)).toBe(false);
  expect(queues.timeOutMessages(6, context())).toEqual([{ kind: "inputRequest", message: request }]);
  expect(queues.hasInput).toBe(false);
  expect(queues.acceptsRequest(A)).toBe(true);
  expect(queues.isEmpty).toBe(true);
  queues.check();
  // The sender kept its place in the schedule; nothing comes out of it.
  queues.pushInput(requestFrom(B, OWN), "local");
  expect(queues.peekInput()).toMatchObject({ sender: B });
  expect(queues.popInput()).toMatchObject({ sender: B });
  queues.check();
});

test("an expired bounded-wait response in the output queue goes; guaranteed ones never do [abstract-behavior#message-timeout]", () => {
  const queues = empty();
  const bounded = requestFrom(A, OWN, { deadline: 5 });
  const guaranteed = requestFrom(A, OWN);
  queues.pushInput(bounded, "local");
  queues.pushInput(guaranteed, "local");
  drain(queues);
  const lost = replyTo(bounded, { refund: 9n });
  queues.pushOutputResponse(lost);
  queues.pushOutputResponse(replyTo(guaranteed));
  expect(queues.timeOutMessages(1_000_000, context())).toEqual([{ kind: "outputResponse", message: lost }]);
  expect(queues.outputCount).toBe(1);
  expect(queues.popOutput(A)).toMatchObject({ callbackId: guaranteed.callbackId });
  expect(queues.isEmpty).toBe(true);
  queues.check();
});

test("a response that waits for its caller never expires, and a passed deadline is a marker without memory [abstract-behavior#call-expiry]", () => {
  const queues = empty();
  const request = requestFrom(OWN, A, { deadline: 5 });
  const other = requestFrom(OWN, A, { deadline: 5 });
  for (const sent of [request, other]) queues.pushOutputRequest(sent, 0n);
  queues.popOutput(A);
  queues.popOutput(A);
  queues.pushInput(replyTo(request, { bytes: 100 }), "local");
  expect(queues.bestEffortMemoryBytes).toBeGreaterThan(100);
  expect(queues.earliestExpiry()).toBeNull();
  expect(queues.timeOutMessages(100, context())).toEqual([]);
  const before = queues.bestEffortMemoryBytes;
  expect(queues.hasResponseFor(A, other.callbackId)).toBe(false);
  queues.pushOwnReject(deadlineReject(other), "local");
  expect(queues.bestEffortMemoryBytes).toBe(before);
  expect(queues.freeSlots(A)).toBe(498);
  expect(drain(queues).length).toBe(2);
  expect(queues.freeSlots(A)).toBe(500);
  queues.check();
});

test("the largest best-effort message is shed; a response leaves a reject 6 in its place [replica: shedding of best-effort messages]", () => {
  const queues = empty();
  const mine = requestFrom(OWN, A, { deadline: 5, argBytes: 10 });
  queues.pushOutputRequest(mine, 0n);
  queues.popOutput(A);
  const reply = replyTo(mine, { bytes: 1000, refund: 4n });
  queues.pushInput(reply, "remote");
  const smaller = requestFrom(OWN, B, { deadline: 5, argBytes: 500, cycles: 8n });
  queues.pushOutputRequest(smaller, 0n);
  queues.pushInput(requestFrom(C, OWN, { argBytes: 100_000 }), "local"); // guaranteed: never shed

  expect(queues.largestBestEffort()).toBe(1144);
  expect(queues.shed(context())).toMatchObject({ kind: "inputResponse", message: reply, reject: { refundCycles: 0n } });
  queues.check();
  expect(queues.shed(context())).toMatchObject({ kind: "ownRequest", message: smaller, reject: { refundCycles: 8n } });
  queues.check();
  // The reject of the shed request is a best-effort message itself, as in the replica; its marker is none.
  expect(queues.shed(context())).toMatchObject({ kind: "inputResponse", reject: { payload: { code: 6 } } });
  expect(queues.largestBestEffort()).toBeNull();
  expect(queues.bestEffortMemoryBytes).toBe(0);
  queues.check();
  const rejects = drain(queues).filter((message) => message.kind === "response");
  expect(rejects.map(({ payload }) => payload)).toEqual([
    { kind: "reject", code: 6, message: "Response was dropped." },
    { kind: "reject", code: 6, message: "Response was dropped." },
  ]);
});

test("guaranteed memory: one reservation per call at each end, the bytes of responses, and oversized requests' excess [replica: memory of guaranteed responses]", () => {
  const queues = empty();
  const mine = requestFrom(OWN, A);
  queues.pushOutputRequest(mine, 0n);
  expect(queues.guaranteedMemoryBytes).toBe(MAX_RESPONSE_COUNT_BYTES);
  const large = requestFrom(B, OWN, { argBytes: 3 * 2 ** 20 });
  queues.pushInput(large, "local");
  const excess = 176 + 1 + 3 * 2 ** 20 - MAX_RESPONSE_COUNT_BYTES;
  expect(queues.guaranteedMemoryBytes).toBe(2 * MAX_RESPONSE_COUNT_BYTES + excess);
  queues.popInput();
  expect(queues.guaranteedMemoryBytes).toBe(2 * MAX_RESPONSE_COUNT_BYTES);
  queues.pushOutputResponse(replyTo(large, { bytes: 10 }));
  expect(queues.guaranteedMemoryBytes).toBe(MAX_RESPONSE_COUNT_BYTES + 154);
  queues.popOutput(B);
  queues.popOutput(A);
  queues.pushInput(replyTo(mine, { bytes: 20 }), "local");
  expect(queues.guaranteedMemoryBytes).toBe(164);
  queues.popInput();
  expect(queues.guaranteedMemoryBytes).toBe(0);
  queues.check();
});

test("a management call that cannot be routed is rejected without having been in an output queue", () => {
  const queues = empty();
  const request = requestFrom(OWN, A, { cycles: 5n });
  queues.pushImmediateReject(replyTo(request, { refund: 5n }), "local");
  expect(queues.freeSlots(A)).toBe(499);
  expect(queues.guaranteedMemoryBytes).toBe(144);
  expect(queues.popInput()).toMatchObject({ refundCycles: 5n });
  expect(queues.isEmpty).toBe(true);
  queues.check();
});

test("ingress messages expire strictly after their expiry, oldest first [abstract-behavior#request-rejection]", () => {
  const queues = empty();
  const messages = [10, 30, 20].map((second) => ingressFrom(A, { expiryNanos: nanos(second) + 5n }));
  for (const message of messages) queues.pushIngress(message);
  expect(queues.earliestIngressExpiry()).toBe(10);
  expect(queues.rejectExpiredIngress(nanos(10) + 5n)).toEqual([]);
  expect(queues.rejectExpiredIngress(nanos(10) + 6n)).toEqual([messages[0]]);
  expect(queues.rejectExpiredIngress(nanos(31))).toEqual([messages[1], messages[2]]);
  expect(queues.earliestIngressExpiry()).toBeNull();
  expect(queues.hasInput).toBe(false);
  queues.check();
});

test("destinations with output come in id order", () => {
  const queues = empty();
  for (const to of [C, A, B, C]) queues.pushOutputRequest(requestFrom(OWN, to), 0n);
  expect(queues.outputDestinations()).toEqual([A, B, C]);
  expect(queues.nextOutputDestination(null)).toBe(A);
  queues.popOutput(B);
  expect(queues.nextOutputDestination(A)).toBe(C);
  expect(queues.nextOutputDestination(B)).toBe(C);
  expect(queues.nextOutputDestination(C)).toBeNull();
  queues.popOutput(C);
  expect(queues.outputDestinations()).toEqual([A, C]);
});

test("parties with whom nothing is open any more are forgotten", () => {
  const queues = empty();
  for (let i = 0; i < 1000; i++) {
    const request = requestFrom(i.toString(16).padStart(4, "0") as PrincipalId, OWN);
    queues.pushInput(request, "remote");
    queues.popInput();
    queues.pushOutputResponse(replyTo(request));
    queues.popOutput(request.sender);
  }
  expect((queues as unknown as { pairs: { size: number } }).pairs.size).toBeLessThan(100);
  queues.check();
});
