/** The results for people: one line for each number, and for each figure with an aim whether it is met. */
import type { Figure, Json, Results } from "./figure.ts";

export function printTable(figures: readonly Figure[], results: Results, print: (line: string) => void): void {
  const rows = Object.entries(results).flatMap(([name, value]) => flattened(name, value));
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) print(`${name.padEnd(width)}  ${value}`);
  const aims = figures.flatMap((figure) => aimLine(figure, results));
  if (aims.length > 0) print("");
  for (const line of aims) print(line);
}

function flattened(name: string, value: Json): [string, string][] {
  if (value === null || typeof value !== "object") return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flattened(`${name}.${key}`, inner as Json));
}

function aimLine({ name, aim }: Figure, results: Results): string[] {
  if (aim === null || !(name in results)) return [];
  const value = aim.of(results);
  const isMet = aim.kind === "at most" ? value <= aim.value : value >= aim.value;
  return [`${isMet ? "met   " : "missed"}  ${name}: ${value}, aim ${aim.kind} ${aim.value}`];
}
