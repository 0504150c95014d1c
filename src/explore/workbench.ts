/**
 * One network on which run after run is made: set up once, and put back to that state before each run.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { allCycles } from "../core/all-cycles.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { Input } from "../core/inputs.ts";
import { Halted } from "../core/network.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import { ORDINARY, type Schedule } from "../core/schedule/schedule.ts";
import { Cannery } from "../network/cannery.ts";
import { nanosOf } from "../network/duration.ts";
import { isPromise } from "../network/given.ts";
import type { Host } from "../network/host.ts";
import type { NetworkSnapshot } from "../network/options.ts";
import type { Session } from "../network/session.ts";
import { DEFAULT_TRACE_EVENTS } from "../network/trace-log.ts";
import { Director } from "./director.ts";
import { callbackTrap, ENDLESS, messageOf, RunEnded, type Failure } from "./failure.ts";
import { patienceMs, type Body, type ExploreOptions, type Given, type Invariant } from "./options.ts";
import { OrderWatch } from "./orders.ts";
import type { AskedByDriver } from "./run-file.ts";

export interface RunResult {
  /** `null` when everything held. */
  readonly failure: Failure | null;
  readonly deviations: readonly Deviation[];
  /** See `OrderWatch`. */
  readonly order: number;
  /** Executions of the run. */
  readonly messages: number;
  /** Ended by the schedule itself, which had seen enough. */
  readonly isCut: boolean;
}

export interface RunHow {
  /** Keeps the inputs and the trace. */
  readonly records?: boolean;
  /** Asked before each round; the run is cut where it says yes. */
  readonly isMet?: ((situation: string) => boolean) | null;
}

/** Inputs, and where the schedule began to choose. */
export interface Recording {
  readonly inputs: readonly Input[];
  /** The first so many were the setup's. */
  readonly setupInputs: number;
  readonly asked: readonly AskedByDriver[];
}

const SETTLE_ROUNDS = 2_000;
const DAY_NANOS = 86_400_000_000_000n;
/** Calls, queries and rounds that a body may take, unless it is given more. */
const BODY_STEPS = 20_000;
/** Idle macrotasks between two looks at the clock. */
const IDLE_TURNS = 200;

export class Workbench<S> {
  readonly net: Cannery;
  readonly given: Given<S>;
  readonly position: number;
  private readonly host: Host;
  private readonly session: Session;
  private readonly director: Director;
  private readonly options: ExploreOptions<S>;
  private readonly body: Body<S>;
  private readonly start: NetworkSnapshot;
  private readonly startCycles: bigint;
  private readonly orders = new OrderWatch();
  private readonly invariants: readonly (readonly [string, Invariant<S>])[];
  private readonly watch: Watch;
  private failure: Failure | null = null;
  /** What the body has done and was told, where situations are compared. */
  private history = "";
  private messages = 0;
  /** As the probe counts them: those that it was told of. */
  private executions = 0;
  private makesCycles = false;
  private isCut = false;
  /** Inputs of the body so far. */
  private inputs = 0;
  private isEndless = false;

  private constructor(net: Cannery, made: S, given: Setting<S>) {
    const { host, director, options, body, watch } = given;
    this.net = net;
    this.host = host;
    this.director = director;
    this.options = options;
    this.body = body;
    this.watch = watch;
    this.session = Cannery.inside(net);
    this.given = { ...made, net, pick: (label, choices) => this.pick(label, choices) } as Given<S>;
    this.invariants = Object.entries(options.invariants ?? {});
    this.position = net.trace.position;
    this.start = net.snapshot();
    this.startCycles = allCycles(net.state);
    net.on("event", (event) => this.onEvent(event));
    watch.setupInputs = watch.inputs.length;
    watch.isRecording = false;
    watch.afterExecution = () => this.afterExecution();
  }

  static async create<S>(body: Body<S>, options: ExploreOptions<S>, host: Host): Promise<Workbench<S>> {
    const director = new Director();
    const watch: Watch = {
      inputs: [],
      beat: null,
      asked: [],
      setupInputs: 0,
      isRecording: true,
      beforeInput: null,
      countInput: null,
      afterExecution: null,
    };
    director.onAsked = (choice) => {
      if (!watch.isRecording || (choice.kind !== "pick" && choice.kind !== "turn")) return;
      watch.asked.push({ input: watch.inputs.length, choice });
    };
    const probe = {
      onInput: (input: Input) => {
        watch.beat?.();
        watch.countInput?.();
        watch.beforeInput?.(input);
        if (watch.isRecording) watch.inputs.push(input);
      },
      afterExecution: () => {
        watch.beat?.();
        watch.afterExecution?.();
      },
    };
    const net = await Cannery.create({ print: false, ...options.network, schedule: director, probe, host });
    const made = ((await options.setup?.(net)) ?? {}) as S;
    return new Workbench(net, made, { host, director, options, body, watch });
  }

