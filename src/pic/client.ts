/**
 * Calls of an instance as `@dfinity/pic`'s own client of the server makes them, and as actors are made over it; there is no server in between.
 *
 * Source: pocketic-server.md 6; `PocketIcClient` of `@dfinity/pic` 0.23.0.
 */
import type { Principal } from "@icp-sdk/core/principal";
import { awaitIngress } from "../api/pocketic/awaiting.ts";
import type { Instance } from "../api/pocketic/instance.ts";
import { routed, subnetOfCall, type EffectivePrincipal as RoutingPrincipal, type RoutedCall } from "../api/pocketic/routing.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Answer } from "../core/inputs.ts";
import { principalOf } from "../core/management/candid.ts";
import { MANAGEMENT_CANISTER, type MessageId } from "../core/state/ids.ts";
import { ErrorCode, rejectCodeOf } from "../core/state/rejects.ts";
import { asClient, callFailed } from "./errors.ts";
import { idFrom, subnetIdFrom } from "./principals.ts";
import type { SenderInfo } from "./types.ts";

export type EffectivePrincipal = { subnetId: Principal } | { canisterId: Principal };

export interface CanisterCallRequest {
  sender: Principal;
  canisterId: Principal;
  method: string;
  payload: Uint8Array;
  effectivePrincipal?: EffectivePrincipal | undefined;
  senderInfo?: SenderInfo | undefined;
}

export interface CanisterCallResponse {
  body: Uint8Array;
}

/** A message that was submitted: what `awaitCall` asks for. */
export interface SubmitCanisterCallResponse {
  effectivePrincipal: EffectivePrincipal | null;
  messageId: Uint8Array;
}

/** What actors need of an instance. */
export interface PocketIcClient {
  queryCall(request: CanisterCallRequest): Promise<CanisterCallResponse>;
  updateCall(request: CanisterCallRequest): Promise<CanisterCallResponse>;
  submitCall(request: CanisterCallRequest): Promise<SubmitCanisterCallResponse>;
  awaitCall(message: SubmitCanisterCallResponse): Promise<CanisterCallResponse>;
}

export class InProcessClient implements PocketIcClient {
  private readonly created: Instance;
  private isDeleted = false;

  constructor(instance: Instance) {
    this.created = instance;
  }

  /** Throws when it was deleted. */
  get instance(): Instance {
    if (this.isDeleted) throw new Error("Instance was deleted");
    return this.created;
  }

  deleteInstance(): void {
    this.isDeleted = true;
  }

  async queryCall(request: CanisterCallRequest): Promise<CanisterCallResponse> {
    const { instance } = this;
    const call = callOf(request);
    const subnet = asClient(() => subnetOfCall(instance, call));
    return { body: dataOf(instance.query(call, subnet)) };
  }

  async updateCall(request: CanisterCallRequest): Promise<CanisterCallResponse> {
    return this.awaitCall(await this.submitCall(request));
  }

  async submitCall(request: CanisterCallRequest): Promise<SubmitCanisterCallResponse> {
    const { instance } = this;
    const call = callOf(request);
    const subnet = asClient(() => subnetOfCall(instance, call));
    // Modules come in one piece here, where the client of the server sends chunks.
    const ofAnySize = call.receiver === MANAGEMENT_CANISTER;
    const { id, answer } = asClient(() => instance.submit(call, subnet, { ofAnySize }));
    if (answer.kind === "refused") throw refusal(answer);
    return { effectivePrincipal: { subnetId: principalOf(subnet) }, messageId: fromHex(id) };
  }

  /** Runs rounds until the message is answered. */
  async awaitCall({ effectivePrincipal, messageId }: SubmitCanisterCallResponse): Promise<CanisterCallResponse> {
    const subnet = asClient(() => routed(this.instance, routingPrincipal(effectivePrincipal), false));
    const status = asClient(() => awaitIngress(this.instance, subnet, toHex(messageId) as MessageId));
    if (status.kind === "replied") return { body: status.data };
    throw callFailed(status, true);
  }
}

function callOf({ canisterId, method, payload, sender, effectivePrincipal, senderInfo }: CanisterCallRequest): RoutedCall {
  return {
    sender: idFrom(sender),
    receiver: idFrom(canisterId),
    method,
    arg: payload,
    effective: routingPrincipal(effectivePrincipal ?? null),
    senderInfo: senderInfo === undefined ? null : { data: senderInfo.info, signer: senderInfo.signer.toUint8Array() },
  };
}

function routingPrincipal(effective: EffectivePrincipal | null): RoutingPrincipal {
  if (effective === null) return { kind: "none" };
  return "subnetId" in effective
    ? { kind: "subnet", id: subnetIdFrom(effective.subnetId) }
    : { kind: "canister", id: idFrom(effective.canisterId) };
}

function dataOf(answer: Answer): Uint8Array {
  switch (answer.kind) {
    case "replied":
      return answer.data;
    case "rejected":
      throw callFailed({ ...answer.reject, errorCode: answer.error?.code ?? ErrorCode.CanisterRejectedMessage }, false);
    case "refused":
      throw refusal(answer);
    case "accepted":
      throw new Error("a query is answered at once");
  }
}

function refusal({ error }: Answer & { readonly kind: "refused" }): Error {
  return callFailed({ code: rejectCodeOf(error.code), message: error.description, errorCode: error.code }, false);
}
