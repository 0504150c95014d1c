/**
 * A run as a file: all that is needed to repeat it to the same digest, as JSON. Amounts are decimal strings, bytes are base64, modules are held once.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { concat, toHex } from "../base/bytes.ts";
import { fromBase64, toBase64 } from "../codec/base64.ts";
import { pack, unpack, type PackedBytes } from "../codec/packed-json.ts";
import type { GenesisConfig } from "../core/genesis.ts";
import type { Input } from "../core/inputs.ts";
import { decodeArgument } from "../core/management/candid.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import type { Choice } from "../core/schedule/schedule.ts";
import { REWRITER_VERSION } from "../core/wasm/rewrite.ts";
import { messageOf } from "./failure.ts";
import { checkedFile, RUN_FORMAT, unreadable } from "./run-file-check.ts";

/** What whoever drove the network asked for: before that input. Nobody drives a replay, so it is asked for there again. */
export interface AskedByDriver {
  readonly input: number;
  readonly choice: Extract<Choice, { readonly kind: "pick" | "turn" }>;
}

/** JSON: it has nothing but texts, numbers, lists and objects. */
export interface RunFile {
  readonly format: typeof RUN_FORMAT;
  /** Of the code that modules are rewritten by; another one may count instructions differently. */
  readonly rewriter: number;
  /** What the network was made as. */
  readonly genesis: unknown;
  /** In order; the first `setupInputs` on the ordinary schedule. */
  readonly inputs: readonly unknown[];
  readonly setupInputs: number;
  /** Choices after the setup that were not the ordinary ones. */
  readonly deviations: readonly Deviation[];
  /** After the setup; for the traces of a replay. */
  readonly asked: readonly AskedByDriver[];
  /** Executions after the setup after which the run was stopped between two messages; `null` when it ran to its end. */
  readonly stoppedAfter: number | null;
  /** Of the state at the end, hex. */
  readonly digest: string;
  /** Names of principals, by their hex. */
  readonly names: Readonly<Record<string, string>>;
  /** By SHA-256, hex; base64, or `null` where the file leaves the module out. */
  readonly modules: Readonly<Record<string, string | null>>;
  /** `null` when the run went well. */
  readonly failure: { readonly kind: string; readonly name: string; readonly message: string } | null;
}

export interface Run {
  readonly genesis: GenesisConfig;
  readonly inputs: readonly Input[];
  readonly setupInputs: number;
  readonly deviations: readonly Deviation[];
  readonly asked: readonly AskedByDriver[];
  readonly stoppedAfter: number | null;
  readonly digest: string;
  readonly names: ReadonlyMap<string, string>;
  readonly failure: RunFile["failure"];
}

type Hash = (bytes: Uint8Array) => Uint8Array;

export function toRunFile(run: Run, sha256: Hash): RunFile {
  const modules: Record<string, string> = {};
  const packBytes = (bytes: Uint8Array): PackedBytes => {
    const module = moduleIn(bytes);
    if (module === null) return { bytes: toBase64(bytes) };
    const hash = toHex(sha256(module.bytes));
    modules[hash] ??= toBase64(module.bytes);
    const { start, end } = module;
    return { before: toBase64(bytes.subarray(0, start)), module: hash, after: toBase64(bytes.subarray(end)) };
  };
  const { genesis, inputs, names, ...rest } = run;
  return {
    format: RUN_FORMAT,
    rewriter: REWRITER_VERSION,
    ...rest,
    genesis: pack(genesis, packBytes),
    inputs: inputs.map((input) => pack(input, packBytes)),
    names: Object.fromEntries(names),
    modules,
  };
}

/** The same file without the modules: small, for whoever has them. */
export function withoutModules(file: RunFile): RunFile {
  return { ...file, modules: Object.fromEntries(Object.keys(file.modules).map((hash) => [hash, null])) };
}

/** Refuses what is no run file, and one whose modules are not there. `given`: modules that the file leaves out. */
export function fromRunFile(file: unknown, given: readonly Uint8Array[], sha256: Hash): Run {
  const checked = checkedFile(file);
  const byHash = new Map(given.map((module) => [toHex(sha256(module)), module]));
  const missing: string[] = [];
  for (const [hash, base64] of Object.entries(checked.modules)) {
    if (base64 !== null) byHash.set(hash, wholeModule(hash, base64, sha256));
    if (!byHash.has(hash)) missing.push(hash);
  }
  if (missing.length > 0) {
    const others = given.length === 0 ? "" : ` The modules given have ${[...byHash.keys()].join(", ")}.`;
    throw new CanneryError(
      "other-modules",
      `the run was made with modules that are not here, by SHA-256: ${missing.join(", ")}.${others} Give those very files, cannery replay --module FILE or replay(file, { modules: […] }), or have the run written with its modules; what another module does with the same choices a regression test tells: exploration.regress([…])`,
    );
  }
  const unpackBytes = (packed: PackedBytes): Uint8Array =>
    packed.bytes !== undefined
      ? bytesOf(packed.bytes)
      : concat(bytesOf(packed.before!), byHash.get(packed.module!)!, bytesOf(packed.after!));
  const read = <T>(packed: unknown, what: string): T => {
    try {
      return unpack(packed, unpackBytes) as T;
    } catch (error) {
      throw unreadable(`${what} cannot be read (${messageOf(error)})`, error);
    }
  };
  const { setupInputs, deviations, asked, stoppedAfter, digest, failure } = checked;
  return {
    genesis: read(checked.genesis, "its genesis"),
    inputs: checked.inputs.map((input, i) => read(input, `input ${i + 1}`)),
    setupInputs,
    deviations,
    asked,
    stoppedAfter,
    digest,
    names: new Map(Object.entries(checked.names)),
    failure,
  };
}

function wholeModule(hash: string, base64: string, sha256: Hash): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === null) throw unreadable(`the module ${hash} is no base64`);
  if (toHex(sha256(bytes)) === hash) return bytes;
  throw unreadable(`the module ${hash} has other bytes than its name says`);
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new Error(`${JSON.stringify(base64.slice(0, 40))} is no base64`);
  return bytes;
}

/** Arguments shorter than this are not looked into. */
const MIN_MODULE_BYTES = 256;

/** Where in an argument of `install_code` the module is. */
function moduleIn(arg: Uint8Array): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } | null {
  if (arg.length < MIN_MODULE_BYTES) return null;
  const decoded = decodeArgument("install_code", arg);
  if (decoded.kind === "error") return null;
  const module = decoded.value.wasm_module;
  for (let start = arg.length - module.length; start >= 0; start--) {
    if (module.every((byte, index) => arg[start + index] === byte)) return { bytes: module, start, end: start + module.length };
  }
  return null;
}
