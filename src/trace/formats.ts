/**
 * A trace for other programs: Mermaid's sequence diagrams, the trace events of Perfetto and Chrome, and OpenTelemetry's spans as JSON. (A page for people: `page/page.ts`.)
 * Times are virtual.
 */
import type { NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { MessageIndex, type TracedMessage } from "./messages.ts";

export interface FormatOptions {
  readonly nameOf: (id: PrincipalId) => string;
}

/** Calls: requests and users' messages, in the order in which they were sent. */
function callsOf(events: readonly NetworkEvent[], index: MessageIndex): TracedMessage[] {
  return events.flatMap((event) => {
    if (event.kind !== "sent" || event.message === "response") return [];
    const message = index.message(event.tag);
    return message === null ? [] : [message];
  });
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

/** Source: mermaid.js.org, "Sequence diagrams". */
export function toMermaid(events: readonly NetworkEvent[], { nameOf }: FormatOptions): string {
  const index = indexOf(events);
  const ids = new Map<PrincipalId, string>();
  const idOf = (principal: PrincipalId): string => {
    const known = ids.get(principal) ?? `p${ids.size}`;
    ids.set(principal, known);
    return known;
  };
  const safe = (text: string): string => text.replace(/[;#\n]/gu, " ");
  const lines: string[] = [];
  for (const event of events) {
    if (event.kind === "sent") {
      const arrow = event.message === "response" ? "-->>" : "->>";
      const text = event.message !== "response" ? event.method : event.payload.kind === "data" ? "reply" : `reject ${event.payload.code}`;
      lines.push(`  ${idOf(event.from)}${arrow}${idOf(event.to)}: ${safe(text)}`);
    } else if (event.kind === "ingressStatus" && (event.status.kind === "replied" || event.status.kind === "rejected")) {
      const message = index.message(event.tag);
      if (message !== null) lines.push(`  ${idOf(message.to)}-->>${idOf(message.from)}: ${safe(answerText(message))}`);
    }
  }
  const participants = [...ids].map(([principal, id]) => `  participant ${id} as ${safe(nameOf(principal))}`);
  return ["sequenceDiagram", ...participants, ...lines].join("\n");
}

/** Source: "Trace Event Format": complete events, microseconds; a process for each canister. */
export function toPerfetto(events: readonly NetworkEvent[], { nameOf }: FormatOptions): string {
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
  const processes = [...pids].map(([principal, pid]) => ({ name: "process_name", ph: "M", pid, args: { name: nameOf(principal) } }));
  return JSON.stringify({ traceEvents: [...processes, ...spans], displayTimeUnit: "ms" });
}

/** Source: OpenTelemetry Protocol, `ExportTraceServiceRequest` as JSON: a span for each call, below the call whose execution sent it. */
export function toOtlp(events: readonly NetworkEvent[], { nameOf }: FormatOptions): string {
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
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "cannery" } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "cannery" }, spans }] }] });
}
