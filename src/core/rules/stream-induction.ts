/**
 * Messages from streams enter input queues: the own loopback stream first, then the other subnets' in subnet-id order.
 * A request that cannot be taken is answered with a reject on the stream back.
 *
 * Source: messaging.md 6, 6.1. Replica: `rs/messaging/src/routing/stream_handler.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import { utf8Length } from "../../base/utf8.ts";
import { creditCycles } from "../cycles/accounts.ts";
import type { SubnetId } from "../state/ids.ts";
import type { Request, Response, StreamMessage } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { RejectCode, type Reject } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { at, editCanister, editSubnet, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { acceptResponse, arrival, inductionRefusal, inductionReject, managementInductionRefusal, rejectResponse, streamTo } from "./message-routing.ts";
import { emitResponse } from "./respond.ts";

/** Bytes of messages from other subnets that one block takes. Source: messaging.md 6, "Block payload". */
const BLOCK_BYTES = 4 << 20;

export function inductStreams(world: World, subnet: SubnetState): void {
  const hops = new Map<SubnetId, number>();
  const own = subnet.streams.has(subnet.config.id) ? streamTo(subnet, subnet.config.id) : null;
  // What induction itself appends to the loopback stream is of the next round.
  for (let message = own?.take(world.state.round); message !== undefined; message = own!.take(world.state.round)) {
    inductMessage(world, subnet, subnet.config.id, message, hops);
  }
  let bytes = 0;
  for (const id of world.state.subnets.keys()) {
    if (id === subnet.config.id) continue;
    const source = world.state.subnets.get(id)!;
    const waiting = source.streams.get(subnet.config.id);
    const available = waiting?.nextAvailableRound() ?? null;
    if (available === null || available > world.state.round) continue;
    const stream = streamTo(editSubnet(world, id), subnet.config.id);
    for (let message = stream.peek(world.state.round); message !== undefined; message = stream.peek(world.state.round)) {
      const size = messageBytes(message);
      if (bytes > 0 && bytes + size > BLOCK_BYTES) return;
      bytes += size;
      stream.take(world.state.round);
      inductMessage(world, subnet, id, message, hops);
    }
  }
}

function inductMessage(world: World, subnet: SubnetState, from: SubnetId, message: StreamMessage, hops: Map<SubnetId, number>): void {
  switch (message.kind) {
    case "refund": {
      // Cycles on their way to a deleted canister are lost (cycles.md 7).
      const recipient = editCanister(subnet, message.recipient);
      if (recipient === undefined) subnet.consumed.droppedMessages += message.cycles;
      else creditCycles(recipient, message.cycles);
      return;
    }
    case "request": {
      const refusal = inductRequest(world, subnet, message, from === subnet.config.id ? "local" : "remote");
      if (refusal === null) return;
      const response = rejectResponse(world, message, refusal);
      emitResponse(world, subnet, response, message.method, null);
      streamTo(subnet, from).push(response, arrival(world, subnet, from, hops));
      return;
    }
    case "response":
      return inductResponse(world, subnet, message, from === subnet.config.id ? "local" : "remote");
  }
}

/** Source: messaging.md 6.1, "Asynchronous rejects by routing and induction". */
function inductRequest(world: World, subnet: SubnetState, request: Request, source: "local" | "remote"): Reject | null {
  if (request.receiver === subnet.config.id) {
    const refusal = managementInductionRefusal(world, subnet, request, source);
    if (refusal !== null) return refusal;
    if (subnet.queues.pushInput(request, source) !== null) {
      return { code: RejectCode.SYS_TRANSIENT, message: `Canister ${principalText(request.receiver)} input queue is full` };
    }
    world.emit({ kind: "inducted", ...at(world, subnet), tag: request.tag, at: request.receiver });
    return null;
  }
  const refusal = inductionRefusal(world, subnet, request, source);
  if (refusal !== null) return refusal;
  if (!world.schedule.ordinary) {
    const concern = { from: request.sender, to: request.receiver, method: request.method, message: "request" as const };
    if (world.schedule.choose({ kind: "rejectRequest", message: concern }, 2) === 1) return inductionReject(request.receiver, "queueFull");
  }
  const receiver = editCanister(subnet, request.receiver)!;
  if (receiver.queues.pushInput(request, source) !== null) return inductionReject(request.receiver, "queueFull");
  world.emit({ kind: "inducted", ...at(world, subnet), tag: request.tag, at: request.receiver });
  queuesChanged(subnet, receiver);
  return null;
}

function inductResponse(world: World, subnet: SubnetState, response: Response, source: "local" | "remote"): void {
  const receiver = editCanister(subnet, response.originator);
  if (receiver === undefined) {
    world.emit({ kind: "dropped", ...at(world, subnet), tag: response.tag, reason: "its caller is gone" });
    subnet.consumed.droppedMessages += response.refundCycles;
    return;
  }
  if (!acceptResponse(world, subnet, receiver, response)) return;
  const refused = receiver.queues.pushInput(response, source);
  assert(refused === null, "a response has a reserved slot");
  world.emit({ kind: "inducted", ...at(world, subnet), tag: response.tag, at: response.originator });
  queuesChanged(subnet, receiver);
}

function messageBytes(message: StreamMessage): number {
  switch (message.kind) {
    case "request":
      return utf8Length(message.method) + message.arg.length;
    case "response":
      return message.payload.kind === "data" ? message.payload.data.length : utf8Length(message.payload.message);
    case "refund":
      return 0;
  }
}
