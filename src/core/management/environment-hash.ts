/**
 * Hash of a canister's environment variables, as the history records it with a creation.
 *
 * Source: interface spec, "Canister history" (`environment_variables_hash`: the hash of the map from names to values, as texts).
 */
import { representationIndependentHash } from "../../codec/request-id.ts";
import type { CanisterSettings } from "../state/canister.ts";
import type { Platform } from "../wasm/engine.ts";

export function environmentVariablesHash(platform: Platform, variables: CanisterSettings["environmentVariables"]): Uint8Array {
  return representationIndependentHash(Object.fromEntries(variables.map(({ name, value }) => [name, value])), (bytes) =>
    platform.sha256(bytes),
  );
}
