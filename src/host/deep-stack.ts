/**
 * Threads of ours get a stack on which canisters can recurse as deep as on the platform; a process's first thread, and a browser's, have no more
 * than the default of `Limits.stackBytes` asks for.
 */
import type { WorkerOptions } from "node:worker_threads";

/**
 * Stack of a canister's run, as the rewriter counts it. The platform's 5 MiB of native stack hold lists of 31,000 and more elements while Motoko
 * reads them, two frames an element; by our count, which no engine's frames exceed, that takes up to 20 MiB.
 * Source: caffeinelabs/motoko, `test/run-drun/max-stack.mo`.
 */
export const DEEP_STACK_BYTES = 20 * 2 ** 20;

/** For `new Worker`: room for that, and as much again for what is ours. */
export const DEEP_STACK = { resourceLimits: { stackSizeMb: 40 } } as const satisfies WorkerOptions;
