/**
 * Rounds that run by themselves: time follows the host's clock, and HTTPS outcalls are really made.
 *
 * A round follows at once when somebody submitted a message, so that a client need not wait for the next one.
 * Source: pocketic-server.md 8. Replica: `auto_progress` in `rs/pocket_ic_server/src/state_api/state.rs` (c7c5005).
 */
import type { NetworkEvent } from "../../core/events.ts";
import type { OutcallRequest, OutcallResponse } from "../../core/state/pending-calls.ts";
import type { Instance } from "./instance.ts";
import { waitingOutcalls } from "./outcalls.ts";

/** Between two rounds, at least. Replica: `MIN_OPERATION_DELAY`. */
const MIN_DELAY_MILLISECONDS = 100;

/** Rounds run by themselves until `stop`, which resolves when the last one is over. */
export interface Progress {
  stop(): Promise<void>;
}

export class AutoProgress implements Progress {
  private readonly instance: Instance;
  private readonly delayMs: number;
  private readonly inWork = new Set<string>();
  private isStopped = false;
  private wake: (() => void) | null = null;
  private readonly stopListening: () => void;
  private readonly ended: Promise<void>;

  constructor(instance: Instance, artificialDelayMs: number) {
    this.instance = instance;
    this.delayMs = Math.max(artificialDelayMs, MIN_DELAY_MILLISECONDS);
    const soon = (event: NetworkEvent): void => {
      if (event.kind === "sent" && event.message === "ingress" && artificialDelayMs <= MIN_DELAY_MILLISECONDS) this.wake?.();
    };
    this.stopListening = instance.listen(soon);
    instance.setTime(instance.host.now(), true);
    this.ended = this.run();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.stopListening();
    this.wake?.();
    await this.ended;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      this.instance.setTime(this.instance.host.now(), false);
      this.instance.tick();
      this.fetchOutcalls();
      await Promise.race([new Promise<void>((resolve) => (this.wake = resolve)), this.instance.host.delay(this.delayMs)]);
    }
  }

  private fetchOutcalls(): void {
    for (const { subnet, call, request } of waitingOutcalls(this.instance)) {
      const key = `${subnet} ${call}`;
      if (this.inWork.has(key)) continue;
      this.inWork.add(key);
      void this.instance.host.fetchOutcall(request).then((response) => {
        this.inWork.delete(key);
        // Nobody waits for it any more when it took longer than the platform waits: the answer is refused, and that is all.
        if (!this.isStopped) this.instance.answered({ kind: "outcall", subnet, call, responses: forAll(request, response) });
        this.wake?.();
      });
    }
  }
}

/** The web is asked once, for all nodes. */
function forAll({ flexible }: OutcallRequest, response: OutcallResponse): OutcallResponse[] {
  return Array.from({ length: flexible?.totalRequests ?? 1 }, () => response);
}
