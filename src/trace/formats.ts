/**
 * A trace for other programs: Mermaid's sequence diagrams, the trace events of Perfetto and Chrome, and OpenTelemetry's spans as JSON. (A page for people: `page/page.ts`.)
 * Times are virtual.
 */
import type { ChosenEvent, NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { MessageIndex, type TracedMessage } from "./messages.ts";
import { rowsOf, type RowOptions } from "./rows.ts";

export interface FormatOptions {
  readonly nameOf: (id: PrincipalId) => string;
  /** What a choice of the schedule is told with; without it choices are left out. */
  readonly choice?: RowOptions["choice"];
}

/** Calls: requests and users' messages, in the order in which they were sent. */
function callsOf(events: readonly NetworkEvent[], index: MessageIndex): TracedMessage[] {
  return events.flatMap((event) => {
    if (event.kind !== "sent" || event.message === "response") return [];
    const message = index.message(event.tag);
    return message === null ? [] : [message];
  });
}

function chosenIn(
  events: readonly NetworkEvent[],
  choice: FormatOptions["choice"],
): { readonly event: ChosenEvent; readonly text: string }[] {
  if (choice === undefined) return [];
  return events.flatMap((event) => (event.kind === "chosen" ? [{ event, text: choice(event) }] : []));
}

function indexOf(events: readonly NetworkEvent[]): MessageIndex {
  const index = new MessageIndex();
  for (const event of events) index.add(event);
  return index;
}

function answerText({ outcome }: TracedMessage): string {
  if (outcome === null) return "no answer";
  if (outcome.kind === "reply") return "reply";
  return outcome.kind === "reject" ? `reject ${outcome.code}: ${outcome.message.split("\n", 1)[0]}` : `lost: ${outcome.reason}`;
}

/** The rows of the drawing. Source: mermaid.js.org, "Sequence diagrams". */
export function toMermaid(events: readonly NetworkEvent[], options: RowOptions): string {
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const known = ids.get(name) ?? `p${ids.size}`;
    ids.set(name, known);
    return known;
  };
  const lines = rowsOf(events, options).flatMap((row) => {
    if (row.kind === "gap") return [];
    const text = safe(row.note === null ? row.label : `${row.label}: ${row.note}`);
    if (row.kind === "mark") return [`  Note over ${idOf(row.at)}: ${row.isFailure ? "✗" : "●"} ${text}`];
    const arrow = row.isLost ? "-x" : row.about.isAnswer ? "-->>" : "->>";
    return [`  ${idOf(row.from)}${arrow}${idOf(row.to)}: ${text}`];
  });
  const participants = [...ids].map(([name, id]) => `  participant ${id} as ${safe(name)}`);
  return ["sequenceDiagram", ...participants, ...lines].join("\n");
}

/** Signs that mean something to Mermaid, by their numbers. */
function safe(text: string): string {
  return text.replace(/[;#<>]/gu, (sign) => `#${sign.codePointAt(0)!};`).replace(/\s+/gu, " ");
}

/** Source: "Trace Event Format": complete events, microseconds; a process for each canister. */
export function toPerfetto(events: readonly NetworkEvent[], { nameOf, choice }: FormatOptions): string {
  const index = indexOf(events);
  const pids = new Map<PrincipalId, number>();
  const pidOf = (principal: PrincipalId): number => {
    const known = pids.get(principal) ?? pids.size + 1;
    pids.set(principal, known);
    return known;
  };
  const spans = callsOf(events, index).map((call) => ({
    name: call.method,
    cat: call.message,
    ph: "X",
    ts: Number(call.sent.timeNanos / 1000n),
    dur: Number(((call.ended ?? call.sent).timeNanos - call.sent.timeNanos) / 1000n),
    pid: pidOf(call.to),
    tid: call.tag,
    args: { from: nameOf(call.from), to: nameOf(call.to), outcome: answerText(call), round: call.sent.round },
  }));
  const choices = chosenIn(events, choice).map(({ event, text }) => ({
    name: text,
    cat: "choice",
    ph: "i",
    // A line through all of it, unless it concerns one call.
    s: event.tag === null ? "g" : "p",
    ts: Number(event.timeNanos / 1000n),
    ...(event.tag === null || event.at === null ? {} : { pid: pidOf(event.at), tid: event.tag }),
  }));
  const processes = [...pids].map(([principal, pid]) => ({ name: "process_name", ph: "M", pid, args: { name: nameOf(principal) } }));
  return JSON.stringify({ traceEvents: [...processes, ...spans, ...choices], displayTimeUnit: "ms" });
}

/** Source: OpenTelemetry Protocol, `ExportTraceServiceRequest` as JSON: a span for each call, below the call whose execution sent it. */
export function toOtlp(events: readonly NetworkEvent[], { nameOf, choice }: FormatOptions): string {
  const index = indexOf(events);
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  const parents = new Map<number, number>();
  for (const event of events) if (event.kind === "executed" && event.tag !== null) parents.set(event.execution, event.tag);
  const callOf = (tag: number): TracedMessage | null => {
    const message = index.message(tag);
    return message?.message === "response" && message.requestTag !== null ? parentOf(index.message(message.requestTag)) : message;
  };
  const parentOf = (call: TracedMessage | null): TracedMessage | null => {
    const tag = call?.parent == null ? undefined : parents.get(call.parent);
    return tag === undefined ? null : callOf(tag);
  };
  const rootOf = (call: TracedMessage): TracedMessage => {
    const parent = parentOf(call);
    return parent === null ? call : rootOf(parent);
  };
  const spans = callsOf(events, index).map((call) => {
    const parent = parentOf(call);
    return {
      traceId: hex(rootOf(call).tag, 32),
      spanId: hex(call.tag, 16),
      ...(parent === null ? {} : { parentSpanId: hex(parent.tag, 16) }),
      name: `${nameOf(call.to)}.${call.method}`,
      kind: 3,
      startTimeUnixNano: String(call.sent.timeNanos),
      endTimeUnixNano: String((call.ended ?? call.sent).timeNanos),
      attributes: [
        { key: "from", value: { stringValue: nameOf(call.from) } },
        { key: "to", value: { stringValue: nameOf(call.to) } },
        { key: "outcome", value: { stringValue: answerText(call) } },
      ],
      status: { code: call.outcome?.kind === "reply" ? 1 : 2 },
    };
  });
  const choices = chosenIn(events, choice).map(({ text }) => ({ stringValue: text }));
  const resource = {
    attributes: [
      { key: "service.name", value: { stringValue: "cannery" } },
      ...(choices.length === 0 ? [] : [{ key: "cannery.choices", value: { arrayValue: { values: choices } } }]),
    ],
  };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "cannery" }, spans }] }] });
}
