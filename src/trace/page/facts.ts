/**
 * All that is known of a message, an execution or a choice, as names and texts.
 */
import { toHex } from "../../base/bytes.ts";
import type { ChosenEvent, ExecutedEvent } from "../../core/events.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import type { MessageIndex, Moment, TracedMessage } from "../messages.ts";
import type { Arrow } from "../rows.ts";

export interface Fact {
  readonly name: string;
  readonly text: string;
  /** Values and traces of stacks keep their line ends. */
  readonly isCode?: boolean;
}

/** What it takes to tell of a trace. */
export interface Teller {
  readonly index: MessageIndex;
  readonly nameOf: (id: PrincipalId) => string;
  readonly value: (arrow: Arrow) => string | null;
  /** Times are told from here. */
  readonly startNanos: bigint;
}

/** Longer values are cut: a page is for people. */
const MAX_VALUE = 4_000;
const MAX_BYTES_SHOWN = 64;
const NANOS_PER_SECOND = 1_000_000_000n;

export function messageFacts(arrow: Arrow, teller: Teller): Fact[] {
  const { message, isAnswer } = arrow;
  const { index } = teller;
  const call = message.message === "response" && message.requestTag !== null ? (index.message(message.requestTag) ?? message) : message;
  const isResponse = message.message === "response";
  return [
    { name: isAnswer ? "answer" : "argument", text: valueText(arrow, teller), isCode: true },
    ...(isAnswer ? [] : answerFacts(call, teller)),
    { name: "call", text: pathText(call, teller) },
    { name: isAnswer ? "answered" : "sent", text: momentText(isAnswer ? (call.ended ?? message.sent) : message.sent, teller) },
    ...(message.inducted === null || (isAnswer && !isResponse) ? [] : [{ name: "arrived", text: momentText(message.inducted, teller) }]),
    ...(message.cycles === 0n ? [] : [{ name: isResponse ? "cycles refunded" : "cycles attached", text: grouped(message.cycles) }]),
    ...(isAnswer ? [] : waitFacts(message, teller)),
    ...(isAnswer && !isResponse ? [] : message.executions.flatMap((execution) => executionFacts(execution, teller, "ran"))),
    ...(isAnswer ? [] : treeFacts(call, teller)),
  ];
}

export function executionFacts(event: ExecutedEvent, teller: Teller, name = "when"): Fact[] {
  const slices = event.slices > 1 ? `, in ${event.slices} slices from round ${event.startedRound} on` : "";
  const context = event.contextId === null ? "" : `, call context ${String(event.contextId)}`;
  const figures = `${grouped(event.instructions)} instructions, ${grouped(event.cycles)} cycles`;
  const place = `${event.entry}, ${momentText(event, teller)}${slices}${context}`;
  const accepted = event.acceptedCycles === 0n ? "" : `, accepted ${grouped(event.acceptedCycles)}`;
  return [
    { name, text: `${place}: ${figures}${accepted}` },
    ...(event.result.kind === "trap" ? [{ name: "trap", text: event.result.error.description, isCode: true }] : []),
    ...(event.cleanup === null ? [] : [{ name: "cleanup", text: event.cleanup }]),
  ];
}

export function choiceFacts(event: ChosenEvent, text: string, teller: Teller): Fact[] {
  const { kind, concerns, nth, chose } = event.deviation;
  return [
    { name: "chosen", text },
    { name: "when", text: momentText(event, teller) },
    { name: "in the file", text: `{ kind: "${kind}", concerns: "${concerns}", nth: ${nth}, chose: "${chose}" }`, isCode: true },
  ];
}

/** Virtual time since the page begins. */
export function secondsText({ timeNanos }: Moment, startNanos: bigint): string {
  const hundredths = (timeNanos - startNanos) / (NANOS_PER_SECOND / 100n);
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} s`;
}

function momentText(moment: Moment, { startNanos }: Teller): string {
  return `round ${moment.round}, ${secondsText(moment, startNanos)}`;
}

function answerFacts(call: TracedMessage, teller: Teller): Fact[] {
  const { outcome, ended } = call;
  const when = ended === null ? "" : ` (${momentText(ended, teller)})`;
  switch (outcome?.kind) {
    case undefined:
      return [{ name: "answer", text: "none so far" }];
    case "dropped":
      return [{ name: "answer", text: `lost: ${outcome.reason}${when}` }];
    case "reject":
      return [{ name: "answer", text: `reject ${outcome.code}${when}\n${outcome.message}`, isCode: true }];
    case "reply": {
      const value = valueText({ message: call, isAnswer: true, payload: { kind: "data", data: outcome.data } }, teller);
      return [{ name: "answer", text: `${value}${when}`, isCode: true }];
    }
  }
}

function valueText(arrow: Arrow, teller: Teller): string {
  const { payload } = arrow;
  if (payload.kind === "reject") return `reject ${payload.code}\n${payload.message}`;
  const text = teller.value(arrow) ?? bytesText(payload.data);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}… (${text.length - MAX_VALUE} more characters)` : text;
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "no bytes";
  return `${toHex(bytes.subarray(0, MAX_BYTES_SHOWN))}${bytes.length > MAX_BYTES_SHOWN ? "…" : ""} (${bytes.length} bytes)`;
}

function waitFacts(message: TracedMessage, { startNanos }: Teller): Fact[] {
  if (message.message !== "request") return [];
  if (message.deadline === 0) return [{ name: "waits", text: "for as long as it takes" }];
  const timeNanos = BigInt(message.deadline) * NANOS_PER_SECOND;
  return [{ name: "waits", text: `until ${secondsText({ ...message.sent, timeNanos }, startNanos)}` }];
}

function pathText(call: TracedMessage, { index, nameOf }: Teller): string {
  const path = index.pathTo(call);
  return [nameOf(path[0]!.from), ...path.map(({ to, method }) => `${nameOf(to)}.${method}`)].join(" → ");
}

/** What it came to with all that was called for it; nothing more than its own execution says where it called nobody. */
function treeFacts(call: TracedMessage, { index, nameOf }: Teller): Fact[] {
  const { calls, instructions, cycles } = index.tree(call);
  if (calls.length === 0) return [];
  const called = calls.map(({ message }) => `${nameOf(message.to)}.${message.method}`).join(", ");
  return [
    { name: "called", text: called },
    { name: "all in all", text: `${grouped(instructions)} instructions, ${grouped(cycles)} cycles` },
  ];
}

/** 1,234,567 */
function grouped(amount: number | bigint): string {
  return String(amount).replace(/\B(?=(?:\d{3})+$)/gu, ",");
}
