/**
 * From a failing run to what a person is told.
 */
import type { Deviation } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { Cannery } from "../network/cannery.ts";
import type { Host } from "../network/host.ts";
import { genesisConfig } from "../network/options.ts";
import { choiceLines, chosenText, type Counterexample } from "./counterexample.ts";
import type { Failure } from "./failure.ts";
import { counted, type ExploreOptions } from "./options.ts";
import { toRunFile } from "./run-file.ts";
import type { RunResult, Workbench } from "./workbench.ts";

export interface Found {
  readonly failure: Failure;
  readonly seed: number;
  readonly strategy: string;
  readonly deviationsFound: number;
}

/** Rows of a diagram, from its beginning and its end. */
const MAX_ROWS = 60;
const WIDTH = 120;

/** Of the run that was recorded last. */
export function report<S>(bench: Workbench<S>, options: ExploreOptions<S>, result: RunResult, found: Found): Counterexample {
  const { net } = bench;
  const { failure, seed, strategy, deviationsFound } = found;
  const session = Cannery.inside(net);
  const nameOf = (id: PrincipalId): string => session.nameOf(id);
  const { length: choices } = result.deviations;
  const diagram = net.draw({
    since: bench.position,
    values: true,
    choice: ({ deviation }) => chosenText(deviation, nameOf),
    first: MAX_ROWS / 2,
    last: MAX_ROWS / 2,
    width: options.width ?? WIDTH,
  });
  const { sha256 } = session.host.environment.platform;
  const { inputs, setupInputs, asked } = bench.recording;
  const run = toRunFile(
    {
      genesis: genesisConfig(options.network ?? {}),
      inputs,
      setupInputs,
      asked,
      deviations: result.deviations,
      stoppedAfter: bench.stoppedAfter,
      digest: net.digest(),
      names: session.names.given,
      failure: { kind: failure.kind, name: failure.name, message: failure.message },
    },
    (bytes) => sha256(bytes),
  );
  const text = [
    `${failure.name}: ${failure.message}`,
    ...placeOf(failure, session.host),
    "",
    choices === 0
      ? "It fails on the ordinary schedule."
      : `It fails when the schedule chooses (${counted(choices, "choice")}${deviationsFound > choices ? `, shrunk from ${deviationsFound}` : ""}):`,
    ...choiceLines(result.deviations, nameOf),
    "",
    diagram,
    "",
    ...(choices === 0
      ? ["Every run fails so; an ordinary test with this body would too."]
      : [repeatText(options, seed, strategy), ...repairedText(options, result.deviations)]),
  ].join("\n");
  const regressionTest = regressionText(options.file ?? "./exploration.ts", failure, result);
  return {
    failure,
    text,
    seed,
    strategy,
    deviations: result.deviations,
    deviationsFound,
    messages: result.messages,
    diagram,
    run,
    regressionTest,
  };
}

/** Frames shown of what was thrown. */
const MAX_FRAMES = 4;

/** Where in the test it was thrown. */
function placeOf({ error }: Failure, host: Host): string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return host.framesOf(stack).slice(0, MAX_FRAMES).map((frame) => `  ${frame}`); // prettier-ignore
}

/** How to come to the same run again. A search has no seeds: it is the same whenever it is made. */
export function repeatText({ command }: Pick<ExploreOptions<never>, "command">, seed: number, strategy: string): string {
  const isSearch = strategy === "exhaustive";
  const how =
    command === undefined
      ? `explore(body, ${isSearch ? '{ strategy: "exhaustive" }' : `{ seed: ${seed}, runs: 1 }`})`
      : `${command}${isSearch ? "" : ` --seed ${seed} --runs 1`}`;
  return `To repeat it: ${how} (found by ${strategy})`;
}

/** More choices than these are read in a test's file, not in a report. */
const MAX_LITERALS = 8;

function repairedText({ command }: Pick<ExploreOptions<never>, "command">, deviations: readonly Deviation[]): string[] {
  const why = "To see that it is repaired, and stays so:";
  if (deviations.length <= MAX_LITERALS) return [why, `  await exploration.regress([${deviations.map(literal).join(", ")}]);`];
  const how = command === undefined ? "the counterexample's regressionTest" : `${command} --test FILE writes it`;
  return [`${why} a test with these ${deviations.length} choices, ${how}.`];
}

/** As a person would write it. */
function literal({ kind, concerns, nth, chose }: Deviation): string {
  return `{ kind: ${JSON.stringify(kind)}, concerns: ${JSON.stringify(concerns)}, nth: ${nth}, chose: ${JSON.stringify(chose)} }`;
}

/** Passes when the modules are repaired. */
function regressionText(file: string, failure: Failure, { deviations }: RunResult): string {
  const lines = deviations.map((deviation) => `    ${literal(deviation)},`);
  return `import { test } from "vitest";
import exploration from ${JSON.stringify(file)};

test(${JSON.stringify(`${failure.name}, also with the choices that once broke it`)}, async () => {
  await exploration.regress([
${lines.join("\n")}
  ]);
});
`;
}
