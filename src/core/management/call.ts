/**
 * A call to the management canister, and what became of it: the seam between the rules, which take calls off the subnet's
 * queues and make responses, and the methods, one file each.
 *
 * A method changes a canister whole or not at all; what stays after a failure is the charge for instructions used.
 */
import type { SystemView } from "../canister/types.ts";
import type { CallResult } from "../rules/respond.ts";
import type { CallOrigin, CanisterState, HistoryEntry, StopRequest } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import { reindexCanister } from "../state/indexes.ts";
import type { Ingress, Request } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { PendingRequest } from "../state/pending-calls.ts";
import { rejectCodeOf, type UserError } from "../state/rejects.ts";
import { editCanister, type World } from "../state/world.ts";
import type { Decoded, Opt } from "./candid.ts";
import { NO_RESULT } from "./candid.ts";
import { canisterNotFound } from "./errors.ts";
import type { HeldInstallation } from "./installation.ts";
import { updateLowMemoryHook } from "./low-memory-hook.ts";

export interface ManagementCall {
  readonly source: { readonly kind: "request"; readonly request: Request } | { readonly kind: "ingress"; readonly message: Ingress };
  readonly sender: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  /** Attached; 0n for users. */
  readonly cycles: bigint;
  /** Of an installation that was aborted and starts over: it is paid for. */
  readonly prepaidCycles?: bigint;
}

export type ManagementResult =
  { readonly kind: "reply"; readonly data: Uint8Array } | { readonly kind: "error"; readonly error: UserError };

export type ManagementOutcome =
  | {
      readonly kind: "answered";
      readonly result: ManagementResult;
      /** Attached cycles that go back with the answer. */
      readonly refundCycles: bigint;
      /** Counted to the round's budget for management calls. */
      readonly instructions: number;
      /** Answers to others that this call brought about: to callers of an uninstalled canister, to cancelled stop requests. */
      readonly alsoAnswered: readonly OwedAnswer[];
    }
  /** An installation of more than one slice, of which the first was executed. */
  | { readonly kind: "held"; readonly canister: CanisterId; readonly held: HeldInstallation }
  /** `stop_canister`: the request is held in the canister's status. */
  | { readonly kind: "waiting" }
  /** Answered in a later round, by the network's own keys or from outside. Only for calls of canisters. */
  | { readonly kind: "pending"; readonly request: PendingRequest; readonly refundCycles: bigint };

export type Answered = Extract<ManagementOutcome, { kind: "answered" }>;

/** An answer owed to somebody else than the caller, for the rule to send. */
export interface OwedAnswer {
  readonly to: Exclude<CallOrigin, { kind: "systemTask" }>;
  /** The canister whose call context ends, or the id of the subnet for held management calls: whose output queue the answer goes to. */
  readonly respondent: PrincipalId;
  readonly refundCycles: bigint;
  readonly result: CallResult;
}

/** The account of one execution inside install_code: what it sees, and how its effects on cycles are taken over. */
export interface InstallAccount {
  readonly view: SystemView;
  /** Applies what the run did to cycles (burned) to the record; called only when it did not trap. */
  apply(canister: CanisterState): void;
}

/** What an execution inside install_code is. */
export interface InstallPhase {
  readonly entry: "preUpgrade" | "start" | "init" | "postUpgrade";
  /** Who called install_code; the start function has no caller. */
  readonly caller: PrincipalId;
}

/** What the methods need of later layers. */
export interface ManagementTools {
  /** The canister as it is in this phase of the installation: its record already has the new version, timer and code. */
  installAccount(world: World, subnet: SubnetState, canister: CanisterState, phase: InstallPhase): InstallAccount;
  /** Inner-round iteration, for events. */
  readonly iteration: number;
}

/** What a method works with. `subnet` is for writing. */
export interface MethodContext {
  readonly world: World;
  readonly subnet: SubnetState;
  readonly call: ManagementCall;
  readonly tools: ManagementTools;
}

export type Method = (context: MethodContext) => ManagementOutcome;

// Outcomes.

/** A reply; attached cycles go back. */
export function reply(call: ManagementCall, data: Uint8Array = NO_RESULT, alsoAnswered: readonly OwedAnswer[] = []): Answered {
  return { kind: "answered", result: { kind: "reply", data }, refundCycles: call.cycles, instructions: 0, alsoAnswered };
}

/** A failure; attached cycles go back. */
export function fail(call: ManagementCall, error: UserError, instructions = 0): Answered {
  return { kind: "answered", result: { kind: "error", error }, refundCycles: call.cycles, instructions, alsoAnswered: [] };
}

/** What follows every change of a canister: the low-memory hook is looked at, and the subnet's sets are brought up to date. */
export function finish(subnet: SubnetState, canister: CanisterState): void {
  updateLowMemoryHook(canister);
  reindexCanister(subnet, canister);
}

/** The canister for writing, or IC0301. */
export function targetForWriting(subnet: SubnetState, id: CanisterId): Decoded<CanisterState> {
  const canister = editCanister(subnet, id);
  return canister === undefined ? { kind: "error", error: canisterNotFound(id) } : { kind: "value", value: canister };
}

/** The canister for reading, or IC0301. */
export function target(subnet: SubnetState, id: CanisterId): Decoded<CanisterState> {
  const canister = subnet.canisters.get(id);
  return canister === undefined ? { kind: "error", error: canisterNotFound(id) } : { kind: "value", value: canister };
}

/** Who is behind a change, for the history. */
export function changeOrigin(call: ManagementCall, senderVersion: Opt<bigint>): HistoryEntry["origin"] {
  if (call.source.kind === "ingress") return { kind: "user", user: call.sender };
  return { kind: "canister", canister: call.sender, version: senderVersion[0] ?? null };
}

/** How the answer to a held stop request finds its way. */
export function originOfStopRequest(request: StopRequest): OwedAnswer["to"] {
  switch (request.kind) {
    case "ingress": {
      const { sender, messageId, method, tag } = request.message;
      return { kind: "ingress", user: sender, messageId, method, tag };
    }
    case "canister": {
      const { sender, callbackId, deadline, method, tag } = request.request;
      return { kind: "canister", canister: sender, callbackId, deadline, method, tag };
    }
  }
}

/** An error in the form that answers of the management canister have: canisters see the text without the error code. */
export function plainError(error: UserError): CallResult {
  return { kind: "systemReject", code: rejectCodeOf(error.code), message: error.description, error };
}
