/**
 * How many calls a run may still make: callbacks, and room in the output queues. A slot that was given to a call stays given, also when the call is then
 * refused for another reason.
 *
 * Source: messaging.md 2. Replica: `push_output_request` in `.../system_api/sandbox_safe_system_state.rs` (c7c5005).
 */
import { BITCOIN_CANISTERS } from "../management/bitcoin.ts";
import type { CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type PrincipalId, type SubnetId } from "../state/ids.ts";
import type { NetworkState } from "../state/network-state.ts";

const UNKNOWN = -1;

export class CallSlots {
  private readonly canister: CanisterState;
  private readonly state: NetworkState;
  private callbacks: number;
  private aliases = UNKNOWN;
  private readonly queues = new Map<PrincipalId, number>();

  /** Of a canister that may have so many callbacks more. */
  constructor(canister: CanisterState, state: NetworkState, callbacks: number) {
    this.canister = canister;
    this.state = state;
    this.callbacks = callbacks;
  }

  /** Whether there was one. */
  takeCallback(): boolean {
    if (this.callbacks === 0) return false;
    this.callbacks--;
    return true;
  }

  /** Whether there was room on the way to the callee. One counter is for all that is the management canister. */
  takeRoom(callee: PrincipalId): boolean {
    if (this.isManagement(callee)) {
      if (this.aliases === UNKNOWN) this.aliases = this.freeAliasSlots();
      if (this.aliases === 0) return false;
      this.aliases--;
    }
    const free = this.queues.get(callee) ?? this.canister.queues.freeSlots(callee);
    if (free === 0) return false;
    this.queues.set(callee, free - 1);
    return true;
  }

  private isManagement(id: PrincipalId): boolean {
    return id === MANAGEMENT_CANISTER || this.state.subnets.has(id as SubnetId) || BITCOIN_CANISTERS.includes(id);
  }

  /** The fewest free slots among all queues that lead to the management canister. */
  private freeAliasSlots(): number {
    const { queues } = this.canister;
    let slots = queues.freeSlots(MANAGEMENT_CANISTER);
    for (const id of BITCOIN_CANISTERS) slots = Math.min(slots, queues.freeSlots(id));
    for (const id of this.state.subnets.keys()) slots = Math.min(slots, queues.freeSlots(id));
    return slots;
  }
}
