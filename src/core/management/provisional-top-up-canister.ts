/**
 * `provisional_top_up_canister`: cycles out of nothing, on networks for development.
 *
 * Source: interface spec, "IC method provisional_top_up_canister".
 */
import { minBigint, U128_MAX } from "../../base/integers.ts";
import { creditCycles } from "../cycles/accounts.ts";
import { fail, finish, reply, targetForWriting, type Method } from "./call.ts";
import { decodeArgument, idOf } from "./candid.ts";
import { isWhitelisted } from "./create-canister.ts";
import { notWhitelisted } from "./errors.ts";

export const provisionalTopUpCanister: Method = ({ world, subnet, call }) => {
  const decoded = decodeArgument("provisional_top_up_canister", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const found = targetForWriting(subnet, idOf(decoded.value.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  if (!isWhitelisted(world.state, call.sender)) return fail(call, notWhitelisted());
  creditCycles(found.value, minBigint(decoded.value.amount, U128_MAX));
  finish(subnet, found.value);
  return reply(call);
};
