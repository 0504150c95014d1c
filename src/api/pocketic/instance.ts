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
import type { GenesisConfig, SubnetRequest } from "../../core/genesis.ts";
import { tooLarge, unsignedSize } from "../../core/ingress/envelope-size.ts";
import { nonceOf, RequestIds } from "../../core/ingress/request-ids.ts";
import type { IngressEntry } from "../../core/ingress/history.ts";
import type { Answer, IngressInput, Input, RoundMakers } from "../../core/inputs.ts";
import { Network, type Environment } from "../../core/network.ts";
import type { CanisterId, MessageId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import type { NetworkState, SubnetState } from "../../core/state/network-state.ts";
import type { OutcallRequest, OutcallResponse } from "../../core/state/pending-calls.ts";
import { principalText } from "../../core/state/principal.ts";
import { isThere, route } from "../../core/state/world.ts";
import type { SignatureChecks } from "../../crypto/signature-checks.ts";
import type { ServedNetwork } from "../http/served.ts";
import { checkSubnetCount, CreationRefused, type IcpFeature, type InstanceConfig, type SubnetSpec } from "./config.ts";
import type { Features } from "./features.ts";
import { Journal, type Deed, type JournalFile, type TickOptions } from "./journal.ts";
import type { SnapshotFolders } from "./snapshots.ts";
import { badIngress } from "./failure.ts";
import { defaultEffectiveCanisterId, subnetRequest } from "./topology.ts";

/** What an instance needs from its host. */
export interface InstanceHost {
  readonly environment: Environment;
  /** Stack of a canister's run, where the host's is deeper than the default needs. */
  readonly stackBytes?: number;
  readonly checks: SignatureChecks;
  /** Nanoseconds since the Unix epoch. */
  now(): bigint;
  delay(milliseconds: number): Promise<void>;
  /** A line of a canister, where the server's user sees it. */
  print(line: string): void;
  /** An HTTPS outcall on the web; used only while rounds run by themselves. */
  fetchOutcall(request: OutcallRequest): Promise<OutcallResponse>;
  readonly snapshotFolders: SnapshotFolders;
  readonly features: Features;
  /** Of a state directory. Throws `CreationRefused`. */
  openJournal(folder: string): JournalFile;
}

export interface Call {
  readonly sender: PrincipalId;
  readonly receiver: CanisterId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly senderInfo: IngressInput["senderInfo"];
}

/** What became of a call that was run to its end. */
export type Outcome = { readonly kind: "replied"; readonly data: Uint8Array } | { readonly kind: "failed"; readonly message: string };

/** A round whose maker nobody names has none of the subnet's nodes. Replica: `BlockmakerMetrics::new_for_test` in `rs/types/types/src/batch.rs`. */
const NO_NODE: RoundMakers = { maker: -1, failed: [] };
/** Rounds within which a call that is waited for must be answered. Replica: `AwaitIngressMessage`. */
export const AWAIT_ROUNDS = 100;
/** Hops to other subnets take no round of their own: see above. */
const LATENCY = { name: "pocket-ic", roundNanos: 0n, hopRounds: { min: 1, max: 1 } };
/** How long the message of a client is valid. */
const EXPIRY_NANOS = 300_000_000_000n;
/** How long a client of a synchronous call is kept waiting. Source: pocketic-server.md 9. */
const WAIT_MILLISECONDS = 10_000;
/** Shorter than mainnet's, so that tests see statistics. Replica: `state_machine_builder`. */
const QUERY_STATISTICS_EPOCH_ROUNDS = 60;

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
  private readonly waiting = new Map<MessageId, ((isFinal: boolean) => void)[]>();
  private readonly listeners = new Set<(event: NetworkEvent) => void>();

  protected constructor(host: InstanceHost, { network, specs, features = [], isTrusting = false }: Parts) {
    this.host = host;
    this.network = network;
    this.subnetSpecs = [...specs];
    this.features = features;
    this.isTrusting = isTrusting;
    this.requestIds = new RequestIds((bytes) => host.environment.platform.sha256(bytes));
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

  /** Submits a call and runs rounds until it is answered. */
  run(call: Call, subnet: SubnetId): Outcome {
    const { id, answer } = this.submit(call, subnet, { ofAnySize: true });
    if (answer.kind === "refused") return { kind: "failed", message: answer.error.description };
    for (let round = 0; round < AWAIT_ROUNDS; round++) {
      this.tick();
      const status = this.statusOf(subnet, id)?.status;
      if (status?.kind === "replied") return status;
      if (status?.kind === "rejected") return { kind: "failed", message: status.message };
    }
    return { kind: "failed", message: `${call.method} was not answered within ${AWAIT_ROUNDS} rounds` };
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
    const final = new Promise<boolean>((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]);
    });
    this.whenWaiting();
    return Promise.race([final, this.host.delay(WAIT_MILLISECONDS).then(() => false)]);
  }

  /** Whoever waits for an answer is told that there will be none. */
  close(): void {
    if (this.journal !== null) {
      // The real server's last round is one with a checkpoint.
      this.tick();
      this.journal.end(this.network.digest());
      this.journal = null;
    }
    for (const tell of [...this.waiting.values()].flat()) tell(false);
    this.waiting.clear();
  }

  protected step(input: Input): Answer | null {
    const { events, answer } = this.network.step(input);
    if (!this.isResuming) for (const event of events) this.onEvent(event);
    return answer;
  }

  private onEvent(event: NetworkEvent): void {
    if (event.kind === "printed") {
      this.host.print(`${utcText(event.timeNanos)}: [Canister ${principalText(event.canister)}] ${decodeUtf8Lossy(event.content)}`);
    } else if (event.kind === "ingressStatus" && isFinalStatus(event)) {
      for (const tell of this.waiting.get(event.messageId) ?? []) tell(true);
      this.waiting.delete(event.messageId);
    }
    for (const listener of this.listeners) listener(event);
  }
}

function isFinalStatus(entry: Pick<IngressEntry, "status"> | null): boolean {
  return entry !== null && entry.status.kind !== "received" && entry.status.kind !== "processing";
}

function genesisConfig(config: InstanceConfig, { stackBytes }: InstanceHost): GenesisConfig {
  return {
    seed: 0n,
    ...(config.initialTimeNanos === null ? {} : { timeNanos: config.initialTimeNanos }),
    subnets: config.subnets.map((spec) => subnetRequest(spec, config)),
    latency: LATENCY,
    limits: {
      printing: true,
      rateLimiting: config.rateLimiting,
      exportLimits: config.exportLimits,
      paidFlexibleOutcalls: config.betaFeatures,
      queryStatisticsEpochRounds: QUERY_STATISTICS_EPOCH_ROUNDS,
      ...(stackBytes === undefined ? {} : { stackBytes }),
    },
  };
}
