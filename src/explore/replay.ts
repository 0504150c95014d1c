/**
 * A run from its file: repeated to the same digest, and stopped between any two of its messages, to look around there.
 *
 * Positions count executions: 0 is where the run's body began, `length` its end. The state at a position is that of the run; queries there leave no
 * trace. Going back costs what lies between the last input and the position, as the network keeps how it was before each input.
 */
import { InvariantBroken } from "../base/assert.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { Halted, Network } from "../core/network.ts";
import { TURN_ROUNDS } from "../core/rules/open-outcomes.ts";
import { ReplaySchedule } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { Cannery } from "../network/cannery.ts";
import type { Host } from "../network/host.ts";
import { Names } from "../network/names.ts";
import { rowOptions, type NetworkDrawOptions } from "../network/network-drawing.ts";
import type { NetworkSnapshot } from "../network/options.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { RowOptions } from "../trace/rows.ts";
import { chosenText, toldChoices } from "./counterexample.ts";
import { Director } from "./director.ts";
import { messageOf } from "./failure.ts";
import { FAULTS } from "./strategies/weather.ts";
import { fromRunFile, type AskedByDriver, type Run, type RunFile } from "./run-file.ts";
import { unreadable } from "./run-file-check.ts";

/** What a run's file may need besides. */
export interface ReplayOptions {
  /** Modules that the file leaves out, the very bytes that were installed. */
  readonly modules?: readonly Uint8Array[];
}

const MAX_STATIONS = 200;

/** How the run stood before an input. */
interface Station {
  readonly input: number;
  readonly executions: number;
  readonly snapshot: NetworkSnapshot;
}

/** Whatever goes wrong in a run that went well before. */
function repeated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof CanneryError) throw error;
    throw unreadable(`it cannot be repeated (${causeOf(error)})`, error);
  }
}

/** Without our own words around it: they say that it is a bug of ours. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof InvariantBroken ? (error.cause ?? error) : error).replace(/\.$/u, "");
}

/** A run that is repeated, and can be stopped between any two of its executions. */
export class Replay {
  /** The network as it is at this position: its `state`, its `draw`, `canister(id).look`. Calls of it are refused. */
  readonly net: Cannery;
  /** What the run ended with; `null` when it went well. */
  readonly failure: RunFile["failure"];
  /** What happened from each position to the next: at least an execution, the messages that it sent, and what the network did until the next one. */
  readonly steps: readonly (readonly NetworkEvent[])[];
  private readonly run: Run;
  private readonly asked = new Map<number, readonly AskedByDriver[]>();
  private readonly stations: Station[] = [];
  private executions = 0;
  /** Executions at which the run is to stop. */
  private goal = Infinity;
  private last = 0;
  private readonly tracePosition: number;
  /** Of the trace, after each execution. */
  private readonly ends: number[] = [];
  /** Inputs from one station to the next: at most so many stations are kept. */
  private readonly stride: number;

  private constructor(run: Run, host: Host) {
    this.run = run;
    this.failure = run.failure;
    for (const one of run.asked) this.asked.set(one.input, [...(this.asked.get(one.input) ?? []), one]);
    this.stride = Math.ceil(run.inputs.length / MAX_STATIONS);
    const director = new Director();
    const probe = { afterExecution: (events: readonly NetworkEvent[]) => this.afterExecution(events.length) };
    const core = Network.genesis(run.genesis, host.environment, { schedule: director, probe });
    const names = new Names();
    for (const [id, name] of run.names) names.give(id as PrincipalId, name);
    this.net = Cannery.over(core, host, names);
    this.net.manual();
    for (let i = 0; i < run.setupInputs; i++) this.apply(i);
    core.beginRun();
    this.tracePosition = this.net.trace.position;
    director.current = new ReplaySchedule(run.deviations);
    this.executions = 0;
    this.ends.length = 0;
    Cannery.inside(this.net).driver.steps.close(
      new CanneryError(
        "replayed",
        "this network repeats a run: it can be looked at (canister.look), and takes no calls; net.fork() goes on by itself",
      ),
    );
    this.stations.push({ input: run.setupInputs, executions: 0, snapshot: this.net.snapshot() });
    this.toEnd();
    this.last = this.executions;
    this.steps = this.stepsOf(this.trace);
  }

  /** Repeats the run once to its end. Refuses when that is not the run's. */
  static open(file: unknown, options: ReplayOptions, host: Host): Replay {
    const { platform } = host.environment;
    const run = fromRunFile(file, options.modules ?? [], (bytes) => platform.sha256(bytes));
    const { replay, digest } = repeated(() => {
      const replay = new Replay(run, host);
      return { replay, digest: replay.net.digest() };
    });
    if (digest !== run.digest) {
      throw new CanneryError(
        "replay-differs",
        `the run did not repeat: its state at the end has digest ${digest}, the file says ${run.digest}. The file was changed, or it was made by another version of Cannery`,
      );
    }
    return replay;
  }

