/**
 * Canisters made over HTTP, as clients on a network for development do.
 */
import type { HttpAgent } from "@icp-sdk/core/agent";
import { Principal } from "@icp-sdk/core/principal";
import { argumentCodec } from "../../src/core/management/candid.ts";
import { createdId, installRequest } from "../../src/network/management.ts";
import { ANONYMOUS } from "../../src/core/state/ids.ts";
import { principalOf } from "../../src/network/principals.ts";

const MANAGEMENT = Principal.fromText("aaaaa-aa");

/** Creates a canister on the subnet of the canister range that `effective` is in, and installs the module; gives its id. The agent is anonymous. */
export async function install(
  agent: HttpAgent,
  effective: string,
  module: Uint8Array,
  arg: Uint8Array = new Uint8Array(),
): Promise<Principal> {
  const created = await agent.update(MANAGEMENT, {
    methodName: "provisional_create_canister_with_cycles",
    arg: argumentCodec("provisional_create_canister_with_cycles").encode([
      { amount: [], settings: [], specified_id: [], sender_canister_version: [] },
    ]),
    effectiveCanisterId: effective,
  });
  const id = createdId(created.reply as Uint8Array);
  const request = installRequest(ANONYMOUS, id, { kind: "install" }, module, arg);
  await agent.update(MANAGEMENT, { methodName: request.method, arg: request.arg, effectiveCanisterId: principalOf(id) });
  return principalOf(id);
}
