/**
 * Messages from streams enter input queues: the own loopback stream first, then the other subnets' in subnet-id order.
 * Each is signalled on the stream back; for a request that cannot be taken the signal says why, and the sender's subnet makes the reject itself.
 *
 * Source: messaging.md 6, 6.1. Replica: `rs/messaging/src/routing/stream_handler.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import { utf8Length } from "../../base/utf8.ts";
import { creditCycles } from "../cycles/accounts.ts";
import type { InputSource } from "../queues/canister-queues.ts";
import { SYSTEM_SUBNET_MESSAGES } from "../streams/routing.ts";
import type { Header, Stream } from "../streams/stream.ts";
import type { SubnetId } from "../state/ids.ts";
import type { Request, Response, StreamMessage } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { RejectCode, type Reject } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { at, editCanister, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import {
  acceptResponse,
  chosenFate,
  inductionRefusal,
  inductionReject,
  loseRequest,
  managementInductionRefusal,
  peerSource,
  rejectResponse,
  streamTo,
} from "./message-routing.ts";
import { emitResponse } from "./respond.ts";

/** Bytes of messages from other subnets that one block takes. Source: messaging.md 6, "Block payload". */
const BLOCK_BYTES = 4 << 20;

export function inductStreams(world: World, subnet: SubnetState): void {
  inductLoopback(world, subnet);
  if (world.state.subnets.size === 1) return;
  const slices = arrivedSlices(world, subnet);
  for (const slice of slices) settleSignals(world, subnet, slice);
  let bytes = 0;
  for (const { from, stream } of slices) {
    let left = messageLimit(world, subnet, from);
    let index = subnet.streams.get(from)?.signalsEnd ?? 0;
    for (
      let message = stream.at(index, world.state.round);
      message !== undefined && left > 0;
      message = stream.at(++index, world.state.round)
    ) {
      const size = messageBytes(message);
      if (bytes > 0 && bytes + size > BLOCK_BYTES) return;
      bytes += size;
      left--;
      streamTo(subnet, from).signal(inductMessage(world, subnet, message, "remote"));
    }
  }
}

/** What another subnet has sent, as far as it has arrived. */
interface Slice {
  readonly from: SubnetId;
  readonly stream: Stream;
  readonly header: Header;
}

function arrivedSlices(world: World, subnet: SubnetState): Slice[] {
  const slices: Slice[] = [];
  for (const [from, source] of world.state.subnets.entries()) {
    const stream = from === subnet.config.id ? undefined : source.streams.get(subnet.config.id);
    const header = stream?.header(world.state.round) ?? null;
    if (header !== null && !isCutOff(world, subnet, from, stream!)) slices.push({ from, stream: stream!, header });
  }
  return slices;
}

/** When a subnet takes what another has sent is open. */
function isCutOff({ schedule }: World, subnet: SubnetState, from: SubnetId, stream: Stream): boolean {
  if (schedule.ordinary || schedule.injects !== true || stream.length === 0) return false;
  return schedule.choose({ kind: "link", from, to: subnet.config.id }, 2) === 1;
}

/** Takes all there is; requests that cannot be taken are answered when everything else is in. */
function inductLoopback(world: World, subnet: SubnetState): void {
  const own = subnet.streams.get(subnet.config.id);
  if (own === undefined || own.length === 0) return;
  const stream = streamTo(subnet, subnet.config.id);
  const rejected: Rejected[] = [];
  for (let message = stream.take(world.state.round); message !== undefined; message = stream.take(world.state.round)) {
    const reject = inductMessage(world, subnet, message, "local");
    if (reject !== null && message.kind === "request") rejected.push({ request: message, reject });
  }
  for (const one of rejected) answerRejected(world, subnet, one);
}

/** A request that the receiver could not take, and why. */
interface Rejected {
  readonly request: Request;
  readonly reject: Reject;
}

/** What the other side has signalled leaves our stream: its answer is on its way, or we answer in its place. */
function settleSignals(world: World, subnet: SubnetState, { from, stream: back, header }: Slice): void {
  const own = subnet.streams.get(from);
  if (own === undefined || (own.begin >= header.signalsEnd && !own.hasRejectsBefore(header.begin))) return;
  const stream = streamTo(subnet, from);
  const rejected: Rejected[] = [];
  for (let index = stream.begin; index < header.signalsEnd; index++) {
    const message = stream.take(world.state.round);
    assert(message !== undefined, "only what has arrived is signalled");
    const reject = back.rejectOf(index);
    if (reject !== null && message.kind === "request") rejected.push({ request: message, reject });
  }
  stream.forgetSignalsBefore(header.begin);
  for (const one of rejected) answerRejected(world, subnet, one);
}

function answerRejected(world: World, subnet: SubnetState, { request, reject }: Rejected): void {
  const response = rejectResponse(world, request, reject);
  emitResponse(world, subnet, response, request.method, null);
  inductResponse(world, subnet, response, peerSource(subnet, request.receiver));
}

/** Messages of one slice that a system subnet takes; so that calls in progress stay bounded. Replica: `get_msg_limit`. */
function messageLimit(world: World, subnet: SubnetState, from: SubnetId): number {
  const { kind, isNns } = subnet.config;
  if (kind !== "system" || (!isNns && world.state.subnets.get(from)!.config.kind === "system")) return Infinity;
  return Math.max(0, SYSTEM_SUBNET_MESSAGES - (subnet.streams.get(from)?.length ?? 0));
}

/** Returns why a request was not taken. */
function inductMessage(world: World, subnet: SubnetState, message: StreamMessage, source: InputSource): Reject | null {
  switch (message.kind) {
    case "refund": {
      // Cycles on their way to a deleted canister are lost (cycles.md 7).
      const recipient = editCanister(subnet, message.recipient);
      if (recipient === undefined) subnet.consumed.droppedMessages += message.cycles;
      else creditCycles(recipient, message.cycles);
      return null;
    }
    case "request":
      return inductRequest(world, subnet, message, source);
    case "response":
      inductResponse(world, subnet, message, source);
      return null;
  }
}

/** Source: messaging.md 6.1, "Asynchronous rejects by routing and induction". */
function inductRequest(world: World, subnet: SubnetState, request: Request, source: InputSource): Reject | null {
  if (request.receiver === subnet.config.id) {
    const refusal = managementInductionRefusal(world, subnet, request, source);
    if (refusal !== null) return refusal;
    const fate = world.schedule.injects === true ? chosenFate(world, request) : null;
    if (fate === "lost") {
      loseRequest(world, subnet, request);
      return null;
    }
    if (fate !== null) return fate;
    if (subnet.queues.pushInput(request, source) !== null) {
      return { code: RejectCode.SYS_TRANSIENT, message: `Canister ${principalText(request.receiver)} input queue is full` };
    }
    world.emit({ kind: "inducted", ...at(world, subnet), tag: request.tag, at: request.receiver });
    return null;
  }
  const refusal = inductionRefusal(world, subnet, request, source);
  if (refusal !== null) return refusal;
  const fate = chosenFate(world, request);
  if (fate === "lost") {
    loseRequest(world, subnet, request);
    return null;
  }
  if (fate !== null) return fate;
  const receiver = editCanister(subnet, request.receiver)!;
  if (receiver.queues.pushInput(request, source) !== null) return inductionReject(request.receiver, "queueFull");
  world.emit({ kind: "inducted", ...at(world, subnet), tag: request.tag, at: request.receiver });
  queuesChanged(subnet, receiver);
  return null;
}

function inductResponse(world: World, subnet: SubnetState, response: Response, source: InputSource): void {
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
