/**
 * A trace as text: one event a line, as JSON. Amounts and times are decimal strings, bytes are lower-case hex, so that
 * nothing is lost in readers that know only doubles, and a trace can be searched and compared with ordinary tools.
 */
import { fromHex, toHex } from "../base/bytes.ts";
import type { NetworkEvent } from "../core/events.ts";

/** Fields that are `bigint` in every event that has them. */
const AMOUNTS: ReadonlySet<string> = new Set(["timeNanos", "cycles", "acceptedCycles"]);
/** Fields that are bytes in every event that has them. */
const BYTES: ReadonlySet<string> = new Set(["data", "content"]);

/** One line, without its line end. */
export function eventToLine(event: NetworkEvent): string {
  return JSON.stringify(event, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Uint8Array) return toHex(value);
    return value;
  });
}

/** Throws a `SyntaxError` or `RangeError` when the line is not one that `eventToLine` wrote. */
export function eventFromLine(line: string): NetworkEvent {
  const event: unknown = JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== "string") return value;
    if (AMOUNTS.has(key)) return BigInt(value);
    if (BYTES.has(key)) return fromHex(value);
    return value;
  });
  if (typeof event !== "object" || event === null || !("kind" in event))
    throw new SyntaxError("a line of a trace is an object with a `kind`");
  return event as NetworkEvent;
}

/** Lines in order, each ended by a line feed. */
export function toJsonLines(events: Iterable<NetworkEvent>): string {
  let text = "";
  for (const event of events) text += `${eventToLine(event)}\n`;
  return text;
}

/** Empty lines are skipped. Throws a `SyntaxError` that names the line's number. */
export function fromJsonLines(text: string): NetworkEvent[] {
  const events: NetworkEvent[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      events.push(eventFromLine(line));
    } catch (cause) {
      throw new SyntaxError(`line ${index + 1} of the trace: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  return events;
}
