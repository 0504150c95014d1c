/**
 * `cannery trace FILE --format …`: the messages of a run for people and for other programs.
 */
import { toJsonLines } from "../trace/jsonl.ts";
import { toMermaid, toOtlp, toPerfetto } from "../trace/formats.ts";
import type { Format } from "./options.ts";
import { openRun, type RunFileOptions } from "./replay/run-file.ts";
import { terminalWidth } from "./terminal.ts";

export interface TraceOptions extends RunFileOptions {
  readonly format: Format;
}

export function traceFile(file: string, options: TraceOptions): void {
  const run = openRun(file, options);
  const { trace, telling } = run;
  const made: Readonly<Record<Format, () => string>> = {
    text: () => run.draw(terminalWidth()),
    mermaid: () => toMermaid(trace, telling),
    perfetto: () => toPerfetto(trace, telling),
    json: () => toJsonLines(trace).trimEnd(),
    otlp: () => toOtlp(trace, telling),
    html: () => run.page(),
  };
  console.log(made[options.format]());
}
