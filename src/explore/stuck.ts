/**
 * A body that never comes back: a loop that waits for nothing lets nothing else run, so the host says when (`Host.watch`), and it is told in the middle of that loop. Nobody can end
 * it there but by ending the process, which is for whoever owns the process to do (`onStuck`): a test runner's is not ours.
 */
import type { Deviation } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { Cannery } from "../network/cannery.ts";
import type { Host, Watch } from "../network/host.ts";
import { choiceLines } from "./counterexample.ts";
import { ENDLESS, type Failure } from "./failure.ts";
import { counted, patienceMs, type ExploreOptions, type Progress } from "./options.ts";
import { repeatText } from "./report.ts";
import type { Workbench } from "./workbench.ts";

/** The run that is on. */
export interface Running {
  readonly seed: number;
  readonly strategy: string;
}

/** What is known of a run whose body does not come back. */
export interface StuckRun extends Running {
  readonly failure: Failure;
  /** Where the body is, from the inside out: frames of its stack. None where that cannot be told. */
  readonly frames: readonly string[];
  /** Choices of the run until then; those that matter may be fewer. */
  readonly deviations: readonly Deviation[];
  readonly progress: Progress;
  /** The whole report, for people. */
  readonly text: string;
}

export class StuckWatch<S> {
  running: Running;
  private readonly bench: Workbench<S>;
  private readonly options: ExploreOptions<S>;
  private readonly host: Host;
  private readonly progress: () => Progress;
  private readonly watch: Watch | null;
  private isTold = false;

  constructor(bench: Workbench<S>, options: ExploreOptions<S>, host: Host, running: Running, progress: () => Progress) {
    this.bench = bench;
    this.options = options;
    this.host = host;
    this.running = running;
    this.progress = progress;
    const milliseconds = patienceMs(options);
    this.watch = host.watch?.({ milliseconds, onStuck: (frames) => this.tell(frames) }) ?? null;
    bench.beat = this.watch === null ? null : () => this.watch!.beat();
  }

  end(): void {
    this.bench.beat = null;
    this.watch?.end();
  }

  private tell(frames: readonly string[]): void {
    if (this.isTold) return;
    this.isTold = true;
    const { seed, strategy } = this.running;
    const { net } = this.bench;
    const session = Cannery.inside(net);
    const deviations = [...net.deviations()];
    const seconds = patienceMs(this.options) / 1000;
    const message = `it does not come back: for ${counted(seconds, "second")} it has let nothing else run, as a loop does that waits for nothing, or for what is there already`;
    const where = frames.length === 0 ? ["Where it is cannot be told."] : ["It is", ...frames.map((frame) => `  ${frame}`)];
    const choices = choiceLines(deviations, (id: PrincipalId) => session.nameOf(id));
    const text = [
      `${ENDLESS}: ${message}`,
      "",
      ...where,
      "",
      ...(choices.length === 0 ? ["It is so on the ordinary schedule."] : ["The schedule had chosen, in this run:", ...choices]),
      "",
      repeatText(this.options, seed, strategy),
      "Where it only takes long, give it more patience: explore({ …, patience: { seconds: 60 } })",
    ].join("\n");
    const stuck = {
      failure: { kind: "endless" as const, name: ENDLESS, message },
      frames,
      deviations,
      progress: this.progress(),
      text,
      seed,
      strategy,
    };
    if (this.options.onStuck !== undefined) this.options.onStuck(stuck);
    else this.host.alarm(`\n${text}\nNothing can stop it from here: end this process.\n`);
  }
}
