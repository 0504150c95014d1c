/**
 * What a page shows of a trace: lanes, and steps between them in the order of the trace, each with all that is known of it. Texts only: where they
 * stand is the picture's part (`picture.ts`).
 */
import type { ChosenEvent, ExecutedEvent, NetworkEvent } from "../../core/events.ts";
import type { Deviation } from "../../core/schedule/recorder.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import type { MessageTag } from "../../core/state/messages.ts";
import { MessageIndex, type Moment, type TracedMessage } from "../messages.ts";
import { inclusion, rowOf, type Arrow, type Row, type RowOptions } from "../rows.ts";
import { choiceFacts, executionFacts, messageFacts, type Fact, type Teller } from "./facts.ts";

export interface StoryOptions extends RowOptions {
  readonly choice: (event: ChosenEvent) => string;
  /** Whether a choice was that something goes wrong, not another order. */
  readonly isFault: (event: ChosenEvent) => boolean;
  /** An argument or an answer in full; `null` where nobody knows its type. */
  readonly value: (arrow: Arrow) => string | null;
  /** The subnet on which a canister is, in words. */
  readonly subnetOf: (id: PrincipalId) => string | null;
}

/** Principals with the same name share one. */
export interface Lane {
  readonly name: string;
  /** Lanes of one group stand beside each other. */
  readonly group: string;
  readonly isUser: boolean;
}

export type Shape = "call" | "reply" | "reject" | "lost" | "run" | "trap" | "choice" | "fault" | "mark";

export interface Step {
  /** Unique in the page. */
  readonly id: string;
  readonly shape: Shape;
  /** Lanes by their index; the same for what happens on one lane. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly note: string | null;
  readonly moment: Moment;
  /** What was chosen here, where it is a choice. */
  readonly chosen?: Deviation;
  /** The call it belongs to: steps of one call are shown together. */
  readonly call: MessageTag | null;
  readonly title: string;
  readonly facts: readonly Fact[];
}

export interface Story {
  /** Times are told from the first step. */
  readonly startNanos: bigint;
  readonly lanes: readonly Lane[];
  readonly steps: readonly Step[];
}

const USERS = "users";

/** A step whose lanes are still names. */
interface Told extends Omit<Step, "from" | "to" | "id"> {
  readonly from: string;
  readonly to: string;
}

export function storyOf(events: readonly NetworkEvent[], options: StoryOptions): Story {
  const index = new MessageIndex(events);
  const included = inclusion(index, options.include);
  const rows = events.map((event) => rowOf(event, index, { ...options, include: included }));
  const startNanos = events.find((_, i) => rows[i] !== null)?.timeNanos ?? 0n;
  const teller: Teller = { index, nameOf: options.nameOf, value: options.value, startNanos };
  const told: Told[] = [];
  const ids = new Map<string, PrincipalId>();
  const users = new Set<string>();
  for (const [i, event] of events.entries()) {
    if (event.kind === "sent" && event.message === "ingress") users.add(options.nameOf(event.from));
    if (event.kind === "sent") for (const id of [event.from, event.to]) remember(ids, options.nameOf(id), id);
    const row = rows[i]!;
    const step = row === null ? runStep(event, teller, included) : rowStep(event, row, { ...options, teller, ids });
    if (step !== null) told.push(step);
  }
  const lanes = lanesOf(told, (name) => {
    const id = ids.get(name);
    return users.has(name) ? USERS : id === undefined ? "" : (options.subnetOf(id) ?? "");
  });
  const laneOf = new Map(lanes.map(({ name }, i) => [name, i]));
  const steps = told.map((step, i) => ({ ...step, id: `s${i + 1}`, from: laneOf.get(step.from)!, to: laneOf.get(step.to)! }));
  return { lanes, steps, startNanos };
}

function remember(ids: Map<string, PrincipalId>, name: string, id: PrincipalId): void {
  if (!ids.has(name)) ids.set(name, id);
}

/** Users first, then what has no subnet, such as the schedule: the decisive choice is to be seen. Then subnet by subnet, each in the order of appearance. */
function lanesOf(told: readonly Told[], group: (name: string) => string): Lane[] {
  const names = new Set(told.flatMap(({ from, to }) => [from, to]));
  const lanes = [...names].map((name) => ({ name, group: group(name), isUser: group(name) === USERS }));
  const order = [USERS, "", ...new Set(lanes.map((lane) => lane.group))];
  return lanes.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
}

function callTag(message: TracedMessage): MessageTag {
  return message.message === "response" && message.requestTag !== null ? message.requestTag : message.tag;
}

interface Setting extends StoryOptions {
  readonly teller: Teller;
  /** Who was seen so far, by the name of the lane. */
  readonly ids: ReadonlyMap<string, PrincipalId>;
}

function rowStep(event: NetworkEvent, row: Row, setting: Setting): Told | null {
  const { teller } = setting;
  if (row.kind === "gap") return null;
  if (row.kind === "arrow") {
    const { message, isAnswer, payload } = row.about;
    const shape: Shape = row.isLost ? "lost" : !isAnswer ? "call" : payload.kind === "data" ? "reply" : "reject";
    const title = `${row.from} → ${row.to}: ${isAnswer ? "answer to " : ""}${message.method || "a call"}`;
    const { from, to, label, note, moment } = row;
    return { shape, from, to, label, note, moment, call: callTag(message), title, facts: messageFacts(row.about, teller) };
  }
  const { at, label, note, moment } = row;
  const place = { from: at, to: at, label, note, moment };
  if (event.kind === "chosen") {
    const isFault = setting.isFault(event);
    const title = isFault ? "Something went wrong here" : "The schedule chose";
    const text = setting.choice(event);
    // Where it shows, if that is a lane; what concerns subnets and picks has one of its own.
    const name = event.at === null ? at : setting.nameOf(event.at);
    const lane = setting.ids.get(name) === event.at ? name : at;
    const shown = { from: lane, to: lane, label: text, note: null, moment };
    return {
      ...shown,
      chosen: event.deviation,
      shape: isFault ? "fault" : "choice",
      call: event.tag,
      title,
      facts: choiceFacts(event, text, teller),
    };
  }
  if (event.kind === "executed") {
    const call = teller.index.callOf(event)?.tag ?? null;
    return { ...place, shape: row.isFailure ? "trap" : "mark", call, title: `${at}: ${label}`, facts: executionFacts(event, teller) };
  }
  return { ...place, shape: "mark", call: null, title: `${at}: ${label}`, facts: [] };
}

/** An execution of which no arrow and no mark tells. */
function runStep(event: NetworkEvent, teller: Teller, included: (message: TracedMessage) => boolean): Told | null {
  if (event.kind !== "executed" || event.tag === null || event.entry === "management") return null;
  const message = teller.index.message(event.tag);
  if (message === null || !included(message)) return null;
  const at = teller.nameOf(event.canister);
  const facts = executionFacts(event, teller);
  const isTrap = event.result.kind === "trap";
  const what = runs(event);
  return {
    shape: isTrap ? "trap" : "run",
    from: at,
    to: at,
    label: isTrap ? "trap" : "",
    // The answer quotes it.
    note: null,
    moment: event,
    call: callTag(message),
    title: `${at} runs ${what}${isTrap ? ", and traps" : ""}`,
    facts,
  };
}

function runs({ entry, method }: ExecutedEvent): string {
  if (entry === "replyCallback" || entry === "rejectCallback") return `the callback of ${method}`;
  return entry === "cleanup" ? `the cleanup of ${method}` : method;
}
