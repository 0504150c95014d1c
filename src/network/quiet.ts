/**
 * What is still to happen in a network, read from its state: whether a message is in flight, when the next timer is due,
 * and who waits for whom. Drives settling, and says why nothing more happens.
 */
import type { CallOrigin } from "../core/state/canister.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../core/state/ids.ts";
import { OUTCALL_TIMEOUT_NANOS } from "../core/rules/pending-calls.ts";
import { isFromOutside } from "../core/state/pending-calls.ts";
import { MOCK_METHOD } from "../core/state/mock-canisters.ts";
import type { NetworkState, SubnetState } from "../core/state/network-state.ts";

/** Seconds after which a stop request is given up. Source: management-canister.md 3, `stop_canister`. */
const STOP_TIMEOUT_NANOS = 300_000_000_000n;

/** A deadline is passed when a later whole second has begun. Source: messaging.md 5. */
const DEADLINE_GRACE_NANOS = 1_000_000_000n;

/** No message is on its way and no execution is held: a further round at this time does nothing but heartbeats and timers that are due. */
export function isQuiet(state: NetworkState): boolean {
  for (const subnet of state.subnets.values()) if (!isSubnetQuiet(subnet) || streamsOf(state, subnet).length > 0) return false;
  return true;
}

/** Where messages of this subnet are on their way, or their rejects on the way back, and how many. */
function streamsOf(state: NetworkState, subnet: SubnetState): { readonly to: SubnetId; readonly count: number }[] {
  const found: { to: SubnetId; count: number }[] = [];
  for (const [to, stream] of subnet.streams.entries()) {
    if (stream.length === 0) continue;
    const back = to === subnet.config.id ? undefined : state.subnets.get(to)!.streams.get(subnet.config.id);
    const count = [...stream.unsettled(back)].length;
    if (count > 0) found.push({ to, count });
  }
  return found;
}

function isSubnetQuiet(subnet: SubnetState): boolean {
  if (subnet.pendingIngress.length > 0 || subnet.withInput.size > 0 || subnet.withOutput.size > 0 || subnet.paused.size > 0) return false;
  if (subnet.queues.hasInput || subnet.queues.hasOutput || hasAnswersToGive(subnet)) return false;
  return true;
}

/** Signatures are made by the network itself, in a later round than the call; what is asked outside waits until its answer has arrived. */
function hasAnswersToGive(subnet: SubnetState): boolean {
  for (const { request, arrived } of subnet.pendingCalls.values()) if (!isFromOutside(request) || arrived !== null) return true;
  return false;
}

/** No call is waited for by a canister, and none is being stopped. `unanswered`: calls that are meant to stay open, and whose answers nobody waits for. */
export function hasNoOpenCalls(state: NetworkState, unanswered: number): boolean {
  let open = 0;
  for (const subnet of state.subnets.values()) {
    if (subnet.stopping.size > 0) return false;
    open += subnet.callbackCount;
  }
  return open <= unanswered;
}

export function hasHeartbeats(state: NetworkState): boolean {
  for (const subnet of state.subnets.values()) if (subnet.withHeartbeat.size > 0) return true;
  return false;
}

/** Something that happens when time has come. */
export interface Due {
  readonly kind: "timer" | "deadline" | "stopTimeout" | "outcallTimeout";
  readonly timeNanos: bigint;
  readonly canister: CanisterId;
  readonly subnet: SubnetId;
  /** Equal for the same event only. */
  readonly key: string;
}

/**
 * What is due first, or `null`. Timers wait while their canister does not run: those that were due and still did not
 * happen are passed in as `ignored`, by key.
 */
