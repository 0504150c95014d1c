/**
 * A network at rest as bytes: what the package's build makes of a network with its system canisters, so that another process begins where that one was.
 *
 * An image is plain data and pages. Who reads it makes the network of the same configuration and puts the data into its records, field by field: classes,
 * owners and the functions of sorted maps are as they always are. Left out is what a network at rest has none of (messages, calls; asserted), what is
 * no replicated state (caches, a node's own counts of queries), and what follows from the rest.
 *
 *     u32 length of the data │ data: the form of `codec/state-digest.ts` │ zeros up to a multiple of 4 │ pages, one behind the other
 */
import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import { OwnedQueue } from "../base/queue.ts";
import { SortedMap } from "../base/sorted-map.ts";
import { DigestWriter } from "../codec/state-digest.ts";
import { StateReader } from "../codec/state-reader.ts";
import { ExecutionState } from "./canister/execution-state.ts";
import { PagedMemory } from "./canister/paged-memory.ts";
import { TrackedTree } from "./certification/tracked-tree.ts";
import { genesis, type GenesisConfig } from "./genesis.ts";
import { emptyCanister } from "./management/create-canister.ts";
import { QueryStatistics } from "./queries/query-statistics.ts";
import { CanisterQueues } from "./queues/canister-queues.ts";
import { Ring } from "./queues/ring.ts";
import type { CanisterState } from "./state/canister.ts";
import type { CanisterId, SubnetId } from "./state/ids.ts";
import { indexedAs } from "./state/indexes.ts";
import type { NetworkState, SubnetState } from "./state/network-state.ts";
import { PAGE_BYTES } from "./wasm/abi.ts";
import { describedModule, type DescribedFrom } from "./wasm/described.ts";
import type { Platform } from "./wasm/engine.ts";
import type { PreparedModule } from "./wasm/module-info.ts";
import type { ModuleCache } from "./wasm/prepare.ts";

type Fields = Record<string, unknown>;

/** A memory: its size, its pages that are not all zero, and where in the image these begin, in pages. */
interface MemoryImage {
  readonly wasmPages: number;
  readonly indices: readonly number[];
  readonly first: number;
}

interface CanisterImage {
  readonly id: CanisterId;
  readonly fields: Fields;
  readonly code: {
    readonly module: DescribedFrom;
    readonly globals: Uint8Array;
    readonly heap: MemoryImage;
    readonly stable: MemoryImage;
  } | null;
}

interface NetworkImage {
  readonly fields: Fields;
  readonly subnets: readonly { readonly id: SubnetId; readonly fields: Fields; readonly canisters: readonly CanisterImage[] }[];
}

/** What is set apart, or decided by the configuration that image and reader share. */
const OF_NETWORK: readonly (keyof NetworkState)[] = ["subnets", "subnetOrder", "routing", "rootSubnetId", "latency", "limits", "bitcoin"];
const OF_SUBNET: readonly (keyof SubnetState)[] = ["config", "canisters"];
const OF_CANISTER: readonly (keyof CanisterState)[] = ["id", "subnetId", "execution", "indexed"];
/** What queues without messages may have left over, which nobody can see. */
const OF_MESSAGES: readonly string[] = ["owner", "pairs", "accounts", "destinations", "ingress"];

export function writeImage(state: NetworkState): Uint8Array {
  const pages: Uint8Array[] = [];
  const subnets = [...state.subnets.entries()].map(([id, subnet]) => ({
    id,
    fields: subnetFields(subnet),
    canisters: [...subnet.canisters.values()].map((canister) => canisterImage(canister, pages)),
  }));
  const image: NetworkImage = { fields: fieldsOf(state, OF_NETWORK), subnets };
  const parts: Uint8Array[] = [];
  const data = new DigestWriter({ update: (bytes) => parts.push(bytes.slice()), digest: () => concat(...parts) }).value(image).digest();
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  return concat(length, data, new Uint8Array(-data.length & 3), ...pages);
}

function subnetFields(subnet: SubnetState): Fields {
  assert(subnet.streams.size === 0 && subnet.pendingCalls.size === 0, "no message is between the subnets of a network at rest");
  return fieldsOf(subnet, OF_SUBNET);
}

function canisterImage(canister: CanisterState, pages: Uint8Array[]): CanisterImage {
  const { id, execution, callContexts, callbacks, paused, snapshots } = canister;
  assert(callContexts.size === 0 && callbacks.size === 0 && paused === null, "a canister at rest is in the middle of nothing");
  assert(snapshots.list.size === 0, "an image has no snapshots of canisters");
  const fields = fieldsOf(canister, OF_CANISTER);
  if (execution === null) return { id, fields, code: null };
  const { module, globals, heap, stable } = execution;
  return { id, fields, code: { module: describe(module), globals, heap: memoryImage(heap, pages), stable: memoryImage(stable, pages) } };
}

