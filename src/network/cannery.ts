/**
 * A network in the test's own process: the public face of Cannery for JavaScript.
 */
import { httpGateway, type GatewayOptions } from "../api/gateway/gateway.ts";
import { httpInterface } from "../api/http/handler.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { decodeUtf8Lossy } from "../base/utf8.ts";
import { path } from "../core/certification/certificate.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { GenesisConfig } from "../core/genesis.ts";
import { Network, type Probe } from "../core/network.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import { ORDINARY } from "../core/schedule/schedule.ts";
import { ANONYMOUS, type SubnetId } from "../core/state/ids.ts";
import type { NetworkState } from "../core/state/network-state.ts";
import { principalBytes, principalText } from "../core/state/principal.ts";
import { route } from "../core/state/world.ts";
import type { AnyService } from "./actor.ts";
import { Canister } from "./canister.ts";
import type { Core } from "./core.ts";
import { createEmpty, createImported, createInstalled, createMock } from "./creation.ts";
import { deploy, type Deployment, type DeployOptions, type ProjectManifest } from "./deploy/deploy.ts";
import { DEFAULT_CALL_BUDGET_ROUNDS, DEFAULT_MOCK_PATIENCE_MS } from "./driver.ts";
import { instantNanos, nanosOf, type Duration, type Instant } from "./duration.ts";
import { Faults } from "./faults/faults.ts";
import { FaultSchedule, type Now } from "./faults/schedule.ts";
import { kindOf, refuseOtherWords, refuseUnlessWhole } from "./given.ts";
import type { Host } from "./host.ts";
import { identityOf, type Identity } from "./identity.ts";
import { interfaceOfCandid } from "./module-interface.ts";
import type { ModuleSource } from "./module-source.ts";
import type { LiveOptions } from "./live.ts";
import { Mock } from "./mocks/mock.ts";
import type { MockHandlers } from "./mocks/context.ts";
import type { MocksSnapshot } from "./mocks/mocks.ts";
import { Names } from "./names.ts";
import { networkPage, type NetworkPageOptions } from "./network-page.ts";
import { drawNetwork, type NetworkDrawOptions } from "./network-drawing.ts";
import {
  genesisConfig,
  type CanneryOptions,
  type CreateOptions,
  type InstallOptions,
  type NetworkSnapshot,
  type PrintedLine,
  type SettleOptions,
  type Subnet,
} from "./options.ts";
import { checkNetworkOptions } from "./options-check.ts";
import type { Outcalls } from "./outcalls.ts";
import { principalId, senderOf, type PrincipalLike } from "./principals.ts";
import { served } from "./served.ts";
import { Session } from "./session.ts";
import { subnetsOf } from "./subnets.ts";
import { DEFAULT_TRACE_EVENTS, TraceLog } from "./trace-log.ts";
import type { TraceView } from "./trace-view.ts";

const DEFAULT_BUDGET = { rounds: 100_000, nanos: 86_400_000_000_000n };

interface CreatedWith {
  readonly host: Host;
  readonly probe?: Probe;
  /** The first state, of this configuration. */
  readonly begin?: (config: GenesisConfig) => NetworkState;
}

type Listener<E> = (event: E) => void;

export class Cannery {
  /** What goes wrong, by rule: rejects, losses, delays, traps, operations in the middle of a call. */
  readonly faults: Faults;
  private readonly session: Session;
  private readonly options: CanneryOptions;
  private log: TraceLog;
  /** The same object for a network and its forks, whose snapshots fit each other. */
  private readonly family: object;
  private ownHandler: ((request: Request) => Promise<Response>) | null = null;
  private readonly eventListeners = new Set<Listener<NetworkEvent>>();
  private readonly printListeners = new Set<Listener<PrintedLine>>();

