/**
 * `install_code` and `install_chunked_code`: the decoding of the call and who may make it. What an installation does is in `installation.ts`.
 *
 * Source: interface spec, "IC method install_code", "IC method install_chunked_code"; management-canister.md 4.
 */
import type { CanisterId } from "../state/ids.ts";
import { requireController } from "./access.ts";
import {
  changeOrigin,
  fail,
  reply,
  target,
  targetForWriting,
  type Answered,
  type ManagementCall,
  type ManagementOutcome,
  type MethodContext,
} from "./call.ts";
import { idOf, optional, type Decoded, type InstallModeValue } from "./candid.ts";
import { assembleChunks, MAX_CHUNKS } from "./chunk-store.ts";
import * as errors from "./code-errors.ts";
import { canisterNotFoundAdvised } from "./errors.ts";
import type { Installation, InstallMode } from "./install-attempt.ts";
import { install, type Installed } from "./installation.ts";
import { withArgument } from "./method.ts";

export const installCode = withArgument("install_code", (context, argument) => {
  const { call } = context;
  const { mode, canister_id, wasm_module, arg, sender_canister_version } = argument;
  return installOn(context, idOf(canister_id), {
    mode: modeFromCandid(mode),
    module: { kind: "value", value: wasm_module },
    chunkCount: 0,
    arg,
    sender: call.sender,
    method: call.method,
    tag: call.source.kind === "request" ? call.source.request.tag : call.source.message.tag,
    origin: changeOrigin(call, sender_canister_version),
  });
});

export const installChunkedCode = withArgument("install_chunked_code", (context, value) => {
  const { world, subnet, call } = context;
  if (value.chunk_hashes_list.length > MAX_CHUNKS) return fail(call, errors.tooManyChunks(value.chunk_hashes_list.length));
  const targetId = idOf(value.target_canister);
  const storeId = value.store_canister.length === 0 ? targetId : idOf(value.store_canister[0]);
  const store = target(subnet, storeId);
  if (store.kind === "error") return fail(call, errors.storeCanisterNotFound(storeId, subnet.config.id, targetId));
  const denied = storeId === call.sender ? null : requireController(store.value, call.sender);
  if (denied !== null) return fail(call, denied);
  if (value.wasm_module_hash.length !== 32) return fail(call, errors.invalidModuleHash(value.wasm_module_hash));

  // The chunks are put together here, and what is wrong with them is told where the platform does it: after pre_upgrade.
  const module: Decoded<Uint8Array> = assembleChunks(
    world.platform,
    store.value.chunkStore,
    value.chunk_hashes_list,
    value.wasm_module_hash,
  );
  return installOn(context, targetId, {
    mode: modeFromCandid(value.mode),
    module,
    chunkCount: value.chunk_hashes_list.length,
    arg: value.arg,
    sender: call.sender,
    method: call.method,
    tag: call.source.kind === "request" ? call.source.request.tag : call.source.message.tag,
    origin: changeOrigin(call, value.sender_canister_version),
  });
});

function installOn(context: MethodContext, id: CanisterId, installation: Installation): ManagementOutcome {
  const { subnet, call } = context;
  const found = targetForWriting(subnet, id);
  if (found.kind === "error") return fail(call, canisterNotFoundAdvised(id));
  const denied = requireController(found.value, call.sender);
  if (denied !== null) return fail(call, denied);
  const installed = install(context, found.value, installation);
  return installed.kind === "held" ? { ...installed, canister: id } : answerOf(call, installed);
}

/** What the caller learns in the end. */
export function answerOf(call: ManagementCall, { error, instructions }: Installed): Answered {
  return error === null ? { ...reply(call), instructions } : fail(call, error, instructions);
}

function modeFromCandid(mode: InstallModeValue): InstallMode {
  if ("install" in mode) return { kind: "install" };
  if ("reinstall" in mode) return { kind: "reinstall" };
  const options = optional(mode.upgrade);
  const persistence = options === null ? null : optional(options.wasm_memory_persistence);
  return {
    kind: "upgrade",
    skipPreUpgrade: options !== null && (optional(options.skip_pre_upgrade) ?? false),
    persistence: persistence === null ? null : "keep" in persistence ? "keep" : "replace",
  };
}
