/**
 * Mock canisters: takes in what one of them is to do next. Ours, see `management/cannery-mock.ts`.
 */
import type { Answer, MockInput } from "../inputs.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode } from "../state/rejects.ts";
import { editSubnet, type World } from "../state/world.ts";

/** The mock has the program after the next round. Refused when it does not wait for one. */
export function takeMockAnswer(world: World, { subnet: id, call: number, program }: MockInput): Answer {
  if (!world.state.subnets.has(id)) return refused(`There is no subnet ${principalText(id)}.`);
  const subnet = editSubnet(world, id);
  const call = subnet.pendingCalls.get(number);
  if (call?.request.kind !== "mock") return refused(`No mock canister waits for answer ${number} on subnet ${principalText(id)}.`);
  if (call.arrived !== null) return refused(`The mock canister ${principalText(call.origin.canister)} has its answer ${number} already.`);
  subnet.pendingCalls.set(number, { ...call, arrived: { kind: "reply", data: program } });
  return { kind: "accepted" };
}

function refused(description: string): Answer {
  return { kind: "refused", error: { code: ErrorCode.InvalidManagementPayload, description } };
}