  private constructor(
    core: Core,
    host: Host,
    options: CanneryOptions,
    from: {
      readonly names: Names;
      readonly log: TraceLog;
      readonly submitted: number;
      readonly mocks: MocksSnapshot | null;
      readonly faults: FaultSchedule;
      readonly family: object;
    },
  ) {
    this.options = options;
    this.log = from.log;
    this.family = from.family;
    this.session = new Session({
      core,
      host,
      log: from.log,
      names: from.names,
      submitted: from.submitted,
      mocks: from.mocks,
      bitcoin: options.bitcoin ?? null,
      outcalls: options.outcalls ?? "refuse",
      faults: from.faults,
      callBudgetRounds: options.callBudgetRounds ?? DEFAULT_CALL_BUDGET_ROUNDS,
      mockPatienceMs: options.mockPatience ?? DEFAULT_MOCK_PATIENCE_MS,
      onEvent: (event) => this.onEvent(event),
    });
    const { session } = this;
    this.faults = new Faults({
      schedule: from.faults,
      wake: () => session.driver.steps.changed(),
      setLimits: (limits) => session.command({ kind: "command", command: "setLimits", limits }),
    });
  }

  /**
   * A new network. The package's entry gives the host of the platform it runs on; `probe` is for exploration and recording, `begin` for networks that
   * begin with something in them.
   */
  static async create(options: CanneryOptions & CreatedWith): Promise<Cannery> {
    const { host, probe, begin, ...own } = options;
    checkNetworkOptions(own);
    const faults = new FaultSchedule(options.schedule ?? ORDINARY, () => nowOf(core.state));
    const config = genesisConfig(options);
    const given = { schedule: faults, checkInvariants: options.checkInvariants ?? false, ...(probe === undefined ? {} : { probe }) };
    const core: Network = Network.genesis(config, host.environment, given, begin?.(config));
    const log = new TraceLog(options.trace === false ? 0 : (options.trace ?? DEFAULT_TRACE_EVENTS));
    const net = new Cannery(core, host, options, { names: new Names(), log, submitted: 0, mocks: null, faults, family: {} });
    for (const rule of options.faults ?? []) net.faults.add(rule);
    return net;
  }

  /** The face of a network that is there already: of one that is replayed. */
  static over(core: Core, host: Host, names: Names): Cannery {
    const faults = new FaultSchedule(ORDINARY, () => nowOf(core.state));
    const log = new TraceLog(DEFAULT_TRACE_EVENTS);
    return new Cannery(core, host, { print: false }, { names, log, submitted: 0, mocks: null, faults, family: {} });
  }

  /** What is behind the face: for the rooms that are built on it (`../explore`, `../testing`). */
  static inside(net: Cannery): Session {
    return net.session;
  }

  // The network and its time.

  /** In the order in which they were asked for: application, verified application, system, NNS, then `subnets`. */
  get subnets(): readonly Subnet[] {
    return subnetsOf(this.state);
  }

  /** Virtual time, in nanoseconds since the Unix epoch. */
  get time(): bigint {
    return this.session.core.state.timeNanos;
  }

  /** Rounds so far. */
  get round(): number {
    return this.session.core.state.round;
  }

  /** Moves virtual time; timers that are due then run in the rounds that follow (`settle`, or the next call). */
  async advanceTime(span: Duration): Promise<void> {
    this.session.driver.setTime(this.time + nanosOf(span));
    await this.session.driver.nextTurn();
  }

  /** Sets virtual time; it only goes forward. */
  async setTime(time: Instant): Promise<void> {
    this.session.driver.setTime(instantNanos(time));
    await this.session.driver.nextTurn();
  }

  /** Leaves rounds to `tick` from now on; `manual(false)` gives them back. A call that is awaited then needs somebody to tick. */
  manual(isManual = true): void {
    this.session.driver.setManual(isManual);
  }

  /**
   * Time follows the host's clock from now on: rounds run when there is work, timers when their time has come, and nothing jumps ahead. For networks
   * that other programs talk to. `live(false)` ends it.
   */
  live(options: LiveOptions | boolean = true): void {
    this.session.driver.setLive(options === false ? null : options === true ? {} : options);
  }

