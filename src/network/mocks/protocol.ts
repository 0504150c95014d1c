/**
 * What a mock canister's module and the network say to each other, as bytes: what the module asks with, and the program it is answered with.
 * Numbers are little-endian.
 */
import { concat, toHex } from "../../base/bytes.ts";
import { decodeUtf8Lossy, encodeUtf8 } from "../../base/utf8.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import { principalBytes } from "../../core/state/principal.ts";

/** First byte of what a mock asks with. */
export const ASK = { start: 0, query: 1, replied: 2, rejected: 3, notSent: 4 } as const;

/** kind, deadline (8), available cycles (16), size of the caller's id, size of the method's name (4), the caller's id (in 29); name and argument follow. */
export const START_HEAD_BYTES = 59;
/** kind, number of the call (4), reject code or what `call_perform` said (4); the reply or the reject message follows. */
export const OUTCOME_HEAD_BYTES = 9;

export type Ask =
  /** A method was called. */
  | {
      readonly kind: "start" | "query";
      /** Nanoseconds; 0n for none. */
      readonly deadlineNanos: bigint;
      readonly availableCycles: bigint;
      readonly caller: PrincipalId;
      readonly method: string;
      readonly arg: Uint8Array;
    }
  /** A call of the mock has ended. */
  | { readonly kind: "replied"; readonly call: number; readonly data: Uint8Array }
  | { readonly kind: "rejected"; readonly call: number; readonly code: number; readonly message: string }
  /** It never left: the queue is full, or the cycles do not suffice. */
  | { readonly kind: "notSent"; readonly call: number; readonly code: number };

export function readAsk(bytes: Uint8Array): Ask {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes[0];
  if (kind === ASK.start || kind === ASK.query) {
    const nameEnd = START_HEAD_BYTES + view.getUint32(26, true);
    return {
      kind: kind === ASK.start ? "start" : "query",
      deadlineNanos: view.getBigUint64(1, true),
      availableCycles: view.getBigUint64(9, true) + (view.getBigUint64(17, true) << 64n),
      caller: toHex(bytes.subarray(30, 30 + bytes[25]!)) as PrincipalId,
      method: decodeUtf8Lossy(bytes.subarray(START_HEAD_BYTES, nameEnd)),
      arg: bytes.slice(nameEnd),
    };
  }
  const call = view.getUint32(1, true);
  const code = view.getUint32(5, true);
  const rest = bytes.slice(OUTCOME_HEAD_BYTES);
  if (kind === ASK.replied) return { kind: "replied", call, data: rest };
  if (kind === ASK.rejected) return { kind: "rejected", call, code, message: decodeUtf8Lossy(rest) };
  return { kind: "notSent", call, code };
}

/** First byte of a step of a program. */
export const STEP = { accept: 1, reply: 2, reject: 3, trap: 4, print: 5, call: 6 } as const;

/** number, seconds (4 each), cycles (high and low, 8 each), sizes of callee, method and argument (4 each), which follow. */
export const CALL_HEAD_BYTES = 36;

export type Step =
  | { readonly kind: "accept"; readonly cycles: bigint }
  | { readonly kind: "reply"; readonly data: Uint8Array }
  | { readonly kind: "reject" | "trap" | "print"; readonly text: string }
  | {
      readonly kind: "call";
      /** By which the outcome is known. */
      readonly call: number;
      readonly callee: PrincipalId;
      readonly method: string;
      readonly arg: Uint8Array;
      readonly cycles: bigint;
      /** Of a bounded-wait call; 0 for one that waits as long as it takes. */
      readonly timeoutSeconds: number;
    };

export function programOf(steps: readonly Step[]): Uint8Array {
  return concat(...steps.flatMap((step) => [Uint8Array.of(STEP[step.kind]), ...operands(step)]));
}

function operands(step: Step): Uint8Array[] {
  switch (step.kind) {
    case "accept":
      return [amount(step.cycles)];
    case "reply":
      return [u32(step.data.length), step.data];
    case "reject":
    case "trap":
    case "print": {
      const text = encodeUtf8(step.text);
      return [u32(text.length), text];
    }
    case "call": {
      const parts = [principalBytes(step.callee), encodeUtf8(step.method), step.arg];
      return [u32(step.call, step.timeoutSeconds), amount(step.cycles), u32(...parts.map(({ length }) => length)), ...parts];
    }
  }
}

function u32(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(i * 4, value, true));
  return bytes;
}

function amount(cycles: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, cycles >> 64n, true);
  view.setBigUint64(8, cycles & 0xffff_ffff_ffff_ffffn, true);
  return bytes;
}
