/**
 * `explore(body, options)`: one test body under many schedules. Awaiting it runs it and throws what a failing run is told with; `run` is for whoever wants
 * the result as data, such as the command line.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { Prng } from "../base/prng.ts";
import { ReplaySchedule, type Deviation } from "../core/schedule/recorder.ts";
import { nanosOf } from "../network/duration.ts";
import type { Host } from "../network/host.ts";
import { ExplorationFailed, type Counterexample } from "./counterexample.ts";
import { isSame, type Failure } from "./failure.ts";
import type { Body, ExploreOptions, ExploreResult, Progress } from "./options.ts";
import { checkExploration } from "./options-check.ts";
import { report } from "./report.ts";
import { ExhaustiveSearch } from "./strategies/exhaustive.ts";
import { hurried, shrink, type Shrinking } from "./shrink.ts";
import { StuckWatch } from "./stuck.ts";
import { strategyOf, weatherOf } from "./strategies/portfolio.ts";
import { asked } from "./strategies/strategy.ts";
import { FAULTS, WEATHERS, type Weather, type WeatherKind } from "./strategies/weather.ts";
import { Workbench, type RunResult } from "./workbench.ts";

const DEFAULT_RUNS = 1_000;
/** Runs that shrinking may take. */
const SHRINK_RUNS = 2_000;

/** A body under many schedules and faults. Await it, or `run` it with other options. */
export class Exploration<S = object> implements PromiseLike<ExploreResult> {
  private readonly body: Body<S>;
  private readonly options: ExploreOptions<S>;
  private readonly host: Host;
  private result: Promise<ExploreResult> | null = null;

  constructor(body: Body<S>, options: ExploreOptions<S>, host: Host) {
    this.body = body;
    this.options = options;
    this.host = host;
  }

  /** Explores, and gives what came of it. What is given here goes before the options that the exploration was written with. */
  async run(overrides: Partial<ExploreOptions<S>> = {}): Promise<ExploreResult> {
    const options = this.with(overrides);
    const bench = await Workbench.create(this.body, options, this.host);
    return new Campaign(bench, options, this.host).run();
  }

  /**
   * Runs the body once, with choices that made it fail before, on whatever modules there are now. Throws when it fails still (or in another way), and
   * tells which of the choices were not open any more.
   */
  async regress(
    deviations: readonly Deviation[],
    overrides: Partial<ExploreOptions<S>> = {},
  ): Promise<{ readonly unused: readonly Deviation[] }> {
    const options = this.with(overrides);
    const bench = await Workbench.create(this.body, options, this.host);
    const schedule = new ReplaySchedule(deviations);
    const stuck = new StuckWatch(bench, options, this.host, { seed: seedOf(options), strategy: "regression" }, () => NOTHING_YET);
    const result = await bench.run(schedule, { records: true }).finally(() => stuck.end());
    if (result.failure === null) return { unused: schedule.unused };
    const found = { failure: result.failure, seed: seedOf(options), strategy: "regression", deviationsFound: deviations.length };
    throw new ExplorationFailed(report(bench, options, result, found));
  }

  private with(overrides: Partial<ExploreOptions<S>>): ExploreOptions<S> {
    const options = { ...this.options, ...overrides };
    checkExploration(this.body, options);
    return options;
  }

  /** Explores once, however often it is awaited; throws an `ExplorationFailed` when a run failed. */
  then<A = ExploreResult, B = never>(
    onResult?: ((result: ExploreResult) => A | PromiseLike<A>) | null,
    onFailure?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.result ??= this.run().then((result) => {
      if (result.counterexample !== null) throw new ExplorationFailed(result.counterexample);
      return result;
    });
    return this.result.then(onResult, onFailure);
  }
}

const NOTHING_YET: Progress = { runs: 0, orders: 0, deviations: 0, faults: 0, milliseconds: 0 };

const seedOf = ({ seed = 1 }: { readonly seed?: number }): number => seed;

/** The runs of one exploration. */
class Campaign<S> {
  private readonly bench: Workbench<S>;
  private readonly options: ExploreOptions<S>;
  private readonly host: Host;
  private readonly seed: number;
  private readonly weather: Weather;
  private readonly orders = new Set<number>();
  private runs = 0;
  private deviations = 0;
  private faults = 0;
  private sinceNewOrder = 0;
  private startedAt = 0;
  private readonly stuck: StuckWatch<S>;

  constructor(bench: Workbench<S>, options: ExploreOptions<S>, host: Host) {
    this.bench = bench;
    this.options = options;
    this.host = host;
    this.seed = seedOf(options);
    const { weather = "busy" } = options;
    this.weather = typeof weather === "string" ? WEATHERS[weather] : weather;
    this.stuck = new StuckWatch(bench, options, host, { seed: this.seed, strategy: "ordinary" }, () => this.progress());
  }

  async run(): Promise<ExploreResult> {
    try {
      return await this.explored();
    } finally {
      this.stuck.end();
    }
  }

