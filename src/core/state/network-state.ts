/**
 * A network: its subnets, its clock, its chance. Everything `step` reads and writes.
 */
import type { Owned } from "../../base/epoch.ts";
import type { OwnedQueue } from "../../base/queue.ts";
import type { SortedMap } from "../../base/sorted-map.ts";
import type { Prng } from "../../base/prng.ts";
import type { BlockMakers } from "./block-makers.ts";
import type { TrackedTree } from "../certification/tracked-tree.ts";
import type { IngressHistory } from "../ingress/history.ts";
import type { QueryStatistics } from "../queries/query-statistics.ts";
import type { CanisterQueues } from "../queues/canister-queues.ts";
import type { RefundPool } from "../streams/refund-pool.ts";
import type { Stream } from "../streams/stream.ts";
import type { CanisterState } from "./canister.ts";
import type { CanisterId, PrincipalId, SubnetId } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { Ingress } from "./messages.ts";
import type { PendingCall, PendingCallId } from "./pending-calls.ts";

/** Source: principals-and-ids.md 4, "Subnet types". `fiduciary`, `nns`, `ii`, ... are configurations of these. */
export type SubnetKind = "application" | "system" | "verified_application" | "cloud_engine";

/** A closed interval of canister ids, as hex. */
export interface CanisterRange {
  readonly start: CanisterId;
  readonly end: CanisterId;
}

export interface SubnetConfig {
  readonly id: SubnetId;
  readonly kind: SubnetKind;
  /** Name under which the network was asked for it, such as `nns` or `application`. */
  readonly name: string;
  /** Number of nodes: scales fees. */
  readonly nodeCount: number;
  readonly costSchedule: "normal" | "free";
  /** Subnet admins; they count only where `subnetAdmins` says so. */
  readonly admins: readonly PrincipalId[];
  readonly ranges: readonly CanisterRange[];
  readonly allocationRange: CanisterRange;
  /** DER of the subnet's public key. */
  readonly publicKeyDer: Uint8Array;
  readonly isNns: boolean;
  /** Threshold keys that this subnet holds and signs with, by name; each name stands for a key of every scheme. */
  readonly keyNames: readonly string[];
  /** Where it has limits of its own; else those of its kind hold. */
  readonly limits: Limits | null;
}

/** Cycles consumed that the subnet itself counts: for calls of the management canister, by canisters that are gone, and lost on their way to such. */
export type SubnetConsumedCycles = Record<
  "ecdsaOutcalls" | "schnorrOutcalls" | "vetkd" | "httpOutcalls" | "deletedCanisters" | "droppedMessages",
  bigint
>;

