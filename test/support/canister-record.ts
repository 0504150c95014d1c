/**
 * A network and canister records for tests of the parts that look at a canister and run none: fees, thresholds, views.
 */
import { sha224 } from "@noble/hashes/sha2.js";
import { SortedMap } from "../../src/base/sorted-map.ts";
import { CanisterLog } from "../../src/core/canister/log.ts";
import type { ExecutionState } from "../../src/core/canister/execution-state.ts";
import { nothingConsumed } from "../../src/core/cycles/accounts.ts";
import { genesis, type SubnetRequest } from "../../src/core/genesis.ts";
import { CanisterQueues } from "../../src/core/queues/canister-queues.ts";
import type { CallContext, CanisterSettings, CanisterState } from "../../src/core/state/canister.ts";
import type { CallContextId, CanisterId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import { NOT_INDEXED } from "../../src/core/state/indexes.ts";
import { NO_SNAPSHOTS } from "../../src/core/state/snapshots.ts";
import type { Limits } from "../../src/core/state/limits.ts";
import type { SubnetState } from "../../src/core/state/network-state.ts";
import { canisterIdFromIndex } from "../../src/core/state/principal.ts";
import type { World } from "../../src/core/state/world.ts";

const EPOCH = 1;
export const PAGE = 65_536;
export const GIB = 2 ** 30;
export const CONTROLLER = "0a01" as PrincipalId;
export const USER = "0b01" as PrincipalId;

/** A world whose state is real; nothing in it can run. */
export function makeWorld(
  subnets: readonly SubnetRequest[] = [{ kind: "application", name: "application" }],
  limits: Partial<Limits> = {},
): World {
  const state = genesis({ seed: 1n, subnets, latency: "instant", limits }, sha224);
  const absent = { platform: null, pool: null, modules: null, schedule: null } as unknown as Pick<
    World,
    "platform" | "pool" | "modules" | "schedule"
  >;
  return { ...absent, state, emit: () => undefined, answerMockQuery: () => null };
}

export function subnetAt(world: World, index = 0): SubnetState {
  return world.state.subnets.get(world.state.subnetOrder[index] as SubnetId)!;
}

export interface CanisterShape {
  readonly index?: bigint;
  readonly balanceCycles?: bigint;
  readonly reservedCycles?: bigint;
  /** Memory; `null` for an empty canister. */
  readonly code?: {
    readonly heapBytes?: number;
    readonly stableBytes?: number;
    readonly moduleBytes?: number;
    readonly globals?: number;
    readonly wasm64?: boolean;
  } | null;
  readonly settings?: Partial<CanisterSettings>;
}

export function makeCanister(world: World, shape: CanisterShape = {}, subnet = subnetAt(world)): CanisterState {
  const id = canisterIdFromIndex(shape.index ?? 5_000n) as CanisterId;
  const code = shape.code === undefined ? {} : shape.code;
  const execution = code === null ? null : codeOf(code);
  return {
    epoch: EPOCH,
    id,
    subnetId: subnet.config.id,
    createdNanos: world.state.timeNanos,
    installedNanos: execution === null ? null : world.state.timeNanos,
    settings: {
      controllers: [CONTROLLER],
      computeAllocation: 0,
      memoryAllocation: 0n,
      freezingThresholdSeconds: 2_592_000n,
      reservedCyclesLimit: 5_000_000_000_000n,
      minimumIncomingCanisterCallCycles: 0n,
      wasmMemoryLimit: 3_221_225_472n,
      wasmMemoryThreshold: 0n,
      logVisibility: { kind: "controllers" },
      snapshotVisibility: { kind: "controllers" },
      statusVisibility: { kind: "controllers" },
      environmentVariables: [],
      ...shape.settings,
    },
    status: { kind: "running" },
    balanceCycles: shape.balanceCycles ?? 100_000_000_000_000n,
    reservedCycles: shape.reservedCycles ?? 0n,
    postponedIngressCycles: 0n,
    consumed: nothingConsumed(),
    execution,
    queues: CanisterQueues.empty(id, EPOCH),
    callContexts: SortedMap.empty(EPOCH),
    callbacks: SortedMap.empty(EPOCH),
    expiringCallbacks: SortedMap.empty(EPOCH),
    paused: null,
    nextCallContextId: 1,
    nextCallbackId: 1,
    certifiedData: new Uint8Array(),
    globalTimerNanos: 0n,
    version: 1,
    history: { total: 0, entries: [] },
    log: CanisterLog.empty(EPOCH),
    deadlineKey: null,
    countedGuaranteedBytes: 0,
    countedBestEffortBytes: 0,
    nextTask: "message",
    lowMemoryHook: "notSatisfied",
    accumulatedPriority: 0,
    executedRounds: 0,
    prioritySettledRound: 0,
    lastChargeNanos: world.state.timeNanos,
    heapDeltaDebitBytes: 0,
    installCodeDebitInstructions: 0,
    chunkStore: new Map(),
    snapshots: NO_SNAPSHOTS,
    queryStats: { calls: 0, instructions: 0, requestBytes: 0, responseBytes: 0 },
    indexed: NOT_INDEXED,
    indexedBytes: 0,
  };
}

/** As much of an `ExecutionState` as accounts look at. */
function codeOf(code: NonNullable<CanisterShape["code"]>): ExecutionState {
  return {
    heapBytes: code.heapBytes ?? 0,
    stableBytes: code.stableBytes ?? 0,
    module: {
      uploadedBytes: code.moduleBytes ?? 0,
      info: { countedGlobals: code.globals ?? 0, customSections: [], wasm64: code.wasm64 ?? false, systemExports: new Set() },
    },
  } as unknown as ExecutionState;
}

export function makeContext(fields: Partial<CallContext> = {}): CallContext {
  return {
    epoch: EPOCH,
    id: 1 as CallContextId,
    origin: { kind: "ingress", user: USER, messageId: "00" as never, method: "go", tag: 1 },
    caller: USER,
    callerInfo: null,
    callTree: { depth: 0, startNanos: 0n },
    createdNanos: 0n,
    responded: false,
    deleted: false,
    availableCycles: 0n,
    instructions: 0,
    openCallbacks: 0,
    ...fields,
  };
}
