/**
 * Installations of code that last over several rounds: a slice when their turn comes, before everything else in a round. At most one is under way on
 * a subnet; it is aborted at checkpoints only.
 *
 * Source: scheduling.md 2 (step 8), 3.1. Replica: `advance_long_running_install_code` in `rs/execution_environment/src/scheduler.rs`,
 * `resume_install_code` in `execution_environment.rs` (c7c5005), where the prepayment of an aborted installation whose chunks are gone is lost too.
 */
import { assert } from "../../base/assert.ts";
import { executeManagement } from "../management/execute.ts";
import { answerOf } from "../management/install-code.ts";
import { finishInstallation } from "../management/installation.ts";
import type { CanisterId } from "../state/ids.ts";
import { canistersInLong, isHeld } from "../state/long-execution.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { answerCall, callOf, holdInstallation, managementTools } from "./management-execution.ts";

/** Goes on in id order until one is still under way, or the round's budget for management calls is used up. Returns the instructions. */
export function continueInstallations(world: World, subnet: SubnetState, budget: number): number {
  if (subnet.paused.size === 0) return 0;
  let used = 0;
  for (const id of canistersInLong(subnet, "installation")) {
    used += continueInstallation(world, subnet, id);
    if (used >= budget || isHeld(subnet.canisters.get(id)!)) break;
  }
  return used;
}

/** One more slice; the first one again when it was aborted. */
function continueInstallation(world: World, subnet: SubnetState, id: CanisterId): number {
  const canister = editCanister(subnet, id)!;
  const long = canister.paused;
  assert(long !== null && long.kind === "installation");
  const { message, held } = long;
  if (held !== null && held.slicesDone < held.slices.length) {
    canister.paused = { ...long, held: { ...held, slicesDone: held.slicesDone + 1 } };
    return held.slices[held.slicesDone];
  }
  canister.paused = null;
  queuesChanged(subnet, canister);
  const call = callOf(message, long.prepaidCycles);
  const tools = managementTools(0);
  const outcome =
    held === null
      ? executeManagement(world, subnet, call, tools)
      : answerOf(call, finishInstallation({ world, subnet, tools }, canister, held));
  if (outcome.kind === "held") return holdInstallation(subnet, message, outcome, long.startedRound);
  assert(outcome.kind === "answered", "an installation is answered in the end");
  answerCall(world, subnet, message, outcome, 0);
  return outcome.instructions;
}
