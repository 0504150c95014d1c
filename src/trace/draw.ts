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
 * An arrow stands where its message was sent. Columns are as wide as their texts need; when that is too wide, texts are cut. More lanes than can be told
 * apart in the width that there is become a list (`list.ts`).
 */
import type { NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import type { Moment } from "./messages.ts";
import { cells, columnsOf, cut, cutName, padEnd, visible, wrap } from "./columns.ts";
import { drawList } from "./list.ts";
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
  /** Runs of at least this many equal arrows become one, and equal choices from two on; 4 by default, `Infinity` never. */
  readonly fold?: number;
  /** Columns of text aimed at; 100 by default. */
  readonly width?: number;
  /** Plain ASCII instead of box characters. */
  readonly ascii?: boolean;
}

/** Ends without a line end; no line has trailing blanks. */
export function draw(events: readonly NetworkEvent[], options: DrawOptions = {}): string {
  const nameOf = (principal: PrincipalId): string => options.names?.get(principal) ?? options.nameOf?.(principal) ?? shortName(principal);
  const named = (principal: PrincipalId): string => visible(nameOf(principal));
  const all = rowsOf(events, { nameOf: named, label: options.label, include: options.include, choice: options.choice });
  const margin = marginOf(options.margin ?? "none", all);
  const rows = limitRows(foldRows(all, options.fold ?? 4, margin), options).map(shownRow);
  if (rows.length === 0) return "(no messages)";
  const { lanes = users(events, named), width = 100 } = options;
  const margins = rows.map((row) => (row.kind === "gap" ? "" : margin(row.moment)));
  const text = drawLanes(rows, { lanes, width, margins }) ?? drawList(rows, { width, margins });
  return options.ascii === true ? toAscii(text) : text;
}

function users(events: readonly NetworkEvent[], nameOf: (principal: PrincipalId) => string): string[] {
  return events.flatMap((event) => (event.kind === "sent" && event.message === "ingress" ? [nameOf(event.from)] : []));
}

interface Sheet {
  readonly lanes: readonly string[];
  readonly width: number;
  /** Of each row. */
  readonly margins: readonly string[];
}

/** A text is cut to no less than this. */
const MIN_TEXT = 6;
const FEW_LANES = 4;
/** Columns kept for notes, when there are some. */
const MIN_NOTE = 28;

