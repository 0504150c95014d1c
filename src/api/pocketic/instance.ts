/**
 * One PocketIC instance: a network whose rounds are run by whoever asks, with a clock of its own.
 *
 * The clock may be ahead of the latest round (`set_time`): then the next round is at the clock's time, else a nanosecond later than the one before.
 * In a tick the subnets run one after the other, in the order of their ids, so that a message to a later subnet arrives in the same tick.
 *
 * Replica: `execute_payload_impl`, `set_time`, `set_certified_time`, `generate_certified_stream_slice` in `rs/state_machine_tests/src/lib.rs`,
 * `Tick` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import { utcText } from "../../base/utc.ts";
import { decodeUtf8Lossy } from "../../base/utf8.ts";
import type { NetworkEvent } from "../../core/events.ts";
import type { SubnetRequest } from "../../core/genesis.ts";
import { tooLarge, unsignedSize } from "../../core/ingress/envelope-size.ts";
import { nonceOf, RequestIds } from "../../core/ingress/request-ids.ts";
import type { IngressEntry } from "../../core/ingress/history.ts";
import type { Answer, IngressInput, Input, RoundMakers } from "../../core/inputs.ts";
import { Network } from "../../core/network.ts";
import type { CanisterId, MessageId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import type { NetworkState, SubnetState } from "../../core/state/network-state.ts";
import { principalText } from "../../core/state/principal.ts";
import { isThere, route } from "../../core/state/world.ts";
import type { ServedNetwork } from "../http/served.ts";
import { checkSubnetCount, CreationRefused, type IcpFeature, type InstanceConfig, type SubnetSpec } from "./config.ts";
import { Journal, type Deed, type TickOptions } from "./journal.ts";
import { badIngress } from "./failure.ts";
import { genesisConfig } from "./genesis.ts";
import type { InstanceHost } from "./instance-host.ts";
import { defaultEffectiveCanisterId } from "./topology.ts";
import { isFinalStatus, WaitingClients } from "./waiting-clients.ts";

export interface Call {
  readonly sender: PrincipalId;
  readonly receiver: CanisterId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly senderInfo: IngressInput["senderInfo"];
}

/** A round whose maker nobody names has none of the subnet's nodes. Replica: `BlockmakerMetrics::new_for_test` in `rs/types/types/src/batch.rs`. */
const NO_NODE: RoundMakers = { maker: -1, failed: [] };
/** How long the message of a client is valid. */
const EXPIRY_NANOS = 300_000_000_000n;

/** What an instance needs of its network. */
export type InstanceNetwork = Pick<Network, "state" | "step" | "certificate" | "digest">;

interface Parts {
  readonly network: InstanceNetwork;
  /** In the order of the network's subnets. */
  readonly specs: readonly SubnetSpec[];
  readonly features?: readonly IcpFeature[];
  /** Believes every request, signed or not. */
  readonly isTrusting?: boolean;
}

export class Instance {
  readonly host: InstanceHost;
  readonly defaultCanisterId: CanisterId;
  /** Called when a client begins to wait for the answer to its message. */
  whenWaiting: () => void = () => {};
  private readonly subnetSpecs: SubnetSpec[];
  private readonly features: readonly IcpFeature[];
  private readonly network: InstanceNetwork;
  private readonly requestIds: RequestIds;
  private readonly isTrusting: boolean;
  private journal: Journal | null = null;
  /** While what was done before is done again: nobody is told of it. */
  private isResuming = false;
  private clockNanos: bigint;
  private submitted = 0;
  private readonly clients: WaitingClients;
  private readonly listeners = new Set<(event: NetworkEvent) => void>();

  protected constructor(host: InstanceHost, { network, specs, features = [], isTrusting = false }: Parts) {
    this.host = host;
    this.network = network;
    this.subnetSpecs = [...specs];
    this.features = features;
    this.isTrusting = isTrusting;
    this.requestIds = new RequestIds((bytes) => host.environment.platform.sha256(bytes));
    this.clients = new WaitingClients((milliseconds) => host.delay(milliseconds));
    this.clockNanos = this.state.timeNanos;
    this.defaultCanisterId = defaultEffectiveCanisterId(this.state, this.specs);
  }

