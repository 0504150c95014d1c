/**
 * `deposit_cycles`: all attached cycles go to the target, whatever state it is in.
 *
 * Source: interface spec, "IC method deposit_cycles".
 */
import { creditCycles } from "../cycles/accounts.ts";
import { fail, finish, reply, targetForWriting, type Method } from "./call.ts";
import { decodeArgument, idOf } from "./candid.ts";
import { unexpectedIngress } from "./errors.ts";

export const depositCycles: Method = ({ subnet, call }) => {
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(call.method));
  const decoded = decodeArgument("canister_id", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const found = targetForWriting(subnet, idOf(decoded.value.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  creditCycles(found.value, call.cycles);
  finish(subnet, found.value);
  return { ...reply(call), refundCycles: 0n };
};
