/**
 * `canister_inspect_message`: one replica asks the canister whether it wants a user's call.
 *
 * Source: interface spec, "Ingress message inspection"; messaging.md 7.6. Its changes are dropped, and nothing is charged.
 */
import { messageRejected, userErrorOf } from "../canister/errors.ts";
import { discard } from "../canister/outcome.ts";
import { run } from "../canister/run.ts";
import type { CanisterState } from "../state/canister.ts";
import type { Ingress } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { emitPrinted, limitsOf, type World } from "../state/world.ts";
import { queryLimits } from "./query-limits.ts";
import type { QueryTools } from "./query-tools.ts";

/** `null`: the message is accepted; without the export every message is. The canister has a module. */
export function inspectMessage(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  message: Pick<Ingress, "sender" | "method" | "arg" | "senderInfo">,
  tools: Pick<QueryTools, "view">,
): UserError | null {
  const { execution } = canister;
  if (execution === null || !execution.module.info.systemExports.has("canister_inspect_message")) return null;
  const limits = limitsOf(world, subnet);
  const outcome = run(
    world.pool,
    execution,
    { kind: "inspectMessage", method: message.method, arg: message.arg },
    () => tools.view({ world, subnet, canister, kind: "query", context: null, caller: message.sender, callerInfo: message.senderInfo }),
    queryLimits(limits, "method", limits.inspectMessageInstructions),
  );
  discard(outcome);
  emitPrinted(world, subnet, canister.id, outcome.printed);
  if (outcome.result.kind === "trap") return outcome.result.error;
  return outcome.acceptedMessage ? null : userErrorOf(canister.id, messageRejected());
}
