/**
 * Where a module's bytes come from: bytes, a file, an address, or a Motoko source that is compiled.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { kindOf } from "./given.ts";
import type { Host } from "./host.ts";

/**
 * Bytes of a module (gzip or not), the path of a `.wasm`, `.wasm.gz` or `.mo` file, an object with the bytes in `wasm`, the `URL` of a module, or
 * what holds its bytes: a `Response`, a `File`, a `Blob`.
 */
export type ModuleSource = Uint8Array | string | { readonly wasm: Uint8Array } | ModuleAddress | ModuleBody;

/** A `URL`. */
export interface ModuleAddress {
  readonly href: string;
}

/** A `Response`, a `File` or a `Blob`. */
export interface ModuleBody {
  arrayBuffer(): Promise<ArrayBuffer>;
  /** `false` for a response that is a refusal, whose bytes are no module. */
  readonly ok?: boolean;
  readonly status?: number;
  readonly url?: string;
}

export interface ModuleBytes {
  readonly bytes: Uint8Array;
  /** For people: the file's name without extension; `null` for bytes. */
  readonly stem: string | null;
}

/** Refuses what cannot be read, saying how to build it. Whether the bytes are a module the platform judges. */
export async function loadModule(source: ModuleSource, host: Host): Promise<ModuleBytes> {
  if (source instanceof Uint8Array) return { bytes: source, stem: null };
  if (typeof source === "string") return fromPath(source, host);
  if (typeof source === "object" && source !== null) {
    if ("wasm" in source && source.wasm instanceof Uint8Array) return { bytes: source.wasm, stem: null };
    if ("href" in source && typeof source.href === "string") return fromAddress(source.href, host);
    if ("arrayBuffer" in source && typeof source.arrayBuffer === "function") return fromBody(source, source.url ?? "");
  }
  throw new CanneryError(
    "bad-module",
    `a module is given as bytes, as a path, as { wasm: bytes }, as a URL, or as a Response, File or Blob; got ${kindOf(source)}`,
  );
}

async function fromPath(source: string, host: Host): Promise<ModuleBytes> {
  const { files } = host;
  if (files === null)
    throw new CanneryError(
      "no-files",
      `there is no file system here: give the bytes of ${JSON.stringify(source)}, its URL or its Response instead of its path`,
    );
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

async function fromAddress(address: string, host: Host): Promise<ModuleBytes> {
  if (address.startsWith("file:")) return fromPath(address, host);
  let body: ModuleBody;
  try {
    body = await host.fetch(address);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CanneryError("no-such-file", `what is at ${address} cannot be had: ${why}`, { cause });
  }
  return fromBody(body, address);
}

async function fromBody(body: ModuleBody, address: string): Promise<ModuleBytes> {
  if (body.ok === false) {
    throw new CanneryError("no-such-file", `there is no module at ${address}: it was answered with status ${body.status ?? "unknown"}`);
  }
  const name = /^https?:[^?#]*\/([^/?#]+)(?=[?#]|$)/u.exec(address)?.[1] ?? "";
  const stem = name.replace(/(?:\.wasm)?(?:\.gz)?$/u, "");
  return { bytes: new Uint8Array(await body.arrayBuffer()), stem: stem === "" ? null : stem };
}
