/**
 * The header `IC-CertificateExpression`: what of a request and a response a canister certified.
 *
 * Source: HTTP gateway protocol specification, "The Certificate Expression Header", whose grammar this reads; with spaces between its parts, with fields
 * in any order, and whatever follows, as the library of the platform's gateways does (dfinity/response-verification `cel/parser.rs`). The header's text
 * is in the tree by its hash, so that nobody but the canister can have written it.
 */
import { VerificationFailure } from "./failure.ts";

export type Expression =
  | { readonly kind: "none" }
  | {
      readonly kind: "certified";
      /** `null`: the request is not certified. */
      readonly request: { readonly headers: readonly string[]; readonly parameters: readonly string[] } | null;
      /** The response's headers: these, or all but these. */
      readonly response: { readonly kind: "these" | "allBut"; readonly headers: readonly string[] };
    };

export function parseExpression(text: string): Expression {
  const certification = new Parser(text).value();
  if (certification.kind !== "function" || certification.name !== "default_certification")
    throw wrong("it is not default_certification(…)");
  const args = objectOf(certification.args[0], "ValidationArgs");
  const [which, value] = oneOf(args, ["no_certification", "certification"]);
  if (which === "no_certification") return { kind: "none" };
  const fields = objectOf(value, "Certification");
  return { kind: "certified", request: requestOf(fields), response: responseOf(fields) };
}

function requestOf(certification: Fields): { readonly headers: readonly string[]; readonly parameters: readonly string[] } | null {
  const [which, value] = oneOf(certification, ["no_request_certification", "request_certification"]);
  if (which === "no_request_certification") return null;
  const fields = objectOf(value, "RequestCertification");
  return { headers: textsOf(fields, "certified_request_headers"), parameters: textsOf(fields, "certified_query_parameters") };
}

function responseOf(certification: Fields): { readonly kind: "these" | "allBut"; readonly headers: readonly string[] } {
  const fields = objectOf(certification.get("response_certification"), "ResponseCertification");
  const [which, value] = oneOf(fields, ["certified_response_headers", "response_header_exclusions"]);
  const headers = textsOf(objectOf(value, "ResponseHeaderList"), "headers");
  return { kind: which === "certified_response_headers" ? "these" : "allBut", headers };
}

type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "object"; readonly name: string; readonly fields: Fields }
  | { readonly kind: "function"; readonly name: string; readonly args: readonly Value[] };

type Fields = ReadonlyMap<string, Value>;

function wrong(why: string): VerificationFailure {
  return new VerificationFailure(`IC-CertificateExpression is not understood: ${why}`);
}

/** Exactly one of two fields must be there. */
function oneOf<T extends string>(fields: Fields, names: readonly [T, T]): readonly [T, Value] {
  const [found, ...more] = names.filter((name) => fields.has(name));
  if (found === undefined || more.length > 0) throw wrong(`it must have one of ${names.join(" and ")}`);
  return [found, fields.get(found)!];
}

function objectOf(value: Value | undefined, name: string): Fields {
  if (value?.kind !== "object" || value.name !== name) throw wrong(`${name}{…} is expected`);
  return value.fields;
}

function textsOf(fields: Fields, name: string): string[] {
  const value = fields.get(name);
  if (value?.kind !== "list") throw wrong(`${name} must be a list`);
  return value.items.map((item) => {
    if (item.kind !== "text") throw wrong(`${name} must be a list of texts`);
    return item.text;
  });
}

/** The grammar nests six deep. */
const MAX_DEPTH = 32;

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth = 0): Value {
    if (depth > MAX_DEPTH) throw wrong("it is nested too deeply");
    if (this.takes("[")) return { kind: "list", items: this.until("]", () => this.value(depth + 1)) };
    const quoted = this.match(/"([A-Za-z0-9-]*)"/y);
    if (quoted !== null) return { kind: "text", text: quoted[1]! };
    const name = this.name();
    if (this.takes("{")) return { kind: "object", name, fields: new Map(this.until("}", () => this.field(depth))) };
    if (this.takes("(")) return { kind: "function", name, args: this.until(")", () => this.value(depth + 1)) };
    throw this.unexpected();
  }

  private field(depth: number): [string, Value] {
    const name = this.name();
    if (!this.takes(":")) throw this.unexpected();
    return [name, this.value(depth + 1)];
  }

  private until<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.takes(end)) return items;
    do items.push(item());
    while (this.takes(","));
    if (!this.takes(end)) throw this.unexpected();
    return items;
  }

  private name(): string {
    const found = this.match(/\w+/y);
    if (found === null) throw this.unexpected();
    return found[0];
  }

  private takes(symbol: string): boolean {
    this.match(/\s*/y);
    if (this.text[this.at] !== symbol) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    if (pattern.source !== "\\s*") this.match(/\s*/y);
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  private unexpected(): VerificationFailure {
    return wrong(`${JSON.stringify(this.text.slice(this.at, this.at + 20))} is not expected at ${this.at}`);
  }
}
