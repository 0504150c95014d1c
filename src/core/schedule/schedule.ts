/**
 * The one seam through which every order and every permitted outcome is chosen (design, "Choices, faults, exploration").
 *
 * Where the platform leaves something open, the network asks `choose` with the number of options; option 0 is what the
 * ordinary schedule does. Whatever else is answered is a *deviation*, recorded by what it concerns, so that a run can be
 * repeated, shrunk and applied to other modules.
 */
import type { ExecutedEvent } from "../events.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../state/ids.ts";
import type { MessageTag } from "../state/messages.ts";

/** What is being chosen, and about whom. */
export type Choice =
  /** Which of the canisters that can run goes next in this iteration. Option i: the i-th in ordinary order. */
  | { readonly kind: "canister"; readonly subnet: SubnetId; readonly candidates: readonly CanisterId[] }
  /** Which of the messages at the heads of a canister's input queues goes next. Option i: the i-th in ordinary (round-robin) order; the last one: none, the rest waits. */
  | { readonly kind: "message"; readonly canister: CanisterId; readonly candidates: readonly MessageConcern[] }
  /** Which of the submitted ingress messages comes next in the block; the last option (candidates.length) is: none, the rest waits for the next round. */
  | { readonly kind: "ingress"; readonly subnet: SubnetId; readonly candidates: readonly MessageConcern[] }
  /** How many more rounds a subnet's newly built stream slice travels. Option i: i rounds more than ordinary. */
  | { readonly kind: "hop"; readonly from: SubnetId; readonly to: SubnetId; readonly options: number }
  /** Whether the system rejects a request it would deliver: 0 no, else with `REQUEST_REJECTS[option]` (`../rules/open-outcomes.ts`). */
  | { readonly kind: "rejectRequest"; readonly message: MessageConcern }
  /** Whether the answer to a bounded-wait call is lost: 0 no, 1 yes (the caller then gets SYS_UNKNOWN at its deadline). */
  | { readonly kind: "loseResponse"; readonly message: MessageConcern }
  /** Whether consensus has the answer to a call of the management canister now (0) or in a later round (1). */
  | { readonly kind: "pendingAnswer"; readonly message: MessageConcern }
  | InjectedChoice;

/** Choices that only schedules with `injects` are asked. */
export type InjectedChoice =
  /** Whether a bounded-wait request is lost on its way: 0 no, 1 yes (the caller then gets SYS_UNKNOWN at its deadline). */
  | { readonly kind: "loseRequest"; readonly message: MessageConcern }
  /** Whether `call_perform` refuses a call that it could take: 0 no, 1 yes, as when a queue or the subnet's callbacks are full. */
  | { readonly kind: "refuseCall"; readonly message: MessageConcern }
  /** Whether a message that `canister_inspect_message` refuses gets in all the same: 0 no, 1 yes, as a dishonest replica would have it. */
  | { readonly kind: "inspect"; readonly message: MessageConcern }
  /** How an execution ends: 0 as it ends, else `executionFault(option)`. */
  | { readonly kind: "execution"; readonly execution: ExecutionConcern }
  /** Whether a subnet takes what another has sent it in this round (0), or not yet (1). */
  | { readonly kind: "link"; readonly from: SubnetId; readonly to: SubnetId }
  /** Whether a subnet makes its round now (0), or is slower (1). */
  | { readonly kind: "subnetRound"; readonly subnet: SubnetId }
  /** What whoever drives the network does, among things that have names. */
  | { readonly kind: "pick"; readonly label: string; readonly candidates: readonly string[] }
  /** When whoever drives the network goes on while a call of his is open: as soon as somebody is answered (0), or after `TURN_ROUNDS[option]` rounds. */
  | { readonly kind: "turn" }
  /** How much time passes before a round, besides that of a round: `TIME_STEPS_NANOS[option]`. */
  | { readonly kind: "time" };

/** A message by what it concerns, not by index: still means the same after a module changed. */
export interface MessageConcern {
  readonly from: PrincipalId;
  readonly to: PrincipalId;
  readonly method: string;
  /** `request`, `response` or `ingress`. */
  readonly message: "request" | "response" | "ingress";
  /** Tells equal ones apart within a run; no part of what a deviation is named by. */
  readonly tag?: MessageTag;
  /** Of a call that waits without a deadline. */
  readonly isUnbounded?: boolean;
}

/** An execution that is about to begin. */
export interface ExecutionConcern {
  readonly canister: CanisterId;
  readonly entry: ExecutedEvent["entry"];
  readonly method: string;
  /** Who called, or answered. */
  readonly from: PrincipalId;
  readonly tag: MessageTag | null;
}

/** Answers wherever the platform leaves something open: which message goes next, how long a hop takes. */
export interface Schedule {
  /** True when every answer is 0: the network then skips building the choices. */
  readonly ordinary: boolean;
  /** True when it is also asked the choices of `InjectedChoice`. */
  readonly injects?: boolean;
  /** True when it is also asked for what the platform never does, such as losing the answer to an unbounded-wait call: for rules by hand that say so. */
  readonly unlawful?: boolean;
  /**
   * An option below the number of options of this choice. `nth` counts how often this situation came up in the run before; it is part of
   * the run's state, so that it goes back with a snapshot.
   */
  choose(choice: Choice, options: number, nth?: number): number;
}

/** The ordinary schedule: always the first option. */
export const ORDINARY: Schedule = { ordinary: true, choose: () => 0 };
