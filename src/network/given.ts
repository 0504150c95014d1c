/**
 * What a person has written, looked at before it is used: projects in JavaScript have no compiler that does it, and Vitest looks at no types.
 * A mistyped option would otherwise do nothing, and nobody would know.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { shown } from "./shown.ts";

/** The names of a type's fields, as a record, so that the compiler asks for one that is missing. */
export type FieldsOf<T> = Readonly<Record<keyof T, true>>;

/** Refuses what is no object, and names that nobody knows. */
export function refuseUnknown(given: unknown, known: Readonly<Record<string, true>>, of: string, code = "bad-options"): void {
  if (typeof given !== "object" || given === null) throw new CanneryError(code, `${of}: an object is expected; got ${kindOf(given)}`);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name))
      throw new CanneryError(code, `${of}: there is no ${JSON.stringify(name)}; there are ${Object.keys(known).join(", ")}`);
  }
}

/** Refuses a value that is none of these words. */
export function refuseOtherWords(given: unknown, words: readonly string[], of: string, code = "bad-options"): void {
  if (typeof given === "string" && words.includes(given)) return;
  throw new CanneryError(code, `${of} is one of ${words.map((word) => JSON.stringify(word)).join(", ")}; got ${kindOf(given)}`);
}

/** Refuses what is no whole number from `least` on. */
export function refuseUnlessWhole(given: unknown, of: string, least = 0): void {
  if (Number.isSafeInteger(given) && (given as number) >= least) return;
  throw new CanneryError(
    "bad-options",
    `${of} is a whole number${least === 0 ? ", not below zero" : ` from ${least}`}; got ${kindOf(given)}`,
  );
}

/** An amount of cycles; numbers too, as far as they are exact. */
export function cyclesOf(given: unknown): bigint {
  const isWhole = typeof given === "bigint" || Number.isSafeInteger(given);
  const cycles = isWhole ? BigInt(given as number | bigint) : -1n;
  if (cycles >= 0n && cycles < 1n << 128n) return cycles;
  throw new CanneryError(
    "bad-cycles",
    `an amount of cycles is a bigint from 0 to 2^128 - 1, such as 5_000_000_000_000n for 5 T; got ${kindOf(given)}`,
  );
}

/** Bytes, of whatever realm. */
export function bytesOf(given: unknown): Uint8Array {
  if (ArrayBuffer.isView(given) && Object.prototype.toString.call(given) === "[object Uint8Array]") return given as Uint8Array;
  throw new CanneryError(
    "bad-bytes",
    `bytes are expected, a Uint8Array; got ${kindOf(given)}. Values go through canister.actor, which encodes them`,
  );
}

/** What was given instead of what was expected; a promise is most often an `await` that was forgotten. */
export function kindOf(given: unknown): string {
  if (isPromise(given)) return "a promise (an await is missing)";
  if (typeof given !== "object" || given === null || Object.getPrototypeOf(given) === Object.prototype || Array.isArray(given))
    return shown(given);
  return `an object of ${given.constructor?.name ?? "no class"}`;
}

export function isPromise(given: unknown): given is PromiseLike<unknown> {
  return typeof given === "object" && given !== null && "then" in given && typeof given.then === "function";
}
