/**
 * Which subnet executes a canister's call of the management canister. Decided when the calling message finishes, from the method and its
 * argument; when it cannot be decided the call is answered at once, without leaving the subnet.
 *
 * Source: management-canister.md 1.1. Replica: `rs/embedders/src/wasmtime_embedder/system_api/{routing,sandbox_safe_system_state}.rs` (c7c5005).
 */
import { keyHolders, printedKey, printedKeys, printedKeysOf } from "../state/chain-keys.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId, type SubnetId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { RejectCode, rejectFromError, type Reject } from "../state/rejects.ts";
import { knownSubnets, routeFrom } from "../state/topology.ts";
import type { World } from "../state/world.ts";
import type { CanisterState } from "../state/canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { BitcoinMethod } from "./bitcoin.ts";
import { decodeArgument, decodeTarget, decodeVersion, idOf, optional } from "./candid.ts";
import { noSuchMethod, senderVersionMismatch } from "./errors.ts";
import { isMock, MOCK_METHOD } from "../state/mock-canisters.ts";
import { METHODS, type MethodInfo } from "./methods.ts";
import { chainKeyOf, chainKeyOfMaster, schemeOf } from "./threshold-keys.ts";

export type Resolution = { readonly kind: "subnet"; readonly subnet: SubnetId } | { readonly kind: "reject"; readonly reject: Reject };

export interface CallToResolve {
  /** The management canister, or the id of a subnet, which only canisters of the NNS may name. */
  readonly callee: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
}

/**
 * Where the call goes. `caller` is the calling canister with the version that the execution saw (`ic0.canister_version`), not yet counted up.
 */
export function resolveManagementCall(world: World, ownSubnet: SubnetState, caller: CanisterState, call: CallToResolve): Resolution {
  const info = METHODS.get(call.method);
  if (info === undefined || (call.method === MOCK_METHOD && !isMock(caller.execution)))
    return { kind: "reject", reject: rejectFromError(noSuchMethod(call.method)) };
  if (info.versioned) {
    const version = decodeVersion(call.method, call.arg);
    if (version.kind === "error") return { kind: "reject", reject: rejectFromError(version.error) };
    if (version.value !== null && version.value !== BigInt(caller.version)) {
      return { kind: "reject", reject: rejectFromError(senderVersionMismatch(version.value, caller.version)) };
    }
  }
  if (call.callee !== MANAGEMENT_CANISTER) {
    if (!ownSubnet.config.isNns) return unroutable(call, `AlreadyResolved(${principalText(call.callee)})`);
    return { kind: "subnet", subnet: call.callee };
  }
  return destinationOf(world, ownSubnet, info, call);
}

/**
 * The canister that a call is about, `null` where there is none or the argument does not tell: while it has an execution held, the call waits
 * (management-canister.md 1.2). Unlike `effectiveCanisterOf` it knows the methods that users cannot call too.
 */
export function targetOfCall(method: string, arg: Uint8Array): CanisterId | null {
  if (METHODS.get(method)?.destination.kind !== "canister") return null;
  const target = decodeTarget(method, arg);
  return target.kind === "value" ? target.value : null;
}

function destinationOf(world: World, ownSubnet: SubnetState, info: MethodInfo, call: CallToResolve): Resolution {
  const { destination } = info;
  switch (destination.kind) {
    case "ownSubnet":
      return { kind: "subnet", subnet: ownSubnet.config.id };
    case "subnetArgument": {
      const decoded = decodeArgument("subnet_id", call.arg);
      return decoded.kind === "error"
        ? undecoded(call, decoded.error.description)
        : { kind: "subnet", subnet: idOf(decoded.value.subnet_id) };
    }
    case "subnetOrOwn": {
      const decoded = decodeArgument("setup_initial_dkg", call.arg);
      if (decoded.kind === "error") return undecoded(call, decoded.error.description);
      const given = optional(decoded.value.subnet_id);
      return { kind: "subnet", subnet: given === null ? ownSubnet.config.id : idOf(given) };
    }
    case "bitcoin": {
      const decoded = decodeArgument(call.method as BitcoinMethod, call.arg);
      return decoded.kind === "error" ? undecoded(call, decoded.error.description) : { kind: "subnet", subnet: ownSubnet.config.id };
    }
    case "keyOnSubnet":
      return subnetWithKey(world, ownSubnet, call);
    case "keyHolder":
      return keyHolderOf(world, ownSubnet, destination.use, call);
    case "canister": {
      const target = decodeTarget(call.method, call.arg);
      if (target.kind === "error") return undecoded(call, target.error.description);
      const subnet = routeFrom(world.state, ownSubnet.config.id, target.value);
      // A subnet's own id routes to itself, but hosts no canister of that id.
      if (subnet === null || world.state.subnets.has(target.value)) {
        return unroutable(call, `SubnetNotFound(CanisterId(${principalText(target.value)}), ${info.printed})`);
      }
      return { kind: "subnet", subnet };
    }
  }
}

/** Every key that a network of Cannery holds is enabled where it is held. */
function keyHolderOf(world: World, ownSubnet: SubnetState, use: "publicKey" | "sign", call: CallToResolve): Resolution {
  const decoded = decodeArgument(call.method as KeyMethod, call.arg);
  if (decoded.kind === "error") return undecoded(call, decoded.error.description);
  const key = chainKeyOf(schemeOf(call.method), decoded.value.key_id);
  const [holder] = keyHolders(world.state, ownSubnet.config.id, key.name);
  if (holder !== undefined) return { kind: "subnet", subnet: holder.id };
  const [unknown, existing] = use === "sign" ? ["unknown or disabled", "existing enabled keys"] : ["unknown", "existing keys"];
  const text = `Requested ${unknown} threshold key: ${printedKey(key)}, ${existing}: ${printedKeys(world.state, ownSubnet.config.id)}`;
  return unroutable(call, `ChainKeyError(${JSON.stringify(text)})`);
}

/** `reshare_chain_key` names the subnet. */
function subnetWithKey(world: World, ownSubnet: SubnetState, call: CallToResolve): Resolution {
  const decoded = decodeArgument("reshare_chain_key", call.arg);
  if (decoded.kind === "error") return undecoded(call, decoded.error.description);
  const [key, subnet] = [chainKeyOfMaster(decoded.value.key_id), idOf(decoded.value.subnet_id)];
  const problem = (text: string): Resolution => unroutable(call, `ChainKeyError(${JSON.stringify(text)})`);
  if (!knownSubnets(world.state, ownSubnet.config.id).includes(subnet)) {
    return problem(`Requested threshold key ${printedKey(key)} from unknown subnet ${principalText(subnet)}`);
  }
  if (keyHolders(world.state, ownSubnet.config.id, key.name).some(({ id }) => id === subnet)) return { kind: "subnet", subnet };
  const held = printedKeysOf(world.state.subnets.get(subnet)!.config.keyNames);
  return problem(`Requested unknown threshold key ${printedKey(key)} on subnet ${principalText(subnet)}, subnet has keys: ${held}`);
}

type KeyMethod =
  "ecdsa_public_key" | "sign_with_ecdsa" | "schnorr_public_key" | "sign_with_schnorr" | "vetkd_public_key" | "vetkd_derive_key";

function undecoded(call: CallToResolve, description: string): Resolution {
  return unroutable(call, `UserError(UserError { code: InvalidManagementPayload, description: ${JSON.stringify(description)} })`);
}

function unroutable(call: CallToResolve, reason: string): Resolution {
  const message = `Unable to route management canister request ${call.method}: ${reason}`;
  return { kind: "reject", reject: { code: RejectCode.DESTINATION_INVALID, message } };
}
