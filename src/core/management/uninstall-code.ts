/**
 * `uninstall_code`, and the same for a canister that ran out of cycles: the code and everything it had is dropped, and everybody who still
 * waits for the canister is answered.
 *
 * Source: interface spec, "IC method uninstall_code", and the rule "IC Management Canister: Code uninstallation"; management-canister.md 3,
 * cycles.md 6.
 */
import type { CanisterState, HistoryEntry } from "../state/canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import { withoutSnapshots } from "../state/snapshots.ts";
import { at, type World } from "../state/world.ts";
import { burnRemainingCycles } from "../cycles/accounts.ts";
import { GOVERNANCE_CANISTER, requireControllerOrAdmin } from "./access.ts";
import { changeOrigin, finish, plainError, reply, type OwedAnswer } from "./call.ts";
import { uninstalled } from "./errors.ts";
import { addChange } from "./history.ts";
import { changing, type Access } from "./method.ts";

const mayUninstall: Access = (canister, caller, subnet) =>
  caller === GOVERNANCE_CANISTER ? null : requireControllerOrAdmin(canister, caller, subnet);

export const uninstallCode = changing("uninstall_code", mayUninstall, ({ world, subnet, call }, canister, { sender_canister_version }) => {
  const owed = uninstallBy(world, subnet, canister, changeOrigin(call, sender_canister_version));
  finish(subnet, canister);
  return reply(call, undefined, owed);
});

/** Uninstalls because somebody asked for it. Returns the answers owed to the canister's callers. `canister` must be for writing. */
export function uninstallBy(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  origin: HistoryEntry["origin"],
): readonly OwedAnswer[] {
  const owed = uninstall(canister);
  addChange(world, canister, origin, { kind: "codeUninstall" });
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "uninstalled" });
  return owed;
}

/**
 * A canister that cannot pay for what it holds: uninstalled, its history, snapshots and allocations gone too, what cycles are left burned.
 * Returns the answers owed to its callers. `canister` must be for writing.
 */
export function uninstallForLackOfCycles(world: World, subnet: SubnetState, canister: CanisterState): readonly OwedAnswer[] {
  const owed = uninstall(canister);
  canister.history = { total: canister.history.total, entries: [] };
  canister.snapshots = withoutSnapshots(canister.snapshots);
  canister.settings = { ...canister.settings, computeAllocation: 0, memoryAllocation: 0n };
  burnRemainingCycles(canister);
  finish(subnet, canister);
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "outOfCycles" });
  return owed;
}

/**
 * Drops code, memories, chunks, certified data, timer and log; keeps settings, balance, history and status. Call contexts that still owe an
 * answer are answered; those with open callbacks stay, marked, so that later responses only bring their refunds.
 */
function uninstall(canister: CanisterState): readonly OwedAnswer[] {
  canister.execution = null;
  canister.installedNanos = null;
  canister.chunkStore = new Map();
  canister.certifiedData = new Uint8Array(0);
  canister.globalTimerNanos = 0n;
  canister.log.clear();
  canister.lowMemoryHook = "notSatisfied";
  canister.version++;

  const owed: OwedAnswer[] = [];
  for (const id of [...canister.callContexts.keys()]) {
    const context = canister.callContexts.edit(id)!;
    if (!context.responded && context.origin.kind !== "systemTask") {
      owed.push({ to: context.origin, respondent: canister.id, refundCycles: context.availableCycles, result: plainError(uninstalled()) });
    }
    if (context.openCallbacks === 0) canister.callContexts.delete(id);
    else {
      context.deleted = true;
      context.responded = true;
      context.availableCycles = 0n;
    }
  }
  return owed;
}
