/**
 * What lasts over several rounds: a message, or an installation of code, of which the replica executes a slice in each round in which its
 * turn comes. Its canister executes nothing else meanwhile, and others see the state from before.
 *
 * While it is held it has run in the host, whole: what it did is data, applied with its last slice. When the platform aborts it, that is thrown away, and
 * it starts over when its turn comes next.
 *
 * Source: scheduling.md 3.1. Replica: `ExecutionTask` in `rs/replicated_state/src/canister_state/system_state.rs` (c7c5005).
 */
import type { Overlay } from "../canister/outcome.ts";
import type { Outcome } from "../canister/types.ts";
import type { HeldInstallation } from "../management/installation.ts";
import type { Callback, CanisterState, SystemTask } from "./canister.ts";
import type { CallContextId, CanisterId } from "./ids.ts";
import type { Ingress, Request, Response } from "./messages.ts";
import type { SubnetState } from "./network-state.ts";

interface Lasting {
  /** Round of the subnet in which it began; aborting it changes nothing of that. */
  readonly startedRound: number;
  readonly prepaidCycles: bigint;
}

export interface LongMessage extends Lasting {
  readonly kind: "message";
  readonly message: Request | Ingress | Response | { readonly kind: "task"; readonly task: SystemTask };
  /** Of a response: the callback that runs, already unregistered, and the cycles that came back with it. */
  readonly callback: Callback | null;
  readonly refundedCycles: bigint;
  /** `null`: aborted. */
  readonly held: HeldRun | null;
}

/** A message that has run. */
export interface HeldRun {
  readonly contextId: CallContextId;
  readonly outcome: Outcome;
  readonly overlay: Overlay;
  /** Slices whose turn has come. */
  readonly slicesDone: number;
  /** Of the canister when it began. Cycles that arrive meanwhile make the message fail. */
  readonly balanceCycles: bigint;
}

export interface LongInstallation extends Lasting {
  readonly kind: "installation";
  /** The call of the management canister. */
  readonly message: Request | Ingress;
  /** `null`: aborted. */
  readonly held: HeldInstallation | null;
}

export type LongExecution = LongMessage | LongInstallation;

/** Whether something of this canister has run and waits to be applied: its balance must not change meanwhile. */
export function isHeld(canister: CanisterState): boolean {
  return canister.paused !== null && canister.paused.held !== null;
}

/** Canisters in the middle of a message, or of an installation. Costs those that are in the middle of anything. */
export function canistersInLong(subnet: SubnetState, kind: LongExecution["kind"]): CanisterId[] {
  return [...subnet.paused.keys()].filter((id) => subnet.canisters.get(id)!.paused!.kind === kind);
}
