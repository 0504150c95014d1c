/**
 * `cannery types FILE`: TypeScript types of a canister, on standard output, for `net.install<T>()`.
 */
import { existsSync, readFileSync } from "node:fs";
import { CanneryError } from "../base/cannery-error.ts";
import { DidError } from "../codec/did/ast.ts";
import { parseDid } from "../codec/did/did.ts";
import { toTypescript } from "../codec/did/to-typescript.ts";
import { nodePlatform } from "../host/platform-node.ts";
import { interfaceOfBytes, isGzip, isWasm } from "../network/module-interface.ts";

export function types(file: string): void {
  if (!existsSync(file))
    throw new CanneryError("file-missing", `There is no file ${file}. Give the path of a .wasm, .wasm.gz or .did file.`);
  try {
    console.log(toTypescript(parseDid(candidOf(file), { file })).trimEnd());
  } catch (error) {
    if (error instanceof DidError) throw new CanneryError("candid-text", error.message, { cause: error });
    throw error;
  }
}

function candidOf(file: string): string {
  const bytes = new Uint8Array(readFileSync(file));
  if (!isWasm(bytes) && !isGzip(bytes)) return new TextDecoder().decode(bytes);
  const found = interfaceOfBytes(bytes, nodePlatform, file);
  if (found !== null) return found.candid;
  throw new CanneryError(
    "no-candid",
    `${file} carries no Candid description (no custom section candid:service). Give its .did file instead.`,
  );
}
