/**
 * Names of Rust functions as people write them. A Wasm module's name section has the names of Rust functions mangled, in the older manner
 * (`_ZN…17h<hash>E`) or the newer (`_R…`, rust-v0-names.ts); the platform shows neither hashes nor the types of constants.
 *
 * Source: "Rust symbol name mangling" in the book of the compiler, for the older manner `rustc_codegen_utils::symbol_names::legacy`.
 * Replica: `demangle` in `rs/embedders/src/wasmtime_embedder.rs` (c7c5005).
 */
import { isScalar } from "./punycode.ts";
import { demangledV0Name, isAscii, type Demangled } from "./rust-v0-names.ts";

/** The name as it is where it is no Rust function's. */
export function demangledRustName(mangled: string): string {
  const name = mangled.replace(/\.llvm\.[A-F0-9@]*$/, "");
  const found = demangledLegacyName(name) ?? demangledV0Name(name);
  return found !== null && /^(\.[!-~]*)?$/.test(found.suffix) ? found.text + found.suffix : mangled;
}

/** Parts with their lengths, then `E`. */
function demangledLegacyName(name: string): Demangled | null {
  const prefix = /^_{0,2}ZN/.exec(name)?.[0];
  if (prefix === undefined || !isAscii(name)) return null;
  const parts: string[] = [];
  let at = prefix.length;
  while (name[at] !== "E") {
    const digits = /^[0-9]+/.exec(name.slice(at, at + 16))?.[0];
    if (digits === undefined) return null;
    const start = at + digits.length;
    at = start + Number(digits);
    if (at >= name.length) return null;
    parts.push(name.slice(start, at));
  }
  if (parts.length > 0 && /^h[0-9a-fA-F]*$/.test(parts[parts.length - 1])) parts.pop();
  return { text: parts.map(withoutEscapes).join("::"), suffix: name.slice(at + 1) };
}

const ESCAPES: Readonly<Record<string, string>> = { SP: "@", BP: "*", RF: "&", LT: "<", GT: ">", LP: "(", RP: ")", C: "," };

/** `..` stands for `::` and `$XX$` for what a symbol cannot hold. From an escape that means nothing on, the part stays as it is. */
function withoutEscapes(part: string): string {
  let rest = part.startsWith("_$") ? part.slice(1) : part;
  let text = "";
  for (;;) {
    const special = rest.search(/[$.]/);
    if (special === -1) return text + rest;
    text += rest.slice(0, special);
    rest = rest.slice(special);
    if (rest[0] === ".") {
      const double = rest[1] === ".";
      text += double ? "::" : ".";
      rest = rest.slice(double ? 2 : 1);
    } else {
      const escape = /^\$([^$]*)\$/.exec(rest);
      const meaning = escape === null ? null : (ESCAPES[escape[1]] ?? escapedCharacter(escape[1]));
      if (meaning === null) return text + rest;
      text += meaning;
      rest = rest.slice(escape![0].length);
    }
  }
}

/** `u7e`: a code point; none that controls anything. */
function escapedCharacter(escape: string): string | null {
  if (!/^u[0-9a-f]{1,8}$/.test(escape)) return null;
  const point = parseInt(escape.slice(1), 16);
  const isControl = point < 0x20 || (point >= 0x7f && point < 0xa0);
  return isControl || !isScalar(point) ? null : String.fromCodePoint(point);
}
