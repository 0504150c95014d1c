/**
 * Which order a run was: for each canister the messages it executed, in order, and how each ended. Two runs that differ only in what happened first at
 * canisters that did not hear of each other are one order (a Mazurkiewicz trace).
 */
import type { NetworkEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";

export class OrderWatch {
  private readonly senders = new Map<MessageTag, string>();
  private readonly canisters = new Map<PrincipalId, number>();
  private readonly words = new Map<string, number>();

  begin(): void {
    this.senders.clear();
    this.canisters.clear();
  }

  add(event: NetworkEvent): void {
    if (event.kind === "sent") this.senders.set(event.tag, event.from);
    if (event.kind !== "executed") return;
    const from = event.tag === null ? "" : (this.senders.get(event.tag) ?? "");
    const word = this.wordOf(`${event.entry} ${event.method} ${from} ${event.result.kind}`);
    this.canisters.set(event.canister, mix(this.canisters.get(event.canister) ?? 0, word));
  }

  /** 53 bits of the order so far. */
  get order(): number {
    let low = 1;
    let high = 2;
    for (const id of [...this.canisters.keys()].sort()) {
      low = mix(mix(low, this.wordOf(id)), this.canisters.get(id)!);
      high = mix(high ^ low, this.canisters.get(id)!);
    }
    return (high & 0x1f_ffff) * 2 ** 32 + (low >>> 0);
  }

  private wordOf(text: string): number {
    let word = this.words.get(text);
    if (word !== undefined) return word;
    word = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) word = Math.imul(word ^ text.charCodeAt(i), 0x01000193);
    this.words.set(text, word);
    return word;
  }
}

/** Murmur3's finalizer over both. */
function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash, 31) + word + 0x9e3779b9;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
