/**
 * Clients of the public interface's synchronous calls: each waits for the outcome of its message, which other requests' rounds bring.
 */
import type { NetworkEvent } from "../../core/events.ts";
import type { IngressEntry } from "../../core/ingress/history.ts";
import type { MessageId } from "../../core/state/ids.ts";

/** How long a client of a synchronous call is kept waiting. Source: pocketic-server.md 9. */
const WAIT_MILLISECONDS = 10_000;

export class WaitingClients {
  private readonly delay: (milliseconds: number) => Promise<void>;
  private readonly waiting = new Map<MessageId, ((isFinal: boolean) => void)[]>();

  constructor(delay: (milliseconds: number) => Promise<void>) {
    this.delay = delay;
  }

  /** Whether there was an outcome in time. */
  outcomeOf(id: MessageId): Promise<boolean> {
    const final = new Promise<boolean>((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]);
    });
    return Promise.race([final, this.delay(WAIT_MILLISECONDS).then(() => false)]);
  }

  /** Of what happens in the network. */
  tell(event: NetworkEvent): void {
    if (event.kind !== "ingressStatus" || !isFinalStatus(event)) return;
    for (const tell of this.waiting.get(event.messageId) ?? []) tell(true);
    this.waiting.delete(event.messageId);
  }

  /** There will be no answers. */
  close(): void {
    for (const tell of [...this.waiting.values()].flat()) tell(false);
    this.waiting.clear();
  }
}

export function isFinalStatus(entry: Pick<IngressEntry, "status"> | null): boolean {
  return entry !== null && entry.status.kind !== "received" && entry.status.kind !== "processing";
}
