/**
 * `provisional_top_up_canister`: cycles out of nothing, on networks for development.
 *
 * Source: interface spec, "IC method provisional_top_up_canister".
 */
import { minBigint, U128_MAX } from "../../base/integers.ts";
import { creditCycles } from "../cycles/accounts.ts";
import { anybody } from "./access.ts";
import { fail, finish, reply } from "./call.ts";
import { isWhitelisted } from "./create-canister.ts";
import { notWhitelisted } from "./errors.ts";
import { changing } from "./method.ts";

export const provisionalTopUpCanister = changing(
  "provisional_top_up_canister",
  anybody,
  ({ world, subnet, call }, canister, { amount }) => {
    if (!isWhitelisted(world.state, call.sender)) return fail(call, notWhitelisted());
    creditCycles(canister, minBigint(amount, U128_MAX));
    finish(subnet, canister);
    return reply(call);
  },
);
