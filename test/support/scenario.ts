/**
 * A network of wat canisters for tests of the rules, on the core alone: no actors, no driver, rounds by hand.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { fromHex } from "../../src/base/bytes.ts";
import { InstancePool } from "../../src/core/canister/instances.ts";
import type { ExecutedEvent, IngressStatus, NetworkEvent, SentEvent } from "../../src/core/events.ts";
import { GENESIS_TIME_NANOS, type GenesisConfig } from "../../src/core/genesis.ts";
import type { Answer } from "../../src/core/inputs.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import { Network, type NetworkOptions } from "../../src/core/network.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CanisterId, MessageId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import { route } from "../../src/core/state/world.ts";
import { ModuleCache } from "../../src/core/wasm/prepare.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { compileWat } from "./ic0-wat.ts";
import { settings } from "./management-world.ts";
import { universalCanister, type Bits, type Hook } from "../universal/module.ts";
import { journal, reply, type Program } from "../universal/program.ts";

export const ALICE = "0a0a01" as PrincipalId;

const shared = { platform: nodePlatform, pool: new InstancePool(nodePlatform.engine), modules: new ModuleCache() };

export class Scenario {
  readonly net: Network;
  readonly events: NetworkEvent[] = [];
  private nonce = 0;

  constructor(config: Partial<GenesisConfig> = {}, options: NetworkOptions = {}) {
    const genesis = { seed: 1n, latency: "instant" as const, subnets: [{ kind: "application" as const, name: "application" }], ...config };
    this.net = Network.genesis(genesis, shared, { checkInvariants: true, ...options });
  }

  subnet(index: number): SubnetId {
    return this.net.state.subnetOrder[index];
  }

  canister(id: CanisterId): CanisterState {
    const subnet = this.net.state.subnets.get(route(this.net.state, id)!)!;
    return subnet.canisters.get(id)!;
  }

  /** Runs rounds. */
  rounds(count = 1): void {
    for (let i = 0; i < count; i++) this.events.push(...this.net.step({ kind: "round", subnets: null }).events);
  }

  /** Submits a call without running a round. */
  submit(
    receiver: PrincipalId,
    method: string,
    arg: Uint8Array = new Uint8Array(0),
    given: { sender?: PrincipalId; subnet?: SubnetId } = {},
  ): Submitted {
    const messageId = (++this.nonce).toString(16).padStart(64, "0") as MessageId;
    const { events, answer } = this.net.step({
      kind: "ingress",
      messageId,
      sender: given.sender ?? ALICE,
      receiver,
      method,
      arg,
      expiryNanos: this.net.state.timeNanos + 240_000_000_000n,
      envelopeBytes: arg.length + 200,
      senderInfo: null,
      subnet: given.subnet ?? null,
    });
    this.events.push(...events);
    return { messageId, answer: answer! };
  }

  status(messageId: MessageId): IngressStatus | null {
    for (const subnet of this.net.state.subnets.values()) {
      const entry = subnet.ingressHistory.get(messageId);
      if (entry !== undefined) return entry.status;
    }
    return null;
  }

  /** Submits and runs rounds until answered: the reply's bytes, or what it was rejected with. */
  call(
    receiver: PrincipalId,
    method: string,
    arg?: Uint8Array,
    given: { sender?: PrincipalId; subnet?: SubnetId; rounds?: number } = {},
  ): CallEnd {
    const { messageId, answer } = this.submit(receiver, method, arg, given);
    if (answer.kind === "refused") return { kind: "rejected", errorCode: answer.error.code, message: answer.error.description };
    return this.await(messageId, given.rounds);
  }

  await(messageId: MessageId, limit = 50): CallEnd {
    for (let i = 0; i < limit; i++) {
      const status = this.status(messageId);
      if (status?.kind === "replied") return { kind: "replied", data: status.data };
      if (status?.kind === "rejected") return { kind: "rejected", errorCode: status.errorCode, message: status.message };
      this.rounds();
    }
    throw new Error(`not answered within ${limit} rounds`);
  }

  query(receiver: PrincipalId, method: string, arg: Uint8Array = new Uint8Array(0), sender: PrincipalId = ALICE): Answer {
    return this.net.step({ kind: "query", sender, receiver, method, arg, senderInfo: null }).answer!;
  }

  /** Calls the management canister with a Candid argument; returns the answer's bytes or throws with the rejection. */
  manage(method: keyof typeof ARGUMENT, argument: unknown, given: { sender?: PrincipalId; subnet?: SubnetId } = {}): Uint8Array {
    const end = this.call("" as PrincipalId, method, IDL.encode(ARGUMENT[method] as unknown as IDL.Type[], [argument]), given);
    if (end.kind === "rejected") throw new Error(`IC0${end.errorCode}: ${end.message}`);
    return end.data;
  }

  /** Creates a canister and installs a wat module (or Wasm bytes) in it. */
  install(module: string | Uint8Array, given: { subnet?: number; cycles?: bigint; arg?: Uint8Array } = {}): CanisterId {
    const reply = this.manage(
      "provisional_create_canister_with_cycles",
      { amount: [given.cycles ?? 100_000_000_000_000n], settings: [], specified_id: [], sender_canister_version: [] },
      { subnet: this.subnet(given.subnet ?? 0) },
    );
    const [created] = IDL.decode([IDL.Record({ canister_id: IDL.Principal })], reply) as unknown as [{ canister_id: Principal }];
    const wasm = typeof module === "string" ? compileWat(module) : module;
    this.manage("install_code", {
      mode: { install: null },
      canister_id: created.canister_id,
      wasm_module: wasm,
      arg: given.arg ?? new Uint8Array(0),
      sender_canister_version: [],
    });
    return created.canister_id.toHex().toLowerCase() as CanisterId;
  }

  /** Installs a universal canister (`test/universal`) with these hooks. */
  puppet(given: Parameters<Scenario["install"]>[1] & { hooks?: readonly Hook[]; bits?: Bits } = {}): CanisterId {
    return this.install(universalCanister(given.hooks, given.bits), given);
  }

  /** Has a puppet run a program, until it is answered: the reply as text, or `IC0503: …`. */
  run(id: CanisterId, what: Program, given: { sender?: PrincipalId; rounds?: number } = {}): string {
    return said(this.call(id, "run", what, given));
  }

  /** Submits a program without waiting. */
  start(id: CanisterId, what: Program): MessageId {
    const { messageId, answer } = this.submit(id, "run", what);
    if (answer.kind !== "accepted") throw new Error(`refused: ${JSON.stringify(answer)}`);
    return messageId;
  }

  /** What became of a message, as text: `received`, `processing`, `unknown`, or what `run` returns. */
  outcome(messageId: MessageId): string {
    const status = this.status(messageId);
    if (status === null) return "unknown";
    return status.kind === "replied" || status.kind === "rejected" ? said(status) : status.kind;
  }

  /** What a puppet noted on its heap. */
  journal(id: CanisterId): string {
    const answer = this.query(id, "look", reply(journal));
    if (answer.kind !== "replied") throw new Error(JSON.stringify(answer));
    return decodeText(answer.data);
  }

  /** A query: the reply as text, or `IC0503: …`. */
  look(id: CanisterId, what: Program, given: { sender?: PrincipalId; method?: "look" | "ask" } = {}): string {
    const answer = this.query(id, given.method ?? "look", what, given.sender);
    if (answer.kind === "replied") return decodeText(answer.data);
    if (answer.kind !== "rejected") throw new Error(JSON.stringify(answer));
    return answer.error === null
      ? `${answer.reject.code}: ${answer.reject.message}`
      : `IC0${answer.error.code}: ${answer.error.description}`;
  }

  /** Drops every live Wasm instance, which must not be noticed. */
  dropInstances(): void {
    shared.pool.dropAll();
  }

  /** Lets time pass, without a round. */
  pass(seconds: number): void {
    this.net.step({ kind: "time", timeNanos: this.net.state.timeNanos + BigInt(Math.round(seconds * 1e9)) });
  }

  /** A management call that names one canister. */
  manageOne(method: "stop_canister" | "start_canister" | "delete_canister", id: CanisterId): void {
    const end = this.call("" as PrincipalId, method, IDL.encode(ARGUMENT.canister_id, [idArgument(id)]));
    if (end.kind === "rejected") throw new Error(said(end));
  }

  /** The same without waiting. */
  ask(method: "stop_canister" | "start_canister" | "delete_canister", id: CanisterId): MessageId {
    return this.submit("" as PrincipalId, method, IDL.encode(ARGUMENT.canister_id, [idArgument(id)])).messageId;
  }

  uninstall(id: CanisterId): void {
    this.manage("uninstall_code", { ...idArgument(id), sender_canister_version: [] });
  }

  setSettings(id: CanisterId, given: Record<string, unknown>): void {
    this.manage("update_settings", { ...idArgument(id), settings: settings(given), sender_canister_version: [] });
  }

  /** The same without waiting. */
  askSettings(id: CanisterId, given: Record<string, unknown>): MessageId {
    const argument = { ...idArgument(id), settings: settings(given), sender_canister_version: [] };
    return this.submit("" as PrincipalId, "update_settings", IDL.encode(ARGUMENT.update_settings as unknown as IDL.Type[], [argument]))
      .messageId;
  }

  reinstall(id: CanisterId, mode: "install" | "reinstall" | "upgrade", wasm: Uint8Array, arg?: Uint8Array): CallEnd {
    return this.call("" as PrincipalId, "install_code", installArgument(id, mode, wasm, arg));
  }

  /** Submits an installation, or an uninstallation, without waiting. */
  askInstall(id: CanisterId, mode: "install" | "reinstall" | "upgrade" | "uninstall", wasm: Uint8Array, arg?: Uint8Array): MessageId {
    if (mode !== "uninstall") return this.submit("" as PrincipalId, "install_code", installArgument(id, mode, wasm, arg)).messageId;
    const argument = { ...idArgument(id), sender_canister_version: [] };
    return this.submit("" as PrincipalId, "uninstall_code", IDL.encode(ARGUMENT.uninstall_code as unknown as IDL.Type[], [argument]))
      .messageId;
  }

  executed(): ExecutedEvent[] {
    return this.events.filter((event) => event.kind === "executed");
  }

  sent(): SentEvent[] {
    return this.events.filter((event) => event.kind === "sent");
  }
}

