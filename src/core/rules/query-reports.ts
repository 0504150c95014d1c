/**
 * A block's report of query statistics: what enough nodes have reported by now is added to the canisters' `query_stats`.
 *
 * Source: scheduling.md 2, step 2. Replica: `rs/query_stats/src/state_machine.rs` (`deliver_query_stats`, c7c5005).
 */
import type { SubnetState } from "../state/network-state.ts";
import { editCanister } from "../state/world.ts";

/** Costs nothing in a round whose block maker has nothing to report. */
export function deliverQueryReport(subnet: SubnetState): void {
  for (const { canister: id, counts } of subnet.queryStatistics.takeBlock(subnet.round)) {
    const canister = editCanister(subnet, id);
    if (canister === undefined) continue; // deleted meanwhile
    const { calls, instructions, requestBytes, responseBytes } = canister.queryStats;
    canister.queryStats = {
      calls: calls + counts.calls,
      instructions: instructions + counts.instructions,
      requestBytes: requestBytes + counts.requestBytes,
      responseBytes: responseBytes + counts.responseBytes,
    };
  }
}
