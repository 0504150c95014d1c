/**
 * The first state of a network: its subnets with their ids, keys and canister ranges, its clock and its chance.
 *
 * Ours: canister ranges are handed out as PocketIC does, blocks of 2^20 ids from the top of the id space downwards in the
 * order in which the subnets are listed; subnets with a mainnet identity also own their mainnet ranges, for canisters at
 * chosen ids (principals-and-ids.md 3.1).
 */
import { concat, fromHex } from "../base/bytes.ts";
import { nextEpoch, type Epoch } from "../base/epoch.ts";
import { BLS_DER_PREFIX } from "../crypto/network-keys.ts";
import { OwnedQueue } from "../base/queue.ts";
import { Prng } from "../base/prng.ts";
import { SortedMap } from "../base/sorted-map.ts";
import { canisterTree } from "./certification/canister-tree.ts";
import { TrackedTree } from "./certification/tracked-tree.ts";
import { IngressHistory } from "./ingress/history.ts";
import { subnetAdmins } from "./management/access.ts";
import { QueryStatistics } from "./queries/query-statistics.ts";
import { CanisterQueues } from "./queues/canister-queues.ts";
import { RefundPool } from "./streams/refund-pool.ts";
import { BlockMakers } from "./state/block-makers.ts";
import { copyCanister } from "./state/canister.ts";
import { copySubnet } from "./state/copy.ts";
import type { PrincipalId, SubnetId } from "./state/ids.ts";
import { defaultLimits, type Limits } from "./state/limits.ts";
import type {
  BitcoinNetwork,
  CanisterRange,
  LatencyProfile,
  NetworkState,
  SubnetConfig,
  SubnetKind,
  SubnetState,
} from "./state/network-state.ts";
import { canisterIdFromIndex, principalText, selfAuthenticatingPrincipal } from "./state/principal.ts";
import { isThere } from "./state/world.ts";
import { SUBNET_PUBLIC_KEYS } from "./state/subnet-keys.ts";

/** A subnet as it is asked for. */
export interface SubnetRequest {
  /** What it is paid and limited as. */
  readonly kind: SubnetKind;
  /** `application`, `system`, or a mainnet identity: `nns`, `ii`, `bitcoin`, `sns`, `fiduciary`, `testkeys`. */
  readonly name: string;
  /** Default 13, 34 for fiduciary and sns. */
  readonly nodeCount?: number;
  /** `free`: canisters on it pay for nothing; `normal` by default. */
  readonly costSchedule?: "normal" | "free";
  /** Who administers it: only application subnets and cloud engines that are free can have admins. */
  readonly admins?: readonly PrincipalId[];
  /**
   * Names of the threshold keys that it holds. Default: `key_1` on `ii` and `fiduciary`, `test_key_1` and `dfx_test_key` on `testkeys`, as on
   * PocketIC's networks; where no subnet has any of these identities, all three names on the first application subnet.
   */
  readonly keyNames?: readonly string[];
  /** Another id than its key's: subnets of PocketIC's networks have those of their mainnet counterparts. */
  readonly id?: SubnetId;
  /** The limits of its kind, changed for this subnet. */
  readonly limits?: Partial<Limits>;
  /** Ranges of canister indices, first and last, that it owns besides: for canisters at chosen ids. */
  readonly canisterRanges?: readonly (readonly [bigint, bigint])[];
}

export interface GenesisConfig {
  readonly seed: bigint;
  /** Batch time before the first round, ns since the Unix epoch. */
  readonly timeNanos?: bigint;
  readonly subnets: readonly SubnetRequest[];
  readonly latency: "instant" | "mainnet" | LatencyProfile;
  readonly limits?: Partial<Limits>;
  /** A Bitcoin chain: somebody outside answers for it. None by default. */
  readonly bitcoin?: BitcoinNetwork | null;
}

/** 2021-05-06T19:17:10Z, the mainnet's genesis as PocketIC has it. */
export const GENESIS_TIME_NANOS = 1_620_328_630_000_000_000n;

/** `instant`: nothing takes time, a hop to another subnet takes the next round. `mainnet`: a round a second, two to three rounds a hop (scheduling.md 1, 6). */
const LATENCY_PROFILES: Readonly<Record<"instant" | "mainnet", LatencyProfile>> = {
  instant: { name: "instant", roundNanos: 1n, hopRounds: { min: 1, max: 1 } },
  mainnet: { name: "mainnet", roundNanos: 1_000_000_000n, hopRounds: { min: 2, max: 3 } },
};

/** Ids of one block. Source: principals-and-ids.md 3.1, `CANISTER_IDS_PER_SUBNET`. */
const BLOCK = 1n << 20n;

/** Where the block of the subnet after so many others begins. The ids at the very top stay free. */
function firstIndexOf(index: number): bigint {
  return (1n << 64n) - BigInt(index + 2) * BLOCK;
}

