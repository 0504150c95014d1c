/**
 * `canister_info`: the history, the hash of the module, the controllers; for every canister.
 *
 * Source: interface spec, "IC method canister_info".
 */
import { fromHex } from "../../base/bytes.ts";
import type { CanisterState, HistoryEntry } from "../state/canister.ts";
import { anybody } from "./access.ts";
import { reply } from "./call.ts";
import { encodeResult, opt, optional, principalOf } from "./candid.ts";
import { forCanisters, reading } from "./method.ts";
import { sourceToCandid } from "./snapshot-candid.ts";

export const canisterInfo = forCanisters(
  reading("canister_info", anybody, ({ call }, canister, { num_requested_changes }) =>
    reply(call, encodeCanisterInfo(canister, optional(num_requested_changes) ?? 0n)),
  ),
);

/** With the newest `count` changes, oldest first. */
export function encodeCanisterInfo(canister: CanisterState, count: bigint): Uint8Array {
  const { total, entries } = canister.history;
  const first = count >= BigInt(entries.length) ? 0 : entries.length - Number(count);
  return encodeResult("canister_info", {
    total_num_changes: BigInt(total),
    recent_changes: entries.slice(first).map(changeToCandid),
    module_hash: opt(canister.execution === null ? null : fromHex(canister.execution.module.hash)),
    controllers: canister.settings.controllers.map(principalOf),
  });
}

function changeToCandid(entry: HistoryEntry): object {
  return {
    timestamp_nanos: entry.timestampNanos,
    canister_version: BigInt(entry.canisterVersion),
    origin: originToCandid(entry.origin),
    details: detailsToCandid(entry.details),
  };
}

function originToCandid(origin: HistoryEntry["origin"]): object {
  switch (origin.kind) {
    case "user":
      return { from_user: { user_id: principalOf(origin.user) } };
    case "canister":
      return { from_canister: { canister_id: principalOf(origin.canister), canister_version: opt(origin.version) } };
  }
}

function detailsToCandid(details: HistoryEntry["details"]): object {
  switch (details.kind) {
    case "creation":
      return {
        creation: { controllers: details.controllers.map(principalOf), environment_variables_hash: opt(details.environmentVariablesHash) },
      };
    case "codeUninstall":
      return { code_uninstall: null };
    case "codeDeployment":
      return { code_deployment: { mode: { [details.mode]: null }, module_hash: fromHex(details.moduleHash) } };
    case "loadSnapshot":
      return {
        load_snapshot: {
          from_canister_id: opt(details.fromCanister === null ? null : principalOf(details.fromCanister)),
          snapshot_id: fromHex(details.snapshotId),
          canister_version: BigInt(details.canisterVersion),
          taken_at_timestamp: details.takenAtNanos,
          source: sourceToCandid(details.source),
        },
      };
    case "controllersChange":
      return { controllers_change: { controllers: details.controllers.map(principalOf) } };
  }
}
