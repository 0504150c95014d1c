/**
 * A block's ingress messages enter the input queues: de-duplicated, paid for by the canister they are about.
 *
 * Source: messaging.md 9 ("Induction, in order"). Replica: `rs/execution_environment/src/ingress_filter`, `rs/messaging/src/scheduling/valid_set_rule.rs` (c7c5005).
 */
import { managementInductionError } from "../management/ingress-acceptance.ts";
import { chargeIngressInduction } from "../cycles/accounts.ts";
import { feesOf, MAX_DELAYED_INDUCTION_ARGUMENT_BYTES } from "../cycles/fees.ts";
import type { Ingress } from "../state/messages.ts";
import { MANAGEMENT_CANISTER } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { at, editCanister, limitsOf, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { answerIngress } from "./respond.ts";

/** How far ahead of a block's time the expiry of its messages may lie. Source: messaging.md 9. */
export const MAX_INGRESS_TTL_NANOS = 300_000_000_000n;

/** Takes one block's worth of submitted messages, in the order the block maker chooses. */
export function inductIngress(world: World, subnet: SubnetState): void {
  const limits = limitsOf(world, subnet);
  let count = 0;
  let bytes = 0;
  for (const message of block(world, subnet)) {
    if (count >= limits.ingressPerBlock || (bytes > 0 && bytes + message.envelopeBytes > limits.ingressBlockBytes)) {
      subnet.pendingIngress.push(message);
      continue;
    }
    count++;
    bytes += message.envelopeBytes;
    if (subnet.ingressHistory.isKnown(message.messageId)) continue;
    inductMessage(world, subnet, message);
  }
}

/**
 * The submitted messages in block order. What the schedule leaves out stays for a later block, as does what expires later than a block may look
 * ahead; what has expired is forgotten, and nobody ever knew of it. Source: messaging.md 9, "Admission window".
 */
function block(world: World, subnet: SubnetState): Ingress[] {
  const now = world.state.timeNanos;
  const early: Ingress[] = [];
  const waiting: Ingress[] = [];
  for (let message = subnet.pendingIngress.shift(); message !== undefined; message = subnet.pendingIngress.shift()) {
    if (message.expiryNanos > now + MAX_INGRESS_TTL_NANOS) early.push(message);
    else if (message.expiryNanos >= now) waiting.push(message);
    else world.emit({ kind: "dropped", ...at(world, subnet), tag: message.tag, reason: "expired before a block took it" });
  }
  for (const message of early) subnet.pendingIngress.push(message);
  if (world.schedule.ordinary || waiting.length === 0) return waiting;
  const chosen: Ingress[] = [];
  while (waiting.length > 0) {
    const candidates = waiting.map(({ sender, receiver, method }) => ({ from: sender, to: receiver, method, message: "ingress" as const }));
    const option = world.schedule.choose({ kind: "ingress", subnet: subnet.config.id, candidates }, waiting.length + 1);
    if (option === waiting.length) break;
    chosen.push(...waiting.splice(option, 1));
  }
  for (const message of waiting) subnet.pendingIngress.push(message);
  return chosen;
}

function inductMessage(world: World, subnet: SubnetState, message: Ingress): void {
  const about = { receiver: message.receiver, user: message.sender };
  const error = refusal(world, subnet, message);
  if (error !== null) {
    const origin = { user: message.sender, messageId: message.messageId, method: message.method, tag: message.tag };
    answerIngress(world, subnet, message.receiver, origin, { kind: "error", error }, null);
    return;
  }
  subnet.ingressHistory.set(message.messageId, { kind: "received" }, about, world.state.timeNanos);
  if (message.receiver === MANAGEMENT_CANISTER) {
    subnet.queues.pushIngress(message);
  } else {
    const canister = editCanister(subnet, message.receiver)!;
    canister.queues.pushIngress(message);
    queuesChanged(subnet, canister);
  }
  world.emit({ kind: "inducted", ...at(world, subnet), tag: message.tag, at: message.receiver });
}

/** Why the message does not enter; the fee stays charged where the canister only turned out to be stopped. */
function refusal(world: World, subnet: SubnetState, message: Ingress): UserError | null {
  const { ingressHistoryCapacity } = limitsOf(world, subnet);
  if (subnet.config.kind !== "system" && subnet.ingressHistory.size >= ingressHistoryCapacity) {
    return { code: ErrorCode.IngressHistoryFull, description: `Maximum ingress history capacity ${ingressHistoryCapacity} reached` };
  }
  if (message.receiver === MANAGEMENT_CANISTER) {
    const error = managementInductionError(message.method, message.arg);
    if (error !== null) return error;
  }
  const payer = message.effectiveCanisterId;
  if (payer === null) return null;
  const canister = editCanister(subnet, payer);
  if (canister === undefined) return { code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(payer)} not found` };
  if (!chargedLater(message)) {
    const reveal = canister.settings.controllers.includes(message.sender);
    const error = chargeIngressInduction(feesOf(subnet.config), canister, message.envelopeBytes, reveal);
    if (error !== null) return error;
  }
  if (message.receiver === MANAGEMENT_CANISTER) return null;
  if (canister.status.kind === "stopped")
    return { code: ErrorCode.CanisterStopped, description: `Canister ${principalText(payer)} is stopped` };
  if (canister.status.kind === "stopping")
    return { code: ErrorCode.CanisterStopping, description: `Canister ${principalText(payer)} is stopping` };
  return null;
}

/** A short `update_settings` is paid for after it took effect, so that a frozen canister can lower its threshold (cycles.md 3). */
export function chargedLater(message: Ingress): boolean {
  const { receiver, method, arg } = message;
  return receiver === MANAGEMENT_CANISTER && method === "update_settings" && arg.length <= MAX_DELAYED_INDUCTION_ARGUMENT_BYTES;
}
