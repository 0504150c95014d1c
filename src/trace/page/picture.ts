/**
 * A story as SVG: a lifeline for each lane, a row for each step. Rows are moved as wholes (`transform`), so that the page's script can close the gaps
 * when it hides some. What a step is can be told by its shape alone, without colours.
 */
import { columnsOf, cut as cutEnd, cutName } from "../columns.ts";
import { escaped } from "./markup.ts";
import { secondsText } from "./facts.ts";
import type { Lane, Shape, Step, Story } from "./story.ts";

/** Of the font, at its size in the stylesheet. */
const CHARACTER = 7.25;
/** Of the names of groups. */
const SMALL_CHARACTER = 6;
const GUTTER = 112;
const MIN_GAP = 96;
const MAX_GAP = 330;
/** Many lanes are closer, so that arrows between them are seen whole. */
const ALL_GAPS = 2600;
const MAX_NAME_CHARACTERS = 30;
const MAX_NOTE_CHARACTERS = 70;
const HEADING = 58;
/** A picture is cut into pieces of so many rows, which a browser draws only where they are in sight. */
const ROWS_IN_PIECE = 150;

const HEIGHTS: Readonly<Record<Shape, number>> = {
  call: 30,
  reply: 30,
  reject: 30,
  lost: 30,
  run: 16,
  trap: 26,
  choice: 28,
  fault: 28,
  mark: 26,
};
/** More for a message of a canister to itself. */
const LOOP = 10;

interface Sheet {
  readonly story: Story;
  /** Middle of each lane. */
  readonly columns: readonly number[];
  readonly width: number;
}

/** The lanes' names, and the pieces below them. */
export function picture(story: Story): string {
  const sheet = layOut(story);
  const pieces: string[] = [];
  for (let start = 0; start < story.steps.length; start += ROWS_IN_PIECE)
    pieces.push(piece(story.steps.slice(start, start + ROWS_IN_PIECE), story.steps[start - 1] ?? null, sheet));
  return `<div class="names">${heading(sheet)}</div>\n${pieces.join("\n")}`;
}

/** Lanes are as far apart as the texts between neighbours need, within bounds. */
function layOut(story: Story): Sheet {
  const { lanes, steps } = story;
  const maxGap = Math.max(MIN_GAP + 40, Math.min(MAX_GAP, ALL_GAPS / lanes.length));
  const gaps = lanes.map(() => MIN_GAP);
  let notes = 0;
  for (const { from, to, label, note, shape } of steps) {
    const right = Math.max(from, to);
    const room = columnsOf(label) * CHARACTER + 34;
    if (Math.abs(from - to) === 1) gaps[right] = Math.max(gaps[right]!, room);
    else if (from === to && shape !== "run" && right + 1 < lanes.length) gaps[right + 1] = Math.max(gaps[right + 1]!, room + 26);
    if (note !== null) notes = Math.max(notes, Math.min(columnsOf(note), MAX_NOTE_CHARACTERS));
  }
  let x = GUTTER;
  const halves = lanes.map((_, i) => halfWidth(lanes, i));
  const columns = halves.map((half, i) => {
    x += i === 0 ? half : Math.max(Math.min(gaps[i]!, maxGap), halves[i - 1]! + half + 28);
    return x;
  });
  const onLast = steps.filter(({ from, to }) => from === to && to === lanes.length - 1);
  const end = Math.max(x + 120, ...onLast.map(({ label }) => x + Math.min(columnsOf(label), MAX_NOTE_CHARACTERS) * CHARACTER + 60));
  return { story, columns, width: Math.ceil(end + (notes === 0 ? 0 : notes * CHARACTER + 20)) };
}

/** Of what stands above a lane: its name, or that of its group where it is alone in it. */
function halfWidth(lanes: readonly Lane[], i: number): number {
  const { name, group } = lanes[i]!;
  const isAlone = lanes.every((lane, other) => other === i || lane.group !== group);
  return Math.max(nameHalf(name), isAlone ? (Math.min(columnsOf(group), MAX_NAME_CHARACTERS) * SMALL_CHARACTER + 8) / 2 : 0);
}

