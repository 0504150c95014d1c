/**
 * `ecdsa_public_key`, `schnorr_public_key`, `vetkd_public_key` and what asks for a signature or a key: `sign_with_ecdsa`, `sign_with_schnorr`,
 * `vetkd_derive_key`. Public keys are answered at once, the rest when the holders of the key have worked (`rules/pending-calls.ts`).
 *
 * Source: interface spec, "IC method ecdsa_public_key" and its neighbours; management-canister.md 1.2, 7.
 * Replica: `rs/execution_environment/src/execution_environment.rs` (`sign_with_threshold`, `vetkd_derive_key`, c7c5005).
 */
import type { Principal } from "@icp-sdk/core/principal";
import { feesOf, signature } from "../cycles/fees.ts";
import { keyHolders, printedAlgorithm, printedKey, type ChainKey, type KeyAlgorithm, type KeyScheme } from "../state/chain-keys.ts";
import type { SubnetConsumedCycles, SubnetState } from "../state/network-state.ts";
import type { DerivedKeyRequest, SignatureRequest } from "../state/pending-calls.ts";
import { principalBytes } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import { route } from "../state/world.ts";
import { fail, reply, type ManagementOutcome, type Method, type MethodContext } from "./call.ts";
import { decodeArgument, encodeResult, type MasterKeyId, type Opt } from "./candid.ts";
import { unexpectedIngress } from "./errors.ts";
import { withArgument } from "./method.ts";
import {
  auxInvalid,
  auxNotSupported,
  emptyPayload,
  keyNotHeld,
  keyNotEnabled,
  notEnoughCyclesFor,
  signatureQueueFull,
  transportKeyInvalid,
} from "./outside-errors.ts";

/** Calls that wait for one key, at most. Replica: `DEFAULT_ECDSA_MAX_QUEUE_SIZE`, before pre-signatures let it grow. */
const MAX_WAITING = 20;

interface KeyIdValue {
  readonly name: string;
  readonly curve?: Readonly<Record<string, null>>;
  readonly algorithm?: Readonly<Record<string, null>>;
}

/** A `key_id` of an argument as a key. */
export function chainKeyOf(scheme: KeyScheme, { name, curve, algorithm }: KeyIdValue): ChainKey {
  return { scheme, algorithm: Object.keys((curve ?? algorithm)!)[0] as KeyAlgorithm, name };
}

/** The key of an argument that may name one of any scheme. */
export function chainKeyOfMaster(key: MasterKeyId): ChainKey {
  if ("Ecdsa" in key) return chainKeyOf("ecdsa", key.Ecdsa);
  return "Schnorr" in key ? chainKeyOf("schnorr", key.Schnorr) : chainKeyOf("vetkd", key.VetKd);
}

/** Scheme of a method. */
export function schemeOf(method: string): KeyScheme {
  return method.includes("ecdsa") ? "ecdsa" : method.includes("schnorr") ? "schnorr" : "vetkd";
}

const CONSUMED_AS: Readonly<Record<KeyScheme, keyof SubnetConsumedCycles>> = {
  ecdsa: "ecdsaOutcalls",
  schnorr: "schnorrOutcalls",
  vetkd: "vetkd",
};

// Public keys.

export const ecdsaPublicKey = withArgument("ecdsa_public_key", (context, { key_id, canister_id, derivation_path }) =>
  publicKey(context, chainKeyOf("ecdsa", key_id), canister_id, (name, owner) =>
    context.world.platform.thresholdKeys.ecdsaPublicKey(name, [owner, ...derivation_path]),
  ),
);

export const schnorrPublicKey = withArgument("schnorr_public_key", (context, { key_id, canister_id, derivation_path }) => {
  const algorithm = "ed25519" in key_id.algorithm ? "ed25519" : "bip340secp256k1";
  return publicKey(context, chainKeyOf("schnorr", key_id), canister_id, (name, owner) =>
    context.world.platform.thresholdKeys.schnorrPublicKey(algorithm, name, [owner, ...derivation_path]),
  );
});

export const vetkdPublicKey = withArgument("vetkd_public_key", (context, value) =>
  publicKey(context, chainKeyOf("vetkd", value.key_id), value.canister_id, (name, owner) => ({
    publicKey: context.world.platform.thresholdKeys.vetPublicKey(name, owner, value.context),
  })),
);

