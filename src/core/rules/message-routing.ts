/**
 * Messages on their way: within a subnet during a round, and into streams at its end.
 *
 * Within a round, messages between canisters of one subnet move straight from output to input queues after each iteration; what
 * cannot be taken stays, with everything behind it, and goes to the loopback stream at the end. Calls of the management canister
 * always take the stream.
 *
 * Source: messaging.md 6. Replica: `rs/execution_environment/src/scheduler.rs` (induct_messages_on_same_subnet),
 * `rs/messaging/src/routing/stream_builder.rs` (c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import { creditCycles } from "../cycles/accounts.ts";
import type { InputSource } from "../queues/canister-queues.ts";
import { guaranteedMemoryForRequest } from "../queues/sizes.ts";
import { Stream } from "../streams/stream.ts";
import { drainOutputs, isStreamFull, type OutputQueues } from "../streams/routing.ts";
import type { CanisterState } from "../state/canister.ts";
import { LAWFUL_REJECTS, REQUEST_REJECTS } from "./open-outcomes.ts";
import type { MessageConcern, Schedule } from "../schedule/schedule.ts";
import type { PrincipalId, SubnetId } from "../state/ids.ts";
import type { Request, Response, StreamMessage } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { RejectCode, type Reject } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { routeFrom } from "../state/topology.ts";
import { at, editCanister, limitsOf, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { guaranteedMemoryLeft } from "./quotas.ts";
import { emitResponse } from "./respond.ts";

/** Largest payload that leaves a subnet: name and argument of a request, data of a response. Source: messaging.md 1.1. */
const MAX_INTER_SUBNET_BYTES = 2_097_152;

/** After each iteration: moves messages between canisters of this subnet. */
export function inductOnSameSubnet(world: World, subnet: SubnetState): void {
  for (const id of [...subnet.withOutput.keys()]) {
    const sender = editCanister(subnet, id)!;
    let moved = moveTo(world, subnet, sender, id);
    let destination = sender.queues.nextOutputDestination(null);
    while (destination !== null) {
      if (destination !== id && moveTo(world, subnet, sender, destination)) moved = true;
      destination = sender.queues.nextOutputDestination(destination);
    }
    if (moved) queuesChanged(subnet, sender);
  }
}

/** Moves what the destination takes; stops at the first message it does not take. To itself only a running canister sends this way. */
function moveTo(world: World, subnet: SubnetState, sender: CanisterState, destination: PrincipalId): boolean {
  if (destination === subnet.config.id || !subnet.canisters.has(destination)) return false;
  if (destination === sender.id && sender.status.kind !== "running") return false;
  const receiver = destination === sender.id ? sender : editCanister(subnet, destination)!;
  let moved = false;
  for (;;) {
    const message = sender.queues.peekOutput(destination);
    if (message === undefined) break;
    if (message.kind === "request") {
      // What is refused here stays, with everything behind it, and is answered through the loopback stream.
      if (receiver.status.kind !== "running" || lacksMemory(world, subnet, message, "local")) break;
      const fate = chosenFate(world, message);
      if (fate !== null) {
        sender.queues.popOutput(destination);
        if (fate === "lost") loseRequest(world, subnet, message);
        else rejectRequest(world, subnet, sender, message, fate);
        moved = true;
        continue;
      }
      if (receiver.queues.pushInput(message, "local") !== null) break;
    } else if (acceptResponse(world, subnet, receiver, message)) {
      receiver.queues.pushInput(message, "local");
    } else {
      sender.queues.popOutput(destination);
      moved = true;
      continue;
    }
    sender.queues.popOutput(destination);
    world.emit({ kind: "inducted", ...at(world, subnet), tag: message.tag, at: destination });
    moved = true;
  }
  if (moved) queuesChanged(subnet, receiver);
  return moved;
}

/**
 * Why a request cannot enter the input queue of the canister it is for, or `null`. Source: messaging.md 6.1, table of rejects.
 */