function nameHalf(name: string): number {
  return (columnsOf(nameText(name)) * CHARACTER + 20) / 2;
}

function nameText(name: string): string {
  return cutName(name, MAX_NAME_CHARACTERS);
}

function heading({ story: { lanes }, columns, width }: Sheet): string {
  const groups = new Map<string, number[]>();
  lanes.forEach(({ group }, i) => groups.set(group, [...(groups.get(group) ?? []), i]));
  const half = (i: number): number => nameHalf(lanes[i]!.name);
  const bands = [...groups]
    .filter(([group]) => group !== "")
    .map(([group, members]) => {
      const [first, last] = [members[0]!, members.at(-1)!];
      const [left, right] = [columns[first]! - halfWidth(lanes, first) - 6, columns[last]! + halfWidth(lanes, last) + 6];
      const text = cut(group, Math.max(5, Math.floor((right - left) / SMALL_CHARACTER)));
      return `<g class="group"><rect x="${left}" y="3" width="${right - left}" height="${HEADING - 5}" rx="8"/><text x="${left + 8}" y="16">${escaped(text)}<title>${escaped(group)}</title></text></g>`;
    });
  const names = lanes.map((lane, i) => {
    const shape = `<rect x="${columns[i]! - half(i)}" y="23" width="${2 * half(i)}" height="26" rx="${lane.isUser ? 13 : 4}"/>`;
    return `<g class="lane" data-lane="${i}">${shape}<text x="${columns[i]}" y="40">${escaped(nameText(lane.name))}<title>${escaped(lane.name)}</title></text></g>`;
  });
  return `<svg width="${width}" height="${HEADING}" role="img" aria-label="${escaped(`Lanes: ${lanes.map(({ name }) => name).join(", ")}`)}">${bands.join("")}${names.join("")}</svg>`;
}

function piece(steps: readonly Step[], before: Step | null, sheet: Sheet): string {
  const rows: string[] = [];
  let y = 0;
  let last = before;
  for (const step of steps) {
    const height = heightOf(step);
    const isSameTime = last !== null && whenText(last, sheet) === whenText(step, sheet);
    rows.push(row(step, { y, height, isSameTime }, sheet));
    y += height;
    last = step;
  }
  const lines = sheet.columns.map((x, i) => `<line class="life" data-lane="${i}" x1="${x}" x2="${x}" y1="0" y2="100%"/>`).join("");
  return `<svg class="piece" width="${sheet.width}" height="${y}" style="contain-intrinsic-size:${sheet.width}px ${y}px">${lines}\n${rows.join("\n")}</svg>`;
}

function heightOf({ shape, from, to }: Step): number {
  return HEIGHTS[shape] + (from === to && isArrow(shape) ? LOOP : 0);
}

function isArrow(shape: Shape): boolean {
  return shape === "call" || shape === "reply" || shape === "reject" || shape === "lost";
}

function whenText({ moment }: Step, { story }: Sheet): string {
  return `${secondsText(moment, story.startNanos)} · r ${moment.round}`;
}

function row(step: Step, place: { readonly y: number; readonly height: number; readonly isSameTime: boolean }, sheet: Sheet): string {
  const { id, shape, from, to, note, call } = step;
  const { y, height, isSameTime } = place;
  const middle = isArrow(shape) ? 21 : height / 2;
  const drawn = isArrow(shape) ? arrow(step, middle, sheet) : mark(step, middle, sheet);
  const when = `<text class="when" x="${GUTTER - 14}" y="${middle + 4}">${whenText(step, sheet)}</text>`;
  const noted =
    note === null
      ? ""
      : `<text class="note" x="${noteColumn(step, sheet)}" y="${middle + 4}">${escaped(cut(note, MAX_NOTE_CHARACTERS))}</text>`;
  const lanes = from === to ? `${from}` : `${from} ${to}`;
  return `<a id="row-${id}" href="#${id}" class="row ${shape}${isSameTime ? " again" : ""}" data-lanes="${lanes}" data-call="${call ?? ""}" data-h="${height}" transform="translate(0 ${y})"><rect class="hit" width="100%" height="${height}"/>${when}${drawn}${noted}<title>${escaped(step.title)}</title></a>`;
}