/** Mainnet ranges of subnets with an identity, as canister indices. Source: principals-and-ids.md 3.1. */
const MAINNET_RANGES: Readonly<Record<string, readonly (readonly [bigint, bigint])[]>> = {
  nns: [
    [0n, 6n],
    [8n, 0xfffffn],
  ],
  ii: [
    [7n, 7n],
    [0x2100000n, 0x21fffffn],
  ],
  bitcoin: [[0x1a00000n, 0x1afffffn]],
  testkeys: [[0x1d00000n, 0x1dfffffn]],
  sns: [[0x2000000n, 0x20fffffn]],
  fiduciary: [[0x2300000n, 0x23fffffn]],
};

/** Source: management-canister.md 7, "Test networks". */
const KEY_NAMES: Readonly<Record<string, readonly string[]>> = {
  ii: ["key_1"],
  fiduciary: ["key_1"],
  testkeys: ["test_key_1", "dfx_test_key"],
};

/** Keys of each subnet. Ours: a network of plain subnets has keys too, so that a test of signing needs no more than a subnet. */
function keyNamesOf(subnets: readonly SubnetRequest[]): (readonly string[])[] {
  const named = subnets.some(({ name, keyNames }) => keyNames !== undefined || name in KEY_NAMES);
  const application = subnets.findIndex(({ kind }) => kind === "application");
  const holder = named ? -1 : Math.max(application, 0);
  return subnets.map(
    ({ name, keyNames }, index) => keyNames ?? (index === holder ? ["dfx_test_key", "key_1", "test_key_1"] : (KEY_NAMES[name] ?? [])),
  );
}

export class GenesisRefused extends Error {
  override name = "GenesisRefused";
}

/** Builds the first state. Throws `GenesisRefused` when the configuration cannot be. `sha224` is the platform's. */
export function genesis(config: GenesisConfig, sha224: (bytes: Uint8Array) => Uint8Array): NetworkState {
  if (config.subnets.length === 0) throw new GenesisRefused("A network needs at least one subnet.");
  if (config.subnets.length > SUBNET_PUBLIC_KEYS.length) {
    throw new GenesisRefused(`A network can have at most ${SUBNET_PUBLIC_KEYS.length} subnets, asked for ${config.subnets.length}.`);
  }
  const epoch = nextEpoch();
  const prng = Prng.fromSeed(config.seed);
  const timeNanos = config.timeNanos ?? GENESIS_TIME_NANOS;
  const subnets = SortedMap.empty<SubnetId, SubnetState>(epoch, copySubnet);
  const keyNames = keyNamesOf(config.subnets);
  const configs = config.subnets.map((request, index) =>
    configOf({ ...request, keyNames: keyNames[index] }, index, (kind) => ({ ...defaultLimits(kind), ...config.limits }), sha224),
  );
  configs.forEach((subnet, index) => {
    if (subnets.has(subnet.id)) throw new GenesisRefused(`Only one subnet can have the id ${principalText(subnet.id)}.`);
    subnets.set(subnet.id, emptySubnet(subnet, firstIndexOf(index), prng.fork(`subnet ${index}`), epoch));
  });
  const order = configs.map(({ id }) => id);
  const nns = order.find((id) => subnets.get(id)!.config.isNns);
  return {
    epoch,
    timeNanos,
    round: 0,
    subnets,
    subnetOrder: order,
    routing: routingOf(configs),
    rootSubnetId: nns ?? order[0],
    latency: typeof config.latency === "string" ? LATENCY_PROFILES[config.latency] : config.latency,
    limits: {
      application: { ...defaultLimits("application"), ...config.limits },
      system: { ...defaultLimits("system"), ...config.limits },
    },
    prng,
    nextTag: 1,
    nextExecution: 1,
    bitcoin: config.bitcoin ?? null,
    provisionalWhitelist: "everybody",
  };
}

/**
 * The same network with one subnet more, the state's own records but for the two tables that name subnets. Throws `GenesisRefused`.
 * Ours: it begins as the others did, and its key and its chance follow from the number of those before it.
 */
export function withSubnet(state: NetworkState, request: SubnetRequest, sha224: (bytes: Uint8Array) => Uint8Array): NetworkState {
  const index = state.subnetOrder.length;
  if (index === SUBNET_PUBLIC_KEYS.length) throw new GenesisRefused(`A network can have at most ${SUBNET_PUBLIC_KEYS.length} subnets.`);
  const keyNames = request.keyNames ?? KEY_NAMES[request.name] ?? [];
  const added = configOf(
    { ...request, keyNames },
    index,
    (kind) => (kind === "system" ? state.limits.system : state.limits.application),
    sha224,
  );
  if (state.subnets.has(added.id)) throw new GenesisRefused(`The network has a subnet ${principalText(added.id)} already.`);
  const others = [...state.subnets.values()].map(({ config }) => config).filter(({ id }) => isThere(state, id));
  const routing = routingOf([...others, added]);
  state.subnets.set(added.id, emptySubnet(added, firstIndexOf(index), state.prng.fork(`subnet ${index}`), state.epoch));
  return { ...state, routing, subnetOrder: [...state.subnetOrder, added.id] };
}

