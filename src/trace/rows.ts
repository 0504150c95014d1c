/**
 * The first half of a drawing: from events to rows between lanes. A row is an arrow (a message) or a mark on one lane
 * (something that happened there without a message).
 */
import type { ChosenEvent, ExecutedEvent, NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import type { ResponsePayload } from "../core/state/messages.ts";
import { MessageIndex, type Moment, type TracedMessage } from "./messages.ts";

/** What an arrow is about: a message, or the answer that a user got to one. */
export interface Arrow {
  readonly message: TracedMessage;
  /** True for an answer, to a canister or to a user. */
  readonly isAnswer: boolean;
  readonly payload: ResponsePayload;
}

export type Row =
  | {
      readonly kind: "arrow";
      readonly from: string;
      readonly to: string;
      readonly label: string;
      /** It never arrived. */
      readonly isLost: boolean;
      readonly note: string | null;
      readonly moment: Moment;
      readonly about: Arrow;
    }
  | {
      readonly kind: "mark";
      readonly at: string;
      readonly isFailure: boolean;
      /** Of the schedule. */
      readonly isChoice?: boolean;
      readonly label: string;
      readonly note: string | null;
      readonly moment: Moment;
    }
  | { readonly kind: "gap"; readonly count: number };

export interface RowOptions {
  /** Name of a participant. Principals with the same name share a lane. */
  readonly nameOf: (principal: PrincipalId) => string;
  /** Text on an arrow; `null` for the usual one: the method, `reply`, `reject 5`. */
  readonly label?: ((arrow: Arrow) => string | null) | undefined;
  /** Messages to draw; their answers go with them. All by default. */
  readonly include?: ((message: TracedMessage) => boolean) | undefined;
  /** What a choice of the schedule is told with; without it choices are not drawn. */
  readonly choice?: ((event: ChosenEvent) => string) | undefined;
}

export function rowsOf(events: readonly NetworkEvent[], options: RowOptions): Row[] {
  const index = new MessageIndex(events);
  const included = inclusion(index, options.include);
  const rows: Row[] = [];
  for (const event of events) {
    const row = rowOf(event, index, { ...options, include: included });
    if (row !== null) rows.push(row);
  }
  return rows;
}

/** An answer goes with its call. */
export function inclusion(index: MessageIndex, include: RowOptions["include"]): (message: TracedMessage) => boolean {
  return (message) => {
    const call = message.message === "response" && message.requestTag !== null ? (index.message(message.requestTag) ?? message) : message;
    return include === undefined || include(call);
  };
}

/** One event of the trace that `index` was made of; `null` where there is nothing to draw. */
export function rowOf(event: NetworkEvent, index: MessageIndex, options: RowOptions): Row | null {
  const included = (message: TracedMessage): boolean => options.include?.(message) ?? true;
  switch (event.kind) {
    case "sent": {
      const message = index.message(event.tag);
      if (message === null || !included(message)) return null;
      const arrow: Arrow = { message, isAnswer: event.message === "response", payload: event.payload };
      return arrowRow(arrow, event.from, event.to, options, message.sent);
    }
    case "ingressStatus": {
      const { status } = event;
      if (status.kind !== "replied" && status.kind !== "rejected") return null;
      const message = index.message(event.tag);
      // The answer was drawn already where the system also made a message of it.
      if (message === null || message.answerTag !== null || !included(message)) return null;
      const payload: ResponsePayload =
        status.kind === "replied"
          ? { kind: "data", data: status.data }
          : { kind: "reject", code: status.code as Extract<ResponsePayload, { kind: "reject" }>["code"], message: status.message };
      return arrowRow({ message, isAnswer: true, payload }, message.to, message.from, options, event);
    }
    case "executed": {
      const text = markOf(event, index);
      if (text === null) return null;
      const call = index.callOf(event);
      if (call !== null && !included(call)) return null;
      return { kind: "mark", at: options.nameOf(event.canister), ...text, moment: event };
    }
    case "outcall": {
      const call = index.message(event.tag);
      if (call !== null && !included(call)) return null;
      const label = `${event.request.method.toUpperCase()} ${event.request.url}`;
      return { kind: "mark", at: options.nameOf(event.canister), isFailure: false, label, note: null, moment: event };
    }
    case "bitcoin": {
      const call = index.message(event.tag);
      if (call !== null && !included(call)) return null;
      return {
        kind: "mark",
        at: options.nameOf(event.canister),
        isFailure: false,
        label: event.question.method,
        note: null,
        moment: event,
      };
    }
    case "chosen": {
      if (options.choice === undefined) return null;
      const at = event.tag === null ? "schedule" : options.nameOf(event.at ?? event.subnet);
      return { kind: "mark", at, isFailure: false, isChoice: true, label: "chosen", note: options.choice(event), moment: event };
    }
    case "mock":
    case "inducted":
    case "dropped":
    case "printed":
    case "canister":
    case "round":
      return null;
  }
}

function arrowRow(arrow: Arrow, from: PrincipalId, to: PrincipalId, options: RowOptions, moment: Moment): Row {
  const { message, payload } = arrow;
  const isLost = message.outcome?.kind === "dropped" && (!arrow.isAnswer || message.message === "response");
  const label = options.label?.(arrow) ?? usualLabel(arrow);
  const reasons = [payload.kind === "reject" ? firstLine(payload.message) : null, isLost ? dropReason(message) : null];
  const note = reasons.filter((reason) => reason !== null).join("; ") || null;
  return { kind: "arrow", from: options.nameOf(from), to: options.nameOf(to), label, isLost, note, moment, about: arrow };
}

/** The platform's advice, on the lines that follow, is not needed here. */
function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

function usualLabel({ message, isAnswer, payload }: Arrow): string {
  if (!isAnswer) return message.method;
  return payload.kind === "data" ? "reply" : `reject ${payload.code}`;
}

function dropReason(message: TracedMessage): string | null {
  return message.outcome?.kind === "dropped" ? message.outcome.reason : null;
}

/**
 * System tasks that did something, and traps that no answer tells of: in a callback the call may have been answered before,
 * and in a system task nobody waits.
 */
function markOf(event: ExecutedEvent, index: MessageIndex): { isFailure: boolean; label: string; note: string | null } | null {
  const isTrap = event.result.kind === "trap";
  const note = event.result.kind === "trap" ? firstLine(event.result.error.description) : null;
  const cleanup = event.cleanup === null ? "" : `, cleanup ${event.cleanup}`;
  switch (event.entry) {
    case "heartbeat":
    case "globalTimer":
    case "lowWasmMemory": {
      const label = event.entry === "globalTimer" ? "timer" : event.entry === "lowWasmMemory" ? "low memory" : "heartbeat";
      if (isTrap) return { isFailure: true, label: `${label} trapped`, note };
      return index.sentByExecution(event.execution).length > 0 ? { isFailure: false, label, note } : null;
    }
    case "replyCallback":
    case "rejectCallback": {
      if (!isTrap) return null;
      // The answer that follows quotes the trap; here it is enough to see where it was.
      const outcome = index.callOf(event)?.outcome ?? null;
      const isQuoted = outcome?.kind === "reject" && note !== null && outcome.message.includes(note);
      return { isFailure: true, label: `trap${cleanup}`, note: isQuoted ? null : note };
    }
    case "update":
    case "replicatedQuery":
    case "cleanup":
    case "management":
    case "init":
    case "preUpgrade":
    case "postUpgrade":
    case "start":
      return null;
  }
}

/** Choices that are the same as those before say nothing new. */
const FOLDED_CHOICES = 2;

/** Merges runs of at least `minimum` equal arrows into one, and of equal choices: `ping ×90`. `Infinity` merges nothing. `momentKey` tells moments apart that are shown apart. */
export function foldRows(rows: readonly Row[], minimum: number, momentKey: (moment: Moment) => string): Row[] {
  const folded: Row[] = [];
  for (let start = 0; start < rows.length;) {
    const row = rows[start]!;
    let end = start + 1;
    while (end < rows.length && isSame(row, rows[end]!, momentKey)) end++;
    const least = row.kind === "mark" && minimum !== Infinity ? Math.min(minimum, FOLDED_CHOICES) : minimum;
    if (row.kind !== "gap" && end - start >= least) folded.push({ ...row, label: `${row.label} ×${end - start}` });
    else folded.push(...rows.slice(start, end));
    start = end;
  }
  return folded;
}

function isSame(a: Row, b: Row, momentKey: (moment: Moment) => string): boolean {
  if (a.kind === "mark" && b.kind === "mark")
    return a.isChoice === true && b.isChoice === true && a.at === b.at && a.note === b.note && momentKey(a.moment) === momentKey(b.moment);
  if (a.kind !== "arrow" || b.kind !== "arrow") return false;
  return (
    a.from === b.from &&
    a.to === b.to &&
    a.label === b.label &&
    a.isLost === b.isLost &&
    a.note === b.note &&
    momentKey(a.moment) === momentKey(b.moment)
  );
}

/** Choices in the middle that are shown, and rows around each. */
const MAX_CHOICES = 12;
const AROUND = 2;

/** The first and the last rows, and what was chosen in between: with gaps that say how many are left out. */
export function limitRows(
  rows: readonly Row[],
  limits: { readonly first?: number | undefined; readonly last?: number | undefined },
): Row[] {
  const { first, last } = limits;
  if (first === undefined && last === undefined) return [...rows];
  const head = Math.max(0, first ?? 0);
  const tail = rows.length - Math.max(0, last ?? 0);
  const choices = rows.flatMap((row, i) => (i >= head && i < tail && row.kind === "mark" && row.isChoice === true ? [i] : []));
  // Who asks for the end alone gets no more than that.
  const shown = head === 0 ? [] : choices.slice(0, MAX_CHOICES);
  const isKept = (i: number): boolean => i < head || i >= tail || shown.some((choice) => Math.abs(choice - i) <= AROUND);
  const limited: Row[] = [];
  for (let i = 0; i < rows.length; i++) {
    let end = i;
    while (end < rows.length && !isKept(end)) end++;
    if (end > i) limited.push({ kind: "gap", count: end - i });
    if (end < rows.length) limited.push(rows[end]!);
    i = end;
  }
  return limited;
}
