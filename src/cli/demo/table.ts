/**
 * The demo's table. Numbers are right-aligned, large ones with a unit, so that rows can be compared at a glance.
 */
import type { Measured } from "./parallel-calls.ts";

const HEAD = ["subnets", "calls", "mode", "succeeded", "rejected", "rounds", "seconds", "ms", "instr.", "cycles"];
const LEFT = new Set([2, 4]);

export function table(rows: readonly Measured[]): string {
  const cells = rows.map((row) => [
    String(row.subnets),
    String(row.calls),
    row.mode,
    String(row.succeeded),
    Object.entries(row.rejected)
      .map(([code, count]) => `${count} ${code}`)
      .join(", ") || "-",
    String(row.rounds),
    row.virtualSeconds.toFixed(0),
    row.milliseconds.toFixed(0),
    short(row.instructions),
    short(Number(row.cycles)),
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd();
  const lines = [line(HEAD), widths.map((width) => "-".repeat(width)).join("  ")];
  cells.forEach((row, i) => {
    if (i > 0 && (rows[i].calls !== rows[i - 1].calls || rows[i].subnets !== rows[i - 1].subnets)) lines.push("");
    lines.push(line(row));
  });
  return lines.join("\n");
}

/** `12.3 M`: three digits and a power of a thousand. */
function short(value: number): string {
  for (const [factor, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= factor) return `${(value / factor).toPrecision(3)} ${unit}`;
  }
  return String(value);
}