  /** Runs rounds now, one after the other; resolves when whoever was answered has gone on. */
  async tick(rounds = 1): Promise<void> {
    refuseUnlessWhole(rounds, "the number of rounds");
    await this.session.driver.tick(rounds);
  }

  /**
   * Runs until no message is in flight, no call is open and no timer is due within ten virtual minutes, taking time to each
   * timer. Heartbeats do not count. Refuses when the budget ends before, and says who waits for whom.
   */
  async settle(options: SettleOptions = {}): Promise<void> {
    const rounds = options.budget?.rounds ?? DEFAULT_BUDGET.rounds;
    const nanos = options.budget?.time === undefined ? DEFAULT_BUDGET.nanos : nanosOf(options.budget.time);
    const unsettled = await this.session.driver.settle({ rounds, nanos });
    if (unsettled === null) return;
    const why = {
      rounds: `after ${rounds} rounds there is still something to do`,
      time: `after ${Number(nanos / 1_000_000n) / 1000} virtual seconds there is still something to do`,
      stuck: "calls are open, and nothing can answer them",
      mock: "the handler of a mock has done nothing for some seconds (one that is never to answer returns context.stall())",
    }[unsettled.why];
    throw new CanneryError("not-settled", `the network does not settle: ${why}.\n${this.session.whoWaits()}`);
  }

  // Canisters.

  /** Creates a canister, installs the module and gives its actor. The module is bytes, or a path of a `.wasm`, `.wasm.gz` or `.mo` file. */
  async install<T = AnyService>(module: ModuleSource, options: InstallOptions = {}): Promise<Canister<T>> {
    return createInstalled<T>(this.session, module, options);
  }

  /** Creates an empty canister. */
  async createCanister<T = AnyService>(options: CreateOptions = {}): Promise<Canister<T>> {
    return createEmpty<T>(this.session, options);
  }

  /**
   * A canister that the test stands behind, of a description: Candid text, a `.did` file, or a module that carries its own. Its methods are functions
   * that take the arguments and a context (`MockContext`); what has no function traps.
   */
  async mock<T = AnyService>(of: ModuleSource, handlers: MockHandlers<NoInfer<T>>, options: CreateOptions = {}): Promise<Mock<T>> {
    return createMock<T>(this.session, of, handlers, options);
  }

  /** A mock by its id: that of another network's mock in a fork of it. */
  mockAt<T = AnyService>(id: PrincipalLike): Mock<T> {
    const canister = principalId(id);
    if (this.session.mocks.isMock(canister)) return new Mock<T>(this.session, canister, ANONYMOUS);
    throw new CanneryError("bad-mock", `${this.session.nameOf(canister)} is no mock in this network`);
  }

  /**
   * A canister as it was elsewhere: of a folder that `icp canister snapshot download`, PocketIC or `canister.exportSnapshot` has written. A new
   * canister is made, and the snapshot uploaded and loaded, which costs it cycles. Whatever it remembers of ids is from its former life.
   */
  async importSnapshot<T = AnyService>(folder: string, options: CreateOptions = {}): Promise<Canister<T>> {
    return createImported<T>(this.session, folder, options);
  }

  /** A canister by its id, such as one that another canister created; `candid` describes one whose module does not. */
  canister<T = AnyService>(
    id: PrincipalLike,
    options: { readonly sender?: PrincipalLike; readonly name?: string; readonly candid?: string } = {},
  ): Canister<T> {
    const canister = principalId(id);
    if (options.name !== undefined) this.session.names.give(canister, options.name);
    if (options.candid !== undefined)
      this.session.describe(canister, interfaceOfCandid(options.candid, null, this.session.nameOf(canister)));
    return new Canister<T>(this.session, canister, senderOf(options));
  }