export interface SubnetState extends Owned {
  readonly config: SubnetConfig;
  readonly canisters: SortedMap<CanisterId, CanisterState>;
  /** Messages to and from the management canister of this subnet. */
  queues: CanisterQueues;
  /** Outgoing streams by destination, the loopback stream under the subnet's own id. */
  readonly streams: SortedMap<SubnetId, Stream>;
  /** Cycles of dropped bounded-wait messages, until stream building sends them on. */
  readonly refunds: RefundPool;
  readonly ingressHistory: IngressHistory;
  readonly queryStatistics: QueryStatistics;
  /** Submitted and not yet in a block. */
  readonly pendingIngress: OwnedQueue<Ingress>;
  /** Calls of the management canister that wait for signatures or for answers from outside. */
  readonly pendingCalls: SortedMap<PendingCallId, PendingCall>;
  nextPendingCallId: PendingCallId;
  consumed: SubnetConsumedCycles;
  /** What the replica's total has a second time: see `delete-canister.ts`. */
  consumedCountedTwice: bigint;
  /** Index of the next canister id in the allocation range. */
  nextCanisterIndex: bigint;
  /** Completed rounds. */
  round: number;
  readonly blockMakers: BlockMakers;
  randomness: Prng;
  /** Guaranteed-response and best-effort message memory in use on the subnet, bytes. */
  guaranteedMemoryBytes: number;
  bestEffortMemoryBytes: number;
  /** Open callbacks of all canisters. */
  callbackCount: number;
  /** Memory that canisters take, usage or allocation, whichever is larger: see `indexes.ts`. */
  memoryUsageBytes: number;
  /** Custom sections of all canisters. */
  customSectionBytes: number;
  /** Hashes of modules compiled since the last checkpoint: installing one again is charged a hundredth of its compilation (wasm.md 4.5). */
  readonly compiledModules: SortedMap<string, true>;
  /** Canisters that have something to execute. Kept up to date; tests compare with the plain definition. */
  readonly withInput: SortedMap<CanisterId, true>;
  /** Canisters that have messages in output queues. */
  readonly withOutput: SortedMap<CanisterId, true>;
  /** Canisters whose status is stopping. */
  readonly stopping: SortedMap<CanisterId, true>;
  /** `/canister` of the certified tree; knows which canisters changed in what it shows: see `indexes.ts`. */
  readonly certifiedCanisters: TrackedTree<CanisterState>;
  /** Memory that canisters use, without that of messages. */
  canisterStateBytes: number;
  /** Executions in replicated mode so far. */
  updateTransactions: number;
  /** Canisters that export a heartbeat. */
  readonly withHeartbeat: SortedMap<CanisterId, true>;
  /** Canisters with an active global timer, keyed by time and id: see `timerKey`. */
  readonly timers: SortedMap<string, CanisterId>;
  /** Canisters by the time of their earliest message or callback deadline: see `timerKey`. */
  readonly deadlines: SortedMap<string, CanisterId>;
  /** Canisters whose queues changed in this round; empty between rounds. */
  readonly touched: Set<CanisterId>;
  /** Canisters whose input turns the next checkpoint forgets, if nothing is in their queues then either. */
  readonly idleTurns: SortedMap<CanisterId, true>;
  /** Canisters by the time when storage and compute are charged next. */
  readonly charges: SortedMap<string, CanisterId>;
  /** Priority that each canister was handed back so far, in millionths of a percent, and what was charged and not handed back yet. */
  priorityHandedBack: number;
  priorityOwed: number;
  /** Canisters in the middle of something that lasts over rounds. */
  readonly paused: SortedMap<CanisterId, true>;
}

/** How long rounds take and how many a hop to another subnet needs, in virtual time. */
export interface LatencyProfile {
  /** For people. */
  readonly name: string;
  /** Batch time between two rounds. */
  readonly roundNanos: bigint;
  /** Rounds from stream building until the other subnet can induct, least and most; the ordinary choice is drawn from the network's chance. */
  readonly hopRounds: { readonly min: number; readonly max: number };
}

/** Which chain canisters ask. */
export type BitcoinNetwork = "mainnet" | "testnet" | "regtest";

export interface NetworkState extends Owned {
  /** Batch time of the latest round; ns since the Unix epoch. */
  timeNanos: bigint;
  /** Rounds of the whole network so far: all subnets run one round per tick. */
  round: number;
  readonly subnets: SortedMap<SubnetId, SubnetState>;
  /** In the order in which they were asked for. */
  readonly subnetOrder: readonly SubnetId[];
  /** Limits of system subnets and of all others. */
  limits: { readonly application: Limits; readonly system: Limits };
  /** Routing table: range starts to ranges, ascending. */
  readonly routing: readonly { readonly range: CanisterRange; readonly subnet: SubnetId }[];
  readonly rootSubnetId: SubnetId;
  readonly latency: LatencyProfile;
  prng: Prng;
  nextTag: number;
  nextExecution: number;
  /** The Bitcoin chain that somebody outside stands for, `null` where there is none. */
  readonly bitcoin: BitcoinNetwork | null;
  /** May be sent provisional_* calls: everybody on local networks. */
  readonly provisionalWhitelist: "everybody" | readonly PrincipalId[];
}

/** Key of a time-ordered set: 16 hex digits of nanoseconds, then the canister id. */
export function timerKey(nanos: bigint, id: CanisterId): string {
  return nanos.toString(16).padStart(16, "0") + id;
}