export function inductionRefusal(world: World, subnet: SubnetState, request: Request, source: InputSource): Reject | null {
  const canister = subnet.canisters.get(request.receiver);
  if (canister === undefined) return inductionReject(request.receiver, "notFound");
  if (canister.status.kind === "stopped") return inductionReject(request.receiver, "stopped");
  if (canister.status.kind === "stopping") return inductionReject(request.receiver, "stopping");
  return lacksMemory(world, subnet, request, source) ? outOfMemory(request) : null;
}

/** The same of a call of the management canister. */
export function managementInductionRefusal(world: World, subnet: SubnetState, request: Request, source: InputSource): Reject | null {
  return lacksMemory(world, subnet, request, source) ? outOfMemory(request) : null;
}

function outOfMemory(request: Request): Reject {
  return {
    code: RejectCode.CANISTER_ERROR,
    message: `Cannot induct request. Out of memory: requested ${guaranteedMemoryForRequest(request)}`,
  };
}

type InductionProblem = "notFound" | "stopped" | "stopping" | "queueFull";

export function inductionReject(receiver: PrincipalId, problem: InductionProblem): Reject {
  const id = principalText(receiver);
  switch (problem) {
    case "notFound":
      return { code: RejectCode.DESTINATION_INVALID, message: `Canister ${id} not found` };
    case "stopped":
      return { code: RejectCode.CANISTER_ERROR, message: `Canister ${id} is stopped` };
    case "stopping":
      return { code: RejectCode.CANISTER_ERROR, message: `Canister ${id} is stopping` };
    case "queueFull":
      return { code: RejectCode.SYS_TRANSIENT, message: `Canister ${id} input queue is full` };
  }
}

/** Whether the subnet has no room for a guaranteed call more. Local ones a system subnet always takes. Replica: `push_input` (`system_state.rs`). */
function lacksMemory(world: World, subnet: SubnetState, request: Request, source: InputSource): boolean {
  if (request.deadline !== 0 || (subnet.config.kind === "system" && source === "local")) return false;
  return guaranteedMemoryLeft(world, subnet) < guaranteedMemoryForRequest(request);
}

/**
 * What the schedule has become of a request that could be delivered; `null`: it is. The system may reject any request that was not delivered yet
 * (interface spec, "Reject codes": SYS_TRANSIENT), and lose a bounded-wait one.
 */
export function chosenFate({ schedule }: World, request: Request): Reject | "lost" | null {
  if (schedule.ordinary) return null;
  const isUnbounded = request.deadline === 0;
  const { sender: from, receiver: to, method, tag } = request;
  const message: MessageConcern = { from, to, method, message: "request", tag, isUnbounded };
  const option = schedule.choose({ kind: "rejectRequest", message }, 1 + rejectsOpen(schedule, isUnbounded));
  if (option !== 0) return chosenReject(request, REQUEST_REJECTS[option]!);
  const isOpen = schedule.injects === true && (!isUnbounded || schedule.unlawful === true);
  return isOpen && schedule.choose({ kind: "loseRequest", message }, 2) === 1 ? "lost" : null;
}

function rejectsOpen({ injects, unlawful }: Schedule, isUnbounded: boolean): number {
  if (unlawful === true) return REQUEST_REJECTS.length - 1;
  return injects === true && isUnbounded ? LAWFUL_REJECTS.unbounded : LAWFUL_REJECTS.bounded;
}

function chosenReject(request: Request, code: RejectCode): Reject {
  switch (code) {
    case RejectCode.SYS_TRANSIENT:
      return inductionReject(request.receiver, "queueFull");
    case RejectCode.CANISTER_ERROR:
      return outOfMemory(request);
    case RejectCode.DESTINATION_INVALID:
      return inductionReject(request.receiver, "notFound");
    default:
      return { code, message: "A reject chosen by the schedule" };
  }
}

/** Nobody is told; what was attached comes back. Source: messaging.md 5, of a request that expires on its way. */
export function loseRequest(world: World, subnet: SubnetState, request: Request): void {
  world.emit({ kind: "dropped", ...at(world, subnet), tag: request.tag, reason: LOST });
  subnet.refunds.add(request.sender, request.cycles);
}