  /** Text of the ids of all canisters, in order. */
  get canisterIds(): readonly string[] {
    const { state } = this.session.core;
    return [...state.subnets.values()]
      .flatMap((subnet) => [...subnet.canisters.keys()])
      .sort()
      .map((id) => principalText(id));
  }

  /** Installs the canisters of an icp-cli project (`icp.yaml`) from their built artifacts, each with the ids of all. */
  async deploy(project: string | ProjectManifest, options: DeployOptions = {}): Promise<Deployment> {
    return deploy(this, this.session.host, project, options);
  }

  /** A user with a name, the same principal in every run. */
  identity(name: string): Identity {
    if (typeof name !== "string") throw new CanneryError("bad-name", `an identity is known by its name, a text; got ${kindOf(name)}`);
    const identity = identityOf(name, this.session.host.environment.platform);
    this.session.names.give(principalId(identity), name);
    return identity;
  }

  /** HTTPS outcalls that wait for an answer; for networks made with `{ outcalls: "wait" }`. */
  get outcalls(): Pick<Outcalls, "pending" | "next"> {
    return this.session.driver.steps.outcalls;
  }

  // What happened.

  /** Everything that happened, as far as it is kept. */
  get trace(): TraceView {
    return this.session.trace;
  }

  /** The messages of the trace as a diagram. */
  draw(options: NetworkDrawOptions = {}): string {
    return drawNetwork(this.session, options);
  }

  /** The same as a page of HTML that needs nothing else: to click through, and to send to somebody. */
  page(options: NetworkPageOptions = {}): string {
    return networkPage(this.session, options);
  }

  /** Gives a participant its name in drawings and errors. */
  name(who: PrincipalLike, name: string): void {
    this.session.names.give(principalId(who), name);
  }

  /** The name of a participant, or the text of its principal. */
  nameOf(who: PrincipalLike): string {
    return this.session.nameOf(principalId(who));
  }

  /** Calls the listener on each event, or each printed line, from now on; the function returned ends that. */
  on(kind: "event", listener: Listener<NetworkEvent>): () => void;
  on(kind: "print", listener: Listener<PrintedLine>): () => void;
  on(kind: "event" | "print", listener: Listener<NetworkEvent> | Listener<PrintedLine>): () => void {
    refuseOtherWords(kind, ["event", "print"], "what is listened to");
    const listeners = (kind === "event" ? this.eventListeners : this.printListeners) as Set<unknown>;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Hex; equal for equal states on every machine: the same seed, inputs and choices give the same digest. */
  digest(): string {
    return this.session.core.digest();
  }

  /** Choices of the schedule so far that were not the ordinary ones. */
  deviations(): readonly Deviation[] {
    return this.session.core.deviations();
  }

  // What clients verify.

  /** DER of the root subnet's public key: what agents take as `rootKey`. */
  get rootKey(): Uint8Array {
    return this.session.core.rootKey;
  }

  /**
   * A certificate of the state as it is now, as `read_state` gives it: of the subnet, or of the canister's subnet and then with the proof that
   * the canister is there. It shows `time` and everything at and below the paths; nobody's rights are checked.
   */
  readState(of: PrincipalLike | Subnet, paths: readonly (readonly PathLabel[])[] = []): Uint8Array {
    const id = principalId(typeof of === "object" && "kind" in of ? of.id : of);
    const subnet = route(this.state, id);
    if (subnet === null) throw new CanneryError("no-such-canister", `${principalText(id)} is in no canister range of this network`);
    return this.session.core.certificate({
      subnet,
      paths: paths.map((labels) => path(...labels.map(labelBytes))),
      ranges: id === subnet ? { kind: "none" } : { kind: "tree", canister: id },
    });
  }

  /**
   * The network's public HTTPS interface as a fetch function: `new HttpAgent({ fetch: net.fetch, rootKey: net.rootKey })` talks to it without a socket,
   * and checks every signature. Other addresses are the HTTP gateway's: `net.fetch("http://<canister id>.localhost/")` is what a browser gets there.
   * From the first request on the network's time follows the host's clock, unless it is ahead of it.
   */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    this.ownHandler ??= this.handler();
    return this.ownHandler(input instanceof Request && init === undefined ? input : new Request(input, init));
  };

