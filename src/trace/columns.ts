/**
 * Texts in columns, as terminals and fonts of one width show them: ideographs and pictures take two, marks that join the character before them none. What
 * cannot be seen, or would move the cursor, is shown as its number.
 *
 * Source: Unicode Standard Annex 11, "East Asian Width", by scripts instead of its table: the few signs in which they differ are no names of canisters.
 */

const WIDE =
  /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Bopomofo}|\p{Script=Yi}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** Control characters (line ends and tabs aside), marks of direction, halves of surrogate pairs. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;
const JOINING = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ONLY_ASCII = /^[ -~]*$/u;

/** With `\u{1b}` for what cannot be seen. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** One entry for each column: a wide character is followed by an empty one. */
export function cells(text: string): string[] {
  if (ONLY_ASCII.test(text)) return text.split("");
  const found: string[] = [];
  for (const character of text) {
    if (JOINING.test(character) && found.length > 0)
      found[found.lastIndexOf("") === found.length - 1 ? found.length - 2 : found.length - 1] += character;
    else if (WIDE.test(character)) found.push(character, "");
    else found.push(character);
  }
  return found;
}

export function columnsOf(text: string): number {
  return cells(text).length;
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}

/** What is too long ends in an ellipsis. */
export function cut(text: string, columns: number): string {
  const all = cells(text);
  return all.length <= columns ? text : `${first(all, columns - 1)}…`;
}

/** Names differ at their ends as often as at their beginnings: what is too long has its ellipsis in between. */
export function cutName(name: string, columns: number): string {
  const all = cells(name);
  if (all.length <= columns) return name;
  const end = Math.floor((columns - 1) / 2);
  return `${first(all, columns - 1 - end)}…${last(all, end)}`;
}

function first(all: readonly string[], columns: number): string {
  // Half of a wide character is a blank.
  return all[columns] === "" ? `${all.slice(0, columns - 1).join("")} ` : all.slice(0, columns).join("");
}

function last(all: readonly string[], columns: number): string {
  const start = all.length - columns;
  return all[start] === "" ? ` ${all.slice(start + 1).join("")}` : all.slice(start).join("");
}

const MAX_LINES = 3;

/** Lines of at most `width` columns, broken at blanks where there are some; too long a text ends in an ellipsis. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/u).filter((part) => part !== "")) {
    if (line !== "" && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
    while (columnsOf(line) > width) {
      const start = first(cells(line), width);
      lines.push(start);
      line = line.slice(start.trimEnd().length);
    }
  }
  if (line !== "") lines.push(line);
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES - 1), cut(`${lines[MAX_LINES - 1]!} …`, width)];
}
