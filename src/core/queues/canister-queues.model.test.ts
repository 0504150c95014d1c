/** Random histories of one canister's queues against a model that is only lists, and forks that must not touch each other. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nextEpoch } from "../../base/epoch.ts";
import type { CallbackId, PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, CoarseTime, Ingress, Request, Response } from "../state/messages.ts";
import { RejectCode } from "../state/rejects.ts";
import { CanisterQueues, type DropContext, type InputSource } from "./canister-queues.ts";
import { deadlineReject, ingressFrom, OWN, principal, replyTo, requestFrom } from "./messages.fixture.ts";
import { countBytes, MAX_RESPONSE_COUNT_BYTES } from "./sizes.ts";

const CAPACITY = 3;
const PEERS: readonly PrincipalId[] = [principal(1), principal(2), principal(3), OWN];
const isLocal = (id: PrincipalId) => id === OWN || id === PEERS[0];
const sourceOf = (id: PrincipalId): InputSource => (isLocal(id) ? "local" : "remote");

interface Item {
  message: CanisterMessage;
  expiry: CoarseTime;
  stale: boolean;
  age: number;
}

/** The plain account: queues as lists, turns as lists, calls as lists. */
class Model {
  input = new Map<PrincipalId, Item[]>(PEERS.map((peer) => [peer, []]));
  output = new Map<PrincipalId, Item[]>(PEERS.map((peer) => [peer, []]));
  /** Calls made whose response has not come in, and requests taken in that are not answered. */
  awaited: Request[] = [];
  unanswered: Request[] = [];
  schedule: { local: PrincipalId[]; remote: PrincipalId[] } = { local: [], remote: [] };
  ingress: Ingress[] = [];
  turn = 0;
  age = 0;

  /** Requests that entered an input queue and wait there still have a reservation as well: `unanswered` holds them too. */
  slots(peer: PrincipalId): { inResponses: number; inRequests: number; outResponses: number; outRequests: number } {
    const count = (items: Item[], kind: string) => items.filter((item) => item.message.kind === kind).length;
    const [input, output] = [this.input.get(peer)!, this.output.get(peer)!];
    return {
      inRequests: count(input, "request"),
      outRequests: count(output, "request"),
      inResponses: count(input, "response") + this.awaited.filter((request) => request.receiver === peer).length,
      outResponses: count(output, "response") + this.unanswered.filter((request) => request.sender === peer).length,
    };
  }

  freeSlots(peer: PrincipalId): number {
    const { inResponses, outRequests } = this.slots(peer);
    return Math.min(CAPACITY - inResponses, CAPACITY - outRequests);
  }

  accepts(peer: PrincipalId): boolean {
    const { inRequests, outResponses } = this.slots(peer);
    return inRequests < CAPACITY && outResponses < CAPACITY;
  }

  enter(queue: Item[], message: CanisterMessage, expiry: CoarseTime): void {
    queue.push({ message, expiry, stale: false, age: this.age++ });
  }

  enterInput(peer: PrincipalId, message: CanisterMessage, expiry: CoarseTime): void {
    this.enter(this.input.get(peer)!, message, expiry);
    if (![...this.schedule.local, ...this.schedule.remote].includes(peer)) this.schedule[sourceOf(peer)].push(peer);
  }

  fill(response: Response): void {
    this.awaited = this.awaited.filter((request) => request.callbackId !== response.callbackId);
    this.enterInput(response.respondent, response, 0);
  }

  trim(queue: Item[]): void {
    while (queue[0]?.stale === true) queue.shift();
  }

  take(queue: Item[]): CanisterMessage {
    const { message } = queue.shift()!;
    this.trim(queue);
    return message;
  }

  heads(): { source: number; peer: PrincipalId | null; message: CanisterMessage | Ingress }[] {
    const of = (senders: PrincipalId[], source: number) =>
      senders.flatMap((peer) => {
        const head = this.input.get(peer)![0];
        return head === undefined ? [] : [{ source, peer, message: head.message }];
      });
    const lists = [
      of(this.schedule.local, 0),
      this.ingress.slice(0, 1).map((message) => ({ source: 1, peer: null, message })),
      of(this.schedule.remote, 2),
    ];
    const heads = [];
    for (let n = 0; n < 10; n++) {
      for (let i = 0; i < 3; i++) {
        const head = lists[(this.turn + i) % 3]![n];
        if (head !== undefined) heads.push(head);
      }
    }
    return heads;
  }

