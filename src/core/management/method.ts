/**
 * How methods begin, in the platform's order: the argument is read, the canister that it names is looked up, the caller's right is checked.
 */
import type { CanisterState } from "../state/canister.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { fail, target, targetForWriting, type ManagementOutcome, type Method, type MethodContext } from "./call.ts";
import { decodeArgument, idOf, type ArgumentName, type ArgumentOfCanister, type ArgumentValue, type Decoded } from "./candid.ts";
import { unexpectedIngress } from "./errors.ts";

/** `null` when the caller may, else why not. */
export type Access = (canister: CanisterState, caller: PrincipalId, subnet: SubnetState) => UserError | null;

type AboutCanister<N extends ArgumentName> = (
  context: MethodContext,
  canister: CanisterState,
  argument: ArgumentValue[N],
) => ManagementOutcome;

/** For canisters only: users are told so before anything else. */
export function forCanisters(method: Method): Method {
  return (context) => {
    const { call } = context;
    return call.source.kind === "ingress" ? fail(call, unexpectedIngress(call.method)) : method(context);
  };
}

/** A method with an argument of this type, or IC0408. */
export function withArgument<N extends ArgumentName>(
  name: N,
  run: (context: MethodContext, argument: ArgumentValue[N]) => ManagementOutcome,
): Method {
  return (context) => {
    const decoded = decodeArgument(name, context.call.arg);
    return decoded.kind === "error" ? fail(context.call, decoded.error) : run(context, decoded.value);
  };
}

/** A method that reads one canister. */
export function reading<N extends ArgumentOfCanister>(name: N, access: Access, run: AboutCanister<N>): Method {
  return about(target, name, access, run);
}

/** A method that changes one canister, which it gets for writing. */
export function changing<N extends ArgumentOfCanister>(name: N, access: Access, run: AboutCanister<N>): Method {
  return about(targetForWriting, name, access, run);
}

function about<N extends ArgumentOfCanister>(
  find: (subnet: SubnetState, id: PrincipalId) => Decoded<CanisterState>,
  name: N,
  access: Access,
  run: AboutCanister<N>,
): Method {
  return withArgument(name, (context, argument) => {
    const { subnet, call } = context;
    const found = find(subnet, idOf(argument.canister_id));
    if (found.kind === "error") return fail(call, found.error);
    const denied = access(found.value, call.sender, subnet);
    return denied === null ? run(context, found.value, argument) : fail(call, denied);
  });
}
