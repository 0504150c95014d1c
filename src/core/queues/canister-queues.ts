/**
 * SKELETON, signatures are final; bodies follow.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { CallbackId, CanisterId, PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, CoarseTime, Ingress, MessageTag, Request, Response } from "../state/messages.ts";

/** Where a sender lives, as seen from the receiver: decides in which of the two sender schedules it waits. */
export type InputSource = "local" | "remote";

/** What the sweep and shedding need to know of the world. */
export interface DropContext {
  /** Whether this id is hosted by the subnet of these queues (its canisters, itself, the subnet). */
  isLocal(id: PrincipalId): boolean;
  nextTag(): MessageTag;
}

/** A message that was timed out or shed, and what followed. */
export type DroppedMessage =
  /** An own request that never left: `reject` is in the own input queue already, with the full refund. */
  | { readonly kind: "ownRequest"; readonly message: Request; readonly reject: Response }
  /** Best-effort request in the input queue: its cycles go to `message.sender` as a refund message. */
  | { readonly kind: "inputRequest"; readonly message: Request }
  /** Best-effort response in the output queue: its refund goes to `message.originator` as a refund message. */
  | { readonly kind: "outputResponse"; readonly message: Response }
  /** Shed best-effort response in the input queue: `reject` (6, without cycles) stands in its place; the refund goes to the own canister as a refund message. */
  | { readonly kind: "inputResponse"; readonly message: Response; readonly reject: Response };

/** How far a walk over blocked inputs has come (subnet queues): made by `startWalk`, advanced by `skipInput`. */
export interface InputWalk {
  skippedLocal: number;
  skippedIngress: number;
  skippedRemote: number;
}

export class CanisterQueues implements Owned {
  readonly epoch: Epoch;
  /** Whose queues these are: a canister, or a subnet for its management canister. */
  readonly owner: PrincipalId;

  private constructor(epoch: Epoch, owner: PrincipalId) {
    this.epoch = epoch;
    this.owner = owner;
  }

  static empty(owner: PrincipalId, epoch: Epoch, capacity?: number): CanisterQueues {
    void capacity;
    return new CanisterQueues(epoch, owner);
  }
  copy(epoch: Epoch): CanisterQueues {
    return new CanisterQueues(epoch, this.owner);
  }

  /** min(free response slots of in[d], free request slots of out[d]). */
  freeSlots(destination: PrincipalId): number {
    void destination;
    return 0;
  }

  // Output.
  declare pushOutputRequest: (request: Request, nowNanos: bigint) => void;
  declare pushOutputResponse: (response: Response) => void;
  declare peekOutput: (destination: PrincipalId) => CanisterMessage | undefined;
  declare popOutput: (destination: PrincipalId) => CanisterMessage | undefined;
  /** Destinations with messages, in id order. */
  declare outputDestinations: () => Iterable<PrincipalId>;
  /** The first destination above `after` (from the beginning when `null`) that has messages. */
  declare nextOutputDestination: (after: PrincipalId | null) => PrincipalId | null;
  declare readonly hasOutput: boolean;

  // Input.
  declare pushIngress: (ingress: Ingress) => void;
  declare pushInput: (message: CanisterMessage, source: InputSource) => null | "queueFull";
  /** A reject the system puts directly into the caller's (our) input queue; fills the reservation. */
  declare pushOwnReject: (response: Response, source: InputSource) => void;
  declare readonly hasInput: boolean;
  /** What `popInput(0)` would take. */
  declare peekInput: () => CanisterMessage | Ingress | undefined;
  declare inputCandidates: () => (CanisterMessage | Ingress)[];
  declare popInput: (option?: number) => CanisterMessage | Ingress | undefined;
  /** Passes over the message `peekInput` shows (management messages that must wait); false when every sender has been passed over. */
  declare skipInput: (walk: InputWalk) => boolean;
  /** Whether a response for this callback waits in the input queue (then its deadline no longer expires it). */
  declare hasResponseFor: (respondent: PrincipalId, callbackId: CallbackId) => boolean;

  // Expiry and shedding.
  /** Smallest deadline of a queued message that can expire; implicit deadlines included, ingress not. */
  declare earliestExpiry: () => CoarseTime | null;
  /** Drops all messages with `deadline < now`, by deadline, then by age. */
  declare timeOutMessages: (now: CoarseTime, context: DropContext) => DroppedMessage[];
  /** Bytes of the largest best-effort message; `null` when there is none. */
  declare largestBestEffort: () => number | null;
  /** Drops the largest best-effort message. */
  declare shed: (context: DropContext) => DroppedMessage;
  /** floor(expiry) of the ingress message that expires first, in seconds. */
  declare earliestIngressExpiry: () => CoarseTime | null;
  declare rejectExpiredIngress: (nowNanos: bigint) => Ingress[];

  // Accounts.
  declare readonly guaranteedMemoryBytes: number;
  declare readonly bestEffortMemoryBytes: number;
  /** Messages in all queues, ingress included. */
  declare readonly messageCount: number;
  declare readonly inputCount: number;
  declare readonly outputCount: number;
  /** No message, ingress or reservation anywhere (delete_canister). */
  declare readonly isEmpty: boolean;
  /** Every queued message, for digests and invariants: peers in id order, input before output, FIFO; then ingress. */
  declare messages: () => Iterable<{
    readonly where: "input" | "output" | "ingress";
    readonly peer: CanisterId;
    readonly message: CanisterMessage | Ingress;
  }>;
  /** Compares every kept counter with the plain definition; asserts. */
  declare check: () => void;
}
