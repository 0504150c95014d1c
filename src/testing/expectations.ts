/**
 * What tests of canisters ask for, as functions that any test runner can use: they give what they looked for, or throw an error that says what was there
 * instead. `matchers.ts` puts them into the form of `expect.extend`.
 *
 * Errors are known by their fields, not by their class: a test runner may load this package twice, or run tests in a realm of their own.
 */
import type { CanneryCallError } from "../network/call-error.ts";
import type { Cannery } from "../network/cannery.ts";
import type { Canister, LogLine } from "../network/canister.ts";
import { principalId } from "../network/principals.ts";

/** A text that is in it, or a pattern that matches. */
export type TextPattern = string | RegExp;

/** What a reject is expected to be: its message, or several of its fields. */
export type ExpectedReject =
  | TextPattern
  | {
      readonly message?: TextPattern;
      readonly rejectCode?: number;
      readonly errorCode?: string;
      readonly canister?: string;
      readonly method?: string;
    };

/** What was looked for is not there. Known by its field: what else is thrown is a failure of the test itself, also for `expect(…).not`. */
export function isNotMet(error: unknown): error is Error {
  return typeof error === "object" && error !== null && "canneryExpectation" in error;
}

function notMet(message: string): Error {
  return Object.assign(new Error(message), { canneryExpectation: true });
}

/** A promise, or a function that makes one. */
export type Call<T> = PromiseLike<T> | (() => PromiseLike<T> | T);

/** The error of a call that must be rejected. */
export async function rejectOf(call: Call<unknown>, expected?: ExpectedReject): Promise<CanneryCallError> {
  const error = await failureOf(call, "rejected");
  const wrong = expected === undefined ? null : differenceOf(error, expected);
  if (wrong !== null) throw notMet(`the call was rejected, but ${wrong}:\n${error.message}`);
  return error;
}

/** Error codes of a trap: by the system, by the canister's own `ic0.trap`, by a broken contract. Source: interface spec, "Error codes". */
const TRAPS: ReadonlySet<string> = new Set(["IC0502", "IC0503", "IC0504"]);

/** The error of a call whose method must trap. */
export async function trapOf(call: Call<unknown>, message?: TextPattern): Promise<CanneryCallError> {
  const error = await failureOf(call, "answered by a trap");
  if (error.errorCode === null ? error.rejectCode !== 5 : !TRAPS.has(error.errorCode)) {
    throw notMet(`the call was rejected, but not by a trap:\n${error.message}`);
  }
  if (message !== undefined && !matches(error.rejectMessage, message)) {
    throw notMet(`the trap's message is not ${shownPattern(message)}:\n${error.message}`);
  }
  return error;
}

async function failureOf(call: Call<unknown>, what: string): Promise<CanneryCallError> {
  let value: unknown;
  try {
    value = await (typeof call === "function" ? call() : call);
  } catch (error) {
    if (isCallError(error)) return error;
    throw error;
  }
  throw notMet(`the call was to be ${what}, and it replied ${shownValue(value)}`);
}

function isCallError(error: unknown): error is CanneryCallError {
  return typeof error === "object" && error !== null && "code" in error && error.code === "call-rejected" && "rejectCode" in error;
}

function differenceOf(error: CanneryCallError, expected: ExpectedReject): string | null {
  if (typeof expected === "string" || isPattern(expected)) return differenceOf(error, { message: expected });
  const { message, ...fields } = expected;
  if (message !== undefined && !matches(error.rejectMessage, message)) return `its message is not ${shownPattern(message)}`;
  for (const [field, value] of Object.entries(fields) as [keyof typeof fields, unknown][]) {
    if (value !== undefined && error[field] !== value) return `its ${field} is ${String(error[field])}, not ${String(value)}`;
  }
  return null;
}

// Costs.

/** What something cost a canister. */
export interface Cost {
  /** By which its balance is lower afterwards; below zero where it got more than it paid. */
  readonly cycles: bigint;
  /** Of all executions of its code: calls, callbacks, timers. */
  readonly instructions: number;
  /** How many executions these were. */
  readonly executions: number;
}

/** Runs the action and tells what it cost the canister, in the network it is part of. */
export async function costOf(net: Cannery, canister: Canister, action: () => PromiseLike<unknown> | unknown): Promise<Cost> {
  const id = principalId(canister);
  const before = canister.balance();
  let instructions = 0;
  let executions = 0;
  const stop = net.on("event", (event) => {
    if (event.kind !== "executed" || event.canister !== id) return;
    instructions += event.instructions;
    executions++;
  });
  try {
    await action();
  } finally {
    stop();
  }
  return { cycles: before - canister.balance(), instructions, executions };
}

// Logs.

/** The lines of a canister's log that match; at least one, or an error that shows the log. */
export function logged(canister: Canister, pattern: TextPattern): readonly LogLine[] {
  const lines = canister.logs();
  const found = lines.filter(({ text }) => matches(text, pattern));
  if (found.length > 0) return found;
  const all = lines.length === 0 ? "  (nothing)" : lines.map(({ text }) => `  ${text}`).join("\n");
  throw notMet(`${canister.name} has logged no line that is ${shownPattern(pattern)}; its log has:\n${all}`);
}

// Amounts.

/** An exact amount, or bounds that are allowed themselves. */
export type ExpectedAmount = bigint | { readonly atLeast?: bigint; readonly atMost?: bigint };

/** Refuses an amount of cycles outside what is expected. */
export function checkAmount(what: string, amount: bigint, expected: ExpectedAmount): void {
  const { atLeast, atMost } = typeof expected === "bigint" ? { atLeast: expected, atMost: expected } : expected;
  if (atLeast !== undefined && amount < atLeast) throw notMet(`${what} is ${grouped(amount)}, less than ${grouped(atLeast)}`);
  if (atMost !== undefined && amount > atMost) throw notMet(`${what} is ${grouped(amount)}, more than ${grouped(atMost)}`);
}

/** `1_000_000`, as it is written in TypeScript. */
function grouped(amount: bigint): string {
  return amount.toString().replace(/\B(?=(\d{3})+$)/gu, "_");
}

function matches(text: string, pattern: TextPattern): boolean {
  return typeof pattern === "string" ? text.includes(pattern) : new RegExp(pattern.source, pattern.flags.replace(/[gy]/gu, "")).test(text);
}

function isPattern(value: object): value is RegExp {
  return "source" in value && "flags" in value;
}

function shownPattern(pattern: TextPattern): string {
  return typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern);
}

function shownValue(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item)) ?? String(value);
}
