/**
 * A network's state and what rules work on, without rounds: for tests of the management canister and of queries.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { InstancePool } from "../../src/core/canister/instances.ts";
import type { NetworkEvent } from "../../src/core/events.ts";
import { genesis, type GenesisConfig } from "../../src/core/genesis.ts";
import type { Answer } from "../../src/core/inputs.ts";
import type { ManagementCall, ManagementOutcome } from "../../src/core/management/call.ts";
import { ARGUMENT, RESULT } from "../../src/core/management/candid-types.ts";
import { executeManagement } from "../../src/core/management/execute.ts";
import { executeQuery } from "../../src/core/queries/execute-query.ts";
import type { QueryTools } from "../../src/core/queries/query-tools.ts";
import { ExecutionView } from "../../src/core/rules/execution-view.ts";
import { QUERY_TOOLS } from "../../src/core/rules/query-tools.ts";
import { threadQuotas } from "../../src/core/rules/quotas.ts";
import { ORDINARY } from "../../src/core/schedule/schedule.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CallbackId, CanisterId, MessageId, PrincipalId } from "../../src/core/state/ids.ts";
import type { SubnetState } from "../../src/core/state/network-state.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { editCanister, editSubnet, type World } from "../../src/core/state/world.ts";
import { ModuleCache } from "../../src/core/wasm/prepare.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";

export const ALICE = "0a0a01" as PrincipalId;
export const BOB = "0b0b01" as PrincipalId;
export const TRILLION = 1_000_000_000_000n;

type ArgumentName = keyof typeof ARGUMENT;
type ResultName = keyof typeof RESULT;

export function principal(id: PrincipalId): Principal {
  return Principal.fromUint8Array(Uint8Array.from(Buffer.from(id, "hex")));
}

export function encode(name: ArgumentName, value: object): Uint8Array {
  return IDL.encode(ARGUMENT[name], [value]);
}

export function decode<T = Record<string, never>>(name: ResultName, bytes: Uint8Array): T {
  return IDL.decode(RESULT[name], bytes)[0] as T;
}

/** All optional settings absent but those given. */
export function settings(given: Record<string, unknown> = {}): Record<string, unknown> {
  const names = [
    "controllers",
    "compute_allocation",
    "memory_allocation",
    "freezing_threshold",
    "reserved_cycles_limit",
    "minimum_incoming_canister_call_cycles",
    "wasm_memory_limit",
    "wasm_memory_threshold",
    "log_visibility",
    "snapshot_visibility",
    "status_visibility",
    "log_memory_limit",
    "environment_variables",
  ];
  return Object.fromEntries(names.map((name) => [name, name in given ? [given[name]] : []]));
}

export const NO_VERSION = { sender_canister_version: [] };

const shared = { platform: nodePlatform, pool: new InstancePool(nodePlatform.engine), modules: new ModuleCache() };

export class ManagementWorld {
  readonly world: World;
  readonly events: NetworkEvent[] = [];
  readonly tools: QueryTools;

  constructor(config: Partial<GenesisConfig> = {}) {
    const subnets = [{ kind: "application" as const, name: "application" }];
    const state = genesis({ seed: 7n, latency: "instant", subnets, ...config }, (bytes) => nodePlatform.sha224(bytes));
    this.world = { state, schedule: ORDINARY, ...shared, emit: (event) => this.events.push(event), answerMockQuery: () => null };
    const dataCertificate: QueryTools["dataCertificate"] = (_world, _subnet, canister) => () =>
      Uint8Array.from(Buffer.from(canister.id, "hex"));
    this.tools = { ...QUERY_TOOLS, dataCertificate };
  }

  subnet(index = 0): SubnetState {
    return editSubnet(this.world, this.world.state.subnetOrder[index]);
  }

  /** Restricts provisional methods, which is otherwise the configuration's to say. */
  whitelist(principals: readonly PrincipalId[]): void {
    Object.assign(this.world.state, { provisionalWhitelist: principals });
  }

  canister(id: CanisterId, subnet = 0): CanisterState {
    return editCanister(this.subnet(subnet), id)!;
  }