  pop(option: number): CanisterMessage | Ingress | undefined {
    const head = this.heads()[option];
    // In the ordinary order, senders whose messages were all dropped leave the schedule when they are come across.
    if (option === 0) {
      for (let i = 0; i < 3; i++) {
        const source = (this.turn + i) % 3;
        const senders = source === 1 ? [] : this.schedule[source === 0 ? "local" : "remote"];
        while (senders.length > 0 && this.input.get(senders[0]!)!.length === 0) senders.shift();
        if (source === head?.source) break;
      }
    }
    if (head === undefined) return undefined;
    this.turn = (head.source + 1) % 3;
    if (head.peer === null) return this.ingress.shift();
    const senders = this.schedule[head.source === 0 ? "local" : "remote"];
    senders.splice(senders.indexOf(head.peer), 1);
    const message = this.take(this.input.get(head.peer)!);
    if (this.input.get(head.peer)!.length > 0) senders.push(head.peer);
    return message;
  }

  items(): { peer: PrincipalId; side: "input" | "output"; item: Item }[] {
    return PEERS.flatMap((peer) => [
      ...this.input.get(peer)!.map((item) => ({ peer, side: "input" as const, item })),
      ...this.output.get(peer)!.map((item) => ({ peer, side: "output" as const, item })),
    ]).filter(({ item }) => !item.stale);
  }

  drop(place: { peer: PrincipalId; side: "input" | "output"; item: Item }, reject: Response | null): void {
    const { peer, side, item } = place;
    const { message } = item;
    item.expiry = 0;
    if (side === "input" && message.kind === "response") {
      item.message = reject!;
      return;
    }
    item.stale = true;
    this.trim(this[side].get(peer)!);
    if (side === "input") this.unanswered = this.unanswered.filter(({ tag }) => tag !== message.tag);
    else if (message.kind === "request") this.fill(reject!);
  }

  guaranteedBytes(): number {
    const calls = [...this.awaited, ...this.unanswered].filter(({ deadline }) => deadline === 0).length;
    const bytes = this.items()
      .filter(({ item }) => item.message.deadline === 0)
      .map(({ item }) =>
        item.message.kind === "response" ? countBytes(item.message) : Math.max(0, countBytes(item.message) - MAX_RESPONSE_COUNT_BYTES),
      );
    return calls * MAX_RESPONSE_COUNT_BYTES + bytes.reduce((a, b) => a + b, 0);
  }

  shedable(): { peer: PrincipalId; side: "input" | "output"; item: Item }[] {
    return this.items()
      .filter(({ item }) => item.message.deadline !== 0 && !isUnknown(item.message))
      .sort((a, b) => countBytes(b.item.message) - countBytes(a.item.message) || b.item.age - a.item.age);
  }
}

function isUnknown(message: CanisterMessage): boolean {
  return message.kind === "response" && message.payload.kind === "reject" && message.payload.code === RejectCode.SYS_UNKNOWN;
}

/** What a run does, drawn as numbers; whatever is not possible at that point is passed over. */
const command = fc.record({
  what: fc.constantFrom(
    "call",
    "send",
    "request",
    "request",
    "request",
    "take",
    "take",
    "answer",
    "answer",
    "response",
    "reject",
    "expireCallback",
    "time",
    "shed",
    "ingress",
    "expireIngress",
    "fork",
  ),
  which: fc.nat({ max: 7 }),
  deadline: fc.constantFrom(0, 0, 0, 1, 3, 40),
  bytes: fc.constantFrom(0, 1, 5, 5, 2 ** 21 + 50),
});

/** Everything that can be seen of queues. */
function seen(queues: CanisterQueues): string {
  const messages = [...queues.messages()].map(({ where, peer, message }) => `${where} ${peer} ${message.tag}`);
  const { guaranteedMemoryBytes, bestEffortMemoryBytes, inputCount, outputCount } = queues;
  return [
    ...messages,
    ...queues.standing(),
    guaranteedMemoryBytes,
    bestEffortMemoryBytes,
    inputCount,
    outputCount,
    queues.earliestExpiry(),
  ].join("\n");
}

