/**
 * Identifiers. A principal is held as the lower-case hex of its bytes: a plain string compares, hashes and sorts
 * like the bytes do (interface spec, "Principals"), needs no object, and prints in a debugger.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Lower-case hex of 0 to 29 bytes; `""` is the management canister. */
export type PrincipalId = Branded<string, "Principal">;
/** A principal that names a canister. */
export type CanisterId = PrincipalId;
/** A principal that names a subnet. */
export type SubnetId = PrincipalId;

/** Lower-case hex of a snapshot's id: eight bytes that count up per canister from 0, and the id of the canister. */
export type SnapshotId = Branded<string, "Snapshot">;

/** Counts up per canister from 1; never visible to canisters. */
export type CallContextId = Branded<number, "CallContext">;
/** Counts up per canister from 1; never visible to canisters. */
export type CallbackId = Branded<number, "Callback">;
/** Lower-case hex of the 32-byte request id of an ingress message. */
export type MessageId = Branded<string, "Message">;

/** The management canister `aaaaa-aa`: the empty principal. */
export const MANAGEMENT_CANISTER = "" as PrincipalId;
/** The anonymous user `2vxsx-fae`. */
export const ANONYMOUS = "04" as PrincipalId;
