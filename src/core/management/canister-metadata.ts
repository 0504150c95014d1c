/**
 * `canister_metadata`: an `icp:` custom section of the installed module. What the caller may not read looks as if it were not there.
 *
 * Source: interface spec, "IC method canister_metadata"; management-canister.md 3.
 */
import { isController } from "./access.ts";
import { fail, reply, target, type Method } from "./call.ts";
import { decodeArgument, encodeResult, idOf } from "./candid.ts";
import { noModuleNoMetadata, noSuchMetadata, unexpectedIngress } from "./errors.ts";

export const canisterMetadata: Method = ({ subnet, call }) => {
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(call.method));
  const decoded = decodeArgument("canister_metadata", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const found = target(subnet, idOf(decoded.value.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  const canister = found.value;
  if (canister.execution === null) return fail(call, noModuleNoMetadata(canister.id));
  const { name } = decoded.value;
  const section = canister.execution.module.info.customSections.find((candidate) => candidate.name === name);
  if (section === undefined || (section.visibility === "private" && !isController(canister, call.sender))) {
    return fail(call, noSuchMetadata(canister.id, name));
  }
  return reply(call, encodeResult("canister_metadata", { value: section.content }));
};
