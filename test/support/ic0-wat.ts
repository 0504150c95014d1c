/**
 * Canister modules as text: the imports by name, their types from the table.
 */
import type { PreparedModule } from "../../src/core/wasm/module-info.ts";
import { IC0 } from "../../src/core/wasm/ic0.ts";
import { preparedModule } from "./run-canister.ts";
import { wat } from "./wat.ts";

/** The binary of a module, names kept. */
export function compileWat(text: string): Uint8Array {
  return wat(text, { names: true });
}

export function pointer(bits: 32 | 64): "i32" | "i64" {
  return bits === 32 ? "i32" : "i64";
}

export function typeOf(letter: string, bits: 32 | 64 = 32): "i32" | "i64" {
  return letter === "I" || letter === "E" ? pointer(bits) : letter === "l" ? "i64" : "i32";
}

/** Import of `ic0.<name>` as `$<name>`. */
export function importLine(name: string, bits: 32 | 64 = 32): string {
  const api = IC0.get(name);
  if (api === undefined) throw new Error(`no ic0.${name}`);
  const params = [...api.params].map((letter) => typeOf(letter, bits)).join(" ");
  const result = api.result === "" ? "" : `(result ${typeOf(api.result, bits)})`;
  return `(import "ic0" "${name}" (func $${name} ${params === "" ? "" : `(param ${params})`} ${result}))`;
}

/** Prepares a module, `moduleText` with its names. */
export function canisterModule(body: string, bits: 32 | 64 = 32): PreparedModule {
  return preparedModule(compileWat(moduleText(body, bits)));
}

/** A whole module: imports are what the body calls, one page of memory unless the body declares its own. */
export function moduleText(body: string, bits: 32 | 64 = 32): string {
  const called = new Set([...body.matchAll(/\(call \$([a-z0-9_]+)/g)].map((match) => match[1]).filter((name) => IC0.has(name)));
  const imports = [...called].map((name) => importLine(name, bits)).join("\n");
  const memory = /\(memory[\s)]/.test(body) ? "" : `(memory ${bits === 64 ? "i64 " : ""}1)`;
  return `(module ${imports} ${memory} ${body})`;
}

/** A data segment at an address. */
export function data(address: number, text: string): string {
  return `(data (i32.const ${address}) "${text.replaceAll('"', '\\"')}")`;
}
