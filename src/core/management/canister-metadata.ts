/**
 * `canister_metadata`: an `icp:` custom section of the installed module. What the caller may not read looks as if it were not there.
 *
 * Source: interface spec, "IC method canister_metadata"; management-canister.md 3.
 */
import { anybody, isController } from "./access.ts";
import { fail, reply } from "./call.ts";
import { encodeResult } from "./candid.ts";
import { noModuleNoMetadata, noSuchMetadata } from "./errors.ts";
import { forCanisters, reading } from "./method.ts";

export const canisterMetadata = forCanisters(
  reading("canister_metadata", anybody, ({ call }, canister, { name }) => {
    if (canister.execution === null) return fail(call, noModuleNoMetadata(canister.id));
    const section = canister.execution.module.info.customSections.find((candidate) => candidate.name === name);
    if (section === undefined || (section.visibility === "private" && !isController(canister, call.sender))) {
      return fail(call, noSuchMetadata(canister.id, name));
    }
    return reply(call, encodeResult("canister_metadata", { value: section.content }));
  }),
);
