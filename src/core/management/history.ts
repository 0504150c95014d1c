/**
 * The canister history: who changed what, and when.
 *
 * Source: interface spec, "Canister history". The newest entries are kept, all are counted.
 */
import type { CanisterState, HistoryEntry } from "../state/canister.ts";
import type { World } from "../state/world.ts";

/** Source: interface spec, "IC method canister_info". */
const HISTORY_ENTRIES = 20;

/** Adds an entry with the canister's version as it is now. `canister` must be for writing. */
export function addChange(world: World, canister: CanisterState, origin: HistoryEntry["origin"], details: HistoryEntry["details"]): void {
  const entry: HistoryEntry = { timestampNanos: world.state.timeNanos, canisterVersion: canister.version, origin, details };
  canister.history = {
    total: canister.history.total + 1,
    entries: [...canister.history.entries, entry].slice(-HISTORY_ENTRIES),
  };
}
