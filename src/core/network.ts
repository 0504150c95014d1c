/**
 * A network as a deterministic state machine: `step(input) -> events`. The only way in, and the only place where the pieces meet.
 *
 * Snapshots, forks and digests are of the state alone; what lies outside it (compiled modules, live Wasm instances) can be dropped at any time.
 */
import { assert, InvariantBroken } from "../base/assert.ts";
import { certificate, rootKey, type CertificateRequest } from "./certification/certificate.ts";
import { signAnswer, type NodeSignature, type SignedAnswer } from "./certification/query-signature.ts";
import { HostFailure } from "./canister/run-context.ts";
import type { InstancePool } from "./canister/instances.ts";
import type { NetworkEvent } from "./events.ts";
import { genesis, GenesisRefused, withoutSubnet, withSubnet, type GenesisConfig, type SubnetRequest } from "./genesis.ts";
import type { Answer, CommandInput, Input, QueryInput, RoundMakers } from "./inputs.ts";
import { InvariantWatch } from "./invariant-watch.ts";
import { checkInvariants } from "./invariants.ts";
import { executeQuery, querySubnet, type ExecutedQuery } from "./queries/execute-query.ts";
import { QUERY_TOOLS } from "./rules/query-tools.ts";
import { takeMockAnswer } from "./rules/mocks.ts";
import { takeBitcoinAnswer } from "./rules/bitcoin-answers.ts";
import { takeOutcall } from "./rules/outcalls.ts";
import { runCommand } from "./rules/test-commands.ts";
import { submitRequest } from "./rules/request-submission.ts";
import { Recorder, type Deviation } from "./schedule/recorder.ts";
import { chosenEvent } from "./schedule/chosen.ts";
import { runRound } from "./schedule/rounds.ts";
import { TIME_STEPS_NANOS } from "./rules/open-outcomes.ts";
import { ORDINARY, type Choice, type Schedule } from "./schedule/schedule.ts";
import { copyNetwork } from "./state/copy.ts";
import type { NetworkState, SubnetState } from "./state/network-state.ts";
import type { CanisterId, SubnetId } from "./state/ids.ts";
import { principalText } from "./state/principal.ts";
import { ErrorCode } from "./state/rejects.ts";
import type { Limits } from "./state/limits.ts";
import { editSubnet, isThere, limitsOf, type World } from "./state/world.ts";
import { situationDigest } from "./situation-digest.ts";
import { stateDigest } from "./state-digest.ts";
import type { Platform } from "./wasm/engine.ts";
import type { ModuleCache } from "./wasm/prepare.ts";

/** What a network needs from outside: shared by all networks of a process. */
export interface Environment {
  readonly platform: Platform;
  readonly pool: InstancePool;
  readonly modules: ModuleCache;
}

export interface NetworkOptions {
  readonly schedule?: Schedule;
  /** Checks the invariants after every step, of what it touched, and all of them after every round of at most 1,000 canisters; for tests. */
  readonly checkInvariants?: boolean;
  readonly probe?: Probe;
}

/** Whoever watches a network from outside: exploration and recording. Forks are not watched. */
export interface Probe {
  /** An input that is about to be applied. Throwing `Halted` has it not applied. */
  onInput?(input: Input): void;
  /**
   * Called between two executions, where the state is whole: to look at it (`look`, `state`), never to write. Throwing `Halted` ends the step
   * there; the network then stays as it is and takes nothing but queries until it is restored. `events`: what the step has told so far.
   */
  afterExecution?(events: readonly NetworkEvent[]): void;
}

/** Thrown by a probe to end a step between two executions. */
export class Halted extends Error {
  override name = "Halted";
}

/** A state at rest, which nothing writes any more. */
export interface Snapshot {
  readonly state: NetworkState;
  readonly recorder: Recorder;
  readonly steps: number;
}

/** What a step tells. `answer` is for submissions, queries and commands. */
export interface StepResult {
  readonly events: readonly NetworkEvent[];
  readonly answer: Answer | null;
}

export class Network {
  private current: NetworkState;
  private recorder: Recorder;
  private steps: number;
  private events: NetworkEvent[] = [];
  /** Of choices made between two steps: told with the next. */
  private between: NetworkEvent[] = [];
  private broken: string | null = null;
  private watch: InvariantWatch | null = null;
  private isHalted = false;
  /** Answers what mock canisters ask in queries, which leave nothing behind and so need no input; `null` where nobody does. */
  mockQueries: ((canister: CanisterId, payload: Uint8Array) => Uint8Array | null) | null = null;
  private readonly environment: Environment;
  private readonly options: NetworkOptions;
  private readonly seed: bigint;
  private readonly world: World;

