/**
 * A trace written by hand, for tests of what reads traces: each call appends one event, tags and executions count up.
 */
import type { ExecutedEvent, NetworkEvent, SentEvent } from "../../src/core/events.ts";
import type { CallContextId, CanisterId, MessageId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import type { MessageTag, ResponsePayload } from "../../src/core/state/messages.ts";
import type { ErrorCode, RejectCode } from "../../src/core/state/rejects.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";

export const USER = "04" as PrincipalId;
export const A = "00000000000000000101" as CanisterId;
export const B = "00000000000000010101" as CanisterId;
export const NAMES: ReadonlyMap<PrincipalId, string> = new Map([
  [USER, "user"],
  [A, "a"],
  [B, "b"],
]);
const SUBNET = "aa02" as SubnetId;

export class TraceWriter {
  readonly events: NetworkEvent[] = [];
  private nextTag = 1;
  private nextExecution = 1;
  private round = 1;
  private timeNanos = 1_700_000_000_000_000_000n;

  /** Later events are `rounds` later, a second each. */
  pass(rounds: number): void {
    this.round += rounds;
    this.timeNanos += BigInt(rounds) * 1_000_000_000n;
  }

  ingress(to: PrincipalId, method: string, from: PrincipalId = USER): MessageTag {
    return this.sent({ message: "ingress", from, to, method });
  }

  request(parent: number, from: CanisterId, to: PrincipalId, method: string): MessageTag {
    return this.sent({ message: "request", parent, from, to, method });
  }

  reply(parent: number | null, request: MessageTag, data = new Uint8Array()): MessageTag {
    return this.answer(parent, request, { kind: "data", data });
  }

  reject(parent: number | null, request: MessageTag, code: number, message: string): MessageTag {
    return this.answer(parent, request, { kind: "reject", code: code as RejectCode, message });
  }

  executed(canister: CanisterId, tag: MessageTag | null, contextId: number, rest: Partial<ExecutedEvent> = {}): number {
    const execution = this.nextExecution++;
    this.events.push({
      ...this.at(),
      kind: "executed",
      execution,
      canister,
      tag,
      entry: "update",
      method: "",
      contextId: contextId as CallContextId,
      iteration: 0,
      instructions: 1000,
      cycles: 5n,
      acceptedCycles: 0n,
      result: { kind: "none" },
      cleanup: null,
      slices: 1,
      startedRound: this.round,
      ...rest,
    });
    return execution;
  }

  dropped(tag: MessageTag, reason: string): void {
    this.events.push({ ...this.at(), kind: "dropped", tag, reason });
  }

  inducted(tag: MessageTag, at: PrincipalId): void {
    this.events.push({ ...this.at(), kind: "inducted", tag, at });
  }

  replied(tag: MessageTag, text = ""): void {
    this.status(tag, { kind: "replied", data: encodeUtf8(text) });
  }

  rejected(tag: MessageTag, code: number, errorCode: number, message: string): void {
    this.status(tag, { kind: "rejected", code, message, errorCode: errorCode as ErrorCode });
  }

  private status(tag: MessageTag, status: Extract<NetworkEvent, { kind: "ingressStatus" }>["status"]): void {
    this.events.push({ ...this.at(), kind: "ingressStatus", messageId: "00" as MessageId, tag, status });
  }

  private answer(parent: number | null, request: MessageTag, payload: ResponsePayload): MessageTag {
    const sent = this.events.find((event): event is SentEvent => event.kind === "sent" && event.tag === request)!;
    return this.sent({ message: "response", parent, requestTag: request, from: sent.to, to: sent.from, method: sent.method, payload });
  }

  private sent(event: Pick<SentEvent, "message" | "from" | "to" | "method"> & Partial<SentEvent>): MessageTag {
    const tag = this.nextTag++;
    const rest = { parent: null, requestTag: null, payload: { kind: "data", data: new Uint8Array() }, cycles: 0n, deadline: 0 } as const;
    this.events.push({ ...this.at(), kind: "sent", tag, ...rest, ...event });
    return tag;
  }

  private at(): { round: number; timeNanos: bigint; subnet: SubnetId } {
    return { round: this.round, timeNanos: this.timeNanos, subnet: SUBNET };
  }
}

/** Takes off the first line end, the last blank line and the common indentation of a template text. */
export function dedent(text: string): string {
  const lines = text.split("\n").slice(1, -1);
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join("\n");
}
