/** Random runs by seed: `fuzzPrograms` plays as many as asked for and says which one was not lawful, made as small as time allows. */
import fc from "fast-check";
import { playLawfully } from "./play-programs.ts";
import { run } from "./random-programs.ts";

export interface ProgramFuzzing {
  readonly seed: number;
  readonly runs: number;
  /** Of an earlier failure: plays only that run. */
  readonly path?: string | undefined;
  /** Ends after so many milliseconds, whatever is left. */
  readonly timeMillis?: number | undefined;
  /** Called before each run. */
  readonly onRun?: (run: number) => void;
}

export interface ProgramFailure {
  /** Repeats it together with the seed. */
  readonly path: string;
  readonly message: string;
  /** What was played. */
  readonly run: string;
}

export interface ProgramsFuzzed {
  /** Runs played, without those that made a failing one smaller. */
  readonly runs: number;
  readonly failures: readonly ProgramFailure[];
}

export function fuzzPrograms({ seed, runs, path, timeMillis, onRun }: ProgramFuzzing): ProgramsFuzzed {
  let played = 0;
  const property = fc.property(run, (one) => {
    onRun?.(played++);
    playLawfully(one);
  });
  const details = fc.check(property, {
    seed,
    ...(path === undefined ? { numRuns: runs } : { path, endOnFailure: true, numRuns: 1 }),
    ...(timeMillis === undefined ? {} : { interruptAfterTimeLimit: timeMillis, markInterruptAsFailure: false }),
  });
  if (!details.failed || details.counterexamplePath === null) return { runs: details.numRuns, failures: [] };
  const { counterexample, counterexamplePath, errorInstance } = details;
  const message = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return { runs: details.numRuns, failures: [{ path: counterexamplePath, message, run: fc.stringify(counterexample) }] };
}
