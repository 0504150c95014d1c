/**
 * The pace of a network that follows the host's clock: when it rests between rounds, and when it wakes by itself.
 *
 * An idle network has one timer of the host, for what is due next, or none: it costs no CPU.
 */
import type { NetworkState } from "../core/state/network-state.ts";
import type { Host } from "./host.ts";
import { hasHeartbeats, type Due } from "./quiet.ts";

/** The pace of a network that follows the host's clock. */
export interface LiveOptions {
  /** Least real time between two rounds, in milliseconds; by default what a round takes by the network's latency. */
  readonly delayMilliseconds?: number;
}

/** Between the rounds that heartbeats run in: the pace of `icp`'s local networks. Replica: `MIN_OPERATION_DELAY` in `rs/pocket_ic_server`. */
const HEARTBEAT_MILLISECONDS = 100;
/** The longest that hosts' timers take. */
const MAX_SLEEP_MILLISECONDS = 2 ** 31 - 1;
const NANOS_PER_MILLISECOND = 1_000_000n;

export class Live {
  private readonly host: Pick<Host, "after" | "now">;
  private readonly options: LiveOptions;
  private readonly wake: () => void;
  private cancelRest: (() => void) | null = null;
  private cancelSleep: (() => void) | null = null;
  private heartbeatNanos = 0n;

  constructor(host: Pick<Host, "after" | "now">, options: LiveOptions, wake: () => void) {
    this.host = host;
    this.options = options;
    this.wake = wake;
  }

  /** The last round has just been: whoever has work waits for the end of the rest. */
  get isResting(): boolean {
    return this.cancelRest !== null;
  }

  /** By the host's clock; a clock that was put back counts as due. */
  isHeartbeatDue(state: NetworkState): boolean {
    if (!hasHeartbeats(state)) return false;
    const since = this.host.now() - this.heartbeatNanos;
    return since < 0n || since >= BigInt(HEARTBEAT_MILLISECONDS) * NANOS_PER_MILLISECOND;
  }

  ranRound(state: NetworkState): void {
    this.heartbeatNanos = this.host.now();
    const rest = this.options.delayMilliseconds ?? Number(state.latency.roundNanos / NANOS_PER_MILLISECOND);
    if (rest === 0) return;
    this.cancelRest = this.host.after(rest, () => {
      this.cancelRest = null;
      this.wake();
    });
  }

  /** Nothing to do until then, or until somebody comes. */
  sleep(state: NetworkState, due: Due | null): void {
    this.cancelSleep?.();
    this.cancelSleep = null;
    const untilDue = due === null ? Infinity : Number((due.timeNanos - this.host.now()) / NANOS_PER_MILLISECOND) + 1;
    const milliseconds = Math.max(Math.min(untilDue, hasHeartbeats(state) ? HEARTBEAT_MILLISECONDS : Infinity), 0);
    if (milliseconds === Infinity) return;
    this.cancelSleep = this.host.after(Math.min(milliseconds, MAX_SLEEP_MILLISECONDS), () => {
      this.cancelSleep = null;
      this.wake();
    });
  }

  stop(): void {
    this.cancelRest?.();
    this.cancelSleep?.();
    this.cancelRest = this.cancelSleep = null;
  }
}
