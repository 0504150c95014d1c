/**
 * Whose message a canister takes next: three sources in turn (local senders, ingress, remote senders), one message each,
 * and within a source its senders in turn.
 *
 * Source: messaging.md 3, "Input order". Replica: `rs/replicated_state/src/canister_state/queues/input_schedule.rs` (c7c5005).
 */
import type { PrincipalId } from "../state/ids.ts";
import type { IngressQueue } from "./ingress-queue.ts";
import { Ring } from "./ring.ts";

/** Where a sender lives, as seen from the receiver: decides in which of the two sender schedules it waits. */
export type InputSource = "local" | "remote";

/** The three sources, in the order of their turns. */
export const LOCAL = 0;
export const INGRESS = 1;
export const REMOTE = 2;
export const SOURCES = 3;

/** A head among the inputs: a source, and an index among its senders (its groups, for ingress). */
export interface InputPlace {
  readonly source: number;
  readonly index: number;
}

/** How far a walk over inputs that must wait has come. A new one begins after each message that was taken. */
export interface InputWalk {
  skippedLocal: number;
  skippedIngress: number;
  skippedRemote: number;
}

export function startWalk(): InputWalk {
  return { skippedLocal: 0, skippedIngress: 0, skippedRemote: 0 };
}

export class InputSchedule {
  /** Senders with messages, each in one of the two. One whose messages were all dropped stays until its turn comes. */
  readonly local: Ring<PrincipalId>;
  readonly remote: Ring<PrincipalId>;
  /** Whose turn it is: LOCAL, INGRESS or REMOTE. */
  turn: number;

  constructor(local = new Ring<PrincipalId>(), remote = new Ring<PrincipalId>(), turn = LOCAL) {
    this.local = local;
    this.remote = remote;
    this.turn = turn;
  }

  /** As new, and whoever waited in it. */
  reset(): PrincipalId[] {
    const senders = [...this.local, ...this.remote];
    while (this.local.shift() !== undefined);
    while (this.remote.shift() !== undefined);
    this.turn = LOCAL;
    return senders;
  }

  copy(): InputSchedule {
    return new InputSchedule(this.local.copy(), this.remote.copy(), this.turn);
  }

  /** Puts a sender that is in neither schedule at the back. */
  add(sender: PrincipalId, source: InputSource): void {
    (source === "local" ? this.local : this.remote).push(sender);
  }

  /** The source whose turn it is; the turn goes on. */
  nextSource(): number {
    const source = this.turn;
    this.turn = (source + 1) % SOURCES;
    return source;
  }

  /** The turn goes on as if this source had had it. */
  served(source: number): void {
    this.turn = (source + 1) % SOURCES;
  }

  sendersOf(source: number): Ring<PrincipalId> {
    return source === LOCAL ? this.local : this.remote;
  }

  /** The head that is next in turn. */
  first(ingress: IngressQueue, hasMessages: (sender: PrincipalId) => boolean): InputPlace | null {
    for (let i = 0; i < SOURCES; i++) {
      const source = (this.turn + i) % SOURCES;
      if (source === INGRESS) {
        if (ingress.length > 0) return { source, index: 0 };
        continue;
      }
      const senders = this.sendersOf(source);
      for (let index = 0; index < senders.length; index++) if (hasMessages(senders.at(index))) return { source, index };
    }
    return null;
  }

  /** All heads, in the order in which they would be taken if nothing else came: one of each source, and again. */
  all(ingress: IngressQueue, hasMessages: (sender: PrincipalId) => boolean): InputPlace[] {
    const indexes: number[][] = [];
    for (let i = 0; i < SOURCES; i++) {
      const source = (this.turn + i) % SOURCES;
      const count = source === INGRESS ? ingress.groupCount : this.sendersOf(source).length;
      const every = Array.from({ length: count }, (_, index) => index);
      indexes.push(source === INGRESS ? every : every.filter((index) => hasMessages(this.sendersOf(source).at(index))));
    }
    const places: InputPlace[] = [];
    const longest = Math.max(...indexes.map((list) => list.length));
    for (let n = 0; n < longest; n++) {
      indexes.forEach((list, i) => {
        const index = list[n];
        if (index !== undefined) places.push({ source: (this.turn + i) % SOURCES, index });
      });
    }
    return places;
  }

  /** Whether everything that waits has been passed over. Replica: `CanisterQueuesLoopDetector`. */
  isWalked(walk: InputWalk, ingress: IngressQueue): boolean {
    return walk.skippedLocal >= this.local.length && walk.skippedIngress >= ingress.groupCount && walk.skippedRemote >= this.remote.length;
  }
}