  private constructor(
    state: NetworkState,
    seed: bigint,
    environment: Environment,
    options: NetworkOptions,
    recorder: Recorder,
    steps: number,
  ) {
    this.current = state;
    this.seed = seed;
    this.environment = environment;
    this.options = options;
    this.recorder = recorder.copy((choice, deviation) => this.events.push(chosenEvent(this.current, choice, deviation)));
    this.steps = steps;
    const network = this;
    const { probe } = options;
    this.world = {
      get state() {
        return network.current;
      },
      get schedule() {
        return network.recorder;
      },
      platform: environment.platform,
      pool: environment.pool,
      modules: environment.modules,
      emit: (event) => network.events.push(event),
      afterExecution: probe?.afterExecution === undefined ? undefined : () => probe.afterExecution!(network.events),
      answerMockQuery: (canister, payload) => network.mockQueries?.(canister, payload) ?? null,
    };
  }

  /** Throws `GenesisRefused` when the configuration cannot be. `state` is what it begins with where that is not the empty network, such as an image. */
  static genesis(config: GenesisConfig, environment: Environment, options: NetworkOptions = {}, state?: NetworkState): Network {
    state ??= genesis(config, (bytes) => environment.platform.sha224(bytes));
    return new Network(state, config.seed, environment, options, new Recorder(options.schedule ?? ORDINARY), 0);
  }

  /** The current state; read only. */
  get state(): NetworkState {
    return this.current;
  }

  /** Applies one input. A bug of ours (a broken invariant) stops the network and names seed and input. */
  step(input: Input): StepResult {
    if (this.broken !== null) throw new InvariantBroken(this.broken);
    assert(!this.isHalted || input.kind === "query", "a network that was halted is restored before it goes on");
    this.events = this.between;
    this.between = [];
    this.steps++;
    try {
      this.options.probe?.onInput?.(input);
      const answer = this.apply(input);
      if (this.options.checkInvariants === true) this.check(input);
      return { events: this.events, answer };
    } catch (error) {
      if (error instanceof Halted) {
        this.isHalted = true;
        return { events: this.events, answer: null };
      }
      const what = error instanceof Error ? error.message : String(error);
      if (error instanceof HostFailure) {
        this.broken = `${what} (seed ${this.seed}, input ${this.steps}; the network has stopped)`;
        throw error;
      }
      this.broken = `${what} (a bug of Cannery: seed ${this.seed}, input ${this.steps}, ${input.kind}; the network has stopped)`;
      throw new InvariantBroken(this.broken, { cause: error });
    }
  }

  /** After each step what it touched; after each round everything, unless there are very many canisters. */
  private check(input: Input): void {
    this.watch ??= new InvariantWatch();
    this.watch.check(this.current);
    if (input.kind === "round" && canisterCount(this.current) <= FULL_CHECK_CANISTERS) checkInvariants(this.current);
    // What is written from here on belongs to another epoch than what was checked.
    this.current = copyNetwork(this.current);
  }

  private apply(input: Input): Answer | null {
    switch (input.kind) {
      case "ingress":
        return submitRequest(this.world, input);
      case "query":
        return this.query(input);
      case "round":
        this.round(input.subnets, input.blockMakers ?? null);
        return null;
      case "subnet":
        return this.addSubnet(input.request);
      case "subnetDeletion":
        return this.deleteSubnet(input.subnet);
      case "outcall":
        return takeOutcall(this.world, input);
      case "mock":
        return takeMockAnswer(this.world, input);
      case "bitcoin":
        return takeBitcoinAnswer(this.world, input);
      case "time":
        return this.setTime(input.timeNanos);
      case "command":
        return this.command(input);
    }
  }

  private query(input: QueryInput): Answer {
    const { answer, executions, subnet } = this.queried(input);
    if (subnet === null) return answer;
    const { queryStatisticsEpochRounds } = limitsOf(this.world, subnet);
    subnet.queryStatistics.count(executions, Math.floor(subnet.round / queryStatisticsEpochRounds));
    return answer;
  }

  private queried(input: QueryInput): ExecutedQuery & { readonly subnet: SubnetState | null } {
    const subnetId = querySubnet(this.world, input, QUERY_TOOLS);
    if (subnetId === null) {
      const description = `Canister ${principalText(input.receiver)} not found`;
      const error = { code: ErrorCode.CanisterNotFound, description };
      return { answer: { kind: "rejected", reject: { code: 3, message: description }, error }, executions: [], subnet: null };
    }
    const subnet = editSubnet(this.world, subnetId);
    return { ...executeQuery(this.world, subnet, input, QUERY_TOOLS), subnet };
  }

  /** A query that leaves no trace at all: no event, no count in the statistics. Also between two executions of a step. */
  look(input: QueryInput): Answer {
    const { events } = this;
    this.events = [];
    try {
      return this.queried(input).answer;
    } finally {
      this.events = events;
    }
  }

  private round(only: readonly string[] | null, makers: RoundMakers | null): void {
    const state = this.current;
    const { schedule } = this.world;
    const { injects } = this;
    state.timeNanos += state.latency.roundNanos;
    if (injects && mayPass(state)) state.timeNanos += TIME_STEPS_NANOS[schedule.choose({ kind: "time" }, TIME_STEPS_NANOS.length)];
    state.round++;
    for (const id of [...state.subnets.keys()]) {
      if ((only !== null && !only.includes(id)) || !isThere(state, id)) continue;
      if (injects && state.subnets.size > 1 && schedule.choose({ kind: "subnetRound", subnet: id }, 2) === 1) continue;
      runRound(this.world, editSubnet(this.world, id), makers);
    }
  }