  /** One run of the body under a schedule. */
  async run(schedule: Schedule, { records = false, isMet = null }: RunHow = {}): Promise<RunResult> {
    const { session, net } = this;
    this.director.current = ORDINARY;
    if (this.failure !== null || this.isCut) await this.leaveLastRun();
    net.restore(this.start);
    session.core.beginRun();
    net.trace.maxEvents = records ? DEFAULT_TRACE_EVENTS : 0;
    session.driver.steps.reopen();
    this.watch.inputs.length = this.watch.setupInputs;
    this.watch.asked.length = 0;
    this.watch.isRecording = records;
    this.watch.beforeInput = isMet === null ? null : (input) => this.cutWhereMet(input, isMet);
    this.history = "";
    this.orders.begin();
    this.failure = null;
    this.messages = 0;
    this.executions = 0;
    this.makesCycles = false;
    this.isCut = false;
    this.isEndless = false;
    this.director.current = schedule;
    try {
      await this.follow();
    } catch (error) {
      if (this.failure === null && !this.isCut) throw error;
    }
    const { failure, messages, isCut } = this;
    return { failure, deviations: [...net.deviations()], order: this.orders.order, messages, isCut };
  }

  /** What a body had begun beside where it stopped would go on in the next run. It is told that its run is over, and then nothing. */
  private async leaveLastRun(): Promise<void> {
    const { driver } = this.session;
    driver.steps.close(new RunEnded(), { parks: true });
    await driver.untilTold();
  }

  /** Executions after which the last run was stopped between two messages; `null` when it ended. */
  get stoppedAfter(): number | null {
    return this.session.core.halted && !this.isEndless ? this.executions : null;
  }

  /** Called whenever a run goes on: at each input, and after each execution. */
  set beat(beat: (() => void) | null) {
    this.watch.beat = beat;
  }

  /** Of the run that was recorded last. */
  get recording(): Recording {
    const { inputs, setupInputs, asked } = this.watch;
    return { inputs: [...inputs], setupInputs, asked: [...asked] };
  }

  /** Ends a run where it comes to what was searched before: the same network, before a body that has seen the same. */
  private cutWhereMet(input: Input, isMet: (situation: string) => boolean): void {
    const { core } = this.session;
    // What the body has asked, and what it was told, is what it goes on from.
    if (input.kind === "query") this.history += `query ${core.situation()}\n`;
    if (input.kind === "ingress") this.history += `call ${input.messageId}\n`;
    if (input.kind === "round" && isMet(this.situation())) this.cut();
  }

  /** Equal where network and body go on alike. */
  situation(): string {
    return `${this.session.core.situation()}\n${this.history}`;
  }

  /** Ends the run that is on, as one of which enough is known. */
  cut(): never {
    this.isCut = true;
    throw new Halted();
  }

  private async follow(): Promise<void> {
    await this.runBody();
    if (this.failure !== null || this.isCut) return;
    await this.comeToRest();
    if (this.failure !== null || this.isCut) return;
    this.checkCycles();
    await this.checkConditions();
  }

  /** A body that goes on for ever is stopped before an input: all that it did until then is the run. */
  private countInput(): void {
    const { steps = BODY_STEPS } = this.options;
    if (++this.inputs <= steps) return;
    const message = `after ${steps} calls, queries and rounds the body still goes on: a loop of it, or of a canister, has no end. Where it has, give more: explore({ …, steps: ${10 * steps} })`;
    this.fail({ kind: "endless", name: ENDLESS, message });
    this.isEndless = true;
    this.session.driver.steps.close(new RunEnded(), { parks: true });
    throw new Halted();
  }

  private async runBody(): Promise<void> {
    this.inputs = 0;
    this.watch.countInput = () => this.countInput();
    try {
      await this.runToItsEnd();
    } finally {
      this.watch.countInput = null;
    }
  }

  private async runToItsEnd(): Promise<void> {
    const { body } = this;
    let ended: { readonly error: unknown } | "well" | null = null;
    void Promise.resolve()
      // By itself, as it is a function of its own: so it is called in stacks.
      .then(() => body(this.given))
      .then(
        () => (ended = "well"),
        (error: unknown) => (ended = { error }),
      );
    if (!(await this.until(() => ended !== null || this.isEndless))) {
      this.session.driver.steps.close(new RunEnded());
      const message =
        "the body waits for something that is not in the network, and that does not come: a promise of its own, a timer, a file. Wait for answers of canisters and for net.settle(); where it only takes long, give it more patience: explore({ …, patience: { seconds: 60 } })";
      this.fail({ kind: "endless", name: ENDLESS, message });
      return;
    }
    const how = ended as { readonly error: unknown } | "well" | null;
    if (how === null || how === "well" || this.failure !== null || this.isCut) return;
    this.fail({ kind: "body", name: "the body", message: messageOf(how.error), error: how.error });
  }

