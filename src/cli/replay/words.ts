/**
 * The words of a command's line, as somebody types them.
 */
import { CanneryError } from "../../base/cannery-error.ts";

/** The first word, which may be in quotes, and the rest. */
export function firstWord(line: string): [string, string] {
  const [, inQuotes, word, rest] = /^\s*(?:"([^"]*)"|(\S*))\s*(.*)$/su.exec(line)!;
  return [inQuotes ?? word ?? "", rest!.trim()];
}

export function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/su, "$1");
}

export function quoted(name: string): string {
  return /\s/u.test(name) ? JSON.stringify(name) : name;
}

/** As in a shell, arguments may be in single quotes. */
export function argsText(text: string): string {
  return text.replace(/^'(.*)'$/su, "$1") || "()";
}

export function countOf(text: string): number {
  return text === "" ? 1 : wholeNumber(text, "a number of executions is expected, such as next 5");
}

export function wholeNumber(text: string, refusal: string): number {
  if (/^\d+$/u.test(text)) return Number(text);
  throw new CanneryError("bad-argument", `${refusal}, not ${text === "" ? "nothing" : JSON.stringify(text)}`);
}