  private addSubnet(request: SubnetRequest): Answer {
    try {
      this.current = withSubnet(this.current, request, (bytes) => this.environment.platform.sha224(bytes));
      return { kind: "accepted" };
    } catch (error) {
      if (!(error instanceof GenesisRefused)) throw error;
      return { kind: "refused", error: { code: ErrorCode.InvalidManagementPayload, description: error.message } };
    }
  }

  private deleteSubnet(id: SubnetId): Answer {
    if (id === this.current.rootSubnetId || !isThere(this.current, id)) {
      const description = `Subnet ${principalText(id)} cannot be deleted: it is the root of the network, or not there.`;
      return { kind: "refused", error: { code: ErrorCode.SubnetNotFound, description } };
    }
    this.current = withoutSubnet(this.current, id);
    return { kind: "accepted" };
  }

  private setTime(timeNanos: bigint): Answer {
    const now = this.current.timeNanos;
    if (timeNanos < now) {
      const description = `Time only goes forward: the network is at ${now} ns, asked for ${timeNanos} ns.`;
      return { kind: "refused", error: { code: ErrorCode.InvalidManagementPayload, description } };
    }
    this.current.timeNanos = timeNanos;
    return { kind: "accepted" };
  }

  private setLimits(limits: Partial<Limits>): Answer {
    const { application, system } = this.current.limits;
    this.current.limits = { application: { ...application, ...limits }, system: { ...system, ...limits } };
    return { kind: "accepted" };
  }

  private command(input: CommandInput): Answer {
    if (input.command === "setLimits") return this.setLimits(input.limits);
    return runCommand(this.world, input);
  }

  /** The state as it is now, at no cost until either side writes. */
  snapshot(): Snapshot {
    const snapshot = { state: this.current, recorder: this.recorder.copy(), steps: this.steps };
    this.current = copyNetwork(this.current);
    return snapshot;
  }

  /** Goes back (or over) to a snapshot of this network or of one it was forked from. */
  restore(snapshot: Snapshot): void {
    this.current = copyNetwork(snapshot.state);
    this.watch = null;
    this.recorder = snapshot.recorder.copy((choice, deviation) => this.events.push(chosenEvent(this.current, choice, deviation)));
    this.steps = snapshot.steps;
    this.between = [];
    this.broken = null;
    this.isHalted = false;
  }

  /** A second network that goes on from here on its own. */
  fork(schedule?: Schedule): Network {
    const { state, recorder: past, steps } = this.snapshot();
    const recorder = schedule === undefined ? past : past.over(schedule);
    return new Network(copyNetwork(state), this.seed, this.environment, { ...this.options, probe: {} }, recorder, steps);
  }

  /** DER of the key by which certificates are verified. */
  get rootKey(): Uint8Array {
    return rootKey(this.current);
  }

  /** A certificate of the state as it is now: bytes, as clients verify them. Nothing changes by it. */
  certificate(request: CertificateRequest): Uint8Array {
    return certificate(this.world, request);
  }

  /** A node's signature on the answer that a query got just now. */
  signAnswer(answer: SignedAnswer): NodeSignature {
    return signAnswer(this.world, answer);
  }

  /** Hex; equal for equal states, on every machine. */
  digest(): string {
    assert(this.broken === null, this.broken ?? undefined);
    return stateDigest(this.current, (bytes) => this.environment.platform.sha256(bytes));
  }

  /** Equal for situations from which the network goes on alike; see `situationDigest`. */
  situation(): string {
    return situationDigest(this.current, (bytes) => this.environment.platform.sha256(bytes));
  }

  /** Whether the schedule is asked the choices of `InjectedChoice`. */
  get injects(): boolean {
    return !this.recorder.ordinary && this.recorder.injects;
  }

  /** A choice of whoever drives the network, recorded like its own. */
  choose(choice: Choice, options: number): number {
    if (this.recorder.ordinary) return 0;
    this.events = this.between;
    return this.recorder.choose(choice, options);
  }

  /** Begins a run: deviations, and how often situations came up, are counted from here. */
  beginRun(): void {
    this.recorder = this.recorder.begin();
  }

  /** Whether a probe ended the last step in its midst. */
  get halted(): boolean {
    return this.isHalted;
  }

  /** Answers of the schedule so far that were not the ordinary ones. */
  deviations(): readonly Deviation[] {
    return this.recorder.deviations;
  }
}

/** Up to so many canisters everything is checked after each round. */
const FULL_CHECK_CANISTERS = 1_000;

function canisterCount(state: NetworkState): number {
  let count = 0;
  for (const subnet of state.subnets.values()) count += subnet.canisters.size;
  return count;
}

/**
 * Whether time may jump: not while users' messages wait, which expire when nobody takes them for some minutes, so that nobody would ever know of them.
 */
function mayPass(state: NetworkState): boolean {
  for (const subnet of state.subnets.values()) if (subnet.pendingIngress.length > 0) return false;
  return true;
}
