/**
 * `PocketIc` of `@dfinity/pic` in the test's own process: the same methods, without server, port or install script. It drives the same instances as the
 * server that speaks PocketIC's REST API (`api/pocketic/instance.ts`), so both behave alike.
 *
 * Source: pocketic-server.md 5 to 8; `@dfinity/pic` 0.23.0.
 */
import type { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { canisterIsEmpty, canisterNotFound, subnetNotFound } from "../api/pocketic/failure.ts";
import { Instance } from "../api/pocketic/instance.ts";
import type { InstanceHost } from "../api/pocketic/instance-host.ts";
import { NO_BYTES } from "../base/bytes.ts";
import { principalOf } from "../core/management/candid.ts";
import { createActorClass, createDeferredActorClass, type Actor, type ActorInterface, type DeferredActor } from "./actor.ts";
import { InProcessClient, type CanisterCallRequest } from "./client.ts";
import { ServerError } from "./errors.ts";
import { configOf } from "./instance-config.ts";
import { Live, type Served } from "./live.ts";
import { Management } from "./management.ts";
import { upgradeMode } from "./management-values.ts";
import { mockHttpsOutcall, pendingHttpsOutcalls } from "./outcalls.ts";
import { idFrom, subnetIdFrom } from "./principals.ts";
import { topologyOf } from "./topology.ts";
import {
  SubnetType,
  type CanisterFixture,
  type CanisterStatusOptions,
  type CanisterStatusResult,
  type CreateCanisterOptions,
  type CreateInstanceOptions,
  type InstallCodeOptions,
  type MockPendingHttpsOutcallOptions,
  type PendingHttpsOutcall,
  type QueryCallOptions,
  type ReinstallCodeOptions,
  type SetupCanisterOptions,
  type StartCanisterOptions,
  type StopCanisterOptions,
  type SubnetTopology,
  type UpdateCallOptions,
  type UpdateCanisterSettingsOptions,
  type UpgradeCanisterOptions,
} from "./types.ts";

/** What the entry gives: the host's engine, files and sockets. */
export interface PicHost extends InstanceHost {
  readFile(path: string): Promise<Uint8Array>;
  /** Serves a live instance: the public HTTPS interface and its gateway, on a free port of the loopback. */
  serve(instance: Instance): Promise<Served>;
}

const NANOS_PER_MILLISECOND = 1_000_000n;

export class InProcessPocketIc {
  private readonly client: InProcessClient;
  private readonly management: Management;
  private readonly live: Live;
  private readonly now: () => bigint;

  /** Throws when the options cannot be, in the server's words. */
  protected constructor(options: CreateInstanceOptions | undefined, host: PicHost) {
    this.client = new InProcessClient(Instance.create(configOf(options, host.now()), host));
    this.management = new Management(this.client, host.readFile);
    this.live = new Live(host.serve);
    this.now = () => host.now();
  }

  // Canisters.

  async setupCanister<T extends ActorInterface<T> = ActorInterface>(options: SetupCanisterOptions): Promise<CanisterFixture<T>> {
    const { wasm, arg, sender, idlFactory, targetSubnetId } = options;
    const canisterId = await this.createCanister(options);
    await this.installCode({ canisterId, wasm, arg, sender, targetSubnetId });
    return { actor: this.createActor<T>(idlFactory, canisterId), canisterId };
  }

  async createCanister(options: CreateCanisterOptions = {}): Promise<Principal> {
    return this.management.create(options);
  }

  async startCanister(options: StartCanisterOptions): Promise<void> {
    await this.management.start(options);
  }

  async stopCanister(options: StopCanisterOptions): Promise<void> {
    await this.management.stop(options);
  }

  async installCode(options: InstallCodeOptions): Promise<void> {
    await this.management.install(options, { install: null });
  }

  async reinstallCode(options: ReinstallCodeOptions): Promise<void> {
    await this.management.install(options, { reinstall: null });
  }

  async upgradeCanister(options: UpgradeCanisterOptions): Promise<void> {
    await this.management.install(options, upgradeMode(options.upgradeModeOptions));
  }

  async updateCanisterSettings(options: UpdateCanisterSettingsOptions): Promise<void> {
    await this.management.updateSettings(options);
  }

  async canisterStatus(options: CanisterStatusOptions): Promise<CanisterStatusResult> {
    return this.management.status(options);
  }

  // Calls.

  createActor<T extends ActorInterface<T> = ActorInterface>(interfaceFactory: IDL.InterfaceFactory, canisterId: Principal): Actor<T> {
    return new (createActorClass<T>(interfaceFactory, canisterId, this.client))();
  }

  /** Methods only submit; what they give waits for the answer. */
  createDeferredActor<T extends ActorInterface<T> = ActorInterface>(
    interfaceFactory: IDL.InterfaceFactory,
    canisterId: Principal,
  ): DeferredActor<T> {
    return new (createDeferredActorClass<T>(interfaceFactory, canisterId, this.client))();
  }

  async queryCall(options: QueryCallOptions): Promise<Uint8Array> {
    return (await this.client.queryCall(requestOf(options))).body;
  }

  async updateCall(options: UpdateCallOptions): Promise<Uint8Array> {
    return (await this.client.updateCall(requestOf(options))).body;
  }

  // Rounds and time.

  async tick(times = 1): Promise<void> {
    const instance = this.client.instance;
    for (let i = 0; i < times; i++) instance.tick();
  }

  /** Milliseconds since the Unix epoch. */
  async getTime(): Promise<number> {
    return Number(this.client.instance.timeNanos / NANOS_PER_MILLISECOND);
  }

  /** To the host's clock. */
  async resetTime(): Promise<void> {
    this.setNanos(this.now(), false);
  }

  async resetCertifiedTime(): Promise<void> {
    this.setNanos(this.now(), true);
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
    this.setNanos(this.client.instance.timeNanos + nanosOf(duration), false);
  }

  async advanceCertifiedTime(duration: number): Promise<void> {
    this.setNanos(this.client.instance.timeNanos + nanosOf(duration), true);
  }

  private setNanos(nanos: bigint, certified: boolean): void {
    const instance = this.client.instance;
    if (!instance.setTime(nanos, certified)) throw new ServerError(`SettingTimeIntoPast((${instance.timeNanos}, ${nanos}))`);
  }

  // What there is.

  /** DER of the subnet's key. */
  async getPubKey(subnetId: Principal): Promise<Uint8Array> {
    const subnet = this.client.instance.state.subnets.get(subnetIdFrom(subnetId));
    if (subnet === undefined) throw new ServerError(subnetNotFound(idFrom(subnetId)).message);
    return subnet.config.publicKeyDer;
  }

  async getCanisterSubnetId(canisterId: Principal): Promise<Principal | null> {
    const canister = this.client.instance.canister(idFrom(canisterId));
    return canister === null ? null : principalOf(canister.subnetId);
  }

  async getTopology(): Promise<SubnetTopology[]> {
    return topologyOf(this.client.instance);
  }

  async getDefaultEffectiveCanisterId(): Promise<Principal> {
    return principalOf(this.client.instance.defaultCanisterId);
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
    this.client.instance.answered({ kind: "command", command: "addCycles", canister: id, cycles: BigInt(amount) });
    return this.canister(canisterId).balanceCycles;
  }

  async setStableMemory(canisterId: Principal, stableMemory: Uint8Array): Promise<void> {
    const { id } = this.canister(canisterId);
    const answer = this.client.instance.answered({
      kind: "command",
      command: "setStableMemory",
      canister: id,
      bytes: Uint8Array.from(stableMemory),
    });
    if (answer.kind === "refused") throw new ServerError(answer.error.description);
  }

  async getStableMemory(canisterId: Principal): Promise<Uint8Array> {
    const { execution } = this.canister(canisterId);
    if (execution === null) throw new ServerError(canisterIsEmpty(idFrom(canisterId)).message);
    const bytes = new Uint8Array(execution.stable.byteLength);
    execution.stable.read(0, bytes, 0, bytes.length);
    return bytes;
  }

  private canister(canisterId: Principal) {
    const canister = this.client.instance.canister(idFrom(canisterId));
    if (canister === null) throw new ServerError(canisterNotFound(idFrom(canisterId)).message);
    return canister;
  }

  // HTTPS outcalls.

  async getPendingHttpsOutcalls(): Promise<PendingHttpsOutcall[]> {
    return pendingHttpsOutcalls(this.client.instance);
  }

  /** Answers for all nodes, or with one response for each. */
  async mockPendingHttpsOutcall(options: MockPendingHttpsOutcallOptions): Promise<void> {
    mockHttpsOutcall(this.client.instance, options);
  }

  // Live.

  /** Rounds run by themselves from now on, with the host's time, and agents can connect to the port. */
  async makeLive(): Promise<number> {
    return this.live.start(this.client.instance);
  }

  async stopLive(): Promise<void> {
    await this.live.stop();
  }

  async tearDown(): Promise<void> {
    // Throws when there is nothing to tear down any more.
    void this.client.instance;
    await this.live.stop();
    this.client.deleteInstance();
  }
}

function requestOf({ canisterId, method, arg = NO_BYTES, sender, targetSubnetId, senderInfo }: UpdateCallOptions): CanisterCallRequest {
  return {
    canisterId,
    method,
    payload: arg,
    sender: sender ?? Principal.anonymous(),
    effectivePrincipal: targetSubnetId === undefined ? undefined : { subnetId: targetSubnetId },
    senderInfo,
  };
}

function nanosOf(time: Date | number): bigint {
  return BigInt(typeof time === "number" ? time : time.getTime()) * NANOS_PER_MILLISECOND;
}
