/**
 * Why an execution failed, and the platform's text for it.
 *
 * Source: interface spec, "Error codes"; messaging.md 11.1. Replica: `rs/interfaces/src/execution_environment/errors.rs`,
 * `rs/types/wasm_types/src/errors.rs` (c7c5005). Clients show these texts and some tools match them, so they are kept to the letter.
 */
import type { PrincipalId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";

/** A failure before it is known which canister it is told of. */
export interface ExecutionFailure {
  readonly code: ErrorCode;
  /** Without `Error from Canister …` and without help. */
  readonly text: string;
  /** Advice with a link, or `""`. */
  readonly help: string;
  /** Whether the platform shows a backtrace with it (Wasm traps and `ic0.trap`). */
  readonly traced: boolean;
}

/** What a Wasm trap is told as. Source: wasm.md 9. */
export type TrapKind =
  | "stack overflow"
  | "heap out of bounds"
  | "stable memory out of bounds"
  | "32 bit stable memory api used on a memory larger than 4GB"
  | "integer division by 0"
  | "unreachable"
  | "table out of bounds"
  | "cycles amount exceeds 64-bit representation"
  | "unknown";

const DOCUMENTATION = "https://internetcomputer.org/docs/current/references/execution-errors#";

export const TOOLCHAIN_HELP =
  "If you are running this canister in a test environment (e.g., dfx), make sure the test environment is up to date. " +
  "Otherwise, this is likely an error with the compiler/CDK toolchain being used to build the canister. " +
  "Please report the error to IC devs on the forum: https://forum.dfinity.org and include which language/CDK was used to create the canister.";

const HANDLE_FAILURES = "Consider gracefully handling failures from this canister or altering the canister to handle exceptions.";
const TOP_UP = "Try topping up the canister.";

/** Advice as the platform puts it: no link without advice. `anchor` is a section of the page of execution errors. */
export function helpText(suggestion: string, anchor: string): string {
  return suggestion === "" ? "" : `${suggestion} See documentation: ${DOCUMENTATION}${anchor}`;
}

function failure(code: ErrorCode, text: string, help = ""): ExecutionFailure {
  return { code, text, help, traced: false };
}

export function trapped(kind: TrapKind): ExecutionFailure {
  return { code: ErrorCode.CanisterTrapped, text: `Canister trapped: ${kind}`, help: helpText(HANDLE_FAILURES, "trapped"), traced: true };
}

export function calledTrap(message: string): ExecutionFailure {
  const text = `Canister called \`ic0.trap\` with message: '${message}'`;
  return { code: ErrorCode.CanisterCalledTrap, text, help: helpText(HANDLE_FAILURES, "trapped-explicitly"), traced: true };
}

/** The System API was used wrongly, most likely by the toolchain. */
export function toolchainViolation(reason: string): ExecutionFailure {
  return failure(ErrorCode.CanisterContractViolation, `Canister violated contract: ${reason}`, TOOLCHAIN_HELP);
}

/** The System API was used wrongly, most likely by the canister's author. */
export function userViolation(reason: string, suggestion = "", anchor = ""): ExecutionFailure {
  const help = anchor === "" ? suggestion : helpText(suggestion, anchor);
  return failure(ErrorCode.CanisterContractViolation, `Canister violated contract: ${reason}`, help);
}

/** `api` as the platform spells it, mostly `ic0_<name>`. */
export function wrongMode(api: string, mode: string): ExecutionFailure {
  return userViolation(
    `"${api}" cannot be executed in ${mode} mode`,
    "Check the ICP documentation to make sure APIs are being called in the correct message types.",
    "calling-a-system-api-from-the-wrong-mode",
  );
}

export function noMemory(): ExecutionFailure {
  return toolchainViolation("WebAssembly module must define memory");
}

/**
 * A range of the heap or of a blob. `what` is the platform's name for the access.
 * Departure: in wasm64 modules a value of 2^32 and more is shown as 4294967295 (abi.ts), and overflow has no text of its own; where a size of
 * 2^50 and more overruns a slice the text tells another number.
 */
export function outOfRange(
  what: string,
  range: { readonly start: number; readonly length: number; readonly size: number },
): ExecutionFailure {
  return toolchainViolation(`${what}: src=${range.start} + length=${range.length} exceeds the slice size=${range.size}`);
}

export function invalidPrincipal(): ExecutionFailure {
  return failure(ErrorCode.CanisterContractViolation, "Canister provided invalid principal id", TOOLCHAIN_HELP);
}

/** `call_cycles_add`: more than the liquid balance. Unlike IC0207 it is the canister's own mistake. */
export function outOfCyclesInCall(canister: PrincipalId): ExecutionFailure {
  return failure(ErrorCode.CanisterContractViolation, `Canister ${principalText(canister)} is out of cycles`);
}

export function instructionLimitExceeded(limit: number): ExecutionFailure {
  return failure(
    ErrorCode.CanisterInstructionLimitExceeded,
    `Canister exceeded the limit of ${limit} instructions for single message execution.`,
    helpText(
      "Try optimizing this method to consume fewer instructions or split the work across multiple messages.",
      "instruction-limit-exceeded",
    ),
  );
}

export function sliceOverrun(used: number, limit: number): ExecutionFailure {
  return failure(
    ErrorCode.CanisterInstructionLimitExceeded,
    `Canister attempted to perform a large memory operation that used ${used} instructions and exceeded the slice limit ${limit}.`,
    helpText("Try breaking up large copies within the canister code into smaller chunks.", "slice-overrun"),
  );
}

/** Page limits in KB as the text names them, whatever kind of execution it was. Source: wasm.md 5.1. */
const PAGE_LIMITS_KB = { message: 2 * 2 ** 20, upgrade: 8 * 2 ** 20, query: 2 ** 20 } as const;

function memoryAccessLimitExceeded(what: string): ExecutionFailure {
  return failure(
    ErrorCode.CanisterMemoryAccessLimitExceeded,
    `Canister exceeded memory access limits: ${what}`,
    helpText(
      "Try optimizing the use of stable memory so that individual messages don't need to access as much stable memory.",
      "memory-access-limit-exceeded",
    ),
  );
}

export function tooManyPagesAccessed(): ExecutionFailure {
  return memoryAccessLimitExceeded(
    "Exceeded the limit for the number of accessed pages in the stable memory in a single message execution: " +
      `limit ${PAGE_LIMITS_KB.message} KB for regular messages and ${PAGE_LIMITS_KB.query} KB for queries.`,
  );
}

export function tooManyPagesDirtied(): ExecutionFailure {
  return memoryAccessLimitExceeded(
    "Exceeded the limit for the number of modified pages in the stable memory in a single execution: " +
      `limit ${PAGE_LIMITS_KB.message} KB for regular messages, ${PAGE_LIMITS_KB.upgrade} KB for upgrade messages and ${PAGE_LIMITS_KB.query} KB for queries.`,
  );
}

export function outOfMemory(): ExecutionFailure {
  return failure(
    ErrorCode.CanisterOutOfMemory,
    "Canister cannot grow its memory usage.",
    helpText(
      "Check the canister's memory usage against its allocation and the system wide limits to determine why more memory cannot be allocated.",
      "out-of-memory",
    ),
  );
}

/** Departure: the platform lets a heap grow to 4 GiB (wasm32) and 6 GiB (wasm64); ours ends 1 MiB before 4 GiB (abi.ts). */
export function heapLargerThanOurs(maximumBytes: number): ExecutionFailure {
  return failure(
    ErrorCode.CanisterOutOfMemory,
    `Canister cannot grow its memory usage. Cannery holds heaps of up to ${maximumBytes} bytes, less than the Internet Computer does`,
    "Keep the data in stable memory, or test this case on a replica.",
  );
}

export function reservedForOldMotoko(): ExecutionFailure {
  return failure(
    ErrorCode.CanisterOutOfMemory,
    "Canister tried to allocate pages reserved for upgrading older versions of Motoko.",
    helpText("Upgrade the canister to the latest version of Motoko.", "reserved-pages-for-old-motoko"),
  );
}

export function functionNotFound(index: number): ExecutionFailure {
  return failure(
    ErrorCode.CanisterFunctionNotFound,
    `Canister requested to invoke a non-existent Wasm function ${index} from table 0`,
    TOOLCHAIN_HELP,
  );
}

export function methodNotFound(kind: "update" | "query" | "composite_query" | "system", name: string): ExecutionFailure {
  return failure(
    ErrorCode.CanisterMethodNotFound,
    `Canister has no ${kind} method '${name}'.`,
    helpText("Check that the method being called is exported by the target canister.", "method-not-found"),
  );
}

export function wasmModuleNotFound(): ExecutionFailure {
  return failure(
    ErrorCode.CanisterWasmModuleNotFound,
    "Attempted to execute a message, but the canister contains no Wasm module.",
    helpText("Please install code to this canister before calling it.", "wasm-module-not-found"),
  );
}

/** `inspect_message` returned without accepting. */
export function messageRejected(): ExecutionFailure {
  return failure(ErrorCode.CanisterRejectedMessage, "Canister rejected the message");
}

export function engineError(text: string): ExecutionFailure {
  return failure(ErrorCode.CanisterWasmEngineError, `Canister encountered a Wasm engine error: ${text}`);
}

export function wasmMemoryLimitExceeded(sizes: { readonly limitBytes: bigint; readonly usedBytes: bigint }): ExecutionFailure {
  return failure(
    ErrorCode.CanisterWasmMemoryLimitExceeded,
    `Canister exceeded its current Wasm memory limit of ${sizes.limitBytes} bytes. ` +
      `The peak Wasm memory usage was ${sizes.usedBytes} bytes. ` +
      "If the canister reaches 4GiB, then it may stop functioning and may become unrecoverable. " +
      "Please reach out to the canister owner to investigate the reason for the increased memory usage. " +
      "It might be necessary to move data from the Wasm memory to the stable memory. " +
      "If such high Wasm memory usage is expected and safe, then the developer can increase the Wasm memory limit in the canister settings.",
    helpText(
      "Try checking the canister for a possible memory leak or modifying it to use more stable memory instead of Wasm memory.",
      "wasm-memory-limit-exceeded",
    ),
  );
}

/** `missingCycles` is shown to those who may know it (controllers), else `null`. */
export function insufficientCyclesInMemoryGrow(bytes: bigint, missingCycles: bigint | null): ExecutionFailure {
  return failure(
    ErrorCode.InsufficientCyclesInMemoryGrow,
    `Canister cannot grow memory by ${bytes} bytes due to insufficient cycles.${missing(missingCycles)}`,
    helpText(TOP_UP, "insufficient-cycles-in-memory-grow"),
  );
}

function missing(cycles: bigint | null): string {
  return cycles === null ? "" : ` At least ${cycles} additional cycles are required.`;
}

export function reservedCyclesLimitExceededInMemoryGrow(of: {
  readonly bytes: bigint;
  readonly limitCycles: bigint;
  readonly requestedCycles: bigint;
}): ExecutionFailure {
  const beyond = of.requestedCycles > of.limitCycles ? of.requestedCycles - of.limitCycles : 0n;
  return failure(
    ErrorCode.ReservedCyclesLimitExceededInMemoryGrow,
    `Canister cannot grow memory by ${of.bytes} bytes due to its reserved cycles limit. ` +
      `The current limit (${of.limitCycles}) would be exceeded by ${beyond}.`,
    helpText("Try increasing the canister's reserved cycles limit.", "reserved-cycles-limit-exceeded-in-memory-grow"),
  );
}

export function environmentVariableIndexOutOfBounds(index: number, count: number): ExecutionFailure {
  return failure(
    ErrorCode.CanisterContractViolation,
    `Environment variable index ${index} is out of bounds. The number of environment variables is ${count}.`,
  );
}

export function environmentVariableNotFound(name: string): ExecutionFailure {
  return failure(ErrorCode.CanisterContractViolation, `Environment variable ${name} not found.`);
}

/** The whole error, as a caller gets it. `backtrace` is `null` for a caller who may not see it. */
export function userErrorOf(canister: PrincipalId, failed: ExecutionFailure, backtrace: string | null = null): UserError {
  const text = backtrace === null ? failed.text : `${failed.text}\n${backtrace}`;
  const help = failed.help === "" ? "" : `.\n${failed.help}`;
  return { code: failed.code, description: `Error from Canister ${principalText(canister)}: ${text}${help}` };
}

/**
 * A callback failed and its cleanup did too: the callback's code, both texts, and no help of its own.
 * Both errors are of the same canister.
 */
export function cleanupFailed(canister: PrincipalId, callback: UserError, cleanup: UserError): UserError {
  const prefix = `Error from Canister ${principalText(canister)}: `;
  const bare = ({ description }: UserError): string =>
    withoutHelp(description.startsWith(prefix) ? description.slice(prefix.length) : description);
  return { code: callback.code, description: `${prefix}${bare(callback)}\n\ncall_on_cleanup also failed:\n\n${bare(cleanup)}` };
}

/** Help begins after the last `.\n`; texts themselves have none (a message given to `ic0.trap` may, but help follows it). */
function withoutHelp(description: string): string {
  const help = /\.\n(?=[^\n]*$)/g;
  const last = [...description.matchAll(help)].at(-1);
  return last === undefined ? description : description.slice(0, last.index);
}

/** Frames of a backtrace, innermost first: a name, or the index of a function without one. `null` when nothing is named, as the platform has it. */
export function backtraceText(frames: readonly (string | number)[]): string | null {
  if (!frames.some((frame) => typeof frame === "string")) return null;
  const lines = frames.map((frame) => (typeof frame === "string" ? frame : `unknown function at index ${frame}`));
  return `Canister Backtrace:\n${lines.join("\n")}\n`;
}

/** What the canister log gets for a failure; `null` for failures that are not logged. Source: system-api.md 4, `trap`. */
export function trapLogText(failed: ExecutionFailure, backtrace: string | null): string | null {
  let text: string;
  if (failed.code === ErrorCode.CanisterTrapped) text = failed.text.slice("Canister trapped: ".length);
  else if (failed.code === ErrorCode.CanisterCalledTrap)
    text = failed.text.slice("Canister called `ic0.trap` with message: '".length, -1) || "(no message)";
  else return null;
  return `[TRAP]: ${text}${backtrace === null ? "" : `\n${backtrace}`}`;
}
