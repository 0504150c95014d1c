/**
 * Virtual time as people write it.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { kindOf } from "./given.ts";

/** A span of virtual time: nanoseconds as `bigint`, or a sum of parts. Parts may be fractions; the sum is rounded to nanoseconds. */
export type Duration =
  | bigint
  | {
      readonly nanos?: number | bigint;
      readonly millis?: number;
      readonly seconds?: number;
      readonly minutes?: number;
      readonly hours?: number;
      readonly days?: number;
    };

const NANOS: Readonly<Record<string, number>> = { nanos: 1, millis: 1e6, seconds: 1e9, minutes: 60e9, hours: 3600e9, days: 86_400e9 };

/** Refuses negative spans, unknown parts and numbers that are not finite. */
export function nanosOf(duration: Duration): bigint {
  if (typeof duration === "bigint") return notNegative(duration, duration);
  if (typeof duration !== "object" || duration === null) return refuse(duration);
  let sum = 0n;
  for (const [part, value] of Object.entries(duration) as [string, unknown][]) {
    if (value === undefined) continue;
    const unit = NANOS[part];
    if (unit === undefined) return refuse(duration);
    if (typeof value === "bigint" && part === "nanos") sum += value;
    else if (typeof value === "number" && Number.isFinite(value)) sum += wholeAndFraction(value, unit);
    else return refuse(duration);
  }
  return notNegative(sum, duration);
}

/** Exact for whole numbers of any unit, where a product of doubles would not be. */
function wholeAndFraction(value: number, unit: number): bigint {
  const whole = Math.trunc(value);
  return BigInt(whole) * BigInt(unit) + BigInt(Math.round((value - whole) * unit));
}

function notNegative(nanos: bigint, duration: unknown): bigint {
  return nanos >= 0n ? nanos : refuse(duration);
}

function refuse(duration: unknown): never {
  const seen =
    typeof duration === "bigint"
      ? `${duration}n`
      : JSON.stringify(duration, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  throw new CanneryError(
    "bad-duration",
    `a duration is a bigint of nanoseconds, or an object such as { minutes: 5, seconds: 30 } with parts ${Object.keys(NANOS).join(", ")}, not below zero; got ${seen}`,
  );
}

/** An instant: nanoseconds since the Unix epoch, or anything with `getTime()` in milliseconds, such as a `Date`. */
export type Instant = bigint | { getTime(): number };

export function instantNanos(instant: Instant): bigint {
  if (typeof instant === "bigint") return instant;
  const millis = typeof instant === "object" && instant !== null && "getTime" in instant ? instant.getTime() : null;
  if (millis === null)
    throw new CanneryError("bad-time", `an instant is a Date, or a bigint of nanoseconds since the Unix epoch; got ${kindOf(instant)}`);
  if (!Number.isFinite(millis)) throw new CanneryError("bad-time", "the given date is not a valid one");
  return BigInt(Math.round(millis)) * 1_000_000n;
}
