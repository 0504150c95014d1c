/**
 * To which subnet a call goes: the effective principal that the client gave, or what follows from the call.
 *
 * Source: pocketic-server.md 6.1, 6.2. Replica: `route_call` and `route` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { toBase64 } from "../../codec/base64.ts";
import { decodeArgument, idOf } from "../../core/management/candid.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type SubnetId } from "../../core/state/ids.ts";
import { InvalidPrincipal, parsePrincipal, principalBytes, principalText } from "../../core/state/principal.ts";
import { route } from "../../core/state/world.ts";
import { isProvisionalCreation, PROVISIONAL_CREATION } from "../http/route.ts";
import { badIngress, OperationFailed } from "./failure.ts";
import type { Call, Instance } from "./instance.ts";
import { mainnetSubnetOf } from "./mainnet.ts";
import { blob, fields, maybe, principal, required, text, variant, type Reader } from "./shape.ts";
import { mainnetSubnet } from "./topology.ts";

export type EffectivePrincipal =
  { readonly kind: "none" } | { readonly kind: "subnet"; readonly id: SubnetId } | { readonly kind: "canister"; readonly id: CanisterId };

export const effectivePrincipal: Reader<EffectivePrincipal> = (value, what) =>
  value === "None"
    ? { kind: "none" }
    : variant<EffectivePrincipal>({
        SubnetId: (id, at) => ({ kind: "subnet", id: principal(id, at) as SubnetId }),
        CanisterId: (id, at) => ({ kind: "canister", id: principal(id, at) }),
      })(value, what);

export function subnetJson(id: SubnetId): object {
  return { SubnetId: toBase64(principalBytes(id)) };
}

export interface RoutedCall extends Call {
  readonly effective: EffectivePrincipal;
}

export const routedCall: Reader<RoutedCall> = (value, what) => {
  const call = fields(value, what);
  return {
    sender: required(call, "sender", principal),
    receiver: required(call, "canister_id", principal),
    effective: required(call, "effective_principal", effectivePrincipal),
    method: required(call, "method", text),
    arg: required(call, "payload", blob),
    senderInfo: maybe(call, "sender_info", (info, at) => {
      const given = fields(info, at);
      return { data: required(given, "info", blob), signer: required(given, "signer", blob) };
    }),
  };
};

/** Throws `OperationFailed` when there is no way. */
export function subnetOfCall(instance: Instance, call: RoutedCall): SubnetId {
  const creates = call.receiver === MANAGEMENT_CANISTER && call.method === PROVISIONAL_CREATION;
  const effective = call.effective.kind === "none" ? derived(call, creates) : call.effective;
  return routed(instance, effective, creates);
}

function derived({ receiver, arg }: RoutedCall, creates: boolean): EffectivePrincipal {
  if (receiver !== MANAGEMENT_CANISTER) return { kind: "canister", id: receiver };
  if (creates) {
    const { specified_id } = decoded(PROVISIONAL_CREATION, arg);
    return specified_id.length === 0 ? { kind: "none" } : { kind: "canister", id: idOf(specified_id[0]) };
  }
  const { canister_id } = decoded("canister_id", arg);
  return { kind: "canister", id: idOf(canister_id) };
}

function decoded<N extends typeof PROVISIONAL_CREATION | "canister_id">(name: N, arg: Uint8Array) {
  const argument = decodeArgument(name, arg);
  if (argument.kind === "error") throw badIngress(argument.error.description);
  return argument.value;
}

export function routed(instance: Instance, effective: EffectivePrincipal, creates: boolean): SubnetId {
  const { state } = instance;
  switch (effective.kind) {
    case "subnet":
      if (instance.subnet(effective.id) !== null) return effective.id;
      throw badIngress(`Subnet with ID ${principalText(effective.id)} not found`);
    case "canister": {
      const subnet = route(state, effective.id);
      if (subnet !== null) return subnet;
      if (creates && effective.id === MANAGEMENT_CANISTER) return defaultSubnet(instance);
      if (creates) return mainnetSubnetFor(instance, effective.id);
      throw badIngress(`Canister ${principalText(effective.id)} does not belong to any subnet.`);
    }
    case "none":
      if (creates) return defaultSubnet(instance);
      throw badIngress(
        "Effective principal must be specified for all calls but canister creation via the provisional management canister API.",
      );
  }
}

function defaultSubnet({ state, defaultCanisterId }: Instance): SubnetId {
  const subnet = route(state, defaultCanisterId);
  if (subnet === null) throw badIngress(`Canister ${principalText(defaultCanisterId)} does not belong to any subnet.`);
  return subnet;
}

const CALL_PATH = /^\/api\/v[234]\/canister\/([^/]+)\/call$/;

/** A creation by the public interface finds its subnet as others do. What is wrong with the request is for that interface to say. */
export function makeRoom(instance: Instance, path: string, body: Uint8Array): void {
  const [, effective] = CALL_PATH.exec(path) ?? [];
  if (effective === undefined) return;
  try {
    const id = parsePrincipal(effective);
    if (route(instance.state, id) !== null || mainnetSubnetOf(id) === null) return;
    if (isProvisionalCreation(body, instance.host.environment.platform.sha256)) mainnetSubnetFor(instance, id);
  } catch (error) {
    if (!(error instanceof InvalidPrincipal || error instanceof OperationFailed)) throw error;
  }
}

/**
 * The mainnet's subnet with an id, which the instance has from now on: how canisters get there that a test wants at their mainnet ids. Not the
 * NNS: the root cannot be changed.
 */
function mainnetSubnetFor(instance: Instance, id: CanisterId): SubnetId {
  const text = principalText(id);
  const found = mainnetSubnetOf(id);
  if (found === null)
    throw badIngress(`The effective canister ID ${text} does not belong to an existing subnet and it is not a mainnet canister ID.`);
  const { spec, request } = mainnetSubnet(found);
  if (spec.kind === "NNS")
    throw badIngress(
      `The effective canister ID ${text} belongs to the NNS subnet on the IC mainnet for which PocketIC provides a \`SubnetKind\`: please set up your PocketIC instance with a subnet of that \`SubnetKind\`.`,
    );
  instance.addSubnet(spec, request);
  return found.id;
}