function publicKey(
  { call, subnet }: MethodContext,
  key: ChainKey,
  canister: Opt<Principal>,
  derive: (name: string, owner: Uint8Array) => { readonly publicKey: Uint8Array; readonly chainCode?: Uint8Array },
): ManagementOutcome {
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(call.method));
  if (!subnet.config.keyNames.includes(key.name)) return fail(call, keyNotHeld(subnet.config.id, printedKey(key)));
  const owner = canister.length === 0 ? principalBytes(call.sender) : canister[0].toUint8Array();
  const derived = derive(key.name, owner);
  return reply(
    call,
    derived.chainCode === undefined
      ? encodeResult("vetkd_public_key", { public_key: derived.publicKey })
      : encodeResult("public_key", { public_key: derived.publicKey, chain_code: derived.chainCode }),
  );
}

// Signatures and keys.

export const signWithEcdsa: Method = (context) => {
  if (context.call.arg.length === 0) return fail(context.call, emptyPayload("An empty message cannot be signed"));
  const decoded = decodeArgument("sign_with_ecdsa", context.call.arg);
  if (decoded.kind === "error") return fail(context.call, decoded.error);
  const { key_id, message_hash, derivation_path } = decoded.value;
  const key = chainKeyOf("ecdsa", key_id);
  return wait(context, { kind: "signature", key, derivationPath: derivation_path, message: message_hash, merkleRoot: null });
};

export const signWithSchnorr: Method = (context) => {
  if (context.call.arg.length === 0) return fail(context.call, emptyPayload("An empty message cannot be signed"));
  const decoded = decodeArgument("sign_with_schnorr", context.call.arg);
  if (decoded.kind === "error") return fail(context.call, decoded.error);
  const { key_id, message, derivation_path, aux } = decoded.value;
  const key = chainKeyOf("schnorr", key_id);
  const merkleRoot = aux.length === 0 ? null : aux[0].bip341.merkle_root_hash;
  const refused = merkleRoot === null ? null : checkAux(key, merkleRoot);
  return wait(context, { kind: "signature", key, derivationPath: derivation_path, message, merkleRoot }, refused);
};

function checkAux({ algorithm }: ChainKey, merkleRoot: Uint8Array): UserError | null {
  if (algorithm !== "bip340secp256k1") return auxNotSupported(printedAlgorithm(algorithm));
  return merkleRoot.length === 0 || merkleRoot.length === 32 ? null : auxInvalid(printedAlgorithm(algorithm));
}

export const vetkdDeriveKey: Method = (context) => {
  if (context.call.arg.length === 0) return fail(context.call, emptyPayload("Message payload empty"));
  const decoded = decodeArgument("vetkd_derive_key", context.call.arg);
  if (decoded.kind === "error") return fail(context.call, decoded.error);
  const { key_id, input, transport_public_key } = decoded.value;
  const request: DerivedKeyRequest = {
    kind: "derivedKey",
    key: chainKeyOf("vetkd", key_id),
    context: decoded.value.context,
    input,
    transportKey: transport_public_key,
  };
  const isValid = context.world.platform.thresholdKeys.isTransportKey(transport_public_key);
  return wait(context, request, isValid ? null : transportKeyInvalid());
};

/** Takes the fee and keeps the call until it is answered; `refused` is what is wrong with the rest of the argument. */
function wait(context: MethodContext, request: SignatureRequest | DerivedKeyRequest, refused: UserError | null = null): ManagementOutcome {
  const { world, subnet, call } = context;
  const { key } = request;
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(call.method));
  if (!subnet.config.keyNames.includes(key.name)) return fail(call, keyNotHeld(subnet.config.id, printedKey(key)));
  if (refused !== null) return fail(call, refused);
  const fee = feeOf(context);
  if (call.cycles < fee) return fail(call, notEnoughCyclesFor(call.method, call.cycles, fee));
  if (!keyHolders(world.state, subnet.config.id, key.name).some(({ id }) => id === subnet.config.id))
    return fail(call, keyNotEnabled(call.method, printedKey(key)));
  if (waitingFor(subnet, key) >= MAX_WAITING) return fail(call, signatureQueueFull(call.method, printedKey(key)));
  subnet.consumed[CONSUMED_AS[key.scheme]] += fee;
  return { kind: "pending", request, refundCycles: call.cycles - fee };
}

/** Callers on the NNS pay nothing. Source: management-canister.md 7. */
function feeOf({ world, subnet, call }: MethodContext): bigint {
  const from = route(world.state, call.sender);
  const isNns = from !== null && world.state.subnets.get(from)!.config.isNns;
  return isNns ? 0n : signature(feesOf(subnet.config));
}

function waitingFor(subnet: SubnetState, key: ChainKey): number {
  let count = 0;
  for (const { request } of subnet.pendingCalls.values()) {
    if ((request.kind === "signature" || request.kind === "derivedKey") && printedKey(request.key) === printedKey(key)) count++;
  }
  return count;
}
