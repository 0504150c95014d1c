/**
 * Limits of execution and scheduling: parameters of a network, with the platform's numbers as defaults.
 *
 * Source: scheduling.md 3. Replica: `rs/config/src/{subnet_config,execution_environment,embedders}.rs` (c7c5005).
 */
import type { SubnetKind } from "./network-state.ts";

/** Of one subnet. Numbers are instructions, bytes, messages or rounds, as their names say. */
export interface Limits {
  /** Instructions of an update, a task or a callback (with its cleanup). */
  readonly messageInstructions: number;
  /** Instructions of one query execution, replicated or not. */
  readonly queryInstructions: number;
  /** Of everything that a user's query leads to: itself, and of a composite one the calls it makes. */
  readonly queryTreeInstructions: number;
  /** Charged to a composite query's tree for each nested call. */
  readonly compositeCallInstructions: number;
  /** Of an installation or upgrade as a whole. */
  readonly installCodeInstructions: number;
  /** Of `canister_inspect_message`. */
  readonly inspectMessageInstructions: number;
  /** What runs longer than a slice takes more rounds. */
  readonly sliceInstructions: number;
  /** The same for installations. */
  readonly installCodeSliceInstructions: number;
  /** Per execution thread and round. */
  readonly roundInstructions: number;
  /** By which rounds, memory and compute allocations are divided. */
  readonly executionThreads: number;
  /** Fixed overheads counted to the round, not to the message. */
  readonly messageOverheadInstructions: number;
  /** For each canister whose turn is over. */
  readonly canisterOverheadInstructions: number;
  /** For each canister of the subnet, whether or not it runs. */
  readonly canistersPerRoundOverheadInstructions: number;
  /** Percent of the message limit kept for cleanup. */
  readonly cleanupReservePercent: number;
  /**
   * Stack of one Wasm execution in bytes, as the rewriter counts them; the default fits every host (`host/deep-stack.ts` for hosts that have more).
   * Departure: the platform's 5 MiB of native stack is not reproducible.
   */
  readonly stackBytes: number;
  /** Bytes of changed pages after which a round begins nothing more. */
  readonly heapDeltaPerRoundBytes: number;
  /** What a canister may change in a round before it is held back, with `rateLimiting`. */
  readonly heapDeltaRateLimitBytes: number;
  /** The same for the instructions of its installations. */
  readonly installCodeRateLimitInstructions: number;
  /** Whether the two debits hold canisters back. Departure: off by default, as a test would wait rounds for nothing. */
  readonly rateLimiting: boolean;
  /** Whether the number of a module's methods and the length of their names are limited. */
  readonly exportLimits: boolean;
  /** Whether `flexible_http_request` is there for canisters that pay for outcalls too. Source: the crate `pocket-ic` 16: with beta features. */
  readonly paidFlexibleOutcalls: boolean;
  /** Messages that are held over the end of a round; those beyond are aborted. */
  readonly pausedExecutions: number;
  /** Rounds between two checkpoints. */
  readonly checkpointRounds: number;
  /**
   * Whether `debug_print` is printed, besides being logged, and charged for that; in queries too. Source: system-api.md 2: on system subnets, and where a
   * network says so, as PocketIC does. Replica: `rate_limiting_of_debug_prints` in `rs/config/src/embedders.rs` (c7c5005).
   */
  readonly printing: boolean;
  /** Slots from one canister to another, in each direction. */
  readonly queueCapacity: number;
  /** Of guaranteed responses, for the whole subnet. */
  readonly guaranteedMessageMemoryBytes: number;
  /** Of best-effort messages, for the whole subnet; beyond it the largest are shed. */
  readonly bestEffortMessageMemoryBytes: number;
  /** Open callbacks of a subnet, beyond which a canister has only its own quota. */
  readonly subnetCallbackSoftLimit: number;
  /** Open callbacks that a canister may always have. */
  readonly canisterGuaranteedCallbackQuota: number;
  /** Messages of users that a block takes. */
  readonly ingressPerBlock: number;
  readonly ingressBlockBytes: number;
  /** Messages of users whose status is known at a time. */
  readonly ingressHistoryCapacity: number;
  /** Messages in a stream to another subnet, until its signals come. */
  readonly streamMessages: number;
  readonly streamBytes: number;
  /** Of a subnet. */
  readonly maxCanisters: number;
  readonly subnetMemoryBytes: bigint;
  /** Usage from which on what a canister grows is paid for in advance. */
  readonly subnetMemoryReservationThresholdBytes: bigint;
  /** For the custom sections of all canisters. */
  readonly subnetCustomSectionBytes: number;
  /** How deep calls of composite queries may be nested. */
  readonly compositeQueryDepth: number;
  /** Rounds over which nodes count queries before they report them. */
  readonly queryStatisticsEpochRounds: number;
}

const G = 1_000_000_000;

const application: Limits = {
  messageInstructions: 40 * G,
  queryInstructions: 5 * G,
  queryTreeInstructions: 5 * G,
  compositeCallInstructions: 50_000_000,
  installCodeInstructions: 300 * G,
  inspectMessageInstructions: 200_000_000,
  sliceInstructions: 2 * G,
  installCodeSliceInstructions: 2 * G,
  roundInstructions: 4 * G,
  executionThreads: 4,
  messageOverheadInstructions: 2_000_000,
  canisterOverheadInstructions: 8_000_000,
  canistersPerRoundOverheadInstructions: 12_000,
  cleanupReservePercent: 5,
  stackBytes: 384 * 1024,
  heapDeltaPerRoundBytes: 200_000_000,
  heapDeltaRateLimitBytes: 75 * 1024 * 1024,
  installCodeRateLimitInstructions: 2 * G,
  rateLimiting: false,
  exportLimits: true,
  paidFlexibleOutcalls: false,
  pausedExecutions: 4,
  checkpointRounds: 500,
  printing: false,
  queueCapacity: 500,
  guaranteedMessageMemoryBytes: 15 * 2 ** 30,
  bestEffortMessageMemoryBytes: 5 * 2 ** 30,
  subnetCallbackSoftLimit: 1_000_000,
  canisterGuaranteedCallbackQuota: 50,
  ingressPerBlock: 1_000,
  ingressBlockBytes: 4 * 2 ** 20,
  ingressHistoryCapacity: 600_000,
  streamMessages: 10_000,
  streamBytes: 10 * 2 ** 20,
  maxCanisters: 120_000,
  subnetMemoryBytes: 2n ** 41n,
  subnetMemoryReservationThresholdBytes: 750n * 2n ** 30n,
  subnetCustomSectionBytes: 2 * 2 ** 30,
  compositeQueryDepth: 6,
  queryStatisticsEpochRounds: 600,
};

/** The platform's limits for a kind of subnet. */
export function defaultLimits(kind: SubnetKind): Limits {
  if (kind !== "system") return application;
  return {
    ...application,
    messageInstructions: 50 * G,
    queryInstructions: 50 * G,
    installCodeInstructions: 1_000 * G,
    installCodeSliceInstructions: 5 * G,
    roundInstructions: 7 * G,
    heapDeltaPerRoundBytes: 2_000_000_000,
    heapDeltaRateLimitBytes: 1e15,
    installCodeRateLimitInstructions: 1e15,
    printing: true,
  };
}
