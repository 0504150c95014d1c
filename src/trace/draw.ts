/**
 * Message diagrams as text: a lane for each participant, an arrow for each message. Tests compare them, failures print
 * them, the command line shows them.
 *
 *     user         a            b
 *      ├─── go ────▶            │
 *      │           ├─── sulk ───▶
 *      │           ◀─ reject 5 ─┤  did not reply
 *      ◀─ reply 5 ─┤            │
 *
 * An arrow stands where its message was sent. Columns are as wide as their texts need; when that is too wide, texts are cut.
 */
import type { NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import type { Moment } from "./messages.ts";
import { foldRows, limitRows, rowsOf, type Row, type RowOptions } from "./rows.ts";

/** How a trace is drawn. */
export interface DrawOptions extends Partial<RowOptions> {
  /** Names of participants by principal (hex); those without get `nameOf`, or a short form of their text. */
  readonly names?: ReadonlyMap<PrincipalId, string>;
  /** Lanes that come first, in this order; the others follow as they appear. By default the users come first. */
  readonly lanes?: readonly string[];
  /** What the left margin shows: nothing, the round, or virtual seconds since the first row. */
  readonly margin?: "none" | "rounds" | "seconds";
  /** Only so many rows from the beginning and from the end; all by default. */
  readonly first?: number;
  readonly last?: number;
  /** Runs of at least this many equal arrows become one; 4 by default, `Infinity` never. */
  readonly fold?: number;
  /** Columns of text aimed at; 100 by default. */
  readonly width?: number;
  /** Plain ASCII instead of box characters. */
  readonly ascii?: boolean;
}

/** Ends without a line end; no line has trailing blanks. */
export function draw(events: readonly NetworkEvent[], options: DrawOptions = {}): string {
  const nameOf = (principal: PrincipalId): string => options.names?.get(principal) ?? options.nameOf?.(principal) ?? shortName(principal);
  const all = rowsOf(events, { nameOf, label: options.label, include: options.include, choice: options.choice });
  const margin = marginOf(options.margin ?? "none", all);
  const rows = limitRows(foldRows(all, options.fold ?? 4, margin), options);
  if (rows.length === 0) return "(no messages)";
  return drawRows(rows, {
    lanes: options.lanes ?? users(events, nameOf),
    width: options.width ?? 100,
    ascii: options.ascii ?? false,
    margin,
  });
}

function users(events: readonly NetworkEvent[], nameOf: (principal: PrincipalId) => string): string[] {
  return events.flatMap((event) => (event.kind === "sent" && event.message === "ingress" ? [nameOf(event.from)] : []));
}

interface Sheet {
  readonly lanes: readonly string[];
  readonly width: number;
  readonly ascii: boolean;
  readonly margin: (moment: Moment) => string;
}

/** A text is cut to no less than this. */
const MIN_TEXT = 6;
/** Columns kept for notes, when there are some. */
const MIN_NOTE = 28;
const MAX_NOTE_LINES = 3;

function drawRows(rows: readonly Row[], sheet: Sheet): string {
  const margins = rows.map((row) => (row.kind === "gap" ? "" : sheet.margin(row.moment)));
  const marginWidth = Math.max(0, ...margins.map((text) => text.length));
  const indent = marginWidth === 0 ? 0 : marginWidth + 2;
  const hasNotes = rows.some((row) => row.kind === "gap" || row.note !== null);
  const room = sheet.width - indent - (hasNotes ? MIN_NOTE + 2 : 0);
  const layout = fit(rows, lanesOf(rows, sheet.lanes), room);

  const lines = [" ".repeat(indent) + heading(layout)];
  const noteColumn = indent + layout.end + 2;
  const noteWidth = Math.max(MIN_NOTE, sheet.width - noteColumn);
  let shownMargin = "";
  for (const [i, row] of rows.entries()) {
    const margin = margins[i] === shownMargin ? "" : margins[i]!;
    if (margins[i] !== "") shownMargin = margins[i]!;
    const body = margin.padStart(marginWidth).padEnd(indent) + drawRow(row, layout).padEnd(layout.end);
    const note = row.kind === "gap" ? `${row.count} more` : row.note;
    const [first = "", ...more] = note === null ? [] : wrap(note, noteWidth);
    lines.push(`${body}  ${first}`);
    for (const line of more) lines.push(`${" ".repeat(indent)}${emptyRow(layout, "│").padEnd(layout.end)}  ${line}`);
  }
  const text = lines.map((line) => line.trimEnd()).join("\n");
  return sheet.ascii ? toAscii(text) : text;
}

/** Where everything stands: names and columns of the lanes, and the length to which texts are cut. */
interface Layout {
  readonly names: readonly string[];
  /** Column of each lane's line. */
  readonly columns: readonly number[];
  readonly laneOf: ReadonlyMap<string, number>;
  readonly textLength: number;
  /** Columns used by lanes and what stands right of the last one. */
  readonly end: number;
}

function lanesOf(rows: readonly Row[], first: readonly string[]): string[] {
  const present = new Set<string>();
  for (const row of rows) {
    if (row.kind === "arrow") present.add(row.from).add(row.to);
    if (row.kind === "mark") present.add(row.at);
  }
  return [...new Set([...first.filter((name) => present.has(name)), ...present])];
}

/** The layout with the longest texts that fits into `room` columns. */
function fit(rows: readonly Row[], lanes: readonly string[], room: number): Layout {
  const longest = Math.max(
    MIN_TEXT,
    ...lanes.map((name) => name.length),
    ...rows.map((row) => (row.kind === "gap" ? 0 : row.label.length)),
  );
  let layout = layOut(rows, lanes, longest);
  for (let length = longest - 1; layout.end > room && length >= MIN_TEXT; length--) layout = layOut(rows, lanes, length);
  return layout;
}

function layOut(rows: readonly Row[], lanes: readonly string[], textLength: number): Layout {
  const names = lanes.map((name) => cut(name, textLength));
  const laneOf = new Map(lanes.map((name, lane) => [name, lane]));
  const before = (name: string): number => Math.floor((name.length - 1) / 2);
  const columns: number[] = [];
  // What stands right of a lane without reaching another one, and arrows by the lane they end at on the right.
  const rightOf = lanes.map(() => 0);
  const spans: { from: number; length: number }[][] = lanes.map(() => []);
  for (const row of rows) {
    if (row.kind === "gap") continue;
    const length = Math.min(row.label.length, textLength);
    if (row.kind === "mark" || row.from === row.to) {
      const lane = laneOf.get(row.kind === "mark" ? row.at : row.from)!;
      rightOf[lane] = Math.max(rightOf[lane]!, row.kind === "mark" ? length + 1 : length + 4);
    } else {
      const [a, b] = [laneOf.get(row.from)!, laneOf.get(row.to)!];
      spans[Math.max(a, b)]!.push({ from: Math.min(a, b), length });
    }
  }
  for (const [lane, name] of names.entries()) {
    let column = lane === 0 ? before(name) : columns[lane - 1]! + 4;
    if (lane > 0) {
      const previous = names[lane - 1]!;
      column = Math.max(
        column,
        columns[lane - 1]! - before(previous) + previous.length + 2 + before(name),
        columns[lane - 1]! + rightOf[lane - 1]! + 2,
      );
      for (const span of spans[lane]!) column = Math.max(column, columns[span.from]! + span.length + 5);
    }
    columns.push(column);
  }
  const last = names.length - 1;
  const end = last < 0 ? 0 : Math.max(columns[last]! - before(names[last]!) + names[last]!.length, columns[last]! + 1 + rightOf[last]!);
  return { names, columns, laneOf, textLength, end };
}

function heading({ names, columns }: Layout): string {
  let text = "";
  for (const [lane, name] of names.entries()) text = text.padEnd(columns[lane]! - Math.floor((name.length - 1) / 2)) + name;
  return text;
}

function emptyRow({ columns }: Layout, line: string): string {
  let text = "";
  for (const column of columns) text = text.padEnd(column) + line;
  return text;
}

function drawRow(row: Row, layout: Layout): string {
  if (row.kind === "gap") return emptyRow(layout, "┆");
  const label = cut(row.label, layout.textLength);
  const canvas = [...emptyRow(layout, "│")];
  const put = (column: number, text: string): void => {
    while (canvas.length < column + text.length) canvas.push(" ");
    for (const [i, character] of [...text].entries()) canvas[column + i] = character;
  };
  if (row.kind === "mark") {
    put(layout.columns[layout.laneOf.get(row.at)!]!, `${row.isFailure ? "✗" : "●"} ${label}`);
    return canvas.join("");
  }
  const from = layout.columns[layout.laneOf.get(row.from)!]!;
  const to = layout.columns[layout.laneOf.get(row.to)!]!;
  if (from === to) put(from, `├─ ${label} ${row.isLost ? "✗" : "↺"}`);
  else if (from < to) put(from, `├${shaft(label, to - from - 1, row.isLost ? "right" : null)}${row.isLost ? "│" : "▶"}`);
  else put(to, `${row.isLost ? "│" : "◀"}${shaft(label, from - to - 1, row.isLost ? "left" : null)}┤`);
  return canvas.join("");
}

/** `── ping ───`; a lost arrow ends in a cross before its goal. */
function shaft(label: string, length: number, lostAt: "left" | "right" | null): string {
  const text = ` ${label} `;
  const left = Math.floor((length - text.length) / 2);
  const line = `${"─".repeat(left)}${text}${"─".repeat(length - text.length - left)}`;
  if (lostAt === null) return line;
  return lostAt === "right" ? `${line.slice(0, -1)}✗` : `✗${line.slice(1)}`;
}

function marginOf(kind: "none" | "rounds" | "seconds", rows: readonly Row[]): (moment: Moment) => string {
  if (kind === "none") return () => "";
  if (kind === "rounds") return (moment) => `round ${moment.round}`;
  const first = rows.find((row) => row.kind !== "gap");
  const start = first === undefined ? 0n : first.moment.timeNanos;
  return (moment) => `${tenths(moment.timeNanos - start)} s`;
}

/** Seconds with one decimal, rounded down. */
function tenths(nanos: bigint): string {
  const value = nanos / 100_000_000n;
  return `${value / 10n}.${value % 10n}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Lines of at most `width` characters, broken at blanks where there are some; too long a text ends in an ellipsis. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u).filter((part) => part !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  if (line !== "") lines.push(line);
  if (lines.length <= MAX_NOTE_LINES) return lines;
  return [...lines.slice(0, MAX_NOTE_LINES - 1), cut(`${lines[MAX_NOTE_LINES - 1]!} …`, width)];
}

const ASCII: Readonly<Record<string, string>> = {
  "─": "-",
  "│": "|",
  "├": "+",
  "┤": "+",
  "▶": ">",
  "◀": "<",
  "┆": ":",
  "✗": "x",
  "●": "*",
  "↺": "@",
  "…": "~",
  "×": "x",
};

function toAscii(text: string): string {
  return [...text].map((character) => ASCII[character] ?? character).join("");
}

/** The first group of the text form, a checksum, tells canisters of one network apart. */
function shortName(principal: PrincipalId): string {
  const text = principalText(principal);
  return text.length <= 12 ? text : `${text.slice(0, 5)}…`;
}

/** Two texts side by side, under titles where given; the right one begins `gap` blanks after the widest line of the left one. */
export function beside(
  left: string,
  right: string,
  options: { readonly gap?: number; readonly titles?: readonly [string, string] } = {},
): string {
  const [leftTitle, rightTitle] = options.titles ?? [null, null];
  const titled = (title: string | null, text: string): string[] => (title === null ? text.split("\n") : [title, "", ...text.split("\n")]);
  const a = titled(leftTitle, left);
  const b = titled(rightTitle, right);
  const width = Math.max(...a.map((line) => [...line].length)) + (options.gap ?? 6);
  const lines: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const line = a[i] ?? "";
    lines.push((line + " ".repeat(width - [...line].length) + (b[i] ?? "")).trimEnd());
  }
  return lines.join("\n");
}