export function nextDue(state: NetworkState, ignored: ReadonlySet<string> = NOTHING): Due | null {
  let first: Due | null = null;
  for (const subnet of state.subnets.values()) {
    for (const due of [
      firstKey("timer", subnet, ignored),
      firstKey("deadline", subnet, ignored),
      firstStop(subnet),
      firstOutcall(subnet),
    ]) {
      if (due !== null && (first === null || due.timeNanos < first.timeNanos)) first = due;
    }
  }
  return first;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Keys begin with 16 hex digits of nanoseconds: see `timerKey`. */
function firstKey(kind: "timer" | "deadline", subnet: SubnetState, ignored: ReadonlySet<string>): Due | null {
  const entries = (kind === "timer" ? subnet.timers : subnet.deadlines).entries();
  for (const [key, canister] of entries) {
    const name = `${kind} ${key}`;
    if (ignored.has(name)) continue;
    const keyNanos = BigInt(`0x${key.slice(0, 16)}`);
    const timeNanos = kind === "deadline" ? keyNanos + DEADLINE_GRACE_NANOS : keyNanos;
    return { kind, timeNanos, canister, subnet: subnet.config.id, key: name };
  }
  return null;
}

function firstStop(subnet: SubnetState): Due | null {
  let first: Due | null = null;
  for (const id of subnet.stopping.keys()) {
    const status = subnet.canisters.get(id)?.status;
    if (status?.kind !== "stopping") continue;
    for (const { sinceNanos } of status.requests) {
      const timeNanos = sinceNanos + STOP_TIMEOUT_NANOS;
      if (first === null || timeNanos < first.timeNanos)
        first = { kind: "stopTimeout", timeNanos, canister: id, subnet: subnet.config.id, key: `stop ${id} ${timeNanos}` };
    }
  }
  return first;
}

/** The oldest outcall; ids count up, so it is the first. */
function firstOutcall(subnet: SubnetState): Due | null {
  for (const { id, request, origin, sinceNanos } of subnet.pendingCalls.values()) {
    if (request.kind !== "outcall") continue;
    const timeNanos = sinceNanos + OUTCALL_TIMEOUT_NANOS + 1n;
    const key = `outcall ${subnet.config.id} ${id}`;
    return { kind: "outcallTimeout", timeNanos, canister: origin.canister, subnet: subnet.config.id, key };
  }
  return null;
}

/** One thing that is waited for. */
export type Waiting =
  /** Calls of one method that are open in one call context. */
  | {
      readonly kind: "call";
      readonly canister: CanisterId;
      readonly origin: CallOrigin | null;
      readonly callee: PrincipalId;
      readonly method: string;
      readonly count: number;
    }
  | { readonly kind: "stopping"; readonly canister: CanisterId }
  | { readonly kind: "outcall"; readonly canister: CanisterId; readonly url: string }
  | { readonly kind: "ingress"; readonly subnet: SubnetId; readonly count: number }
  | { readonly kind: "stream"; readonly from: SubnetId; readonly to: SubnetId; readonly count: number }
  | { readonly kind: "timer"; readonly canister: CanisterId; readonly timeNanos: bigint };

/** Everything that is waited for: calls by canister id, then the rest. Walks all canisters; for people, not for rounds. */
export function whoWaits(state: NetworkState): Waiting[] {
  const waiting: Waiting[] = [];
  for (const subnet of state.subnets.values()) {
    for (const canister of subnet.canisters.values()) {
      const calls = new Map<string, Extract<Waiting, { kind: "call" }>>();
      for (const callback of canister.callbacks.values()) {
        const key = `${callback.callContextId} ${callback.respondent} ${callback.method}`;
        const origin = canister.callContexts.get(callback.callContextId)?.origin ?? null;
        const count = (calls.get(key)?.count ?? 0) + 1;
        calls.set(key, { kind: "call", canister: canister.id, origin, callee: callback.respondent, method: callback.method, count });
      }
      waiting.push(...calls.values());
      if (canister.status.kind === "stopping") waiting.push({ kind: "stopping", canister: canister.id });
    }
  }
  for (const [id, subnet] of state.subnets.entries()) {
    for (const { request, origin } of subnet.pendingCalls.values()) {
      if (request.kind === "outcall") waiting.push({ kind: "outcall", canister: origin.canister, url: request.url });
    }
    if (subnet.pendingIngress.length > 0) waiting.push({ kind: "ingress", subnet: id, count: subnet.pendingIngress.length });
    for (const { to, count } of streamsOf(state, subnet)) waiting.push({ kind: "stream", from: id, to, count });
    for (const [key, canister] of subnet.timers.entries())
      waiting.push({ kind: "timer", canister, timeNanos: BigInt(`0x${key.slice(0, 16)}`) });
  }
  return waiting;
}

/** At most this many lines are printed. */
const MAX_LINES = 20;

/** One line for each, for people. `nowNanos` is what times are counted from. */
export function waitingText(waiting: readonly Waiting[], nowNanos: bigint, nameOf: (principal: PrincipalId) => string): string {
  if (waiting.length === 0) return "  nobody waits for anything";
  const lines = waiting.slice(0, MAX_LINES).map((one) => `  ${waitingLine(one, nowNanos, nameOf)}`);
  if (waiting.length > MAX_LINES) lines.push(`  … and ${waiting.length - MAX_LINES} more`);
  return lines.join("\n");
}

function waitingLine(waiting: Waiting, nowNanos: bigint, nameOf: (principal: PrincipalId) => string): string {
  switch (waiting.kind) {
    case "call": {
      if (waiting.method === MOCK_METHOD)
        return `${nameOf(waiting.canister)}${originText(waiting.origin, nameOf)} is a mock, and its handler has not answered`;
      const times = waiting.count > 1 ? ` (${waiting.count} calls)` : "";
      return `${nameOf(waiting.canister)}${originText(waiting.origin, nameOf)} waits for ${nameOf(waiting.callee)}.${waiting.method}${times}`;
    }
    case "stopping":
      return `${nameOf(waiting.canister)} is being stopped and waits for its open calls`;
    case "outcall":
      return `${nameOf(waiting.canister)} waits for ${waiting.url}, an HTTPS outcall: net.outcalls has it`;
    case "ingress":
      return `${waiting.count} call(s) of users wait for a block of ${nameOf(waiting.subnet)}`;
    case "stream":
      return `${waiting.count} message(s) are under way from ${nameOf(waiting.from)} to ${nameOf(waiting.to)}`;
    case "timer": {
      const seconds = Number((waiting.timeNanos - nowNanos) / 1_000_000n) / 1000;
      return `${nameOf(waiting.canister)} has a timer ${seconds <= 0 ? "that is due" : `due in ${seconds} s`}`;
    }
  }
}

function originText(origin: CallOrigin | null, nameOf: (principal: PrincipalId) => string): string {
  if (origin === null) return "";
  switch (origin.kind) {
    case "ingress":
      return `.${origin.method} (called by ${nameOf(origin.user)})`;
    case "canister":
      return `.${origin.method} (called by ${nameOf(origin.canister)})`;
    case "systemTask":
      return ` (${origin.task})`;
  }
}