  private async explored(): Promise<ExploreResult> {
    const { runs: most = DEFAULT_RUNS, saturation = Infinity, shard = { index: 0, count: 1 } } = this.options;
    const millis = this.options.time === undefined ? Infinity : Number(nanosOf(this.options.time) / 1_000_000n);
    this.startedAt = this.host.clock();
    const { counts, result: first } = await this.ordinaryRun();
    if (first.failure !== null) return this.failed(first, first.failure, this.seed, "ordinary");
    const name = this.options.strategy ?? "portfolio";
    if (name === "exhaustive") return this.searchAll(most, millis);
    for (let index = shard.index; index < most; index += shard.count) {
      if (this.isStopped) return this.ended("stopped");
      if (this.host.clock() - this.startedAt >= millis) return this.ended("time");
      if (this.sinceNewOrder >= saturation) return this.ended("saturation");
      const seed = this.seed + index;
      const prng = Prng.fromSeed(BigInt(seed));
      const strategy = strategyOf(name, prng.below(1_000_000));
      const weather = weatherOf(name, this.weather, prng.below(1_000_000));
      this.stuck.running = { seed, strategy: strategy.name };
      const result = await this.bench.run(strategy.begin({ prng, weather, counts }));
      this.count(result);
      if (result.failure !== null) return this.failed(result, result.failure, seed, strategy.name);
    }
    return this.ended("runs");
  }

  /** Every schedule with few deviations, as far as the budgets go. */
  private async searchAll(most: number, millis: number): Promise<ExploreResult> {
    const { bound = 2 } = this.options;
    const search = new ExhaustiveSearch(this.weather, bound);
    this.stuck.running = { seed: this.seed, strategy: "exhaustive" };
    for (let index = 0; ; index++) {
      if (this.isStopped) return { ...this.ended("stopped"), pruned: search.pruned };
      if (index >= most) return { ...this.ended("runs"), pruned: search.pruned };
      if (this.host.clock() - this.startedAt >= millis) return { ...this.ended("time"), pruned: search.pruned };
      const result = await this.bench.run(search.begin(this.bench), { isMet: (situation) => search.isMet(situation) });
      this.count(result);
      if (result.failure !== null) return this.failed(result, result.failure, this.seed, "exhaustive");
      if (!search.next()) return { ...this.ended("everything"), pruned: search.pruned };
    }
  }

  private get isStopped(): boolean {
    return this.options.signal?.aborted === true;
  }

  /** The body as it always runs, and how often it leaves each kind of choice open. */
  private async ordinaryRun(): Promise<{ readonly counts: ReadonlyMap<WeatherKind, number>; readonly result: RunResult }> {
    const counts = new Map<WeatherKind, number>();
    const counting = asked((_choice, _options, kind) => {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return 0;
    });
    const result = await this.bench.run(counting);
    this.count(result);
    return { counts, result };
  }

  private count({ order, deviations, isCut }: RunResult): void {
    this.runs++;
    this.deviations += deviations.length;
    for (const { kind } of deviations) if (FAULTS.has(kind)) this.faults++;
    const before = this.orders.size;
    if (!isCut) this.orders.add(order);
    this.sinceNewOrder = this.orders.size > before ? 0 : this.sinceNewOrder + 1;
    this.options.onProgress?.(this.progress());
  }

  private progress(): Progress {
    const { runs, deviations, faults, orders } = this;
    return { runs, deviations, faults, orders: orders.size, milliseconds: this.host.clock() - this.startedAt };
  }

  private ended(ended: ExploreResult["ended"], counterexample: Counterexample | null = null): ExploreResult {
    return { ...this.progress(), counterexample, ended, seed: this.seed };
  }

  private async shrunk(
    deviations: readonly Deviation[],
    fails: (some: readonly Deviation[]) => Promise<boolean>,
  ): Promise<Shrinking<Deviation>> {
    const shrunk = await shrink(deviations, fails, SHRINK_RUNS);
    for (const sooner of hurried(shrunk.deviations)) if (await fails(sooner)) return shrink(sooner, fails, SHRINK_RUNS);
    return shrunk;
  }

  private async failed(result: RunResult, failure: Failure, seed: number, strategy: string): Promise<ExploreResult> {
    const progress = this.ended("failure");
    const { bench } = this;
    const fails = async (some: readonly Deviation[]): Promise<boolean> => {
      // Who stops it has what was found so far.
      if (this.isStopped) return false;
      const again = await bench.run(new ReplaySchedule(some));
      return again.failure !== null && isSame(again.failure, failure);
    };
    // A body that waits for the outside would be waited for again in each run.
    const { deviations } = failure.kind === "endless" ? result : await this.shrunk(result.deviations, fails);
    const shown = await bench.run(new ReplaySchedule(deviations), { records: true });
    if (shown.failure === null)
      throw new CanneryError(
        "not-repeatable",
        `a run failed (${failure.message}), and did not fail when it was repeated: the body does something that differs from run to run, such as asking the clock, drawing chance of its own, or keeping something from one run to the next`,
      );
    const found = { failure: shown.failure, seed, strategy, deviationsFound: result.deviations.length };
    return { ...progress, counterexample: report(bench, this.options, shown, found) };
  }
}