/** `null` when the lanes have no room beside each other. */
function drawLanes(rows: readonly Row[], { lanes, width, margins }: Sheet): string | null {
  const marginWidth = Math.max(0, ...margins.map((text) => text.length));
  const indent = marginWidth === 0 ? 0 : marginWidth + 2;
  const hasNotes = rows.some((row) => row.kind === "gap" || row.note !== null);
  const room = width - indent - (hasNotes ? MIN_NOTE + 2 : 0);
  const layout = fit(rows, lanesOf(rows, lanes), room);
  if (layout === null) return null;

  const lines = [" ".repeat(indent) + heading(layout)];
  const noteColumn = indent + layout.end + 2;
  const noteWidth = Math.max(MIN_NOTE, width - noteColumn);
  let shownMargin = "";
  for (const [i, row] of rows.entries()) {
    const margin = margins[i] === shownMargin ? "" : margins[i]!;
    if (margins[i] !== "") shownMargin = margins[i]!;
    const body = margin.padStart(marginWidth).padEnd(indent) + padEnd(drawRow(row, layout), layout.end);
    const note = row.kind === "gap" ? `${row.count} more` : row.note;
    const [first = "", ...more] = note === null ? [] : wrap(note, noteWidth);
    lines.push(`${body}  ${first}`);
    for (const line of more) lines.push(`${" ".repeat(indent)}${emptyRow(layout, "│").padEnd(layout.end)}  ${line}`);
  }
  return lines.map((line) => line.trimEnd()).join("\n");
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

/** The layout with the longest texts that fits into `room` columns; `null` when there is none, or names in it look the same. */
function fit(rows: readonly Row[], lanes: readonly string[], room: number): Layout | null {
  const widths = new Map(rows.map((row) => [row, row.kind === "gap" ? 0 : columnsOf(row.label)]));
  let length = MIN_TEXT - 1;
  for (let most = Math.max(MIN_TEXT, ...lanes.map(columnsOf), ...widths.values()); length < most;) {
    const middle = Math.ceil((length + most) / 2);
    if (layOut(rows, lanes, middle, widths).end <= room) length = middle;
    else most = middle - 1;
  }
  // A few lanes are a drawing however narrow it is asked for.
  const isSmall = lanes.length <= FEW_LANES;
  if (length < MIN_TEXT && !isSmall) return null;
  const layout = layOut(rows, lanes, Math.max(length, MIN_TEXT), widths);
  return isSmall || new Set(layout.names).size === lanes.length ? layout : null;
}

/** In one line, of what can be seen. */
function shownRow(row: Row): Row {
  if (row.kind === "gap") return row;
  return { ...row, label: visible(row.label.replaceAll(/\s+/gu, " ")), note: row.note === null ? null : visible(row.note) };
}

function layOut(rows: readonly Row[], lanes: readonly string[], textLength: number, labelWidths: ReadonlyMap<Row, number>): Layout {
  const names = lanes.map((name) => cutName(name, textLength));
  const widths = names.map(columnsOf);
  const laneOf = new Map(lanes.map((name, lane) => [name, lane]));
  const before = (lane: number): number => Math.floor((widths[lane]! - 1) / 2);
  const columns: number[] = [];
  // What stands right of a lane without reaching another one, and arrows by the lane they end at on the right.
  const rightOf = lanes.map(() => 0);
  const spans: { from: number; length: number }[][] = lanes.map(() => []);
  for (const row of rows) {
    if (row.kind === "gap") continue;
    const length = Math.min(labelWidths.get(row)!, textLength);
    if (row.kind === "mark" || row.from === row.to) {
      const lane = laneOf.get(row.kind === "mark" ? row.at : row.from)!;
      rightOf[lane] = Math.max(rightOf[lane]!, row.kind === "mark" ? length + 1 : length + 4);
    } else {
      const [a, b] = [laneOf.get(row.from)!, laneOf.get(row.to)!];
      spans[Math.max(a, b)]!.push({ from: Math.min(a, b), length });
    }
  }
  for (const lane of names.keys()) {
    let column = lane === 0 ? before(lane) : columns[lane - 1]! + 4;
    if (lane > 0) {
      column = Math.max(
        column,
        columns[lane - 1]! - before(lane - 1) + widths[lane - 1]! + 2 + before(lane),
        columns[lane - 1]! + rightOf[lane - 1]! + 2,
      );
      for (const span of spans[lane]!) column = Math.max(column, columns[span.from]! + span.length + 5);
    }
    columns.push(column);
  }
  const last = names.length - 1;
  const end = last < 0 ? 0 : Math.max(columns[last]! - before(last) + widths[last]!, columns[last]! + 1 + rightOf[last]!);
  return { names, columns, laneOf, textLength, end };
}

function heading({ names, columns }: Layout): string {
  let text = "";
  for (const [lane, name] of names.entries()) text = padEnd(text, columns[lane]! - Math.floor((columnsOf(name) - 1) / 2)) + name;
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
    const written = cells(text);
    while (canvas.length < column + written.length) canvas.push(" ");
    for (const [i, cell] of written.entries()) canvas[column + i] = cell;
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
  const rest = length - columnsOf(text);
  const left = Math.floor(rest / 2);
  const line = `${"─".repeat(left)}${text}${"─".repeat(rest - left)}`;
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
  const width = Math.max(...a.map(columnsOf)) + (options.gap ?? 6);
  const lines: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const line = a[i] ?? "";
    lines.push((padEnd(line, width) + (b[i] ?? "")).trimEnd());
  }
  return lines.join("\n");
}
