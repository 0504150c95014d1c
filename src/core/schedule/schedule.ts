/**
 * The one seam through which every order and every permitted outcome is chosen (design, "Choices, faults, exploration").
 *
 * Where the platform leaves something open, the network asks `choose` with the number of options; option 0 is what the
 * ordinary schedule does. Whatever else is answered is a *deviation*, recorded by what it concerns, so that a run can be
 * repeated, shrunk and applied to other modules.
 */
import type { CanisterId, PrincipalId, SubnetId } from "../state/ids.ts";

/** What is being chosen, and about whom. */
export type Choice =
  /** Which of the canisters that can run goes next in this iteration. Option i: the i-th in ordinary order. */
  | { readonly kind: "canister"; readonly subnet: SubnetId; readonly candidates: readonly CanisterId[] }
  /** Which of the messages at the heads of a canister's input queues goes next. Option i: the i-th in ordinary (round-robin) order. */
  | { readonly kind: "message"; readonly canister: CanisterId; readonly candidates: readonly MessageConcern[] }
  /** Which of the submitted ingress messages comes next in the block; the last option (candidates.length) is: none, the rest waits for the next round. */
  | { readonly kind: "ingress"; readonly subnet: SubnetId; readonly candidates: readonly MessageConcern[] }
  /** How many more rounds a subnet's newly built stream slice travels. Option i: i rounds more than ordinary. */
  | { readonly kind: "hop"; readonly from: SubnetId; readonly to: SubnetId; readonly options: number }
  /** Whether the system rejects a request it would deliver: 0 no, 1 SYS_TRANSIENT. */
  | { readonly kind: "rejectRequest"; readonly message: MessageConcern }
  /** Whether the answer to a bounded-wait call is lost: 0 no, 1 yes (the caller then gets SYS_UNKNOWN at its deadline). */
  | { readonly kind: "loseResponse"; readonly message: MessageConcern }
  /** Whether consensus has the answer to a call of the management canister now (0) or in a later round (1). */
  | { readonly kind: "pendingAnswer"; readonly message: MessageConcern };

/** A message by what it concerns, not by index: still means the same after a module changed. */
export interface MessageConcern {
  readonly from: PrincipalId;
  readonly to: PrincipalId;
  readonly method: string;
  /** `request`, `response` or `ingress`. */
  readonly message: "request" | "response" | "ingress";
}

export interface Schedule {
  /** True when every answer is 0: the network then skips building the choices. */
  readonly ordinary: boolean;
  /**
   * An option below the number of options of this choice. `nth` counts how often this situation came up in the run before; it is part of
   * the run's state, so that it goes back with a snapshot.
   */
  choose(choice: Choice, options: number, nth?: number): number;
}

/** The ordinary schedule: always the first option. */
export const ORDINARY: Schedule = { ordinary: true, choose: () => 0 };