  /** Whether it came true before the network had nothing to do for too long. */
  private async until(isDone: () => boolean): Promise<boolean> {
    const patience = patienceMs(this.options);
    let idle = 0;
    let since = 0;
    while (!isDone()) {
      await new Promise<void>((resolve) => this.host.macrotask(resolve));
      if (!this.session.driver.isIdle) idle = 0;
      else if (idle++ % IDLE_TURNS === 0) {
        if (idle === 1) since = this.host.clock();
        else if (this.host.clock() - since > patience) return false;
      }
    }
    return true;
  }

  /** Lets all that is under way end, and timers run for a while. What the schedule keeps up must end when it chooses as usual. */
  private async comeToRest(): Promise<void> {
    const { driver } = this.session;
    const until = this.net.time + nanosOf(this.options.rest ?? { minutes: 1 });
    const unsettled = await driver.settle({ rounds: SETTLE_ROUNDS, nanos: DAY_NANOS }, until);
    if (unsettled === null) return;
    this.director.current = ORDINARY;
    const still = await driver.settle({ rounds: 10 * SETTLE_ROUNDS, nanos: DAY_NANOS }, this.net.time);
    if (still === null || this.options.builtIn?.answers === false) return;
    this.fail({ kind: "answers", name: "nobody waits for ever", message: `there is no end to it:\n${this.session.whoWaits()}` });
  }

  private checkCycles(): void {
    if (this.options.builtIn?.cycles === false || this.makesCycles) return;
    const missing = this.startCycles - allCycles(this.net.state);
    if (missing === 0n) return;
    this.fail({ kind: "cycles", name: "cycles are conserved", message: `${missing} cycles are missing` });
  }

  private async checkConditions(): Promise<void> {
    this.director.current = ORDINARY;
    for (const [name, condition] of Object.entries(this.options.eventually ?? {})) {
      try {
        if ((await condition(this.given)) === false) this.fail({ kind: "eventually", name, message: "does not hold at the end" });
      } catch (error) {
        this.fail({ kind: "eventually", name, message: messageOf(error), error });
      }
      if (this.failure !== null) return;
    }
  }

  private fail(failure: Failure): void {
    this.failure ??= failure;
  }

  /** Between two messages. */
  private afterExecution(): void {
    this.executions++;
    for (const [name, invariant] of this.invariants) {
      try {
        const said = invariant(this.given);
        if (said !== false && !isPromise(said)) continue;
        if (isPromise(said)) void said.then(undefined, () => undefined); // nobody waits for it
        this.fail({ kind: "invariant", name, message: said === false ? "does not hold" : LOOKS_LATER });
      } catch (error) {
        this.fail({ kind: "invariant", name, message: messageOf(error), error });
      }
      throw new Halted();
    }
  }

  private onEvent(event: NetworkEvent): void {
    this.orders.add(event);
    if (
      event.kind === "ingressStatus" &&
      this.watch.beforeInput !== null &&
      event.status.kind !== "received" &&
      event.status.kind !== "processing"
    )
      this.history += `${event.status.kind} ${event.messageId}\n`;
    if (event.kind !== "executed") return;
    this.messages++;
    if (event.entry === "management" && MAKES_CYCLES.has(event.method)) this.makesCycles = true;
    if (this.options.builtIn?.callbackTraps === false || this.director.current === ORDINARY) return;
    // A mock does all that its handler decides in callbacks: there a trap is an answer.
    if (this.session.mocks.isMock(event.canister)) return;
    const trap = callbackTrap(event, (id) => this.session.nameOf(id));
    if (trap === null) return;
    this.fail(trap);
    this.session.driver.steps.close(new RunEnded());
  }

  private pick<T>(label: string, choices: readonly T[]): T {
    if (choices.length === 0) throw new CanneryError("nothing-to-pick", `pick(${JSON.stringify(label)}) has nothing to pick from`);
    const candidates = choices.map((choice, index) => `${index}: ${String(choice)}`);
    const picked = this.session.core.choose({ kind: "pick", label, candidates }, choices.length);
    if (this.watch.beforeInput !== null) this.history += `pick ${label} ${picked}\n`;
    return choices[picked]!;
  }
}

const LOOKS_LATER =
  "it returned a promise, and would look at another time: between two messages nothing waits. Ask canisters at once, by canister.look; what has to wait belongs to eventually";

/** Methods that make cycles out of nothing. */
const MAKES_CYCLES: ReadonlySet<string> = new Set(["provisional_create_canister_with_cycles", "provisional_top_up_canister"]);

interface Setting<S> {
  readonly host: Host;
  readonly director: Director;
  readonly options: ExploreOptions<S>;
  readonly body: Body<S>;
  readonly watch: Watch;
}

/** What the network's probe does, for as long as it is wanted. */
interface Watch {
  readonly inputs: Input[];
  readonly asked: AskedByDriver[];
  setupInputs: number;
  isRecording: boolean;
  beforeInput: ((input: Input) => void) | null;
  countInput: (() => void) | null;
  afterExecution: (() => void) | null;
  /** A sign that the run goes on. */
  beat: (() => void) | null;
}