  /** Throws `GenesisRefused` and `CreationRefused`. */
  static create(config: InstanceConfig, host: InstanceHost): Instance {
    const journal = config.stateDir === null ? null : new Journal(config.stateDir, host.openJournal(config.stateDir));
    const made = journal?.created ?? config;
    const { subnets: specs, icpFeatures: features } = made;
    checkSubnetCount(specs);
    const network = Network.genesis(genesisConfig(made, host), host.environment);
    const instance = new Instance(host, { network, specs, features, isTrusting: config.disableIngressValidation });
    if (journal?.created == null) instance.begin(config, journal);
    else instance.resume(config, journal);
    return instance;
  }

  private begin(config: InstanceConfig, journal: Journal | null): void {
    for (const feature of this.features) {
      const why = this.host.features.refusal(feature);
      if (why !== null) throw new CreationRefused(why);
    }
    journal?.begin(config);
    this.journal = journal;
    for (const { kind } of config.subnets) this.settleIn(kind);
  }

  /** As it was, but for the rounds that the real server runs for each subnet that it finds. */
  private resume(config: InstanceConfig, journal: Journal): void {
    this.isResuming = true;
    for (const deed of journal.deeds) this.repeat(deed);
    this.isResuming = false;
    journal.check(() => this.network.digest());
    this.journal = journal;
    if (config.initialTimeNanos !== null) this.setTime(config.initialTimeNanos, false);
    for (let i = 0; i < this.specs.length; i++) this.tick();
  }

  private repeat(deed: Deed): void {
    switch (deed.kind) {
      case "tick":
        return this.runTick(deed.clockNanos, deed.options);
      case "clock":
        return this.moveClock(deed.timeNanos, deed.certified);
      case "subnet":
        return this.enterSubnet(deed.spec, deed.request);
      case "input":
        if (deed.input.kind === "ingress") this.submitted++;
        this.step(deed.input);
    }
  }

  private write(deed: Deed): void {
    this.journal?.write(deed);
  }

  /** The real server runs a round for each subnet that it creates, and then those that install what the subnet brings. */
  private settleIn(kind: SubnetSpec["kind"]): void {
    this.tick();
    if (this.features.length > 0) this.host.features.afterSubnet(this, this.features, kind);
  }

  /** In the order of the network's subnets. */
  get specs(): readonly SubnetSpec[] {
    return this.subnetSpecs;
  }

  /** One subnet more. */
  addSubnet(spec: SubnetSpec, request: SubnetRequest): void {
    this.write({ kind: "subnet", spec, request });
    this.enterSubnet(spec, request);
    this.settleIn(spec.kind);
  }

  private enterSubnet(spec: SubnetSpec, request: SubnetRequest): void {
    const answer = this.step({ kind: "subnet", request });
    assert(answer?.kind === "accepted", "subnets of the mainnet fit in");
    this.subnetSpecs.push(spec);
  }

  get state(): NetworkState {
    return this.network.state;
  }

  /** The record of a subnet, to be read only. */
  subnet(id: PrincipalId): SubnetState | null {
    return isThere(this.state, id) ? this.state.subnets.get(id as SubnetId)! : null;
  }

  /** What `get_time` tells; canisters see it from the next round on. */
  get timeNanos(): bigint {
    return this.clockNanos;
  }

  /** False when that is in the past. `certified`: at once, for canisters and certificates too. */
  setTime(timeNanos: bigint, certified: boolean): boolean {
    const now = this.timeNanos;
    if (timeNanos < now) return false;
    if (timeNanos > now) {
      this.write({ kind: "clock", timeNanos, certified });
      this.moveClock(timeNanos, certified);
    }
    return true;
  }

  protected moveClock(timeNanos: bigint, certified: boolean): void {
    this.clockNanos = timeNanos;
    if (certified) this.step({ kind: "time", timeNanos });
  }

  /** A round on every subnet. */
  tick(options: TickOptions = {}): void {
    const now = this.timeNanos;
    const clockNanos = now === this.state.timeNanos ? now + 1n : now;
    this.write({ kind: "tick", clockNanos, options });
    this.runTick(clockNanos, options);
  }

  protected runTick(clockNanos: bigint, { first = null, last = null, blockMakers = [] }: TickOptions): void {
    this.clockNanos = clockNanos;
    this.step({ kind: "time", timeNanos: clockNanos });
    const place = (id: SubnetId): number => (id === first ? 0 : id === last ? 2 : 1);
    const subnets = [...this.state.subnets.keys()]
      .filter((id) => isThere(this.state, id))
      .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
    for (const id of subnets) {
      const makers = blockMakers.find(([subnet]) => subnet === id)?.[1] ?? NO_NODE;
      this.step({ kind: "round", subnets: [id], blockMakers: makers });
    }
  }