  /** What `fetch` asks, for servers: a function of one request, with options of the HTTP gateway. */
  handler(options: GatewayOptions = {}): (request: Request) => Promise<Response> {
    const network = served(this.session);
    return httpGateway(network, httpInterface(network, { version: "cannery" }), options);
  }

  /** The whole state, to be read only: its shape may change between versions. */
  get state(): NetworkState {
    return this.session.core.state;
  }

  // Other times.

  /** The whole network as it is now; costs next to nothing until something is written. */
  snapshot(): NetworkSnapshot {
    const { core, driver, names, mocks, faults } = this.session;
    return {
      core: core.snapshot(),
      names: names.copy(),
      log: this.log.copy(),
      mocks: mocks.snapshot(),
      faults: faults.snapshot(),
      submitted: driver.submissions.submitted,
      open: driver.steps.calls.ids(),
      family: this.family,
    };
  }

  /**
   * Goes back to a snapshot, of this network or of one it was forked from. Calls that were already under way when the snapshot
   * was taken, and are not answered, go on; all later ones are given up with a `CanneryError` (`network-restored`).
   */
  restore(snapshot: NetworkSnapshot): void {
    const family: unknown = typeof snapshot === "object" && snapshot !== null ? snapshot.family : null;
    if (family !== this.family)
      throw new CanneryError(
        "bad-snapshot",
        `net.restore takes what net.snapshot() gave, of this network or of one it was forked from; got ${typeof family === "object" && family !== null ? "a snapshot of another network" : kindOf(snapshot)}`,
      );
    const { core, driver, mocks } = this.session;
    core.restore(snapshot.core);
    this.session.faults.restore(snapshot.faults);
    this.session.names = snapshot.names.copy();
    this.log = snapshot.log.copy();
    mocks.restored(snapshot.mocks);
    driver.restored(snapshot.submitted, this.log);
    this.session.trace.replace(this.log);
    const error = new CanneryError(
      "network-restored",
      "the network was put back to a time before this call: there is no answer to it any more",
    );
    driver.steps.abandon(error, snapshot.open);
  }

  /** A second network that goes on from here on its own. Promises of this network's calls stay with this one. */
  fork(): Cannery {
    const { family } = this;
    const { driver, names, mocks, host } = this.session;
    const faults = this.session.faults.fork(() => nowOf(core.state));
    const core: Core = this.session.core.fork(faults);
    const from = {
      names: names.copy(),
      log: this.log.copy(),
      submitted: driver.submissions.submitted,
      mocks: mocks.snapshot(),
      faults,
      family,
    };
    return new Cannery(core, host, this.options, from);
  }

  private onEvent(event: NetworkEvent): void {
    for (const listener of this.eventListeners) listener(event);
    if (event.kind !== "printed") return;
    const canister = principalText(event.canister);
    const text = decodeUtf8Lossy(event.content).trimEnd();
    const line = `[Canister ${canister}] ${text}`;
    const { print = true } = this.options;
    if (print === true) this.session.host.print(line);
    else if (print !== false) print(line);
    for (const listener of this.printListeners) listener({ canister, text, line });
  }
}

function nowOf({ round, timeNanos, subnets }: NetworkState): Now {
  return { round, timeNanos, isSubnet: (id) => subnets.has(id as SubnetId) };
}

/** A label of a path in the state tree: a text such as `canister`, bytes such as a request id, or a principal. */
export type PathLabel = string | Uint8Array | Exclude<PrincipalLike, string>;

function labelBytes(label: PathLabel): string | Uint8Array {
  return typeof label === "string" || label instanceof Uint8Array ? label : principalBytes(principalId(label));
}
