/**
 * Which node made how many blocks, sampled once a day: what `node_metrics_history` tells.
 *
 * Source: interface spec, "IC method node_metrics_history". Replica: `rs/replicated_state/src/metadata_state.rs`
 * (`BlockmakerMetricsTimeSeries`, c7c5005). Ours: unless a round says who made its block, the nodes take turns, and none fails to make its own.
 */
import type { RoundMakers } from "../inputs.ts";

/** Of one node: blocks that it made so far, and that it should have made. */
export interface NodeBlocks {
  readonly made: number;
  readonly missed: number;
}

/** A node that is missing has done nothing since its numbers were dropped. */
type Blocks = ReadonlyMap<number, NodeBlocks>;

export interface BlockSample {
  readonly timeNanos: bigint;
  /** By number of the node. */
  readonly blocks: Blocks;
}

const DAY_NANOS = 86_400_000_000_000n;
/** Samples kept, today's running one among them. Replica: `BLOCKMAKER_METRICS_TIME_SERIES_NUM_SNAPSHOTS`. */
const MAX_SAMPLES = 60;

export class BlockMakers {
  private readonly nodeCount: number;
  /** Ended days, oldest first. Not written in place. */
  private days: readonly BlockSample[];
  private lastNanos: bigint | null;
  private readonly running: Map<number, NodeBlocks>;
  private nextNode: number;

  private constructor(nodeCount: number, days: readonly BlockSample[], lastNanos: bigint | null, running: Blocks, nextNode: number) {
    this.nodeCount = nodeCount;
    this.days = days;
    this.lastNanos = lastNanos;
    this.running = new Map(running);
    this.nextNode = nextNode;
  }

  static none(nodeCount: number): BlockMakers {
    return new BlockMakers(nodeCount, [], null, new Map(), 0);
  }

  copy(): BlockMakers {
    return new BlockMakers(this.nodeCount, this.days, this.lastNanos, this.running, this.nextNode);
  }

  /** A block at this time, which does not go back; `null`: made by the node whose turn it is. */
  observe(timeNanos: bigint, makers: RoundMakers | null): void {
    if (this.lastNanos !== null && this.lastNanos / DAY_NANOS < timeNanos / DAY_NANOS) this.endDay(this.lastNanos);
    this.lastNanos = timeNanos;
    if (makers === null) {
      this.count(this.nextNode, 1, 0);
      this.nextNode = (this.nextNode + 1) % this.nodeCount;
    } else {
      this.count(makers.maker, 1, 0);
      for (const node of makers.failed) this.count(node, 0, 1);
    }
  }

  private count(node: number, made: number, missed: number): void {
    const before = this.running.get(node) ?? { made: 0, missed: 0 };
    this.running.set(node, { made: before.made + made, missed: before.missed + missed });
  }

  /** Nodes that did nothing since the day before are left out, and count from 0 when they come back. */
  private endDay(timeNanos: bigint): void {
    const before = this.days.at(-1);
    for (const [node, { made, missed }] of this.running) {
      const then = before?.blocks.get(node);
      if (then !== undefined && then.made === made && then.missed === missed) this.running.delete(node);
    }
    this.days = [...this.days, { timeNanos, blocks: new Map(this.running) }].slice(1 - MAX_SAMPLES);
  }

  /** Of the days that have ended. */
  since(timeNanos: bigint): readonly BlockSample[] {
    return this.days.filter((sample) => sample.timeNanos >= timeNanos);
  }

  /** Everything, as plain data, the running sample last: nodes with the blocks that they made, and missed if they did. */
  get samples(): readonly (readonly [bigint, readonly (readonly number[])[]])[] {
    const all = this.lastNanos === null ? [] : [...this.days, { timeNanos: this.lastNanos, blocks: this.running }];
    return all.map(({ timeNanos, blocks }) => [
      timeNanos,
      [...blocks].sort(([a], [b]) => a - b).map(([node, { made, missed }]) => (missed === 0 ? [node, made] : [node, made, missed])),
    ]);
  }
}