  /** A call of a user, or of the canister `from`. */
  call(
    method: string,
    arg: Uint8Array,
    given: { sender?: PrincipalId; from?: CanisterId; cycles?: bigint; subnet?: number } = {},
  ): ManagementOutcome {
    const cycles = given.cycles ?? 0n;
    const sender = given.from ?? given.sender ?? ALICE;
    const { timeNanos } = this.world.state;
    const tag = this.world.state.nextTag++;
    const source: ManagementCall["source"] =
      given.from === undefined
        ? {
            kind: "ingress",
            message: {
              kind: "ingress",
              tag,
              messageId: String(tag) as MessageId,
              sender,
              receiver: "" as PrincipalId,
              effectiveCanisterId: null,
              method,
              arg,
              expiryNanos: timeNanos + 1n,
              envelopeBytes: 200 + arg.length,
              senderInfo: null,
            },
          }
        : {
            kind: "request",
            request: {
              kind: "request",
              tag,
              sender,
              receiver: this.subnet(given.subnet).config.id,
              callbackId: 1 as CallbackId,
              method,
              arg,
              cycles,
              deadline: 0,
              callTree: { depth: 1, startNanos: timeNanos },
            },
          };
    const { world } = this;
    const subnet = this.subnet(given.subnet);
    return executeManagement(
      world,
      subnet,
      { source, sender, method, arg, cycles },
      {
        iteration: 0,
        installAccount(world, subnet, canister, phase) {
          const kind = phase.entry === "preUpgrade" ? "preUpgrade" : "install";
          const quotas = threadQuotas(world, subnet);
          const view = new ExecutionView({ world, subnet, canister, kind, quotas, context: null, caller: phase.caller });
          return { view, apply: (target) => view.applyTo(target) };
        },
      },
    );
  }

  /** The reply's bytes; fails the test on anything else. */
  reply(...args: Parameters<ManagementWorld["call"]>): Uint8Array {
    const outcome = this.call(...args);
    if (outcome.kind !== "answered" || outcome.result.kind !== "reply") throw new Error(`no reply: ${text(outcome)}`);
    return outcome.result.data;
  }

  /** `IC0512: …` of a refused call. */
  error(...args: Parameters<ManagementWorld["call"]>): string {
    const outcome = this.call(...args);
    if (outcome.kind !== "answered" || outcome.result.kind !== "error") throw new Error(`no error: ${text(outcome)}`);
    return errorText(outcome.result.error);
  }

  /** A canister of ALICE (or of the given controllers) with 100 T cycles (or the given amount). */
  create(given: { settings?: Record<string, unknown>; amount?: bigint; sender?: PrincipalId; subnet?: number } = {}): CanisterId {
    const arg = encode("provisional_create_canister_with_cycles", {
      amount: given.amount === undefined ? [] : [given.amount],
      settings: given.settings === undefined ? [] : [settings(given.settings)],
      specified_id: [],
      ...NO_VERSION,
    });
    const reply = this.reply("provisional_create_canister_with_cycles", arg, given);
    return Buffer.from(decode<{ canister_id: Principal }>("canister_id", reply).canister_id.toUint8Array()).toString("hex") as CanisterId;
  }

  install(
    id: CanisterId,
    module: Uint8Array,
    given: { mode?: object; arg?: Uint8Array; sender?: PrincipalId; from?: CanisterId; subnet?: number; version?: bigint } = {},
  ): ManagementOutcome {
    const arg = encode("install_code", {
      mode: given.mode ?? { install: null },
      canister_id: principal(id),
      wasm_module: module,
      arg: given.arg ?? new Uint8Array(0),
      sender_canister_version: given.version === undefined ? [] : [given.version],
    });
    return this.call("install_code", arg, given);
  }

  query(
    receiver: PrincipalId,
    method: string,
    arg: Uint8Array = new Uint8Array(0),
    given: { sender?: PrincipalId; subnet?: number } = {},
  ): Answer {
    const subnet = this.world.state.subnets.get(this.world.state.subnetOrder[given.subnet ?? 0])!;
    return executeQuery(
      this.world,
      subnet,
      { kind: "query", sender: given.sender ?? ALICE, receiver, method, arg, senderInfo: null },
      this.tools,
    ).answer;
  }
}

export function id(of: CanisterId): { canister_id: Principal } {
  return { canister_id: principal(of) };
}

export function idArg(of: CanisterId): Uint8Array {
  return encode("canister_id", id(of));
}

export function errorText(error: { code: number; description: string }): string {
  return `IC${String(error.code).padStart(4, "0")}: ${error.description}`;
}

/** What an outcome was, for comparing and for failures. */
export function text(outcome: ManagementOutcome): string {
  if (outcome.kind !== "answered") return outcome.kind;
  return outcome.result.kind === "reply" ? `reply ${Buffer.from(outcome.result.data).toString("hex")}` : errorText(outcome.result.error);
}

/** First line of an error, without the advice that may follow. */
export function firstLine(of: string): string {
  return of.split("\n")[0];
}

export { principalText };