/** The same network with one subnet less. */
export function withoutSubnet(state: NetworkState, id: SubnetId): NetworkState {
  return { ...state, routing: state.routing.filter(({ subnet }) => subnet !== id) };
}

/** `index`: how many subnets there are before it. */
function configOf(
  request: SubnetRequest & { readonly keyNames: readonly string[] },
  index: number,
  limitsOf: (kind: SubnetKind) => Limits,
  sha224: (bytes: Uint8Array) => Uint8Array,
): SubnetConfig {
  const { kind, name, costSchedule = "normal", admins = [], keyNames } = request;
  const publicKeyDer = concat(BLS_DER_PREFIX, fromHex(SUBNET_PUBLIC_KEYS[index]));
  const allocationRange = rangeOf(firstIndexOf(index), firstIndexOf(index) + BLOCK - 1n);
  const chosen = [...(MAINNET_RANGES[name] ?? []), ...(request.canisterRanges ?? [])];
  const config: SubnetConfig = {
    id: request.id ?? selfAuthenticatingPrincipal(publicKeyDer, sha224),
    kind,
    name,
    nodeCount: request.nodeCount ?? (name === "fiduciary" || name === "sns" ? 34 : 13),
    costSchedule,
    admins,
    ranges: [...chosen.map(([first, last]) => rangeOf(first, last)), allocationRange],
    allocationRange,
    publicKeyDer,
    isNns: name === "nns",
    keyNames,
    limits: request.limits === undefined ? null : { ...limitsOf(kind), ...request.limits },
  };
  if (admins.length > 0 && subnetAdmins(config) === null) {
    throw new GenesisRefused("Only application subnets and cloud engines with the free cost schedule can have subnet admins.");
  }
  return config;
}

/** Ascending. Throws `GenesisRefused` when two subnets have the same ids. */
function routingOf(configs: readonly SubnetConfig[]): NetworkState["routing"] {
  const routing = configs.flatMap(({ id, ranges }) => ranges.map((range) => ({ range, subnet: id })));
  routing.sort((a, b) => (a.range.start < b.range.start ? -1 : a.range.start > b.range.start ? 1 : 0));
  for (let i = 1; i < routing.length; i++) {
    if (routing[i].range.start <= routing[i - 1].range.end)
      throw new GenesisRefused("Two subnets of this network have the same canister ids: one mainnet identity, or ranges that overlap.");
  }
  return routing;
}

function rangeOf(first: bigint, last: bigint): CanisterRange {
  return { start: canisterIdFromIndex(first), end: canisterIdFromIndex(last) };
}

function emptySubnet(config: SubnetConfig, firstIndex: bigint, randomness: Prng, epoch: Epoch): SubnetState {
  return {
    epoch,
    config,
    canisters: SortedMap.empty(epoch, copyCanister),
    queues: CanisterQueues.empty(config.id, epoch),
    streams: SortedMap.empty(epoch, (stream, owner) => stream.copy(owner)),
    refunds: RefundPool.empty(epoch),
    ingressHistory: IngressHistory.empty(epoch),
    queryStatistics: QueryStatistics.empty(epoch, config.nodeCount),
    pendingIngress: OwnedQueue.empty(epoch),
    pendingCalls: SortedMap.empty(epoch),
    nextPendingCallId: 0,
    consumed: { ecdsaOutcalls: 0n, schnorrOutcalls: 0n, vetkd: 0n, httpOutcalls: 0n, deletedCanisters: 0n, droppedMessages: 0n },
    consumedCountedTwice: 0n,
    nextCanisterIndex: firstIndex,
    round: 0,
    blockMakers: BlockMakers.none(config.nodeCount),
    randomness,
    guaranteedMemoryBytes: 0,
    bestEffortMemoryBytes: 0,
    callbackCount: 0,
    memoryUsageBytes: 0,
    customSectionBytes: 0,
    canisterStateBytes: 0,
    updateTransactions: 0,
    certifiedCanisters: TrackedTree.empty(epoch, canisterTree),
    compiledModules: SortedMap.empty(epoch),
    withInput: SortedMap.empty(epoch),
    withOutput: SortedMap.empty(epoch),
    stopping: SortedMap.empty(epoch),
    withHeartbeat: SortedMap.empty(epoch),
    timers: SortedMap.empty(epoch),
    deadlines: SortedMap.empty(epoch),
    touched: new Set(),
    idleTurns: SortedMap.empty(epoch),
    charges: SortedMap.empty(epoch),
    priorityHandedBack: 0,
    priorityOwed: 0,
    paused: SortedMap.empty(epoch),
  };
}
