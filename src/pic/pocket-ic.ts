/**
 * `PocketIc` of `@dfinity/pic` in the test's own process: the same methods, without server, port or install script. It drives the same instances as the
 * server that speaks PocketIC's REST API (`api/pocketic/instance.ts`), so both behave alike.
 *
 * Source: pocketic-server.md 5 to 8; `@dfinity/pic` 0.23.0.
 */
import type { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { AutoProgress } from "../api/pocketic/auto-progress.ts";
import type { SubnetSpec } from "../api/pocketic/config.ts";
import { badIngress, canisterIsEmpty, canisterNotFound, subnetNotFound } from "../api/pocketic/failure.ts";
import { AWAIT_ROUNDS, Instance, type InstanceHost } from "../api/pocketic/instance.ts";
import { waitingOutcalls } from "../api/pocketic/outcalls.ts";
import { subnetOfCall, type EffectivePrincipal, type RoutedCall } from "../api/pocketic/routing.ts";
import { NO_BYTES } from "../base/bytes.ts";
import {
  argumentCodec,
  idOf,
  opt,
  principalOf,
  type ArgumentName,
  type ArgumentValue,
  type InstallModeValue,
} from "../core/management/candid.ts";
import type { Answer } from "../core/inputs.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type MessageId, type PrincipalId, type SubnetId } from "../core/state/ids.ts";
import type { OutcallResponse } from "../core/state/pending-calls.ts";
import { ErrorCode, rejectCodeOf, type RejectCode } from "../core/state/rejects.ts";
import { createActor, createDeferredActor, type Actor, type ActorInterface, type Calls, type DeferredActor } from "./actor.ts";
import { asClient, callFailed, ServerError } from "./errors.ts";
import { configOf } from "./instance-config.ts";
import { settingsValue, statusOf, upgradeMode } from "./management.ts";
import {
  SubnetType,
  type CanisterStatusOptions,
  type CanisterStatusResult,
  type CreateCanisterOptions,
  type CreateInstanceOptions,
  type HttpsOutcallResponseMock,
  type InstallCodeOptions,
  type MockPendingHttpsOutcallOptions,
  type PendingHttpsOutcall,
  type QueryCallOptions,
  type ReinstallCodeOptions,
  type StartCanisterOptions,
  type StopCanisterOptions,
  type SubnetTopology,
  type UpdateCallOptions,
  type UpdateCanisterSettingsOptions,
  type UpgradeCanisterOptions,
} from "./types.ts";

export interface SetupCanisterOptions extends CreateCanisterOptions {
  idlFactory: IDL.InterfaceFactory;
  /** Bytes, or the path of a file. */
  wasm: Uint8Array | string;
  arg?: Uint8Array | undefined;
}

export interface CanisterFixture<T extends ActorInterface<T> = ActorInterface> {
  actor: Actor<T>;
  canisterId: Principal;
}

/** What the entry gives: the host's engine, files and sockets. */
export interface PicHost extends InstanceHost {
  readFile(path: string): Promise<Uint8Array>;
  /** Serves a live instance: the public HTTPS interface and its gateway, on a free port of the loopback. */
  serve(instance: Instance): Promise<{ readonly port: number; close(): Promise<void> }>;
}

const NANOS_PER_MILLISECOND = 1_000_000n;
/** Cycles of a new canister. Source: `@dfinity/pic`, `createCanister`. */
const DEFAULT_CYCLES = 10n ** 18n;

type Live = { readonly progress: AutoProgress; readonly port: number; close(): Promise<void> };

export class InProcessPocketIc {
  private readonly instance: Instance;
  private readonly host: PicHost;
  private live: Live | null = null;
  private isTornDown = false;

  /** Throws when the options cannot be, in the server's words. */
  protected constructor(options: CreateInstanceOptions | undefined, host: PicHost) {
    this.host = host;
    this.instance = Instance.create(configOf(options, host.now()), host);
  }

  // Canisters.

  async setupCanister<T extends ActorInterface<T> = ActorInterface>(options: SetupCanisterOptions): Promise<CanisterFixture<T>> {
    const { wasm, arg, sender, idlFactory, targetSubnetId } = options;
    const canisterId = await this.createCanister(options);
    await this.installCode({ canisterId, wasm, arg, sender, targetSubnetId });
    return { actor: this.createActor<T>(idlFactory, canisterId), canisterId };
  }

  async createCanister(options: CreateCanisterOptions = {}): Promise<Principal> {
    const { cycles = DEFAULT_CYCLES, targetCanisterId, targetSubnetId, sender } = options;
    const reply = await this.manage("provisional_create_canister_with_cycles", sender, targetSubnetId, {
      amount: opt(cycles),
      settings: opt(settingsValue(options)),
      specified_id: opt(targetCanisterId === undefined ? null : own(targetCanisterId)),
      sender_canister_version: [],
    });
    const { canister_id: id } = argumentCodec("canister_id").decode(reply)[0] as { canister_id: Principal };
    return id;
  }

  async startCanister({ canisterId, sender, targetSubnetId }: StartCanisterOptions): Promise<void> {
    await this.manageOne("start_canister", sender, targetSubnetId, canisterId);
  }

  async stopCanister({ canisterId, sender, targetSubnetId }: StopCanisterOptions): Promise<void> {
    await this.manageOne("stop_canister", sender, targetSubnetId, canisterId);
  }

  async installCode({ targetSubnetId, ...options }: InstallCodeOptions): Promise<void> {
    await this.install(options, { install: null }, targetSubnetId);
  }

  async reinstallCode(options: ReinstallCodeOptions): Promise<void> {
    await this.install(options, { reinstall: null });
  }

  async upgradeCanister(options: UpgradeCanisterOptions): Promise<void> {
    await this.install(options, upgradeMode(options.upgradeModeOptions));
  }

  /** Modules of any size go in one message: there is no envelope that limits them. */
  private async install(options: ReinstallCodeOptions, mode: InstallModeValue, targetSubnetId?: Principal): Promise<void> {
    const { wasm, arg = NO_BYTES, canisterId, sender } = options;
    await this.manage("install_code", sender, targetSubnetId, {
      mode,
      canister_id: own(canisterId),
      wasm_module: typeof wasm === "string" ? await this.host.readFile(wasm) : wasm,
      arg,
      sender_canister_version: [],
    });
  }

  async updateCanisterSettings(options: UpdateCanisterSettingsOptions): Promise<void> {
    const { canisterId, sender } = options;
    const value = { canister_id: own(canisterId), settings: settingsValue(options), sender_canister_version: [] as [] };
    await this.manage("update_settings", sender, undefined, value);
  }

  async canisterStatus({ canisterId, sender }: CanisterStatusOptions): Promise<CanisterStatusResult> {
    return statusOf(await this.manageOne("canister_status", sender, undefined, canisterId));
  }

  // Calls.

  createActor<T extends ActorInterface<T> = ActorInterface>(interfaceFactory: IDL.InterfaceFactory, canisterId: Principal): Actor<T> {
    return createActor<T>(interfaceFactory, this.callsOf(canisterId));
  }

  /** Methods only submit; what they give waits for the answer. */
  createDeferredActor<T extends ActorInterface<T> = ActorInterface>(
    interfaceFactory: IDL.InterfaceFactory,
    canisterId: Principal,
  ): DeferredActor<T> {
    return createDeferredActor<T>(interfaceFactory, this.callsOf(canisterId));
  }

  async queryCall(options: QueryCallOptions): Promise<Uint8Array> {
    const instance = this.running();
    const call = callOf(options);
    const subnet = asClient(() => subnetOfCall(instance, call));
    return dataOf(instance.query(call, subnet), false);
  }

  async updateCall(options: UpdateCallOptions): Promise<Uint8Array> {
    return this.awaited(this.submitted(callOf(options)));
  }

  private callsOf(canisterId: Principal): Calls {
    return {
      query: (sender, method, arg) => this.queryCall({ canisterId, sender, method, arg }),
      update: (sender, method, arg) => this.updateCall({ canisterId, sender, method, arg }),
      submit: async (sender, method, arg) => {
        const message = this.submitted(callOf({ canisterId, sender, method, arg }));
        return () => this.awaited(message);
      },
    };
  }

  private submitted(call: RoutedCall): { readonly subnet: SubnetId; readonly id: MessageId } {
    const instance = this.running();
    const subnet = asClient(() => subnetOfCall(instance, call));
    // Modules come in one piece here, where the client of the server sends chunks.
    const ofAnySize = call.receiver === MANAGEMENT_CANISTER;
    const { id, answer } = asClient(() => instance.submit(call, subnet, { ofAnySize }));
    if (answer.kind === "refused") dataOf(answer, false);
    return { subnet, id };
  }

  /** Runs rounds until the message is answered. */
  private async awaited({ subnet, id }: { readonly subnet: SubnetId; readonly id: MessageId }): Promise<Uint8Array> {
    for (let round = 0; ; round++) {
      const status = this.running().statusOf(subnet, id)?.status;
      if (status?.kind === "replied") return status.data;
      if (status?.kind === "rejected") throw callFailed(status, true);
      if (round === AWAIT_ROUNDS)
        asClient(() => {
          throw badIngress(`Failed to answer to ingress 0x${id} after ${AWAIT_ROUNDS} rounds.`);
        });
      this.instance.tick();
    }
  }

  private manageOne(
    method: "start_canister" | "stop_canister" | "canister_status",
    sender: Principal | undefined,
    subnet: Principal | undefined,
    canister: Principal,
  ): Promise<Uint8Array> {
    return this.managed(method, argumentCodec("canister_id").encode([{ canister_id: own(canister) }]), sender, subnet);
  }

  private manage<N extends ArgumentName>(
    method: N,
    sender: Principal | undefined,
    subnet: Principal | undefined,
    value: ArgumentValue[N],
  ): Promise<Uint8Array> {
    return this.managed(method, argumentCodec(method).encode([value]), sender, subnet);
  }

  private managed(method: string, arg: Uint8Array, sender: Principal | undefined, subnet: Principal | undefined): Promise<Uint8Array> {
    return this.updateCall({ canisterId: principalOf(MANAGEMENT_CANISTER), method, arg, sender, targetSubnetId: subnet });
  }

  // Rounds and time.

  async tick(times = 1): Promise<void> {
    const instance = this.running();
    for (let i = 0; i < times; i++) instance.tick();
  }

  /** Milliseconds since the Unix epoch. */
  async getTime(): Promise<number> {
    return Number(this.running().timeNanos / NANOS_PER_MILLISECOND);
  }

  /** To the host's clock. */
  async resetTime(): Promise<void> {
    this.setNanos(this.host.now(), false);
  }

  async resetCertifiedTime(): Promise<void> {
    this.setNanos(this.host.now(), true);
  }

  /** Canisters see it from the next round on. */
  async setTime(time: Date | number): Promise<void> {
    this.setNanos(nanosOf(time), false);
  }

  async setCertifiedTime(time: Date | number): Promise<void> {
    this.setNanos(nanosOf(time), true);
  }

  /** By milliseconds. */
  async advanceTime(duration: number): Promise<void> {
    this.setNanos(this.running().timeNanos + nanosOf(duration), false);
  }

  async advanceCertifiedTime(duration: number): Promise<void> {
    this.setNanos(this.running().timeNanos + nanosOf(duration), true);
  }

  private setNanos(nanos: bigint, certified: boolean): void {
    const instance = this.running();
    if (!instance.setTime(nanos, certified)) throw new ServerError(`SettingTimeIntoPast((${instance.timeNanos}, ${nanos}))`);
  }

  // What there is.

  /** DER of the subnet's key. */
  async getPubKey(subnetId: Principal): Promise<Uint8Array> {
    const subnet = this.running().state.subnets.get(idOf(own(subnetId)) as SubnetId);
    if (subnet === undefined) throw new ServerError(subnetNotFound(idOf(own(subnetId))).message);
    return subnet.config.publicKeyDer;
  }

  async getCanisterSubnetId(canisterId: Principal): Promise<Principal | null> {
    const canister = this.running().canister(idOf(own(canisterId)));
    return canister === null ? null : principalOf(canister.subnetId);
  }

  async getTopology(): Promise<SubnetTopology[]> {
    const { state, specs } = this.running();
    return state.subnetOrder.map((id, index) => {
      const { nodeCount, ranges } = state.subnets.get(id)!.config;
      const canisterRanges = ranges.map(({ start, end }) => ({ start: principalOf(start), end: principalOf(end) }));
      return { id: principalOf(id), type: typeOf(specs[index]!), size: nodeCount, canisterRanges };
    });
  }

  async getDefaultEffectiveCanisterId(): Promise<Principal> {
    return principalOf(this.running().defaultCanisterId);
  }

  async getBitcoinSubnet(): Promise<SubnetTopology | undefined> {
    return this.subnetOf(SubnetType.Bitcoin);
  }
  async getFiduciarySubnet(): Promise<SubnetTopology | undefined> {
    return this.subnetOf(SubnetType.Fiduciary);
  }
  async getInternetIdentitySubnet(): Promise<SubnetTopology | undefined> {
    return this.subnetOf(SubnetType.InternetIdentity);
  }
  async getNnsSubnet(): Promise<SubnetTopology | undefined> {
    return this.subnetOf(SubnetType.NNS);
  }
  async getSnsSubnet(): Promise<SubnetTopology | undefined> {
    return this.subnetOf(SubnetType.SNS);
  }
  async getApplicationSubnets(): Promise<SubnetTopology[]> {
    return (await this.getTopology()).filter(({ type }) => type === SubnetType.Application);
  }
  async getSystemSubnets(): Promise<SubnetTopology[]> {
    return (await this.getTopology()).filter(({ type }) => type === SubnetType.System);
  }

  private async subnetOf(type: SubnetType): Promise<SubnetTopology | undefined> {
    return (await this.getTopology()).find((subnet) => subnet.type === type);
  }

  async getControllers(canisterId: Principal): Promise<Principal[]> {
    return this.canister(canisterId).settings.controllers.map(principalOf);
  }

  async getCyclesBalance(canisterId: Principal): Promise<bigint> {
    return this.canister(canisterId).balanceCycles;
  }

  /** The balance afterwards. */
  async addCycles(canisterId: Principal, amount: bigint | number): Promise<bigint> {
    const { id } = this.canister(canisterId);
    this.instance.answered({ kind: "command", command: "addCycles", canister: id, cycles: BigInt(amount) });
    return this.canister(canisterId).balanceCycles;
  }

  async setStableMemory(canisterId: Principal, stableMemory: Uint8Array): Promise<void> {
    const { id } = this.canister(canisterId);
    const answer = this.instance.answered({
      kind: "command",
      command: "setStableMemory",
      canister: id,
      bytes: Uint8Array.from(stableMemory),
    });
    if (answer.kind === "refused") throw new ServerError(answer.error.description);
  }

  async getStableMemory(canisterId: Principal): Promise<Uint8Array> {
    const { execution } = this.canister(canisterId);
    if (execution === null) throw new ServerError(canisterIsEmpty(idOf(own(canisterId))).message);
    const bytes = new Uint8Array(execution.stable.byteLength);
    execution.stable.read(0, bytes, 0, bytes.length);
    return bytes;
  }

  private canister(canisterId: Principal) {
    const canister = this.running().canister(idOf(own(canisterId)));
    if (canister === null) throw new ServerError(canisterNotFound(idOf(own(canisterId))).message);
    return canister;
  }

  // HTTPS outcalls.

  async getPendingHttpsOutcalls(): Promise<PendingHttpsOutcall[]> {
    return waitingOutcalls(this.running()).map(({ subnet, call, request }) => ({
      subnetId: principalOf(subnet),
      requestId: call,
      httpMethod: request.method.toUpperCase() as PendingHttpsOutcall["httpMethod"],
      url: request.url,
      headers: request.headers.map(({ name, value }) => [name, value]),
      body: request.body ?? NO_BYTES,
      ...(request.maxResponseBytes === null ? {} : { maxResponseBytes: request.maxResponseBytes }),
    }));
  }

  /** Answers for all nodes, or with one response for each. */
  async mockPendingHttpsOutcall(options: MockPendingHttpsOutcallOptions): Promise<void> {
    const { subnetId, requestId, response, additionalResponses = [] } = options;
    const subnet = idOf(own(subnetId)) as SubnetId;
    const responses = [...additionalResponses, response].map(outcallResponse);
    const answer = this.running().answered({ kind: "outcall", subnet, call: requestId, responses });
    if (answer.kind === "refused") throw new ServerError(answer.error.description);
  }

  // Live.

  /** Rounds run by themselves from now on, with the host's time, and agents can connect to the port. */
  async makeLive(): Promise<number> {
    const instance = this.running();
    if (this.live === null) {
      const progress = new AutoProgress(instance, 0);
      this.live = { progress, ...(await this.host.serve(instance)) };
    }
    return this.live.port;
  }

  async stopLive(): Promise<void> {
    const { live } = this;
    this.live = null;
    if (live === null) return;
    await live.close();
    await live.progress.stop();
  }

  async tearDown(): Promise<void> {
    this.running();
    await this.stopLive();
    this.isTornDown = true;
  }

  private running(): Instance {
    if (this.isTornDown) throw new Error("Instance was deleted");
    return this.instance;
  }
}

/** A principal of another copy of the library is one all the same. */
function own(principal: Principal): Principal {
  return Principal.fromUint8Array(principal.toUint8Array());
}

function callOf({ canisterId, method, arg = NO_BYTES, sender, targetSubnetId, senderInfo }: UpdateCallOptions): RoutedCall {
  const effective: EffectivePrincipal =
    targetSubnetId === undefined ? { kind: "none" } : { kind: "subnet", id: idOf(own(targetSubnetId)) as SubnetId };
  return {
    sender: idOf(own(sender ?? Principal.anonymous())) as PrincipalId,
    receiver: idOf(own(canisterId)) as CanisterId,
    method,
    arg,
    effective,
    senderInfo: senderInfo === undefined ? null : { data: senderInfo.info, signer: senderInfo.signer.toUint8Array() },
  };
}

function dataOf(answer: Answer, certified: boolean): Uint8Array {
  switch (answer.kind) {
    case "replied":
      return answer.data;
    case "rejected":
      throw callFailed({ ...answer.reject, errorCode: answer.error?.code ?? ErrorCode.CanisterRejectedMessage }, certified);
    case "refused":
      throw callFailed(
        { code: rejectCodeOf(answer.error.code), message: answer.error.description, errorCode: answer.error.code },
        certified,
      );
    case "accepted":
      throw new Error("a query is answered at once");
  }
}

function nanosOf(time: Date | number): bigint {
  return BigInt(typeof time === "number" ? time : time.getTime()) * NANOS_PER_MILLISECOND;
}

function typeOf({ kind }: SubnetSpec): SubnetType {
  const known = Object.values(SubnetType).find((type) => type === kind);
  if (known === undefined) throw new Error(`Unknown subnet kind: ${kind}`);
  return known;
}

function outcallResponse(mock: HttpsOutcallResponseMock): OutcallResponse {
  if (mock.type === "reject") return { kind: "reject", code: mock.statusCode as RejectCode, message: mock.message };
  const headers = mock.headers.map(([name, value]) => ({ name, value }));
  return { kind: "response", status: mock.statusCode, headers, body: Uint8Array.from(mock.body) };
}