test("queues do what plain lists do, whatever comes, and forks are independent", () => {
  const covered = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(command, { maxLength: 150, size: "max" }), (commands) => {
      let queues = CanisterQueues.empty(OWN, nextEpoch(), CAPACITY);
      const model = new Model();
      const snapshots: { queues: CanisterQueues; seen: string }[] = [];
      let now = 1000;
      let callback = 0;
      let tag = 1_000_000;
      const context: DropContext = { isLocal, nextTag: () => tag++ };
      /** Own calls whose request has left and whose answer has not come. */
      let travelling: Request[] = [];
      let executing: Request[] = [];
      const did = (what: string) => covered.set(what, (covered.get(what) ?? 0) + 1);

      for (const { what, which, deadline: seconds, bytes } of commands) {
        const peer = PEERS[which % PEERS.length]!;
        const deadline = seconds === 0 ? 0 : now + seconds;
        switch (what) {
          case "call": {
            if (model.freeSlots(peer) === 0) continue;
            const request = requestFrom(OWN, peer, { callback: ++callback, deadline, argBytes: bytes, cycles: 1n });
            queues.pushOutputRequest(request, BigInt(now) * 1_000_000_000n);
            model.awaited.push(request);
            model.enter(model.output.get(peer)!, request, deadline === 0 ? now + 300 : deadline);
            break;
          }
          case "send": {
            const message = queues.popOutput(peer);
            if (model.output.get(peer)!.length === 0) {
              expect(message).toBeUndefined();
              continue;
            }
            expect(message).toBe(model.take(model.output.get(peer)!));
            if (message!.kind === "request" && peer !== OWN) travelling.push(message!);
            // To itself a message goes straight in, as far as it is taken.
            if (peer === OWN && message!.kind === "response") {
              queues.pushInput(message!, "local");
              model.fill(message!);
            } else if (peer === OWN && message!.kind === "request") {
              const accepted = model.accepts(OWN);
              expect(queues.pushInput(message!, "local")).toBe(accepted ? null : "queueFull");
              if (accepted) {
                model.unanswered.push(message!);
                model.enterInput(OWN, message!, message!.deadline);
              } else {
                travelling.push(message!);
              }
            }
            break;
          }
          case "request": {
            if (peer === OWN) continue;
            const request = requestFrom(peer, OWN, { callback: ++callback, deadline, argBytes: bytes, cycles: 1n });
            const accepted = model.accepts(peer);
            expect(queues.acceptsRequest(peer)).toBe(accepted);
            expect(queues.pushInput(request, sourceOf(peer))).toBe(accepted ? null : "queueFull");
            did(accepted ? "accepted" : "refused");
            if (!accepted) continue;
            model.unanswered.push(request);
            model.enterInput(peer, request, deadline);
            break;
          }
          case "take": {
            const candidates = model.heads();
            const option = candidates.length === 0 ? 0 : which % candidates.length;
            expect(queues.inputCandidates()).toEqual(candidates.map(({ message }) => message));
            expect(queues.peekInput()).toBe(candidates[0]?.message);
            const message = queues.popInput(option);
            expect(message).toEqual(model.pop(option));
            if (message?.kind === "request") executing.push(message);
            did(option === 0 ? "ordinary" : "deviation");
            break;
          }
          case "answer": {
            const request = executing[which % Math.max(1, executing.length)];
            if (request === undefined) continue;
            executing = executing.filter((other) => other !== request);
            const response = replyTo(request, { bytes: Math.min(bytes, 2 ** 21) });
            queues.pushOutputResponse(response);
            model.unanswered = model.unanswered.filter((other) => other !== request);
            model.enter(model.output.get(request.sender)!, response, response.deadline);
            break;
          }
          case "response":
          case "reject":
          case "expireCallback": {
            const request = travelling[which % Math.max(1, travelling.length)];
            if (request === undefined) continue;
            const answered = queues.hasResponseFor(request.receiver, request.callbackId);
            expect(answered).toBe(
              model.input
                .get(request.receiver)!
                .some(({ message }) => message.kind === "response" && message.callbackId === request.callbackId),
            );
            if (!model.awaited.includes(request)) continue;
            if (what === "expireCallback" && request.deadline === 0) continue;
            travelling = travelling.filter((other) => other !== request);
            if (what === "response") {
              const response = replyTo(request, { bytes: Math.min(bytes, 2 ** 21), refund: 1n });
              queues.pushInput(response, sourceOf(request.receiver));
              model.fill(response);
            } else {
              const reject = what === "expireCallback" ? deadlineReject(request) : replyTo(request);
              queues.pushOwnReject(reject, sourceOf(request.receiver));
              model.fill(reject);
            }
            break;
          }
          case "time": {
            now += which % 4 === 3 ? 301 : which;
            const due = model
              .items()
              .filter(({ item }) => item.expiry !== 0 && item.expiry < now)
              .sort((a, b) => a.item.expiry - b.item.expiry || a.item.age - b.item.age);
            const dropped = queues.timeOutMessages(now, context);
            expect(dropped.map(({ message }) => message)).toEqual(due.map(({ item }) => item.message));
            due.forEach((place, i) => {
              const drop = dropped[i]!;
              expect(drop.kind).toBe(
                place.side === "input" ? "inputRequest" : place.item.message.kind === "request" ? "ownRequest" : "outputResponse",
              );
              did(drop.kind);
              model.drop(place, drop.kind === "ownRequest" ? drop.reject : null);
            });
            break;
          }
          case "shed": {
            const place = model.shedable()[0];
            expect(queues.largestBestEffort()).toBe(place === undefined ? null : countBytes(place.item.message));
            if (place === undefined || which > 2) continue;
            const dropped = queues.shed(context);
            expect(dropped.message).toBe(place.item.message);
            did(`shed ${dropped.kind}`);
            model.drop(place, "reject" in dropped ? dropped.reject : null);
            break;
          }
          case "ingress": {
            const message = ingressFrom(peer, { expiryNanos: BigInt(now + which) * 1_000_000_000n });
            queues.pushIngress(message);
            model.ingress.push(message);
            break;
          }
          case "expireIngress": {
            const nanos = BigInt(now) * 1_000_000_000n + 1n;
            expect(queues.rejectExpiredIngress(nanos)).toEqual(model.ingress.filter(({ expiryNanos }) => expiryNanos < nanos));
            model.ingress = model.ingress.filter(({ expiryNanos }) => expiryNanos >= nanos);
            break;
          }
          case "fork": {
            // One side goes on, the other is kept; every third time it is the fork that is kept, after it was written.
            const fork = queues.copy(nextEpoch());
            snapshots.push({ queues, seen: seen(queues) });
            queues = fork;
            if (which % 3 === 0) {
              const other = snapshots[snapshots.length - 1]!.queues.copy(nextEpoch());
              while (other.popInput() !== undefined);
              for (const to of other.outputDestinations()) other.popOutput(to);
              other.check();
            }
            break;
          }
        }
        queues.check();
        for (const id of PEERS) {
          expect(queues.freeSlots(id)).toBe(model.freeSlots(id));
          expect(queues.freeSlots(id)).toBeGreaterThanOrEqual(0);
          expect(queues.peekOutput(id)).toBe(model.output.get(id)![0]?.message);
        }
        const items = model.items();
        expect(queues.inputCount).toBe(items.filter(({ side }) => side === "input").length + model.ingress.length);
        expect(queues.outputCount).toBe(items.filter(({ side }) => side === "output").length);
        expect(queues.guaranteedMemoryBytes).toBe(model.guaranteedBytes());
        expect(queues.bestEffortMemoryBytes).toBe(model.shedable().reduce((bytes, { item }) => bytes + countBytes(item.message), 0));
        const expiries = items.map(({ item }) => item.expiry).filter((expiry) => expiry !== 0);
        expect(queues.earliestExpiry()).toBe(expiries.length === 0 ? null : Math.min(...expiries));
        expect(queues.outputDestinations()).toEqual(PEERS.filter((id) => model.output.get(id)!.length > 0));
      }
      for (const snapshot of snapshots) {
        expect(seen(snapshot.queues)).toBe(snapshot.seen);
        snapshot.queues.check();
      }
    }),
    { numRuns: 200 },
  );
  // The histories above came by everything.
  for (const what of [
    "accepted",
    "refused",
    "ordinary",
    "deviation",
    "ownRequest",
    "inputRequest",
    "outputResponse",
    "shed inputResponse",
    "shed ownRequest",
  ]) {
    expect(covered.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});

