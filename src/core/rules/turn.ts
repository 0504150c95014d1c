/**
 * One canister's turn within an iteration of a round: what the execution rules work on.
 */
import type { CallOrigin, CanisterState } from "../state/canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { World } from "../state/world.ts";
import type { Quotas } from "./quotas.ts";

export interface Turn {
  readonly world: World;
  /** For writing. */
  readonly subnet: SubnetState;
  /** For writing. */
  readonly canister: CanisterState;
  /** Inner-round iteration, from 0. */
  readonly iteration: number;
  /** Round of the subnet in which what runs now began: an earlier one for a message that was held or aborted. */
  readonly startedRound: number;
  /** What is left for this canister's execution thread. */
  readonly quotas: Quotas;
  /** Ingress calls that started or went on in this round and are not answered: they become `processing` at its end. */
  readonly waitingIngress: Extract<CallOrigin, { kind: "ingress" }>[];
}
