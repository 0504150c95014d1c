/**
 * The rows of a drawing as a list, for more participants than have room beside each other: a line for each message, who called on the left and who was called
 * on the right, so that an answer stands below its call.
 *
 *     user ──▶ shard1   go(4)
 *   shard1 ──▶ shard17  go(3)
 *   shard1 ◀── shard17  reply 1
 */
import { columnsOf, cutName, padEnd, padStart, wrap } from "./columns.ts";
import type { Row } from "./rows.ts";

export interface ListSheet {
  readonly width: number;
  /** What stands left of each row. */
  readonly margins: readonly string[];
}

/** Columns kept for what a line says. */
const MIN_TEXT = 36;
const MIN_NAME = 8;
const ARROW = 5;

export function drawList(rows: readonly Row[], { width, margins }: ListSheet): string {
  const marginWidth = Math.max(0, ...margins.map((margin) => margin.length));
  const indent = marginWidth === 0 ? 0 : marginWidth + 2;
  const all = rows.map(lineOf);
  const longest = Math.max(...all.flatMap(({ left, right }) => [columnsOf(left), columnsOf(right)]));
  const nameWidth = Math.min(longest, Math.max(MIN_NAME, Math.floor((width - indent - ARROW - 2 - MIN_TEXT) / 2)));
  const textColumn = indent + 2 * nameWidth + ARROW + 2;
  const lines: string[] = [];
  let shownMargin = "";
  for (const [i, { left, sign, right, text }] of all.entries()) {
    const margin = margins[i] === shownMargin ? "" : margins[i]!;
    if (margins[i] !== "") shownMargin = margins[i]!;
    const who = `${padStart(cutName(left, nameWidth), nameWidth)} ${sign} ${padEnd(cutName(right, nameWidth), nameWidth)}`;
    const [first = "", ...more] = wrap(text, Math.max(MIN_TEXT, width - textColumn));
    lines.push(`${margin.padStart(marginWidth).padEnd(indent)}${who}  ${first}`);
    for (const line of more) lines.push(" ".repeat(textColumn) + line);
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

interface Line {
  readonly left: string;
  /** Three columns. */
  readonly sign: string;
  readonly right: string;
  readonly text: string;
}

function lineOf(row: Row): Line {
  if (row.kind === "gap") return { left: "", sign: " ┆ ", right: "", text: `${row.count} more` };
  const text = row.note === null ? row.label : `${row.label}: ${row.note}`;
  if (row.kind === "mark") return { left: row.at, sign: row.isFailure ? "✗  " : "●  ", right: "", text };
  const { from, to, isLost } = row;
  if (row.about.isAnswer) return { left: to, sign: isLost ? "✗──" : "◀──", right: from, text };
  return { left: from, sign: isLost ? "──✗" : "──▶", right: to, text };
}
