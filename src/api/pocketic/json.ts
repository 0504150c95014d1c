/**
 * JSON with integers of any size: times and amounts of cycles go over the wire as bare numbers, beyond what a double can hold.
 *
 * Source: pocketic-server.md 2.3.
 */

/** Integers with fewer digits than this are exact as numbers. */
const EXACT_DIGITS = 15;
/** Stands for a long integer while the library parses. */
const MARK = "cannery bigint";

/** Integers of more than 15 digits come as bigint, others as number. Throws a `SyntaxError`. */
export function parseJson(text: string): unknown {
  const marked = markLongIntegers(text);
  if (marked === text) return JSON.parse(text) as unknown;
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    const digits = (value as Readonly<Record<string, unknown>>)[MARK];
    return typeof digits === "string" && /^-?\d+$/.test(digits) ? BigInt(digits) : value;
  }) as unknown;
}

/** The text with an object in place of each long integer that stands outside of strings. */
function markLongIntegers(text: string): string {
  let marked = "";
  let kept = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (isDigit(code)) {
      let end = at + 1;
      while (isDigit(text.charCodeAt(end))) end++;
      // A fraction or an exponent makes it no integer.
      if (end - at > EXACT_DIGITS && !/[.eE]/.test(text[end] ?? "") && !/[.eE+]/.test(text[at - 1] ?? "")) {
        const start = text[at - 1] === "-" ? at - 1 : at;
        marked += `${text.slice(kept, start)}{"${MARK}":"${text.slice(start, end)}"}`;
        kept = end;
      }
      at = end - 1;
    }
  }
  return kept === 0 ? text : marked + text.slice(kept);
}

const QUOTE = 0x22;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Index of the quote that closes a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start; ;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

/** Without spaces; bigints as bare numbers, fields that are `undefined` left out. */
export function writeJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${writeJson(field)}`).join(",")}}`;
}