function describe({ hash, info, uploadedBytes }: PreparedModule): DescribedFrom {
  const { dataSegments: _large, functionNames: _seldom, ...description } = info;
  return { hash, description, uploadedBytes };
}

function memoryImage(memory: PagedMemory, pages: Uint8Array[]): MemoryImage {
  const first = pages.length;
  const indices: number[] = [];
  memory.forEachPage((index, bytes) => {
    indices.push(index);
    pages.push(bytes.slice());
  });
  return { wasmPages: memory.wasmPages, indices, first };
}

/** Own fields as plain data. */
function fieldsOf(value: object, without: readonly string[] = []): Fields {
  const fields: Fields = {};
  for (const [name, field] of Object.entries(value)) if (!without.includes(name)) fields[name] = plain(field);
  return fields;
}

/** `undefined` for what is left out. */
function plain(value: unknown): unknown {
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Set) return value;
  if (value instanceof TrackedTree || value instanceof QueryStatistics) return undefined;
  if (value instanceof Ring || value instanceof OwnedQueue) {
    assert(value.length === 0, "nothing waits in a network at rest");
    return undefined;
  }
  if (value instanceof CanisterQueues) {
    assert(!value.hasInput && !value.hasOutput && value.guaranteedReservationCount === 0, "no message is in a network at rest");
    return fieldsOf(value, OF_MESSAGES);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof SortedMap || value instanceof Map) {
    return new Map([...(value.entries() as Iterable<[unknown, unknown]>)].map(([key, item]) => [key, plain(item)]));
  }
  return fieldsOf(value);
}

/** What images leave to the reader. */
export interface ImageReader {
  readonly platform: Platform;
  readonly modules: ModuleCache;
  /** The bytes of the module that this canister of the image has; asked for when they are needed. */
  uploaded(canister: CanisterId): Uint8Array;
}

/** The state in the image. The configuration has the subnets that the image was made with; latency and limits may be others. */
export function readImage(bytes: Uint8Array<ArrayBuffer>, config: GenesisConfig, reader: ImageReader): NetworkState {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const { fields, subnets } = new StateReader(bytes.subarray(4, 4 + length)).value() as NetworkImage;
  const pagesFrom = 4 + length + (-length & 3);
  const state = genesis(config, (text) => reader.platform.sha224(text));
  const isSame = subnets.length === state.subnets.size && subnets.every(({ id }) => state.subnets.has(id));
  assert(isSame, "an image is read for the subnets that it was made with");
  fill(state, fields);
  for (const image of subnets) {
    const subnet = state.subnets.get(image.id)!;
    fill(subnet, image.fields);
    for (const { id, fields: own, code } of image.canisters) {
      const canister = emptyCanister(id, subnet, state.timeNanos, 0);
      fill(canister, own);
      canister.execution = code === null ? null : execution(id, code);
      canister.indexed = indexedAs(canister);
      subnet.canisters.set(id, canister);
    }
  }
  return state;

  function execution(id: CanisterId, { module, globals, heap, stable }: NonNullable<CanisterImage["code"]>): ExecutionState {
    const prepared = describedModule(revived(module), () => reader.uploaded(id), reader.platform, reader.modules);
    return ExecutionState.restored({ epoch: state.epoch, module: prepared, heap: memory(heap), stable: memory(stable), globals });
  }

  function memory({ wasmPages, indices, first }: MemoryImage): PagedMemory {
    const offset = bytes.byteOffset + pagesFrom + first * PAGE_BYTES;
    return PagedMemory.over(state.epoch, wasmPages, indices, new Int32Array(bytes.buffer, offset, (indices.length * PAGE_BYTES) / 4));
  }
}

/** Sets come back as lists. */
function revived(module: DescribedFrom): DescribedFrom {
  const { description } = module;
  return { ...module, description: { ...description, systemExports: new Set(description.systemExports) } };
}

/** Puts data into a record that was made anew: what is a class there stays one. */
function fill(target: object, fields: Fields): void {
  const record = target as Fields;
  for (const [name, data] of Object.entries(fields)) {
    const there = record[name];
    if (there instanceof SortedMap) for (const [key, value] of data as Map<string, unknown>) there.set(key, value);
    else if (there instanceof Set) record[name] = new Set(data as unknown[]);
    else if (isInstance(there)) fill(there, data as Fields);
    else record[name] = data;
  }
}

function isInstance(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return ![Object.prototype, Array.prototype, Uint8Array.prototype, Map.prototype].includes(prototype as object);
}
