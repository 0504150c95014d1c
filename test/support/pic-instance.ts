/**
 * A PocketIC instance in process, asked by its REST API without a socket.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect } from "vitest";
import { instanceConfig } from "../../src/api/pocketic/config.ts";
import { InstanceHandler, type InstanceResponse } from "../../src/api/pocketic/handler.ts";
import type { InstanceHost } from "../../src/api/pocketic/instance-host.ts";
import { parseJson, writeJson } from "../../src/api/pocketic/json.ts";
import { InstancePool } from "../../src/core/canister/instances.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import { ModuleCache } from "../../src/core/wasm/prepare.ts";
import { delay, now } from "../../src/host/clock.ts";
import { fetchOutcall } from "../../src/host/outcall-node.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { featuresWith } from "../../src/host/pocketic/features.ts";
import { journalFile } from "../../src/host/pocketic/journal-file.ts";
import { snapshotFolders } from "../../src/host/pocketic/snapshot-folders.ts";
import { nodeSignatureChecks } from "../../src/host/signature-checks-node.ts";

const environment = { platform: nodePlatform, pool: new InstancePool(nodePlatform.engine), modules: new ModuleCache() };

export const NEW = { state_config: "New", instruction_config: "Production" };
export const ANONYMOUS = "BA==";
export const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64");
export const raw = (principal: string | Principal): string => base64(Principal.from(principal).toUint8Array());

export interface SubnetOfTopology {
  readonly subnet_kind: string;
  readonly subnet_seed: readonly number[];
  readonly canister_ranges: readonly { readonly start: { readonly canister_id: string }; readonly end: { readonly canister_id: string } }[];
}

export class PicInstance {
  readonly handler: InstanceHandler;

  /** Throws what instances that cannot be throw. */
  constructor(config: unknown, host: Partial<InstanceHost> = {}) {
    const whole: InstanceHost = {
      environment,
      checks: nodeSignatureChecks,
      now,
      delay,
      print: () => undefined,
      fetchOutcall,
      snapshotFolders,
      features: featuresWith(() => ({})),
      openJournal: journalFile,
      ...host,
    };
    this.handler = InstanceHandler.create(instanceConfig(parseJson(writeJson(config)), now()), whole);
  }

  send(
    method: string,
    path: string,
    body: Uint8Array | string = "",
    contentType: string | null = "application/json",
  ): Promise<InstanceResponse> {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return this.handler.handle({ method, path, contentType, body: bytes, stored: null });
  }

  /** A GET, or a POST with a body; the JSON of the answer. */
  async ask(path: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }> {
    const { status, body: answer } = await this.send(body === undefined ? "GET" : "POST", path, body === undefined ? "" : writeJson(body));
    return { status, json: parseJson(answer as string) };
  }

  async topology(): Promise<ReadonlyMap<string, SubnetOfTopology>> {
    const { json } = await this.ask("/read/topology");
    return new Map(Object.entries((json as { subnet_configs: Record<string, SubnetOfTopology> }).subnet_configs));
  }

  /** An update call of the anonymous user to its end: `Ok` with base64, or `Err`. */
  async update(
    canister: string,
    method: string,
    payload: Uint8Array,
    effective: object | "None" = "None",
  ): Promise<{ Ok?: string; Err?: object }> {
    const call = { sender: ANONYMOUS, canister_id: canister, effective_principal: effective, method, payload: base64(payload) };
    const { status, json } = await this.ask("/update/submit_ingress_message", call);
    expect(status, JSON.stringify(json)).toBe(200);
    const { Ok, Err } = json as { Ok?: object; Err?: object };
    return Err === undefined ? ((await this.ask("/update/await_ingress_message", Ok)).json as { Ok?: string; Err?: object }) : { Err };
  }

  /** A call of the management canister; `effective` says which canister it is about. */
  manage<N extends keyof typeof ARGUMENT>(method: N, argument: object, effective: object | "None" = "None") {
    return this.update("", method, encoded(method, argument), effective);
  }

  /** A canister at an id of the mainnet, or of this instance. */
  async create(id: string | null = null, settings: [] | [object] = []): Promise<{ Ok?: string; Err?: object }> {
    return this.manage("provisional_create_canister_with_cycles", creation(id, settings));
  }
}

export function creation(id: string | null, settings: [] | [object] = []): object {
  return { amount: [10n ** 18n], settings, specified_id: id === null ? [] : [Principal.fromText(id)], sender_canister_version: [] };
}

export function encoded(method: keyof typeof ARGUMENT, argument: object): Uint8Array {
  return new Uint8Array(IDL.encode(ARGUMENT[method] as unknown as Parameters<typeof IDL.encode>[0], [argument]));
}
