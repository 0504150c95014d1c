/**
 * The invariants after each step, at the cost of what it touched: the canisters that were written, and the totals and sets of their subnets. What else a
 * subnet has is left to `checkInvariants`, which tests compare with this.
 *
 * What was written belongs to the network's present epoch: so every check is followed by a fork (`Network.step`).
 */
import { addShare, checkTotals, noShare, shareOf, type Share } from "./invariants.ts";
import type { CanisterId, SubnetId } from "./state/ids.ts";
import type { NetworkState, SubnetState } from "./state/network-state.ts";

interface Watched {
  readonly sum: Share;
  readonly shares: Map<CanisterId, Share>;
}

export class InvariantWatch {
  private readonly subnets = new Map<SubnetId, Watched>();

  /** Throws what is broken. Everything that was written since the last check must belong to the epoch of `state`. */
  check(state: NetworkState): void {
    for (const subnet of state.subnets.values()) {
      if (subnet.epoch === state.epoch || !this.subnets.has(subnet.config.id)) this.checkSubnet(subnet);
    }
  }

  private checkSubnet(subnet: SubnetState): void {
    const { id } = subnet.config;
    const watched = this.subnets.get(id) ?? { sum: noShare(), shares: new Map<CanisterId, Share>() };
    this.subnets.set(id, watched);
    const isNew = watched.shares.size === 0;
    for (const [canisterId, canister] of isNew ? subnet.canisters.entries() : subnet.canisters.written()) {
      if (!isNew && canister.epoch !== subnet.epoch) continue;
      this.remove(watched, canisterId);
      const share = shareOf(subnet, canister);
      watched.shares.set(canisterId, share);
      addShare(watched.sum, share);
    }
    if (watched.shares.size > subnet.canisters.size) {
      for (const gone of [...watched.shares.keys()]) if (!subnet.canisters.has(gone)) this.remove(watched, gone);
    }
    checkTotals(subnet, watched.sum);
  }

  private remove({ sum, shares }: Watched, id: CanisterId): void {
    const share = shares.get(id);
    if (share === undefined) return;
    addShare(sum, share, -1);
    shares.delete(id);
  }
}
