/**
 * `cannery replay FILE`: repeats a run to the same digest, as far as is asked for, and shows its messages; with `--step` it takes commands there.
 */
import { terminalWidth } from "../terminal.ts";
import { converse } from "./converse.ts";
import { openRun, type RunFileOptions } from "./run-file.ts";
import { Stepper } from "./stepper.ts";
import { endingText } from "./steps.ts";

export interface ReplayCommand extends RunFileOptions {
  readonly until?: number;
  readonly step: boolean;
  readonly json: boolean;
}

export async function replayFile(file: string, options: ReplayCommand): Promise<void> {
  const run = openRun(file, options);
  if (options.until !== undefined) run.to(options.until);
  else if (options.step) run.to(0);
  if (options.step) return converse(new Stepper(run), options);
  const { position, length, failure } = run;
  const digest = run.net.digest();
  if (options.json) return console.log(JSON.stringify({ position, length, digest, failure }));
  console.log(run.draw(terminalWidth()));
  console.log(`\n${position} of ${length} executions, digest ${digest}`);
  const ending = endingText(run);
  if (ending !== null) console.log(ending);
  console.log(`To step through it and ask canisters on the way: cannery replay ${file} --step`);
}
