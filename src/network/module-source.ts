/**
 * Where a module's bytes come from: bytes, a file, or a Motoko source that is compiled.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { Host } from "./host.ts";

/** Bytes of a module (gzip or not), the path of a `.wasm`, `.wasm.gz` or `.mo` file, or an object with the bytes in `wasm`. */
export type ModuleSource = Uint8Array | string | { readonly wasm: Uint8Array };

export interface ModuleBytes {
  readonly bytes: Uint8Array;
  /** For people: the file's name without extension; `null` for bytes. */
  readonly stem: string | null;
}

/** Refuses what cannot be read, saying how to build it. Whether the bytes are a module the platform judges. */
export async function loadModule(source: ModuleSource, host: Host): Promise<ModuleBytes> {
  if (source instanceof Uint8Array) return { bytes: source, stem: null };
  if (typeof source === "object" && source !== null && source.wasm instanceof Uint8Array) return { bytes: source.wasm, stem: null };
  if (typeof source !== "string")
    throw new CanneryError("bad-module", `a module is given as bytes, as a path, or as { wasm: bytes }; got ${typeof source}`);
  const { files } = host;
  if (files === null)
    throw new CanneryError("no-files", `there is no file system here: give the bytes of ${JSON.stringify(source)} instead of its path`);
  const path = files.resolve(null, source);
  const stem = files.stemOf(path).replace(/\.wasm$/u, "");
  if (!(await files.isFile(path)))
    throw new CanneryError(
      "no-such-file",
      `there is no file ${path}: build the canister first, or give its path relative to the working directory`,
    );
  if (!path.endsWith(".mo")) return { bytes: await files.read(path), stem };
  if (host.compileMotoko === null) {
    throw new CanneryError(
      "no-compiler",
      `${source} is Motoko source, and the package "motoko" is not installed here. Install it (npm install --save-dev motoko), or build the module yourself (moc ${source} -o ${stem}.wasm --public-metadata candid:service) and give its path.`,
    );
  }
  return { bytes: await host.compileMotoko(path), stem };
}