export interface Submitted {
  readonly messageId: MessageId;
  readonly answer: Answer;
}

export type CallEnd =
  | { readonly kind: "replied"; readonly data: Uint8Array }
  | { readonly kind: "rejected"; readonly errorCode: number; readonly message: string };

/** A reply's text, or the error code and text of a rejection. */
export function said(end: CallEnd): string {
  return end.kind === "replied" ? decodeText(end.data) : `IC0${end.errorCode}: ${end.message}`;
}

export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function idArgument(id: CanisterId): { canister_id: Principal } {
  return { canister_id: Principal.fromUint8Array(fromHex(id)) };
}

function installArgument(
  id: CanisterId,
  mode: "install" | "reinstall" | "upgrade",
  wasm: Uint8Array,
  arg: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const argument = {
    mode: mode === "upgrade" ? { upgrade: [] } : { [mode]: null },
    ...idArgument(id),
    wasm_module: wasm,
    arg,
    sender_canister_version: [],
  };
  return IDL.encode(ARGUMENT.install_code as unknown as IDL.Type[], [argument]);
}

/** Configuration of several application subnets. */
export function subnets(count: number): Pick<GenesisConfig, "subnets"> {
  return { subnets: Array.from({ length: count }, () => ({ kind: "application" as const, name: "application" })) };
}

export { GENESIS_TIME_NANOS };
