/**
 * Calls of the management canister by the options of `@dfinity/pic`.
 */
import { Principal } from "@icp-sdk/core/principal";
import { NO_BYTES } from "../base/bytes.ts";
import {
  argumentCodec,
  opt,
  principalOf,
  type ArgumentName,
  type ArgumentValue,
  type InstallModeValue,
} from "../core/management/candid.ts";
import { MANAGEMENT_CANISTER } from "../core/state/ids.ts";
import type { PocketIcClient } from "./client.ts";
import { settingsValue, statusOf } from "./management-values.ts";
import { own } from "./principals.ts";
import type { CanisterStatusResult, CreateCanisterOptions, ReinstallCodeOptions, UpdateCanisterSettingsOptions } from "./types.ts";

/** Cycles of a new canister. Source: `@dfinity/pic`, `createCanister`. */
const DEFAULT_CYCLES = 10n ** 18n;

/** Who calls, and where; nobody in particular, and where the canister is, unless they say. */
interface Caller {
  readonly sender?: Principal | undefined;
  readonly targetSubnetId?: Principal | undefined;
}

interface OfCanister extends Caller {
  readonly canisterId: Principal;
}

export class Management {
  private readonly client: PocketIcClient;
  private readonly readFile: (path: string) => Promise<Uint8Array>;

  constructor(client: PocketIcClient, readFile: (path: string) => Promise<Uint8Array>) {
    this.client = client;
    this.readFile = readFile;
  }

  async create(options: CreateCanisterOptions): Promise<Principal> {
    const { cycles = DEFAULT_CYCLES, targetCanisterId } = options;
    const reply = await this.call("provisional_create_canister_with_cycles", options, {
      amount: opt(cycles),
      settings: opt(settingsValue(options)),
      specified_id: opt(targetCanisterId === undefined ? null : own(targetCanisterId)),
      sender_canister_version: [],
    });
    const { canister_id: id } = argumentCodec("canister_id").decode(reply)[0] as { canister_id: Principal };
    return id;
  }

  async start(of: OfCanister): Promise<void> {
    await this.callNamed("start_canister", of);
  }

  async stop(of: OfCanister): Promise<void> {
    await this.callNamed("stop_canister", of);
  }

  async status(of: OfCanister): Promise<CanisterStatusResult> {
    return statusOf(await this.callNamed("canister_status", of));
  }

  /** Modules of any size go in one message: there is no envelope that limits them. */
  async install(options: ReinstallCodeOptions & OfCanister, mode: InstallModeValue): Promise<void> {
    const { wasm, arg = NO_BYTES, canisterId } = options;
    await this.call("install_code", options, {
      mode,
      canister_id: own(canisterId),
      wasm_module: typeof wasm === "string" ? await this.readFile(wasm) : wasm,
      arg,
      sender_canister_version: [],
    });
  }

  async updateSettings(options: UpdateCanisterSettingsOptions): Promise<void> {
    const value = { canister_id: own(options.canisterId), settings: settingsValue(options), sender_canister_version: [] as [] };
    await this.call("update_settings", options, value);
  }

  private call<N extends ArgumentName>(method: N, caller: Caller, value: ArgumentValue[N]): Promise<Uint8Array> {
    return this.send(method, caller, argumentCodec(method).encode([value]));
  }

  private callNamed(method: "start_canister" | "stop_canister" | "canister_status", of: OfCanister): Promise<Uint8Array> {
    return this.send(method, of, argumentCodec("canister_id").encode([{ canister_id: own(of.canisterId) }]));
  }

  private async send(method: string, { sender, targetSubnetId }: Caller, payload: Uint8Array): Promise<Uint8Array> {
    const { body } = await this.client.updateCall({
      canisterId: principalOf(MANAGEMENT_CANISTER),
      sender: sender ?? Principal.anonymous(),
      method,
      payload,
      effectivePrincipal: targetSubnetId === undefined ? undefined : { subnetId: targetSubnetId },
    });
    return body;
  }
}