const LOST = "lost (chosen by the schedule)";

/** A response is taken while its callback waits; otherwise it is dropped and its cycles are credited. Source: messaging.md 4. */
export function acceptResponse(world: World, subnet: SubnetState, receiver: CanisterState, response: Response): boolean {
  const callback = receiver.callbacks.get(response.callbackId);
  const lost =
    callback !== undefined &&
    !callback.expired &&
    !world.schedule.ordinary &&
    (response.deadline !== 0 || world.schedule.unlawful === true) &&
    world.schedule.choose(
      {
        kind: "loseResponse",
        message: {
          from: response.respondent,
          to: response.originator,
          method: callback.method,
          message: "response",
          tag: response.tag,
          isUnbounded: response.deadline === 0,
        },
      },
      2,
    ) === 1;
  if (callback !== undefined && !callback.expired && !lost) return true;
  creditCycles(receiver, response.refundCycles);
  const reason = lost ? LOST : "its caller no longer waits for it";
  world.emit({ kind: "dropped", ...at(world, subnet), tag: response.tag, reason });
  return false;
}

/** A reject made by the system for a request that was not delivered, straight into the sender's input queue; everything attached comes back. */
function rejectRequest(world: World, subnet: SubnetState, sender: CanisterState, request: Request, reject: Reject): void {
  const response = rejectResponse(world, request, reject);
  emitResponse(world, subnet, response, request.method, null);
  sender.queues.pushOwnReject(response, peerSource(subnet, request.receiver));
}

/** In which turn an answer in somebody's name is taken: a canister that is not there counts as remote. */
export function peerSource(subnet: SubnetState, peer: PrincipalId): InputSource {
  return peer === subnet.config.id || subnet.canisters.has(peer) ? "local" : "remote";
}

export function rejectResponse(world: World, request: Request, reject: Reject): Response {
  return {
    kind: "response",
    tag: world.state.nextTag++,
    requestTag: request.tag,
    originator: request.sender,
    respondent: request.receiver,
    callbackId: request.callbackId,
    refundCycles: request.cycles,
    payload: { kind: "reject", ...reject },
    deadline: request.deadline,
  };
}

/** End of the round: everything left in output queues goes to the streams, refunds first. */
export function buildStreams(world: World, subnet: SubnetState): void {
  const hops = new Map<SubnetId, number>();
  routeRefunds(world, subnet, hops);
  const senders = rotated([...subnet.withOutput.keys()], Number(world.state.timeNanos % 2_147_483_647n));
  const canisters = senders.map((id) => editCanister(subnet, id)!);
  const bySource = new Map<OutputQueues, CanisterState>(canisters.map((canister) => [canister.queues, canister]));
  drainOutputs([subnet.queues, ...canisters.map((canister) => canister.queues)], (message, source) => {
    const to = message.kind === "request" ? message.receiver : message.originator;
    const destination = routeFrom(world.state, subnet.config.id, to);
    const sender = bySource.get(source);
    if (destination === null) {
      if (message.kind === "response") {
        world.emit({ kind: "dropped", ...at(world, subnet), tag: message.tag, reason: "its caller is gone" });
        subnet.consumed.droppedMessages += message.refundCycles;
      } else {
        const reject = { code: RejectCode.DESTINATION_INVALID, message: `No route to canister ${principalText(to)}` };
        rejectRequest(world, subnet, sender!, message, reject);
      }
      return "taken";
    }
    if (destination === subnet.config.id) {
      streamTo(subnet, destination).push(message, world.state.round + 1);
      return "taken";
    }
    const stream = streamTo(subnet, destination);
    if (isFull(world, subnet, stream, destination, message.kind)) return "keep";
    if (message.kind === "request") {
      const size = utf8Length(message.method) + message.arg.length;
      if (size > MAX_INTER_SUBNET_BYTES) {
        rejectRequest(world, subnet, sender!, message, tooLarge(message.sender, size));
        return "taken";
      }
    }
    stream.push(message.kind === "response" ? cappedResponse(message) : message, arrival(world, subnet, destination, hops));
    return "taken";
  });
  for (const canister of canisters) queuesChanged(subnet, canister);
  closeSlices(world, subnet, hops);
}

