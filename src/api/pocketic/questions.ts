/**
 * Requests of operations as they are read from JSON, for those that have more fields than one.
 *
 * Source: `packages/pocket-ic/src/common/rest.rs` (c7c5005), whose types these are.
 */
import { toHex } from "../../base/bytes.ts";
import type { CanisterId, MessageId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import { conversionError } from "./failure.ts";
import { effectivePrincipal, type EffectivePrincipal } from "./routing.ts";
import { blob, fields, list, maybe, principal, principalIn, required, u64, unsigned, type Reader } from "./shape.ts";

export interface MessageName {
  readonly effective: EffectivePrincipal;
  readonly id: MessageId;
}

const MESSAGE_ID_BYTES = 32;

export const messageId: Reader<MessageName> = (value, what) => {
  const given = fields(value, what);
  const bytes = required(given, "message_id", blob);
  const effective = required(given, "effective_principal", effectivePrincipal);
  if (bytes.length !== MESSAGE_ID_BYTES) throw conversionError("Bad message id");
  return { effective, id: toHex(bytes) as MessageId };
};

/** As an object, or as bare base64, which is what `@dfinity/pic` sends. */
const caller: Reader<PrincipalId> = (value, what) =>
  typeof value === "string" ? principal(value, what) : principalIn("principal_id")(value, what);

export const ingressQuestion: Reader<{ readonly message: MessageName; readonly caller: PrincipalId | null }> = (value, what) => {
  const given = fields(value, what);
  return { message: required(given, "raw_message_id", messageId), caller: maybe(given, "raw_caller", caller) };
};

export const time: Reader<bigint> = (value, what) => required(fields(value, what), "nanos_since_epoch", u64);

export const gift: Reader<{ readonly id: CanisterId; readonly cycles: bigint }> = (value, what) => {
  const given = fields(value, what);
  return { id: required(given, "canister_id", principal), cycles: required(given, "amount", unsigned(128)) };
};

/** Who makes the next block of a subnet, and who failed to. */
export interface SubnetBlockMakers {
  readonly subnet: SubnetId;
  readonly maker: PrincipalId;
  readonly failedMakers: readonly PrincipalId[];
}

export interface TickConfigs {
  readonly first: SubnetId | null;
  readonly last: SubnetId | null;
  readonly blockMakers: readonly SubnetBlockMakers[];
}

const blockMakersOf: Reader<SubnetBlockMakers> = (value, what) => {
  const given = fields(value, what);
  return {
    subnet: required(given, "subnet", principalIn("subnet_id")) as SubnetId,
    maker: required(given, "blockmaker", principalIn("node_id")),
    failedMakers: required(given, "failed_blockmakers", list(principalIn("node_id"))),
  };
};

/** A list, or before version 12 of the contract an object around it. */
const blockMakers: Reader<SubnetBlockMakers[]> = (value, what) =>
  list(blockMakersOf)(Array.isArray(value) ? value : required(fields(value, what), "blockmakers_per_subnet", (inner) => inner), what);

export const tickConfigs: Reader<TickConfigs> = (value, what) => {
  const given = fields(value, what);
  return {
    blockMakers: maybe(given, "blockmakers", blockMakers) ?? [],
    first: maybe(given, "first_subnet", principalIn("subnet_id")) as SubnetId | null,
    last: maybe(given, "last_subnet", principalIn("subnet_id")) as SubnetId | null,
  };
};