test("within a pair of canisters requests are taken in the order in which they were sent [message-execution-properties#property-3]", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.boolean()), { maxLength: 100 }), (pushes) => {
      const queues = CanisterQueues.empty(OWN, nextEpoch());
      const sent = new Map<PrincipalId, CallbackId[]>(PEERS.map((peer) => [peer, []]));
      const taken = new Map<PrincipalId, CallbackId[]>(PEERS.map((peer) => [peer, []]));
      const take = (option: number) => {
        const message = queues.popInput(option);
        if (message?.kind === "request") taken.get(message.sender)!.push(message.callbackId);
        return message;
      };
      for (const [which, takes] of pushes) {
        const request = requestFrom(PEERS[which]!, OWN);
        queues.pushInput(request, sourceOf(request.sender));
        sent.get(request.sender)!.push(request.callbackId);
        if (takes) take(which % queues.inputCandidates().length);
      }
      while (take(0) !== undefined);
      expect(taken).toEqual(sent);
    }),
  );
});

test("while three sources have messages, none is served twice before the others are [replica: order of inputs]", () => {
  const queues = CanisterQueues.empty(OWN, nextEpoch());
  const served: number[] = [];
  for (let i = 0; i < 30; i++) {
    queues.pushInput(requestFrom(PEERS[0]!, OWN), "local");
    queues.pushInput(requestFrom(PEERS[i % 2 === 0 ? 1 : 2]!, OWN), "remote");
    queues.pushIngress(ingressFrom(PEERS[1]!));
  }
  for (let i = 0; i < 90; i++) {
    const message = queues.popInput()!;
    served.push(message.kind === "ingress" ? 1 : message.kind === "request" && isLocal(message.sender) ? 0 : 2);
  }
  expect(served).toEqual(Array.from({ length: 90 }, (_, i) => i % 3));
});
