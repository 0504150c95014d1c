/**
 * `create_canister` and `provisional_create_canister_with_cycles`: an empty canister under the next free id, or under one that was asked for.
 *
 * Source: interface spec, "IC method create_canister", "IC method provisional_create_canister_with_cycles"; management-canister.md 3
 * (order of checks), principals-and-ids.md 3.1 (ids). Replica: `rs/execution_environment/src/canister_manager.rs` (c7c5005).
 */
import { minBigint, U128_MAX } from "../../base/integers.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import { CanisterLog } from "../canister/log.ts";
import { consumeCycles, nothingConsumed } from "../cycles/accounts.ts";
import { canisterCreation, feesOf } from "../cycles/fees.ts";
import { CanisterQueues } from "../queues/canister-queues.ts";
import type { CanisterState, HistoryEntry } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import { NOT_INDEXED, reindexCanister } from "../state/indexes.ts";
import { NO_SNAPSHOTS } from "../state/snapshots.ts";
import { limitsOf, at, route } from "../state/world.ts";
import { canisterIdFromIndex, indexOfCanisterId } from "../state/principal.ts";
import type { NetworkState, SubnetState } from "../state/network-state.ts";
import { requireSubnetAdmin, subnetAdmins } from "./access.ts";
import { changeOrigin, fail, reply, type Method, type MethodContext, type Answered } from "./call.ts";
import { decodeArgument, encodeResult, idOf, optional, principalOf, type Decoded, type Opt, type SettingsValue } from "./candid.ts";
import * as errors from "./errors.ts";
import { environmentVariablesHash } from "./environment-hash.ts";
import { addChange } from "./history.ts";
import { applySettings, checkSettings, defaultSettings, settingsFromCandid, type SettingsChange } from "./settings.ts";

/** Cycles of a provisional creation that names none: 100 T. Source: interface spec, "IC method provisional_create_canister_with_cycles". */
const DEFAULT_PROVISIONAL_CYCLES = 100_000_000_000_000n;

export const createCanister: Method = (context) => {
  const { call, subnet } = context;
  const admins = subnetAdmins(subnet.config);
  if (call.source.kind === "ingress" && admins === null) return fail(call, errors.unexpectedIngress(call.method));
  const decoded = decodeArgument("create_canister", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const change = changeOf(decoded.value.settings);
  if (change.kind === "error") return fail(call, change.error);
  // Canisters were checked by where they are.
  const denied = call.source.kind === "ingress" ? requireSubnetAdmin(admins!, call.sender) : null;
  if (denied !== null) return fail(call, denied);

  const fee = canisterCreation(feesOf(subnet.config));
  if (call.cycles < fee) return fail(call, errors.creationFeeNotCovered(call.cycles, fee));
  const origin = changeOrigin(call, decoded.value.sender_canister_version);
  // The fee is taken before the settings are checked against the balance; all that is attached stays with the canister.
  const created = create(context, { origin, change: change.value, cycles: call.cycles, charged: true, specifiedId: null });
  if (created.kind === "error") return fail(call, created.error);
  return { ...created.value, refundCycles: 0n };
};

export const provisionalCreateCanisterWithCycles: Method = (context) => {
  const { call, world } = context;
  const decoded = decodeArgument("provisional_create_canister_with_cycles", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const { value } = decoded;
  const change = changeOf(value.settings);
  if (change.kind === "error") return fail(call, change.error);
  if (!isWhitelisted(world.state, call.sender)) return fail(call, errors.notWhitelisted());
  const created = create(context, {
    origin: changeOrigin(call, value.sender_canister_version),
    change: change.value,
    cycles: minBigint(optional(value.amount) ?? DEFAULT_PROVISIONAL_CYCLES, U128_MAX),
    charged: false,
    specifiedId: value.specified_id.length === 0 ? null : idOf(value.specified_id[0]),
  });
  return created.kind === "error" ? fail(call, created.error) : created.value;
};

export function isWhitelisted(state: NetworkState, principal: PrincipalId): boolean {
  return state.provisionalWhitelist === "everybody" || state.provisionalWhitelist.includes(principal);
}

function changeOf(settings: Opt<SettingsValue>): Decoded<SettingsChange> {
  return settings.length === 0 ? { kind: "value", value: {} } : settingsFromCandid(settings[0]);
}

interface Creation {
  readonly origin: HistoryEntry["origin"];
  readonly change: SettingsChange;
  readonly cycles: bigint;
  /** Whether the creation fee is taken from the cycles. */
  readonly charged: boolean;
  readonly specifiedId: CanisterId | null;
}

/** A failed creation uses up no id. */
function create(context: MethodContext, creation: Creation): Decoded<Answered> {
  const { world, subnet, call } = context;
  const limits = limitsOf(world, subnet);
  if (subnet.canisters.size >= limits.maxCanisters) {
    return { kind: "error", error: errors.tooManyCanisters(subnet.config.id, limits.maxCanisters) };
  }
  const id = creation.specifiedId === null ? nextCanisterId(subnet) : checkSpecifiedId(world.state, subnet, creation.specifiedId);
  if (id.kind === "error") return id;

  const canister = emptyCanister(id.value, subnet, world.state.timeNanos, limits.queueCapacity);
  canister.settings = defaultSettings([call.sender]);
  canister.balanceCycles = creation.cycles;
  if (creation.charged) {
    const fees = feesOf(subnet.config);
    consumeCycles(canister, "canisterCreation", canisterCreation(fees), canisterCreation(fees.nominal));
  }
  const checked = checkSettings(subnet, limits, canister, creation.change);
  if (checked.kind === "error") return checked;
  applySettings(canister, checked.value);
  const { controllers, environmentVariables } = canister.settings;
  const hash = creation.change.environmentVariables === undefined ? null : environmentVariablesHash(world.platform, environmentVariables);
  addChange(world, canister, creation.origin, { kind: "creation", controllers, environmentVariablesHash: hash });

  subnet.canisters.set(canister.id, canister);
  if (creation.specifiedId === null) subnet.nextCanisterIndex++;
  reindexCanister(subnet, canister);
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "created" });
  const data = encodeResult("canister_id", { canister_id: principalOf(canister.id) });
  return { kind: "value", value: reply(call, data) };
}

