/**
 * Ownership by epoch: what makes a snapshot or a fork cost nothing until something is written.
 *
 * Every mutable record, tree node and memory page carries the epoch that may write it in place. A network holds one
 * epoch at a time. A snapshot or a fork only takes a new one; the first write afterwards finds a record of an older
 * epoch and copies it. Epoch numbers are unique in the process and are never observable: they are in no digest.
 */

/** Who may write a record in place. */
export type Epoch = number;

/** A record that knows its owner. Obtain it for writing through an `edit` function, never by plain lookup. */
export interface Owned {
  readonly epoch: Epoch;
}

/** Owner of what is shared by everybody and never written, such as a module's initial pages. */
export const SHARED: Epoch = 0;

let last: Epoch = SHARED;

/** A fresh epoch, different from all earlier ones of this process. */
export function nextEpoch(): Epoch {
  return ++last;
}
