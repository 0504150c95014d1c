/**
 * `cannery trace FILE --format …`: the messages of a run for people and for other programs.
 */
import type { PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import { toJsonLines } from "../trace/jsonl.ts";
import { toMermaid, toOtlp, toPerfetto } from "../trace/formats.ts";
import type { Format } from "./options.ts";
import { openRun } from "./run-file.ts";

export function traceFile(file: string, { format }: { readonly format: Format }): void {
  const run = openRun(file);
  const { events } = run.net.trace;
  const nameOf = (id: PrincipalId): string => run.net.nameOf(principalText(id));
  const made: Readonly<Record<Format, () => string>> = {
    text: () => run.draw(),
    mermaid: () => toMermaid(events, { nameOf }),
    perfetto: () => toPerfetto(events, { nameOf }),
    json: () => toJsonLines(events).trimEnd(),
    otlp: () => toOtlp(events, { nameOf }),
    html: () => run.page(),
  };
  console.log(made[format]());
}