/** Right of everything; right of its own text for what stands on the last lane. */
function noteColumn({ from, to, label }: Step, { columns }: Sheet): number {
  const last = columns.at(-1)!;
  return from === to && from === columns.length - 1 ? last + columnsOf(label) * CHARACTER + 50 : last + 28;
}

function arrow(step: Step, y: number, { columns }: Sheet): string {
  const { from, to, shape } = step;
  const [a, b] = [columns[from]!, columns[to]!];
  if (from === to) {
    const line = `<path class="line" d="M${a + 4} ${y - 8}h26v14h-${shape === "lost" ? 10 : 22}"/>`;
    return `${line}${head(shape, shape === "lost" ? a + 20 : a + 6, y + 6, -1)}${text(step.label, a + 38, y + 3, "start")}`;
  }
  const direction = b > a ? 1 : -1;
  // What was lost ends on its way.
  const end = shape === "lost" ? a + (b - a) * 0.7 : b - direction * 6;
  const label = text(cut(step.label, Math.max(4, Math.floor((Math.abs(b - a) - 24) / CHARACTER))), (a + b) / 2, y - 6, "middle");
  return `<path class="line" d="M${a + direction * 4} ${y}H${end}"/>${head(shape, end, y, direction)}${label}`;
}

/** Filled for calls, open for replies, a cross for rejects, a barred circle for what was lost. */
function head(shape: Shape, x: number, y: number, direction: 1 | -1): string {
  const back = -7 * direction;
  switch (shape) {
    case "call":
      return `<path class="full" d="M${x + 4 * direction} ${y}l${back} -4.5v9z"/>`;
    case "reply":
      return `<path class="open" d="M${x + back + 3 * direction} ${y - 5}l${-back} 5l${back} 5"/>`;
    case "reject":
      return `<path class="open" d="M${x - 4} ${y - 5}l9 10m0 -10l-9 10"/>`;
    default:
      return `<circle class="open" cx="${x + 5 * direction}" cy="${y}" r="5"/><path class="open" d="M${x + 5 * direction - 3.5} ${y + 3.5}l7 -7"/>`;
  }
}

/** A bar for an execution, an octagon for a trap, a diamond for a choice, a triangle for a fault, a ring for a system task. */
function mark({ shape, from, label }: Step, y: number, { columns }: Sheet): string {
  const x = columns[from]!;
  const shapes: Readonly<Partial<Record<Shape, string>>> = {
    run: `<rect class="bar" x="${x - 4.5}" y="${y - 6}" width="9" height="12" rx="2"/>`,
    trap: `<path class="full" d="M${x - 3.7} ${y - 9}h7.4l5.3 5.3v7.4l-5.3 5.3h-7.4l-5.3 -5.3v-7.4z"/><path class="inner" d="M${x} ${y - 5}v6m0 2.6v1.6"/>`,
    choice: `<path class="full" d="M${x} ${y - 8}l8 8l-8 8l-8 -8z"/>`,
    fault: `<path class="full" d="M${x} ${y - 9}l9.5 17h-19z"/><path class="inner" d="M${x} ${y - 3}v5m0 2.4v1.4"/>`,
  };
  return `${shapes[shape] ?? `<circle class="open" cx="${x}" cy="${y}" r="6"/>`}${label === "" ? "" : text(cut(label, MAX_NOTE_CHARACTERS), x + 16, y + 4, "start")}`;
}

function text(content: string, x: number, y: number, anchor: "start" | "middle"): string {
  return `<text class="label" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function cut(content: string, columns: number): string {
  return cutEnd(content.replaceAll(/\s+/gu, " "), columns);
}
