/**
 * A network that runs until somebody ends it: others find it meanwhile, and however it ends, it stops and they do not find it any more.
 */
import type { ReadyNetwork } from "../host/server/plan.ts";
import { recordRunning } from "../host/server/running.ts";
import type { ServedNetworkThread } from "../host/server/start.ts";
import type { StopSignals } from "./stop-signals.ts";

interface Running {
  /** As others find it. */
  readonly ready: ReadyNetwork;
  /** Where its output goes; `null` in the foreground, and where somebody else keeps it. */
  readonly log: string | null;
  readonly signals: StopSignals;
}

/** `tell` says that it runs, once it is found. Rejects with what ended the network, if nobody asked for it. */
export async function untilStopped(network: ServedNetworkThread, { ready, log, signals }: Running, tell: () => void): Promise<void> {
  let forget: (() => void) | null = null;
  try {
    forget = recordRunning(ready, { log });
    tell();
    signals.whenAsked(() => void network.stop());
    const failure = await network.ended;
    if (failure !== null) throw failure;
  } finally {
    await network.stop();
    forget?.();
  }
}
