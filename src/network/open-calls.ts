/**
 * Who waits for an answer: callers in this process, and whoever watches a message that came over the wire.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { MessageId, PrincipalId, SubnetId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";
import type { CallOutcome } from "./call-error.ts";

export interface CallRequest {
  readonly sender: PrincipalId;
  /** `""` for the management canister. */
  readonly receiver: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  /** Of a management call that names no canister. */
  readonly subnet?: SubnetId | null;
  /** Canister that a management call is about; for people. */
  readonly about?: PrincipalId;
}

/** A user's call that was submitted. */
export interface SubmittedCall {
  readonly id: MessageId;
  /** Number of the message in the trace; `null` when it was refused before it became one. */
  tag: MessageTag | null;
  readonly request: CallRequest;
  /** `null` while there is no answer. */
  outcome: CallOutcome | null;
  /** Never rejects. */
  readonly answered: Promise<CallOutcome>;
}

interface OpenCall extends SubmittedCall {
  resolve(outcome: CallOutcome): void;
}

export class OpenCalls {
  private readonly calls = new Map<MessageId, OpenCall>();
  /** Who waits for messages that came over the wire. */
  private readonly watching = new Map<MessageId, readonly ((isFinal: boolean) => void)[]>();
  /** Answers since the beginning: a turn ends after a round with one. */
  answeredCount = 0;
  /** Rounds since somebody was answered, or something came from outside. */
  roundsWaiting = 0;

  /** Somebody waits for an answer. */
  get isAwaited(): boolean {
    return this.calls.size > 0 || this.watching.size > 0;
  }

  /** Ids of calls without an answer. */
  ids(): ReadonlySet<MessageId> {
    return new Set(this.calls.keys());
  }

  /** A call that is submitted now. */
  add(id: MessageId, request: CallRequest): SubmittedCall {
    let resolve!: (outcome: CallOutcome) => void;
    const answered = new Promise<CallOutcome>((done) => {
      resolve = done;
    });
    const call: OpenCall = { id, tag: null, request, outcome: null, answered, resolve };
    this.calls.set(id, call);
    return call;
  }

  /** Resolves when the message has its final status: true; or when there will be none, as far as anybody can tell: false. */
  watch(id: MessageId): Promise<boolean> {
    return new Promise((resolve) => this.watching.set(id, [...(this.watching.get(id) ?? []), resolve]));
  }

  /** A message has its final status. */
  answer(id: MessageId, outcome: CallOutcome): void {
    const call = this.calls.get(id);
    if (call !== undefined) this.resolve(call, outcome);
    if (this.watching.size > 0) this.tellWatchers(id, true);
  }

  /** A message was dropped before a block took it: nobody will ever know of it. */
  dropped(tag: MessageTag, reason: string): void {
    for (const call of this.calls.values()) {
      if (call.tag !== tag) continue;
      this.resolve(call, { kind: "abandoned", error: noAnswer(call, `it ${reason}.`) });
      return;
    }
  }

  /** Tells all who wait, but the callers of those in `kept`, that there will be no answer. */
  abandon(error: Error, kept: ReadonlySet<MessageId> = new Set()): void {
    for (const call of [...this.calls.values()]) if (!kept.has(call.id)) this.resolve(call, { kind: "abandoned", error });
    this.dismissWatchers();
  }

  /** Tells all who wait why there is no answer; `waiting` says for people who waits for whom. */
  giveUp(why: string, waiting: string): void {
    for (const call of [...this.calls.values()]) this.resolve(call, { kind: "abandoned", error: noAnswer(call, `${why}.\n${waiting}`) });
    this.dismissWatchers();
    this.roundsWaiting = 0;
  }

  /** Tells an error to whoever waits for an answer; else to whoever runs the network. */
  tell(error: unknown): void {
    if (this.calls.size === 0 || !(error instanceof Error)) throw error;
    this.abandon(error);
  }

  private resolve(call: OpenCall, outcome: CallOutcome): void {
    this.calls.delete(call.id);
    this.answeredCount++;
    this.roundsWaiting = 0;
    call.outcome = outcome;
    call.resolve(outcome);
  }

  private dismissWatchers(): void {
    for (const id of [...this.watching.keys()]) this.tellWatchers(id, false);
  }

  private tellWatchers(id: MessageId, isFinal: boolean): void {
    const watchers = this.watching.get(id) ?? [];
    this.watching.delete(id);
    for (const tell of watchers) tell(isFinal);
    if (watchers.length > 0) this.answeredCount++;
  }
}

function noAnswer({ request }: OpenCall, why: string): CanneryError {
  return new CanneryError("no-answer", `the call of ${request.method} stays without an answer: ${why}`);
}
