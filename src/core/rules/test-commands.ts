/**
 * Test commands: changes that no user or canister could make, as inputs, so that runs with them replay.
 */
import type { Answer, CanisterCommand } from "../inputs.ts";
import { PagedMemory } from "../canister/paged-memory.ts";
import { creditCycles } from "../cycles/accounts.ts";
import { reindexCanister } from "../state/indexes.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { editCanister, editSubnet, route, type World } from "../state/world.ts";
import { WASM_PAGE_BYTES } from "../wasm/abi.ts";

export function runCommand(world: World, input: CanisterCommand): Answer {
  const subnetId = route(world.state, input.canister);
  const subnet = subnetId === null ? undefined : editSubnet(world, subnetId);
  const canister = subnet === undefined ? undefined : editCanister(subnet, input.canister);
  if (subnet === undefined || canister === undefined) {
    return refused({ code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(input.canister)} not found` });
  }
  switch (input.command) {
    case "addCycles":
      creditCycles(canister, input.cycles);
      return { kind: "accepted" };
    case "setBalance":
      canister.balanceCycles = input.cycles;
      return { kind: "accepted" };
    case "setStableMemory": {
      if (canister.execution === null) {
        return refused({
          code: ErrorCode.CanisterWasmModuleNotFound,
          description: `Canister ${principalText(input.canister)} has no module installed, and so no stable memory: install one first.`,
        });
      }
      if (canister.paused !== null) {
        return refused({
          code: ErrorCode.CanisterRejectedMessage,
          description: `Canister ${principalText(input.canister)} is executing a long message: let it finish first.`,
        });
      }
      const stable = PagedMemory.empty(canister.execution.epoch, Math.ceil(input.bytes.length / WASM_PAGE_BYTES));
      if (input.bytes.length > 0) stable.write(0, input.bytes);
      canister.execution.stable = stable;
      reindexCanister(subnet, canister);
      return { kind: "accepted" };
    }
  }
}

function refused(error: UserError): Answer {
  return { kind: "refused", error };
}
