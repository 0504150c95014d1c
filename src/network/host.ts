/**
 * What the in-process face needs from outside, as interfaces that `host/` fills in: for Node, and for a tab.
 */
import type { SignatureChecks } from "../crypto/signature-checks.ts";
import type { Environment } from "../core/network.ts";
import type { ModuleBody } from "./module-source.ts";
import type { OutcallRequest, OutcallResponse } from "../core/state/pending-calls.ts";

export interface Host {
  /** Wasm engine and hashes, compiled modules and live instances: shared by all networks of a process. */
  readonly environment: Environment;
  /** Runs the function soon, after all pending microtasks, with the host's own timer: fake timers of a test do not stop it. */
  macrotask(run: () => void): void;
  /** The host's clock, nanoseconds since the Unix epoch. */
  now(): bigint;
  /** Resolves after a while, by the host's clock; does not keep the process alive. */
  delay(milliseconds: number): Promise<void>;
  /** Runs the function after a while, by the host's clock, unless the function returned is called before; does not keep the process alive. */
  after(milliseconds: number, run: () => void): () => void;
  readonly signatureChecks: SignatureChecks;
  /** Milliseconds that went by, from an arbitrary beginning. */
  clock(): number;
  /** Writes one line where people see it. */
  print(line: string): void;
  /** The same at once, for people who wait: also in the middle of what never comes back. */
  alarm(line: string): void;
  /** Sees that this thread does not come back, until it is ended; `null` where nobody can, or somebody is at it already. */
  readonly watch: ((watched: Watched) => Watch | null) | null;
  /** The frames of an error's stack that are neither the host's nor Cannery's own. */
  framesOf(stack: string): readonly string[];
  /** What is at an address of the web. Rejects with the host's own error. */
  fetch(address: string): Promise<ModuleBody>;
  /** Does an HTTPS outcall on the web; `null` where the web cannot be reached. Never rejects. */
  readonly fetchOutcall: ((request: OutcallRequest) => Promise<OutcallResponse>) | null;
  /** `null` where there is no file system. */
  readonly files: HostFiles | null;
  /** Compiles a Motoko source file to Wasm; `null` where no compiler is installed or none can be. */
  readonly compileMotoko: ((path: string) => Promise<Uint8Array>) | null;
  /** Runs the build commands of a project's canister and gives what they wrote to `$ICP_WASM_OUTPUT_PATH`. */
  readonly runBuild: ((build: BuildRun) => Promise<Uint8Array>) | null;
}

export interface Watched {
  /** The thread may go on for so long without letting anything else run. */
  readonly milliseconds: number;
  /** Called in the middle of it, once or more. Frames of the stack, as `framesOf`; none where the place cannot be told. */
  onStuck(frames: readonly string[]): void;
}

export interface Watch {
  /** A sign that it goes on. */
  beat(): void;
  end(): void;
}

export interface BuildRun {
  /** Shell commands, one after the other. */
  readonly commands: readonly string[];
  readonly directory: string;
  /** Variables besides those of the process. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface HostFiles {
  /** An absolute path from one relative to `base`, or to the working directory when `base` is `null`, or from an address `file:…`. */
  resolve(base: string | null, path: string): string;
  directoryOf(path: string): string;
  /** Last part of a path, without its extension. */
  stemOf(path: string): string;
  isFile(path: string): Promise<boolean>;
  isDirectory(path: string): Promise<boolean>;
  /** Absolute paths that match a pattern of `*` and `**`, relative to `base`, in order. */
  glob(base: string, pattern: string): Promise<string[]>;
  /** Rejects with the host's own error, which names the path. */
  read(path: string): Promise<Uint8Array>;
  /** The same in pieces of this many bytes, of which the last may have fewer. */
  slices(path: string, bytes: number): AsyncIterable<Uint8Array>;
  /** Writes a file, and the folders it is in, from pieces. Replaces what is there. */
  write(path: string, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
}