  /** Executions so far. */
  get position(): number {
    return this.executions;
  }

  /** Executions of the whole run. */
  get length(): number {
    return this.last;
  }

  /** Goes to a position, forth or back. */
  to(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position > this.last)
      throw new CanneryError("bad-position", `the run has ${this.last} executions: there is no position ${position} in it`);
    if (position === this.last) return this.toEnd();
    this.runTo(position);
  }

  /** On by so many executions, or to the end. */
  forth(count = 1): void {
    this.to(Math.min(this.last, this.executions + count));
  }

  /** Back by so many executions, or to the beginning. */
  back(count = 1): void {
    this.to(Math.max(0, this.executions - count));
  }

  /** To where the run was stopped, or ended. */
  toEnd(): void {
    this.runTo(this.run.stoppedAfter ?? Infinity);
  }

  /** What happened in the run up to this position. */
  get trace(): readonly NetworkEvent[] {
    return this.net.trace.since(this.tracePosition);
  }

  /** How its messages and choices are told: for drawings of one's own, such as `toMermaid(run.trace, run.telling)`. */
  get telling(): RowOptions {
    const session = Cannery.inside(this.net);
    return { ...rowOptions(session, { values: true }), choice: ({ deviation }) => chosenText(deviation, (id) => session.nameOf(id)) };
  }

  /** The choices that make the run what it is, in words. */
  get choices(): readonly string[] {
    return this.toldChoices().map(({ text }) => text);
  }

  private toldChoices(): ReturnType<typeof toldChoices> {
    const session = Cannery.inside(this.net);
    return toldChoices(this.run.deviations, (id) => session.nameOf(id));
  }

  /** The messages up to this position, with the choices that made them come so. */
  draw(options: Pick<NetworkDrawOptions, "first" | "last" | "width"> = {}): string {
    return this.net.draw({ ...options, since: this.tracePosition, values: true, choice: this.telling.choice });
  }

  /** The same as a page of HTML that needs nothing else. */
  page(): string {
    const session = Cannery.inside(this.net);
    const nameOf = (id: PrincipalId): string => session.nameOf(id);
    const choices = this.toldChoices();
    return this.net.page({
      since: this.tracePosition,
      title: `A run, up to execution ${this.position} of ${this.length}`,
      failure: this.failure === null || this.position < this.length ? null : { ...this.failure, choices },
      choice: ({ deviation }) => chosenText(deviation, nameOf),
      isFault: ({ deviation }) => FAULTS.has(deviation.kind),
    });
  }

  private runTo(goal: number): void {
    let station = this.stations[0]!;
    // A station with as many executions may be further on: at the end of that round.
    for (const one of this.stations) if (one.executions < goal) station = one;
    this.net.restore(station.snapshot);
    this.executions = station.executions;
    this.goal = goal;
    const { core } = Cannery.inside(this.net);
    const { inputs } = this.run;
    for (let input = station.input; input < inputs.length; input++) {
      if (this.executions >= goal) return;
      if (input >= this.stations.at(-1)!.input + this.stride)
        this.stations.push({ input, executions: this.executions, snapshot: this.net.snapshot() });
      this.ask(input);
      this.apply(input);
      if (core.halted) return;
    }
    if (this.executions < goal) this.ask(inputs.length);
  }

  private apply(input: number): void {
    const { inputs } = this.run;
    try {
      Cannery.inside(this.net).driver.steps.replay(inputs[input]!);
    } catch (cause) {
      throw new CanneryError(
        "replay-broke-off",
        `the run broke off at input ${input + 1} of ${inputs.length} (${inputs[input]!.kind}): ${causeOf(cause)}. The file was damaged or changed since it was written; if it was not, this is a bug of Cannery`,
        { cause },
      );
    }
  }

  /** What whoever drove the network asked for before an input. */
  private ask(input: number): void {
    const { core } = Cannery.inside(this.net);
    for (const { choice } of this.asked.get(input) ?? [])
      core.choose(choice, choice.kind === "pick" ? choice.candidates.length : TURN_ROUNDS.length);
  }

  private afterExecution(events: number): void {
    this.executions++;
    // The step that is on has told these events, and its driver has not kept them yet.
    if (this.executions > this.ends.length) this.ends.push(this.net.trace.position + events);
    if (this.executions === this.goal) throw new Halted();
  }

  private stepsOf(trace: readonly NetworkEvent[]): NetworkEvent[][] {
    // The oldest events of a long run may be gone.
    const first = this.net.trace.position - trace.length;
    let from = 0;
    return this.ends.map((end, i) => {
      const to = i === this.ends.length - 1 ? trace.length : Math.max(0, end - first);
      const step = trace.slice(from, to);
      from = to;
      return step;
    });
  }
}
