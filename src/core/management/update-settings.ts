/**
 * `update_settings`: changes the settings that are named, all or none of them.
 *
 * Source: interface spec, "IC method update_settings"; management-canister.md 2.1.
 */
import { withdrawCycles, countConsumed } from "../cycles/accounts.ts";
import { feesOf, ingressInduction, MAX_DELAYED_INDUCTION_ARGUMENT_BYTES } from "../cycles/fees.ts";
import { limitsOf } from "../state/world.ts";
import { requireController } from "./access.ts";
import { changeOrigin, fail, finish, reply, targetForWriting, type ManagementOutcome, type MethodContext } from "./call.ts";
import { idOf, type ArgumentValue } from "./candid.ts";
import { addChange } from "./history.ts";
import { withArgument } from "./method.ts";
import { applySettings, checkSettings, settingsFromCandid } from "./settings.ts";

export const updateSettings = withArgument("update_settings", (context, argument) => {
  const outcome = update(context, argument);
  chargeDelayedInduction(context, argument);
  return outcome;
});

function update(context: MethodContext, argument: ArgumentValue["update_settings"]): ManagementOutcome {
  const { world, subnet, call } = context;
  const change = settingsFromCandid(argument.settings);
  if (change.kind === "error") return fail(call, change.error);
  const found = targetForWriting(subnet, idOf(argument.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  const canister = found.value;
  const denied = requireController(canister, call.sender);
  if (denied !== null) return fail(call, denied);
  const checked = checkSettings(subnet, limitsOf(world, subnet), canister, change.value);
  if (checked.kind === "error") return fail(call, checked.error);

  applySettings(canister, checked.value);
  canister.version++;
  if (change.value.controllers !== undefined) {
    const origin = changeOrigin(call, argument.sender_canister_version);
    addChange(world, canister, origin, { kind: "controllersChange", controllers: canister.settings.controllers });
  }
  finish(subnet, canister);
  return reply(call);
}

/**
 * A user's small call is charged for its induction after the settings are applied, whatever came of it: so a frozen canister can lower its
 * threshold. A charge that cannot be paid is forgiven. Source: cycles.md 3.
 */
function chargeDelayedInduction({ subnet, call }: MethodContext, argument: ArgumentValue["update_settings"]): void {
  if (call.source.kind !== "ingress" || call.arg.length > MAX_DELAYED_INDUCTION_ARGUMENT_BYTES) return;
  const found = targetForWriting(subnet, idOf(argument.canister_id));
  if (found.kind === "error") return;
  const fees = feesOf(subnet.config);
  const bytes = call.arg.length + call.method.length;
  const error = withdrawCycles(fees, found.value, ingressInduction(fees, bytes), false);
  if (error === null) countConsumed(found.value, "ingressInduction", ingressInduction(fees.nominal, bytes));
}
