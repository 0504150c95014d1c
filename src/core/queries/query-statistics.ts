/**
 * Query statistics of a subnet: what each node counts while it serves queries, and how the nodes' reports become the sums that
 * `canister_status` shows as `query_stats`.
 *
 * A node counts by epochs of 600 rounds and reports a finished epoch in a block of its own. Once two thirds of the nodes have reported
 * something later, the median over the nodes, times their number, is added to each canister: so the sums stay 0 until enough nodes have
 * served queries in three epochs. Queries fall to chance on the platform; ours: they go to the nodes in turn, and so do the blocks.
 *
 * A node's own memory is no replicated state: queries leave the network's digest as it is.
 * Replica: `rs/query_stats/src/{lib,payload_builder,state_machine}.rs`, `query_handler/query_context.rs` (c7c5005).
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import type { CanisterId } from "../state/ids.ts";

/** Of queries, or of one query. Payloads are the argument and the data of a reply. */
export interface QueryCounts {
  readonly calls: number;
  readonly instructions: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** What one node has of one epoch. */
interface EpochReport {
  readonly epoch: number;
  readonly counts: ReadonlyMap<CanisterId, QueryCounts>;
}

interface NodeMemory {
  /** The epoch being counted; `null` before the first query. */
  readonly epoch: number | null;
  /** The last finished epoch, until a block of this node takes it. */
  readonly finished: EpochReport | null;
}

const NONE: QueryCounts = { calls: 0, instructions: 0, requestBytes: 0, responseBytes: 0 };
const NEW_NODE: NodeMemory = { epoch: null, finished: null };

export class QueryStatistics implements Owned {
  readonly epoch: Epoch;
  /** The node that serves the next query. */
  private nextNode: number;
  private readonly nodes: NodeMemory[];
  /** Counts of the running epochs, by node and canister: see `keyOf`. */
  private readonly running: SortedMap<string, QueryExecution>;
  /** Replicated: each node's reports that are not added up yet, by epoch ascending. */
  private readonly reports: (readonly EpochReport[])[];
  private highestAddedEpoch: number;

  private constructor(from: Fields) {
    this.epoch = from.epoch;
    this.nextNode = from.nextNode;
    this.nodes = from.nodes;
    this.running = from.running;
    this.reports = from.reports;
    this.highestAddedEpoch = from.highestAddedEpoch;
  }

  static empty(epoch: Epoch, nodeCount: number): QueryStatistics {
    return new QueryStatistics({
      epoch,
      nextNode: 0,
      nodes: new Array<NodeMemory>(nodeCount).fill(NEW_NODE),
      running: SortedMap.empty(epoch),
      reports: new Array<readonly EpochReport[]>(nodeCount).fill([]),
      highestAddedEpoch: -1,
    });
  }

  /** The same for another owner; this object is read-only from now on. */
  copy(epoch: Epoch): QueryStatistics {
    const { nextNode, nodes, running, reports, highestAddedEpoch } = this;
    return new QueryStatistics({
      epoch,
      nextNode,
      nodes: [...nodes],
      running: running.fork(epoch),
      reports: [...reports],
      highestAddedEpoch,
    });
  }

  /** A query call was executed on these canisters (more than one: a composite query), all by one node. `now` is the subnet's epoch of statistics. */
  count(executions: readonly QueryExecution[], now: number): void {
    if (executions.length === 0) return;
    const node = this.nextNode;
    this.nextNode = (node + 1) % this.nodes.length;
    if (this.nodes[node].epoch !== now) this.beginEpoch(node, now);
    for (const { canister, counts } of executions) {
      const key = keyOf(node, canister);
      this.running.set(key, { canister, counts: sum(this.running.get(key)?.counts ?? NONE, counts) });
    }
  }

  private beginEpoch(node: number, now: number): void {
    const { epoch, finished } = this.nodes[node];
    this.nodes[node] = { epoch: now, finished: epoch === null ? finished : this.takeRunning(node, epoch) };
  }

  private takeRunning(node: number, epoch: number): EpochReport {
    const counts = new Map<CanisterId, QueryCounts>();
    const prefix = keyOf(node, "");
    for (let entry = this.running.firstAfter(prefix); entry?.[0].startsWith(prefix) === true; entry = this.running.firstAfter(prefix)) {
      counts.set(entry[1].canister, entry[1].counts);
      this.running.delete(entry[0]);
    }
    return { epoch, counts };
  }

  /** The block of a round carries what its maker has to report. Gives what is to be added to each canister, in order; mostly nothing. */
  takeBlock(round: number): readonly QueryExecution[] {
    const maker = round % this.nodes.length;
    const { epoch, finished } = this.nodes[maker];
    if (finished === null) return [];
    this.nodes[maker] = { epoch, finished: null };
    if (finished.epoch <= this.highestAddedEpoch) return [];
    this.reports[maker] = [...this.reports[maker], finished];
    const added: QueryExecution[] = [];
    while (this.addEpoch(added));
    return added;
  }

  /** Whether there is an epoch of which enough nodes are done. */
  private addEpoch(added: QueryExecution[]): boolean {
    for (const [node, reports] of this.reports.entries()) {
      this.reports[node] = reports.filter(({ epoch }) => epoch > this.highestAddedEpoch);
    }
    const first = this.reports.flatMap((reports) => reports.slice(0, 1).map(({ epoch }) => epoch));
    if (first.length === 0) return false;
    const next = Math.min(...first);
    // A node is done with an epoch when it has reported a later one.
    const done = this.reports.filter((reports) => (reports.at(-1)?.epoch ?? -1) > next);
    if (done.length < this.nodes.length - faultsTolerated(this.nodes.length)) return false;
    this.highestAddedEpoch = next;
    const counted = done.flatMap(([report]) => (report.epoch === next ? [report.counts] : []));
    const canisters = [...new Set(counted.flatMap((counts) => [...counts.keys()]))].sort();
    for (const canister of canisters) {
      const perNode = counted.flatMap((counts) => counts.get(canister) ?? []);
      while (perNode.length < done.length) perNode.push(NONE);
      added.push({ canister, counts: medians(perNode, this.nodes.length) });
    }
    return true;
  }
}

interface Fields {
  readonly epoch: Epoch;
  readonly nextNode: number;
  readonly nodes: NodeMemory[];
  readonly running: SortedMap<string, QueryExecution>;
  readonly reports: (readonly EpochReport[])[];
  readonly highestAddedEpoch: number;
}

/** One method that a query call executed, or what is added for a canister. */
export interface QueryExecution {
  readonly canister: CanisterId;
  readonly counts: QueryCounts;
}

const keyOf = (node: number, canister: CanisterId | ""): string => node.toString(16).padStart(4, "0") + canister;

/** f of n = 3 f + 1 nodes. */
function faultsTolerated(nodes: number): number {
  return Math.max(0, Math.floor((nodes - 1) / 3));
}

function sum(a: QueryCounts, b: QueryCounts): QueryCounts {
  return {
    calls: a.calls + b.calls,
    instructions: a.instructions + b.instructions,
    requestBytes: a.requestBytes + b.requestBytes,
    responseBytes: a.responseBytes + b.responseBytes,
  };
}

function medians(perNode: readonly QueryCounts[], nodes: number): QueryCounts {
  const of = (what: keyof QueryCounts): number => median(perNode.map((counts) => counts[what])) * nodes;
  return { calls: of("calls"), instructions: of("instructions"), requestBytes: of("requestBytes"), responseBytes: of("responseBytes") };
}

/** Of an even number of values the mean of the two in the middle, rounded down. */
function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : Math.floor((values[middle - 1] + values[middle]) / 2);
}
