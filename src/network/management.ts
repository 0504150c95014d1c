/**
 * Calls of the management canister by a user of an in-process network. There is no envelope, so modules of any size go whole.
 *
 * Source: interface spec, "The IC management canister".
 */
import { IDL } from "@icp-sdk/core/candid";
import { RESULT } from "../core/management/candid-types.ts";
import type { ArgumentName, ArgumentValue, InstallModeValue } from "../core/management/candid.ts";
import { argumentCodec, idOf, opt } from "../core/management/candid.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId, type SubnetId } from "../core/state/ids.ts";
import type { CallRequest } from "./open-calls.ts";
import { principalOf } from "./principals.ts";
import { settingsValue, type CanisterSettings } from "./settings.ts";

function request<N extends ArgumentName>(
  sender: PrincipalId,
  method: string,
  name: N,
  value: ArgumentValue[N],
  subnet: SubnetId | null = null,
): CallRequest {
  return { sender, receiver: MANAGEMENT_CANISTER, method, arg: argumentCodec(name).encode([value]), subnet };
}

export function about<N extends ArgumentName>(
  canister: CanisterId,
  sender: PrincipalId,
  method: string,
  name: N,
  value: ArgumentValue[N],
): CallRequest {
  return { ...request(sender, method, name, value), about: canister };
}

export function createRequest(
  sender: PrincipalId,
  options: {
    readonly subnet: SubnetId | null;
    readonly id: CanisterId | null;
    readonly cycles: bigint | null;
    readonly settings: CanisterSettings | null;
  },
): CallRequest {
  return request(
    sender,
    "provisional_create_canister_with_cycles",
    "provisional_create_canister_with_cycles",
    {
      amount: opt(options.cycles),
      settings: options.settings === null ? [] : [settingsValue(options.settings)],
      specified_id: opt(options.id === null ? null : principalOf(options.id)),
      sender_canister_version: [],
    },
    options.subnet,
  );
}

export function createdId(reply: Uint8Array): CanisterId {
  const [{ canister_id: id }] = IDL.decode(RESULT.canister_id, reply) as unknown as [{ canister_id: Parameters<typeof idOf>[0] }];
  return idOf(id);
}

export type InstallMode =
  | { readonly kind: "install" }
  | { readonly kind: "reinstall" }
  | { readonly kind: "upgrade"; readonly skipPreUpgrade: boolean; readonly wasmMemoryPersistence: "keep" | "replace" | null };

export function installRequest(
  sender: PrincipalId,
  canister: CanisterId,
  mode: InstallMode,
  module: Uint8Array,
  arg: Uint8Array,
): CallRequest {
  return about(canister, sender, "install_code", "install_code", {
    mode: modeValue(mode),
    canister_id: principalOf(canister),
    wasm_module: module,
    arg,
    sender_canister_version: [],
  });
}

function modeValue(mode: InstallMode): InstallModeValue {
  switch (mode.kind) {
    case "install":
      return { install: null };
    case "reinstall":
      return { reinstall: null };
    case "upgrade": {
      const { skipPreUpgrade, wasmMemoryPersistence: persistence } = mode;
      if (!skipPreUpgrade && persistence === null) return { upgrade: [] };
      return {
        upgrade: [
          {
            skip_pre_upgrade: skipPreUpgrade ? [true] : [],
            wasm_memory_persistence: persistence === null ? [] : persistence === "keep" ? [{ keep: null }] : [{ replace: null }],
          },
        ],
      };
    }
  }
}

export function settingsRequest(sender: PrincipalId, canister: CanisterId, settings: CanisterSettings): CallRequest {
  return about(canister, sender, "update_settings", "update_settings", {
    canister_id: principalOf(canister),
    settings: settingsValue(settings),
    sender_canister_version: [],
  });
}

export function uninstallRequest(sender: PrincipalId, canister: CanisterId): CallRequest {
  return about(canister, sender, "uninstall_code", "uninstall_code", { canister_id: principalOf(canister), sender_canister_version: [] });
}

/** Methods whose argument is only the canister. */
export type LifecycleMethod = "start_canister" | "stop_canister" | "delete_canister" | "canister_status";

export function lifecycleRequest(sender: PrincipalId, canister: CanisterId, method: LifecycleMethod): CallRequest {
  return about(canister, sender, method, "canister_id", { canister_id: principalOf(canister) });
}
