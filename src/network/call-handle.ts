/**
 * A call that was submitted and not awaited yet.
 */
import type { IngressStatus } from "../core/events.ts";
import type { MessageId } from "../core/state/ids.ts";
import type { SubmittedCall } from "./open-calls.ts";

/** `unknown`: not in a block yet, or forgotten. The others as in the interface spec, "Request status". */
export type CallStatus = IngressStatus | { readonly kind: "unknown" };

/** Await it for the decoded reply, or ask how far it is. */
export class CallHandle<T> implements PromiseLike<T> {
  /** Hex of the request id, 32 bytes. */
  readonly id: MessageId;
  private readonly call: SubmittedCall;
  private readonly decode: (call: SubmittedCall) => Promise<T>;
  private readonly statusNow: () => CallStatus;
  private decoded: Promise<T> | null = null;

  constructor(call: SubmittedCall, decode: (call: SubmittedCall) => Promise<T>, statusNow: () => CallStatus) {
    this.id = call.id;
    this.call = call;
    this.decode = decode;
    this.statusNow = statusNow;
  }

  /** As the network knows it at this moment; an answer stays known after the network has forgotten it. */
  status(): CallStatus {
    const { outcome } = this.call;
    if (outcome?.kind === "replied") return outcome;
    if (outcome?.kind === "rejected" && outcome.errorCode !== null) return { ...outcome, errorCode: outcome.errorCode };
    return this.statusNow();
  }

  /** The decoded reply; rejects with a `CanneryCallError` when the call was rejected. Waits as an awaited call does. */
  result(): Promise<T> {
    this.decoded ??= this.decode(this.call);
    return this.decoded;
  }

  then<A = T, B = never>(
    onReply?: ((value: T) => A | PromiseLike<A>) | null,
    onReject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result().then(onReply, onReject);
  }
}
