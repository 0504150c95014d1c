/**
 * Motoko to Wasm, by the `motoko` package: the compiler itself, run in a worker thread and one compile at a time, since
 * one takes seconds and up to 1.5 GB.
 */
import { Worker } from "node:worker_threads";

export interface CompileRequest {
  /** Path of the program among `sources`. Paths are part of the output: traps by `assert` name them. */
  readonly entry: string;
  /** Text of the program and of every file it imports by a relative path, by path. `mo:core` is at hand. */
  readonly sources: Readonly<Record<string, string>>;
  /** Custom sections everyone may read, such as `candid:service`; without it only the canister's controllers may. */
  readonly publicMetadata: readonly string[];
  /** What `moc` knows as options of memory and garbage collector: `classicOP` gives a 32-bit module. Absent: the compiler's defaults, a 64-bit one. */
  readonly memoryFlags?: readonly string[];
}

export interface CompiledMotoko {
  readonly kind: "compiled";
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The interface as .did text, as in the module's `candid:service` section; an actor class has its init arguments before it. */
  readonly candid: string;
  /** Types of the stable variables, which decide whether an upgrade keeps them. */
  readonly stable: string;
  readonly warnings: readonly string[];
}

export type CompileReply = CompiledMotoko | { readonly kind: "refused"; readonly errors: readonly string[] };

/** A program the compiler does not accept; the message holds its errors with file, line and column. */
export class MotokoError extends Error {}

let last: Promise<unknown> = Promise.resolve();

/** Compiles when all earlier requests are done. Throws `MotokoError` for a program with errors. */
export function compileMotoko(request: CompileRequest): Promise<CompiledMotoko> {
  const next = last.then(() => compileInWorker(request));
  last = next.catch(() => undefined);
  return next;
}

async function compileInWorker(request: CompileRequest): Promise<CompiledMotoko> {
  const worker = new Worker(new URL("./compile-worker.mjs", import.meta.url), { workerData: request });
  try {
    const reply = await new Promise<CompileReply>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the Motoko compiler's thread ended with ${code} and no answer`)));
    });
    if (reply.kind === "refused") throw new MotokoError(`${request.entry} does not compile:\n  ${reply.errors.join("\n  ")}`);
    return reply;
  } finally {
    await worker.terminate();
  }
}
