/**
 * A run from its file: repeated to the same digest, and stopped between any two of its messages, to look around there.
 *
 * Positions count executions: 0 is where the run's body began, `length` its end. The state at a position is that of the run; queries there leave no
 * trace. Going back costs what lies between the last input and the position, as the network keeps how it was before each input.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { Halted, Network } from "../core/network.ts";
import { ReplaySchedule } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { Cannery } from "../network/cannery.ts";
import type { Host } from "../network/host.ts";
import { Names } from "../network/names.ts";
import type { NetworkSnapshot } from "../network/options.ts";
import { choiceText, chosenText } from "./counterexample.ts";
import { Director } from "./director.ts";
import { FAULTS } from "./strategies/weather.ts";
import { fromRunFile, type Run, type RunFile } from "./run-file.ts";

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

export class Replay {
  /** The network as it is at this position: its `state`, its `draw`, `canister(id).look`. Calls of it are refused. */
  readonly net: Cannery;
  readonly failure: RunFile["failure"];
  private readonly run: Run;
  private readonly stations: Station[] = [];
  private executions = 0;
  /** Executions at which the run is to stop. */
  private goal = Infinity;
  private last = 0;
  private readonly tracePosition: number;
  /** Inputs from one station to the next: at most so many stations are kept. */
  private readonly stride: number;

  private constructor(run: Run, host: Host) {
    this.run = run;
    this.failure = run.failure;
    this.stride = Math.ceil(run.inputs.length / MAX_STATIONS);
    const director = new Director();
    const probe = { afterExecution: () => this.afterExecution() };
    const core = Network.genesis(run.genesis, host.environment, { schedule: director, probe });
    const names = new Names();
    for (const [id, name] of run.names) names.give(id as PrincipalId, name);
    this.net = Cannery.over(core, host, names);
    this.net.manual();
    const { steps } = Cannery.inside(this.net).driver;
    for (const input of run.inputs.slice(0, run.setupInputs)) steps.replay(input);
    core.beginRun();
    this.tracePosition = this.net.trace.position;
    director.current = new ReplaySchedule(run.deviations);
    this.executions = 0;
    steps.close(
      new CanneryError(
        "replayed",
        "this network repeats a run: it can be looked at (canister.look), and takes no calls; net.fork() goes on by itself",
      ),
    );
    this.stations.push({ input: run.setupInputs, executions: 0, snapshot: this.net.snapshot() });
  }

  /** Repeats the run once to its end. Refuses when that is not the run's. */
  static open(file: unknown, options: ReplayOptions, host: Host): Replay {
    const { platform } = host.environment;
    const replay = new Replay(
      fromRunFile(file, options.modules ?? [], (bytes) => platform.sha256(bytes)),
      host,
    );
    replay.toEnd();
    const digest = replay.net.digest();
    if (digest !== replay.run.digest) {
      throw new CanneryError(
        "replay-differs",
        `the run did not repeat: its state at the end has digest ${digest}, the file says ${replay.run.digest}. The file was changed, or it was made by another version of Cannery`,
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

  forth(count = 1): void {
    this.to(Math.min(this.last, this.executions + count));
  }

  back(count = 1): void {
    this.to(Math.max(0, this.executions - count));
  }

  toEnd(): void {
    this.runTo(this.run.stoppedAfter ?? Infinity);
    this.last = this.executions;
  }

  /** The messages up to this position, with the choices that made them come so. */
  draw(): string {
    const session = Cannery.inside(this.net);
    const nameOf = (id: PrincipalId): string => session.nameOf(id);
    return this.net.draw({ since: this.tracePosition, values: true, choice: ({ deviation }) => chosenText(deviation, nameOf) });
  }

  /** The same as a page of HTML that needs nothing else. */
  page(): string {
    const session = Cannery.inside(this.net);
    const nameOf = (id: PrincipalId): string => session.nameOf(id);
    const choices = this.run.deviations.map((deviation) => choiceText(deviation, nameOf));
    return this.net.page({
      since: this.tracePosition,
      title: `A run, up to execution ${this.position} of ${this.length}`,
      failure: this.failure === null || this.position < this.length ? null : { ...this.failure, choices },
      choice: ({ deviation }) => chosenText(deviation, nameOf),
      isFault: ({ deviation }) => FAULTS.has(deviation.kind),
    });
  }

  private runTo(goal: number): void {
    const { steps } = Cannery.inside(this.net).driver;
    let station = this.stations[0]!;
    for (const one of this.stations) if (one.executions <= goal) station = one;
    this.net.restore(station.snapshot);
    this.executions = station.executions;
    this.goal = goal;
    const { core } = Cannery.inside(this.net);
    for (let input = station.input; input < this.run.inputs.length; input++) {
      if (this.executions >= goal) return;
      if (input >= this.stations.at(-1)!.input + this.stride)
        this.stations.push({ input, executions: this.executions, snapshot: this.net.snapshot() });
      steps.replay(this.run.inputs[input]!);
      if (core.halted) return;
    }
  }

  private afterExecution(): void {
    this.executions++;
    if (this.executions === this.goal) throw new Halted();
  }
}
