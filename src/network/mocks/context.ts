/**
 * What a handler of a mock canister gets besides the arguments, and what is recorded of a call.
 */
import type { Principal } from "@icp-sdk/core/principal";
import type { PrincipalLike } from "../principals.ts";

/** How a mock calls another canister. */
export interface MockCallOptions {
  /** Attached cycles, from the mock's balance; 0n by default. */
  readonly cycles?: bigint;
  /** Makes it a bounded-wait call; without it the call waits as long as it takes. */
  readonly timeoutSeconds?: number;
}

/** The last argument of every handler. */
export interface MockContext {
  /** Who called the mock. */
  readonly caller: Principal;
  /** The mock itself. */
  readonly canister: Principal;
  /** Name of the method that was called. */
  readonly method: string;
  /** The argument as bytes. */
  readonly bytes: Uint8Array;
  /** Virtual time, nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** Until when the caller waits, nanoseconds since the Unix epoch; `null` where it waits as long as it takes. */
  readonly deadline: bigint | null;
  /** Attached cycles that were not accepted yet. They go back with the answer. */
  readonly available: bigint;
  /** Called as a query: the answer must be there at once, and nothing can be called. */
  readonly isQuery: boolean;
  /** Takes attached cycles into the mock's balance, as many as there are, or at most `most`; returns how many. */
  accept(most?: bigint): bigint;
  /** Calls another canister, with values by its own Candid; resolves with the decoded reply, rejects with a `CanneryCallError`. */
  call(canister: PrincipalLike, method: string, args?: readonly unknown[], options?: MockCallOptions): Promise<any>;
  /** The same with bytes. */
  callRaw(canister: PrincipalLike, method: string, arg?: Uint8Array, options?: MockCallOptions): Promise<Uint8Array>;
  /** Ends the handler: the caller gets a reject with code 4 and this text. */
  reject(message: string): never;
  /** Ends the handler: the mock traps with this text, and the caller gets reject code 5. An error that a handler throws does the same. */
  trap(message: string): never;
  /** Never answers: `return context.stall()`. Virtual time goes on, so that deadlines pass. */
  stall(): Promise<never>;
  /** A line in the mock's log. */
  print(text: string): void;
}

/** A call that a mock got. */
export interface MockCall {
  readonly method: string;
  /** As the handler got them. */
  readonly args: readonly unknown[];
  readonly caller: Principal;
  /** Virtual time, in nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** Attached cycles, and how many of them were accepted. */
  readonly cycles: bigint;
  readonly accepted: bigint;
  /** Called as a query, by a user or in a composite query. */
  readonly isQuery: boolean;
  readonly outcome: MockOutcome;
  /** Place among all that handlers have ended; `null` while this one has not. */
  readonly ended: number | null;
}

/** How a call of a mock has ended, or that it has not. */
export type MockOutcome =
  | { readonly kind: "pending" | "stalled" }
  | { readonly kind: "replied"; readonly value: unknown }
  | { readonly kind: "rejected" | "trapped"; readonly message: string };

type Handled<F> = F extends (...args: infer A) => Promise<infer R>
  ? any[] extends A
    ? AnyHandler
    : (...args: [...A, MockContext]) => R | Promise<R>
  : never;

/** A function for each method, by the types that `cannery types` prints: arguments, then the context. */
export type MockHandlers<T> = { readonly [K in keyof T]?: Handled<T[K]> };

/** A handler without its types. */
export type AnyHandler = (...args: any[]) => unknown;
