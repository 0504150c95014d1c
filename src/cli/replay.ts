/**
 * `cannery replay FILE`: repeats a run to the same digest, as far as is asked for, and shows its messages.
 */
import { openRun } from "./run-file.ts";

export function replayFile(file: string, options: { readonly until?: number; readonly json: boolean }): void {
  const run = openRun(file);
  if (options.until !== undefined) run.to(options.until);
  const { position, length, failure } = run;
  const digest = run.net.digest();
  if (options.json) return console.log(JSON.stringify({ position, length, digest, failure }));
  console.log(run.draw());
  console.log(`\n${position} of ${length} executions, digest ${digest}`);
  if (failure !== null) console.log(`The run ended with "${failure.name}": ${failure.message}`);
}
