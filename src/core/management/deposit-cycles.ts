/**
 * `deposit_cycles`: all attached cycles go to the target, whatever state it is in.
 *
 * Source: interface spec, "IC method deposit_cycles".
 */
import { creditCycles } from "../cycles/accounts.ts";
import { anybody } from "./access.ts";
import { finish, reply } from "./call.ts";
import { changing, forCanisters } from "./method.ts";

export const depositCycles = forCanisters(
  changing("canister_id", anybody, ({ subnet, call }, canister) => {
    creditCycles(canister, call.cycles);
    finish(subnet, canister);
    return { ...reply(call), refundCycles: 0n };
  }),
);
