/**
 * Candid text → tokens. Source: Candid specification, "Core Grammar", "Comments", "Text" and "Names".
 */
import { concat } from "../../base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../base/utf8.ts";
import { DidError, type Position } from "./ast.ts";

/** Words that are no identifiers: a name that coincides with one is written in quotes. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "blob",
  "composite_query",
  "false",
  "func",
  "import",
  "null",
  "oneway",
  "opt",
  "principal",
  "query",
  "record",
  "service",
  "true",
  "type",
  "variant",
  "vec",
]);

export interface Token {
  readonly kind: "id" | "keyword" | "text" | "number" | "symbol" | "end";
  /** Of a text: what it stands for, without quotes and escapes. Of a number: its decimal or `0x` digits. */
  readonly value: string;
  /** Lines of the `//` or `///` comment above, if nothing stands between. */
  readonly docs: readonly string[];
  readonly at: Position;
}

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9a-fA-F][_0-9a-fA-F]*|[0-9][_0-9]*/y;
const SYMBOL = /->|[=(){};,:]/y;
const SPACE = /[ \t\r]+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const COMMENT_EDGE = /\/\*|\*\//g;
const PLAIN_TEXT = /[^"\\]+/y;
const BYTE_ESCAPE = /\\([0-9a-fA-F]{2})/y;
const CODEPOINT_ESCAPE = /\\u\{([0-9a-fA-F][_0-9a-fA-F]*)\}/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"', "'": "'" };

/** All tokens, the last one of kind `end`. Throws `DidError`. */
export function tokenize(text: string, file: string | null): Token[] {
  return new Lexer(text, file).all();
}

class Lexer {
  private readonly text: string;
  private readonly file: string | null;
  private offset = 0;
  private line = 1;
  private lineStart = 0;
  private docs: string[] = [];

  constructor(text: string, file: string | null) {
    this.text = text;
    this.file = file;
  }

  all(): Token[] {
    const tokens: Token[] = [];
    for (;;) {
      this.skipSpace(tokens.at(-1)?.at.line ?? 0);
      const at = this.position();
      const docs = this.docs;
      this.docs = [];
      const [kind, value] = this.next(at);
      tokens.push({ kind, value, docs, at });
      if (kind === "end") return tokens;
    }
  }

  private next(at: Position): [Token["kind"], string] {
    if (this.offset >= this.text.length) return ["end", "the end of the text"];
    const word = this.take(WORD);
    if (word !== null) return [KEYWORDS.has(word) ? "keyword" : "id", word];
    const number = this.take(NUMBER);
    if (number !== null) return ["number", number.replaceAll("_", "")];
    const symbol = this.take(SYMBOL);
    if (symbol !== null) return ["symbol", symbol];
    if (this.text[this.offset] === '"') return ["text", this.quoted(at)];
    throw new DidError(`unexpected character ${JSON.stringify(String.fromCodePoint(this.text.codePointAt(this.offset)!))}`, at);
  }

  /** Skips to the next token and gathers the comment lines right above it. */
  private skipSpace(previousLine: number): void {
    let newlines = 0;
    for (;;) {
      if (this.text[this.offset] === "\n") {
        this.offset++;
        this.newLine();
        if (++newlines === 2) this.docs = []; // a blank line: the comment was about something else
        continue;
      }
      if (this.take(SPACE) !== null) continue;
      const line = this.line;
      const comment = this.take(LINE_COMMENT);
      if (comment !== null) {
        // Motoko writes its `///` into the description as it is.
        if (line !== previousLine) this.docs.push(comment.replace(/^\/{2,3}/, "").trim());
      } else if (this.text.startsWith("/*", this.offset)) {
        this.skipBlockComment();
      } else {
        return;
      }
      newlines = 0;
    }
  }

  /** Block comments nest. */
  private skipBlockComment(): void {
    const at = this.position();
    let depth = 0;
    COMMENT_EDGE.lastIndex = this.offset;
    do {
      const edge = COMMENT_EDGE.exec(this.text);
      if (edge === null) throw new DidError("this comment has no end", at);
      depth += edge[0] === "/*" ? 1 : -1;
    } while (depth > 0);
    this.advanceTo(COMMENT_EDGE.lastIndex);
  }

  private quoted(at: Position): string {
    // Bytes, as an escape like \e5 stands for one byte of a character.
    const parts: Uint8Array[] = [];
    this.offset++;
    while (this.text[this.offset] !== '"') {
      if (this.offset >= this.text.length) throw new DidError("this text has no closing quote", at);
      parts.push(this.part());
    }
    this.offset++;
    const value = decodeUtf8(concat(...parts));
    if (value === null) throw new DidError("this text is not Unicode: its bytes are no UTF-8", at);
    return value;
  }

  private part(): Uint8Array {
    const plain = this.match(PLAIN_TEXT);
    if (plain !== null) {
      this.advanceTo(PLAIN_TEXT.lastIndex);
      return encodeUtf8(plain[0]);
    }
    const at = this.position();
    const byte = this.match(BYTE_ESCAPE);
    if (byte !== null) {
      this.offset = BYTE_ESCAPE.lastIndex;
      return Uint8Array.of(Number.parseInt(byte[1]!, 16));
    }
    const codepoint = this.match(CODEPOINT_ESCAPE);
    if (codepoint !== null) {
      this.offset = CODEPOINT_ESCAPE.lastIndex;
      const code = Number.parseInt(codepoint[1]!.replaceAll("_", ""), 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new DidError(`${codepoint[0]} is no Unicode character`, at);
      return encodeUtf8(String.fromCodePoint(code));
    }
    const escaped = this.text[this.offset + 1] ?? "";
    const character = Object.hasOwn(ESCAPES, escaped) ? ESCAPES[escaped] : undefined;
    if (character === undefined) throw new DidError(`unknown escape "\\${escaped}"`, at);
    this.offset += 2;
    return encodeUtf8(character);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset;
    return pattern.exec(this.text);
  }

  /** For patterns that hold no newline. */
  private take(pattern: RegExp): string | null {
    const match = this.match(pattern);
    if (match === null) return null;
    this.offset = pattern.lastIndex;
    return match[0];
  }

  private advanceTo(offset: number): void {
    for (; this.offset < offset;) if (this.text[this.offset++] === "\n") this.newLine();
  }

  /** The newline was passed. */
  private newLine(): void {
    this.line++;
    this.lineStart = this.offset;
  }

  private position(): Position {
    return { file: this.file, line: this.line, column: this.offset - this.lineStart + 1 };
  }
}