/** What other subnets may see of this round. Ours: a slice that has nothing but receipts takes the longest way, and is no choice. */
function closeSlices(world: World, subnet: SubnetState, hops: Map<SubnetId, number>): void {
  if (subnet.streams.size === 0) return;
  for (const id of [...subnet.streams.keys()]) {
    const news = id === subnet.config.id ? null : subnet.streams.get(id)!.news;
    if (news === null) continue;
    const { round, latency } = world.state;
    const availableRound = news === "messages" ? arrival(world, subnet, id, hops) : round + latency.hopRounds.max;
    streamTo(subnet, id).close(availableRound, round);
  }
}

function isFull(world: World, subnet: SubnetState, stream: Stream, destination: SubnetId, kind: StreamMessage["kind"]): boolean {
  const system = world.state.subnets.get(destination)!.config.kind === "system";
  return isStreamFull(stream, kind, limitsOf(world, subnet), system);
}

/** Anonymous credits of cycles take the streams like every message, at most half of a stream. */
function routeRefunds(world: World, subnet: SubnetState, hops: Map<SubnetId, number>): void {
  if (subnet.refunds.size === 0) return;
  subnet.refunds.drain((recipient, cycles) => {
    const destination = routeFrom(world.state, subnet.config.id, recipient);
    if (destination === null) {
      subnet.consumed.droppedMessages += cycles;
      return true;
    }
    const stream = streamTo(subnet, destination);
    if (destination !== subnet.config.id && isFull(world, subnet, stream, destination, "refund")) return false;
    stream.push({ kind: "refund", tag: world.state.nextTag++, recipient, cycles }, arrival(world, subnet, destination, hops));
    return true;
  });
}

/** The same ids, starting at another one. */
function rotated<T>(items: readonly T[], start: number): T[] {
  if (items.length === 0) return [];
  const first = start % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Round of the network from which the destination may take what is sent now. One hop a slice: messages of one round travel together. */
function arrival(world: World, subnet: SubnetState, destination: SubnetId, hops: Map<SubnetId, number>): number {
  if (destination === subnet.config.id) return world.state.round + 1;
  let hop = hops.get(destination);
  if (hop === undefined) {
    const { min, max } = world.state.latency.hopRounds;
    hop = max > min ? min + world.state.prng.below(max - min + 1) : min;
    if (!world.schedule.ordinary) {
      hop += world.schedule.choose({ kind: "hop", from: subnet.config.id, to: destination, options: HOP_OPTIONS }, HOP_OPTIONS);
    }
    hops.set(destination, hop);
  }
  return world.state.round + hop;
}

/** Extra rounds a schedule may let a slice travel. */
const HOP_OPTIONS = 4;

/** The stream to a subnet (the own one: loopback), for writing. */
export function streamTo(subnet: SubnetState, destination: SubnetId): Stream {
  const existing = subnet.streams.edit(destination);
  if (existing !== undefined) return existing;
  const stream = Stream.empty(subnet.streams.epoch);
  subnet.streams.set(destination, stream);
  return stream;
}

function tooLarge(sender: PrincipalId, size: number): Reject {
  const text = `Canister ${principalText(sender)} violated contract: attempted to send a message of size ${size} exceeding the limit ${MAX_INTER_SUBNET_BYTES}`;
  return { code: RejectCode.CANISTER_ERROR, message: text };
}

/** A response too large to leave the subnet loses its data. Source: messaging.md 6.1. */
function cappedResponse(response: Response): StreamMessage {
  if (response.payload.kind !== "data" || response.payload.data.length <= MAX_INTER_SUBNET_BYTES) return response;
  return { ...response, payload: { kind: "reject", ...tooLarge(response.respondent, response.payload.data.length) } };
}
