/**
 * A user submits a call: the checks of one replica before the message may enter a block.
 *
 * Source: interface spec, "Request submission"; messaging.md 7.6. Replica: `rs/execution_environment/src/ingress_filter.rs` (c7c5005).
 */
import { feesOf, ingressInduction } from "../cycles/fees.ts";
import { outOfCyclesError, shortfallOf } from "../cycles/freezing.ts";
import type { Answer, IngressInput } from "../inputs.ts";
import { acceptManagementIngress, effectiveCanisterOf } from "../management/ingress-acceptance.ts";
import { inspectMessage } from "../queries/inspect-message.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type SubnetId } from "../state/ids.ts";
import type { Ingress } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { at, editSubnet, route, type World } from "../state/world.ts";
import { QUERY_TOOLS } from "./query-tools.ts";
import { chargedLater, MAX_INGRESS_TTL_NANOS } from "./ingress-induction.ts";

/** How much farther ahead an expiry may lie when the message is submitted: the tolerance of the validator. Source: messaging.md 9, "Admission window". */
const PERMITTED_DRIFT_NANOS = 30_000_000_000n;

export function submitRequest(world: World, input: IngressInput): Answer {
  const now = input.nowNanos ?? world.state.timeNanos;
  if (input.expiryNanos < now || input.expiryNanos > now + MAX_INGRESS_TTL_NANOS + PERMITTED_DRIFT_NANOS) {
    const description = `Invalid request expiry: the ingress_expiry ${input.expiryNanos} is not within [${now}, ${now + MAX_INGRESS_TTL_NANOS}] (nanoseconds).`;
    return refused({ code: ErrorCode.IngressMessageTimeout, description });
  }
  const effective = input.receiver === MANAGEMENT_CANISTER ? effectiveCanisterOf(input.method, input.arg) : input.receiver;
  if (effective !== null && typeof effective !== "string") return refused(effective.error);
  const subnetId = subnetOf(world, input, effective);
  if (subnetId === null)
    return refused({ code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(effective ?? input.receiver)} not found` });
  const subnet = editSubnet(world, subnetId);
  const message: Ingress = {
    kind: "ingress",
    tag: world.state.nextTag,
    messageId: input.messageId,
    sender: input.sender,
    receiver: input.receiver,
    effectiveCanisterId: effective,
    method: input.method,
    arg: input.arg,
    expiryNanos: input.expiryNanos,
    envelopeBytes: input.envelopeBytes,
    senderInfo: input.senderInfo,
  };
  const error = submissionError(world, subnet, message);
  if (error !== null) return refused(error);
  // Who sends a call again is checked again: what was accepted before may be refused now.
  if (subnet.ingressHistory.isKnown(input.messageId)) return { kind: "accepted" };
  world.state.nextTag++;
  subnet.pendingIngress.push(message);
  world.emit({
    kind: "sent",
    ...at(world, subnet),
    tag: message.tag,
    message: "ingress",
    parent: null,
    requestTag: null,
    from: message.sender,
    to: message.receiver,
    method: message.method,
    payload: { kind: "data", data: message.arg },
    cycles: 0n,
    deadline: 0,
  });
  return { kind: "accepted" };
}

function refused(error: UserError): Answer {
  return { kind: "refused", error };
}

function subnetOf(world: World, input: IngressInput, effective: CanisterId | null): SubnetId | null {
  if (input.subnet !== null) return input.subnet;
  return effective === null ? world.state.subnetOrder[0] : route(world.state, effective);
}

/** Source: messaging.md 7.6, "Order of the submission check". Whether the method exists is not checked. */
function submissionError(world: World, subnet: SubnetState, message: Ingress): UserError | null {
  const payer = message.effectiveCanisterId;
  const canister = payer === null ? undefined : subnet.canisters.get(payer);
  if (payer !== null) {
    if (canister === undefined) return { code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(payer)} not found` };
    if (!chargedLater(message)) {
      const fees = feesOf(subnet.config);
      const missing = shortfallOf(fees, canister, ingressInduction(fees, message.envelopeBytes));
      if (missing !== null) return outOfCyclesError(payer, missing, canister.settings.controllers.includes(message.sender));
    }
  }
  if (message.receiver === MANAGEMENT_CANISTER) return acceptManagementIngress(world, subnet, message);
  const { status, execution, id } = canister!;
  if (status.kind === "stopped") return { code: ErrorCode.CanisterStopped, description: `Canister ${principalText(id)} is stopped` };
  if (status.kind === "stopping") return { code: ErrorCode.CanisterStopping, description: `Canister ${principalText(id)} is stopping` };
  if (execution?.module.info.methods.get(message.method) === "composite_query") {
    return { code: ErrorCode.CompositeQueryCalledInReplicatedMode, description: "Composite query cannot be called in replicated mode" };
  }
  if (execution === null) return { code: ErrorCode.CanisterWasmModuleNotFound, description: "Requested canister has no wasm module" };
  const refusal = inspectMessage(world, subnet, canister!, message, QUERY_TOOLS);
  return refusal !== null && isLetIn(world, message) ? null : refusal;
}

/** The canister was asked on one replica only, which may not have asked: nothing that must hold can be left to it. */
function isLetIn({ schedule }: World, { sender, receiver, method, tag }: Ingress): boolean {
  if (schedule.ordinary || schedule.injects !== true) return false;
  const message = { from: sender, to: receiver, method, message: "ingress" as const, tag };
  return schedule.choose({ kind: "inspect", message }, 2) === 1;
}