/** The id that the next creation gets; nothing is used up. */
function nextCanisterId(subnet: SubnetState): Decoded<CanisterId> {
  const last = indexOfCanisterId(subnet.config.allocationRange.end);
  if (last === null || subnet.nextCanisterIndex > last) return { kind: "error", error: errors.outOfCanisterIds() };
  return { kind: "value", value: canisterIdFromIndex(subnet.nextCanisterIndex) };
}

function checkSpecifiedId(state: NetworkState, subnet: SubnetState, id: CanisterId): Decoded<CanisterId> {
  const { allocationRange } = subnet.config;
  if (allocationRange.start <= id && id <= allocationRange.end) {
    return { kind: "error", error: errors.specifiedIdInAllocationRange(id) };
  }
  if (subnet.canisters.has(id)) return { kind: "error", error: errors.alreadyInstalled(id) };
  if (route(state, id) !== subnet.config.id) return { kind: "error", error: errors.specifiedIdNotHosted(id, subnet.config.id) };
  return { kind: "value", value: id };
}

/** A canister of version 0 without settings of its own, code and cycles. */
export function emptyCanister(id: CanisterId, subnet: SubnetState, nowNanos: bigint, queueCapacity: number): CanisterState {
  const { epoch } = subnet.canisters;
  return {
    epoch,
    id,
    subnetId: subnet.config.id,
    createdNanos: nowNanos,
    installedNanos: null,
    settings: defaultSettings([]),
    status: { kind: "running" },
    balanceCycles: 0n,
    reservedCycles: 0n,
    postponedIngressCycles: 0n,
    consumed: nothingConsumed(),
    execution: null,
    queues: CanisterQueues.empty(id, epoch, queueCapacity),
    callContexts: SortedMap.empty(epoch, (context, owner) => ({ ...context, epoch: owner })),
    callbacks: SortedMap.empty(epoch, (callback, owner) => ({ ...callback, epoch: owner })),
    expiringCallbacks: SortedMap.empty(epoch),
    paused: null,
    nextCallContextId: 1,
    nextCallbackId: 1,
    certifiedData: new Uint8Array(0),
    globalTimerNanos: 0n,
    version: 0,
    history: { total: 0, entries: [] },
    log: CanisterLog.empty(epoch),
    deadlineKey: null,
    countedGuaranteedBytes: 0,
    countedBestEffortBytes: 0,
    nextTask: "globalTimer",
    lowMemoryHook: "notSatisfied",
    accumulatedPriority: -subnet.priorityHandedBack,
    executedRounds: 0,
    prioritySettledRound: subnet.round,
    lastChargeNanos: nowNanos,
    heapDeltaDebitBytes: 0,
    installCodeDebitInstructions: 0,
    chunkStore: new Map(),
    snapshots: NO_SNAPSHOTS,
    queryStats: { calls: 0, instructions: 0, requestBytes: 0, responseBytes: 0 },
    indexed: NOT_INDEXED,
    indexedBytes: 0,
  };
}