  /** Submits a call whose sender is taken on trust. A call of more bytes than the platform takes is no message, but for those of our own. */
  submit(call: Call, subnet: SubnetId, { ofAnySize = false } = {}): { readonly id: MessageId; readonly answer: Answer } {
    const { sender, receiver, method, arg, senderInfo } = call;
    const expiryNanos = this.timeNanos + EXPIRY_NANOS;
    // The real server's nonces have eight bytes, and its envelopes no signature: fees are counted on that.
    const content = { sender, receiver, method, arg, expiryNanos, nonce: nonceOf(this.submitted++).slice(-8) };
    const id = this.requestIds.idOf(content);
    const envelope = { messageId: id, envelopeBytes: unsignedSize(content), senderInfo, subnet };
    const problem = ofAnySize ? null : tooLarge(this.state.subnets.get(subnet)!.config, id, envelope.envelopeBytes);
    if (problem !== null) throw badIngress(problem);
    const answer = this.submitInput({ kind: "ingress", sender, receiver, method, arg, expiryNanos, ...envelope });
    return { id, answer };
  }

  private submitInput(input: IngressInput): Answer {
    return this.answered({ ...input, nowNanos: this.timeNanos });
  }

  query({ sender, receiver, method, arg, senderInfo }: Call, subnet: SubnetId): Answer {
    return this.answered({ kind: "query", sender, receiver, method, arg, senderInfo, subnet, ranges: "flat" });
  }

  /** An input that is answered at once. */
  answered(input: Input): Answer {
    this.write({ kind: "input", input });
    const answer = this.step(input);
    assert(answer !== null, "it is answered at once");
    return answer;
  }

  statusOf(subnet: SubnetId, id: MessageId): IngressEntry | null {
    return this.state.subnets.get(subnet)?.ingressHistory.get(id) ?? null;
  }

  /** The record of a canister, to be read only. */
  canister(id: CanisterId) {
    const subnet = route(this.state, id);
    return subnet === null ? null : (this.state.subnets.get(subnet)!.canisters.get(id) ?? null);
  }

  /** Calls the listener on each event from now on; the function returned ends that. */
  listen(listener: (event: NetworkEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The instance as the public HTTPS interface sees it. */
  served(): ServedNetwork {
    const instance = this;
    return {
      get state() {
        return instance.state;
      },
      platform: this.host.environment.platform,
      checks: this.host.checks,
      isTrusting: this.isTrusting,
      get defaultSubnet() {
        return route(instance.state, instance.defaultCanisterId)!;
      },
      now: () => this.timeNanos,
      certificate: (request) => this.network.certificate(request),
      query: (input) => this.answered(input),
      submit: (input) => this.submitInput(input),
      answered: (id) => this.finished(id),
    };
  }

  private finished(id: MessageId): Promise<boolean> {
    const isFinal = this.state.subnetOrder.some((subnet) => isFinalStatus(this.statusOf(subnet, id)));
    if (isFinal) return Promise.resolve(true);
    const outcome = this.clients.outcomeOf(id);
    this.whenWaiting();
    return outcome;
  }

  /** Whoever waits for an answer is told that there will be none; what its canisters ran on is given back. */
  close(): void {
    if (this.journal !== null) {
      // The real server's last round is one with a checkpoint.
      this.tick();
      this.journal.end(this.network.digest());
      this.journal = null;
    }
    this.clients.close();
    const { pool } = this.host.environment;
    for (const { canisters } of this.state.subnets.values()) {
      for (const { execution } of canisters.values()) if (execution !== null) pool.retire(execution);
    }
  }

  protected step(input: Input): Answer | null {
    const { events, answer } = this.network.step(input);
    if (!this.isResuming) for (const event of events) this.onEvent(event);
    return answer;
  }

  private onEvent(event: NetworkEvent): void {
    if (event.kind === "printed")
      this.host.print(`${utcText(event.timeNanos)}: [Canister ${principalText(event.canister)}] ${decodeUtf8Lossy(event.content)}`);
    this.clients.tell(event);
    for (const listener of this.listeners) listener(event);
  }
}
