/**
 * Instances: a canister's code needs a live Wasm memory only while it runs, and a host has room for few of them. Making, dropping or
 * handing an instance to another canister can never be observed; `dropAll` lets tests try.
 *
 * An instance remembers the stamps of the content it holds (paged-memory.ts). To give it to an execution state only the pages with another
 * stamp are copied: none when it ran that canister last, those written since when it ran another timeline of it, and the canister's own
 * pages when it ran another canister of the same module.
 */
import { assert } from "../../base/assert.ts";
import { EXPORT, PAGE_BYTES, PREFIX_BYTES, SLACK_BYTES, WASM_PAGE_BYTES, type MemoryKind, type Variant } from "../wasm/abi.ts";
import { EngineRefusal, type EngineInstance, type EngineMemory, type WasmEngine } from "../wasm/engine.ts";
import type { PreparedModule } from "../wasm/module-info.ts";
import type { ExecutionState, Lineage } from "./execution-state.ts";
import { importsOf } from "./ic0/imports.ts";
import { isZeroPage, PAGE_WORDS } from "./page-slabs.ts";
import { CHUNK_PAGES, PAGES_PER_WASM_PAGE, ZERO_STAMP, type PagedMemory } from "./paged-memory.ts";
import { HostFailure, RunContext } from "./run-context.ts";

type WasmFunction = (...args: number[]) => number | void;

const PREFIX_WORDS = PREFIX_BYTES / 4;
/** The first words of a page that stores marked on the page before it can reach (abi.ts). */
const NEIGHBOUR_WORDS = SLACK_BYTES / 4;
const NOTHING = (): void => undefined;

/** The next marked page. Neighbours are often marked together, and looking costs less than a search. */
function next(memory: EngineMemory, bytes: Uint8Array, from: number, end: number): number {
  return from < end && bytes[from] !== 0 ? from : memory.indexOfOne(from, end);
}

export class Instance {
  readonly module: PreparedModule;
  readonly variant: Variant;
  readonly memory: MemoryKind;
  readonly context: RunContext;
  readonly engine: EngineInstance;
  /** Whose content it holds. */
  lineage: Lineage | null = null;
  /** Has an outcome that is not settled. */
  busy = false;
  alive = true;
  /** Heap bytes as the pool counts them. */
  accountedBytes = 0;

  private words: Int32Array = new Int32Array(0);
  /** 4 KiB pages of the heap. */
  private pages = 0;
  private pageStamps = new Float64Array(0);
  private chunkStamps = new Float64Array(0);
  private contentStamp = ZERO_STAMP;
  private globalsStamp = -1;
  /** Pages that the last run wrote to. */
  private readonly marked: number[] = [];
  /** Pages to be committed, or restored. */
  readonly changed: number[] = [];

  private readonly prepareRun: WasmFunction;
  private readonly saveGlobals: WasmFunction;
  private readonly loadGlobals: WasmFunction;
  private readonly entries = new Map<string, WasmFunction>();

  constructor(engine: WasmEngine, module: PreparedModule, variant: Variant, memory: MemoryKind) {
    this.module = module;
    this.variant = variant;
    this.memory = memory;
    this.context = new RunContext(engine, module.info);
    this.engine = engine.instantiate(module.compiled(variant, memory), importsOf(this.context));
    this.context.bind(this.engine);
    this.context.onGrowth = () => this.takeBuffer();
    this.context.refreshBuffer();
    this.prepareRun = this.engine.functions[EXPORT.prepare];
    this.saveGlobals = this.engine.functions[EXPORT.saveGlobals] ?? NOTHING;
    this.loadGlobals = this.engine.functions[EXPORT.loadGlobals] ?? NOTHING;
  }

  get heapWasmPages(): number {
    return this.context.heapBytes / WASM_PAGE_BYTES;
  }

  private takeBuffer(): void {
    const { buffer } = this.context.bytes;
    this.words = new Int32Array(buffer);
    const pages = this.heapWasmPages * PAGES_PER_WASM_PAGE;
    this.pageStamps = withRoom(this.pageStamps, pages);
    this.chunkStamps = withRoom(this.chunkStamps, Math.ceil(pages / CHUNK_PAGES));
    this.pages = pages;
  }

  /** An exported entry point, `undefined` when the module has none of this name. */
  entry(name: string): WasmFunction | undefined {
    let found = this.entries.get(name);
    if (found === undefined) {
      found = this.engine.functions[name];
      if (found !== undefined) this.entries.set(name, found);
    }
    return found;
  }

  /** Sets counter and stack, and undoes what the last run did to passive segments. */
  prepare(instructions: number, stackBytes: number): void {
    this.prepareRun(instructions | 0, Math.floor(instructions / 2 ** 32), stackBytes);
  }

  /** Makes memory and globals those of a state. The state's heap is not smaller than the instance's. */
  attach(state: ExecutionState): void {
    const missing = state.heap.wasmPages - this.heapWasmPages;
    assert(missing >= 0, "an instance larger than the heap is never reused: a load past the end would succeed");
    this.context.growHeap(missing);
    if (this.contentStamp !== state.heap.stamp) this.loadHeap(state.heap);
    if (this.globalsStamp !== state.globalsStamp) this.writeGlobals(state);
  }

  private loadHeap(heap: PagedMemory): void {
    const chunks = Math.ceil(this.pages / CHUNK_PAGES);
    for (let c = 0; c < chunks; c++) {
      const chunk = heap.chunk(c);
      const stamp = chunk === undefined ? ZERO_STAMP : chunk.stamp;
      if (this.chunkStamps[c] === stamp) continue;
      const first = c * CHUNK_PAGES;
      const last = Math.min(first + CHUNK_PAGES, this.pages);
      for (let page = first; page < last; page++) {
        const wanted = chunk?.pages[page - first]?.stamp ?? ZERO_STAMP;
        if (this.pageStamps[page] !== wanted) this.loadPage(heap, page);
      }
      this.chunkStamps[c] = stamp;
    }
    this.contentStamp = heap.stamp;
  }

  private loadPage(heap: PagedMemory, index: number): void {
    const page = heap.page(index);
    const at = PREFIX_WORDS + index * PAGE_WORDS;
    if (page === undefined) {
      this.words.fill(0, at, at + PAGE_WORDS);
      this.pageStamps[index] = ZERO_STAMP;
    } else {
      const from = page.index * PAGE_WORDS;
      this.words.set(page.slab.words.subarray(from, from + PAGE_WORDS), at);
      this.pageStamps[index] = page.stamp;
    }
  }

  private writeGlobals(state: ExecutionState): void {
    const length = state.globals.length;
    if (length > 0) {
      this.context.bytes.set(state.globals, 0);
      this.loadGlobals();
      this.context.bytes.fill(0, 0, length);
    }
    this.globalsStamp = state.globalsStamp;
  }

  /**
   * Reads and clears the write map. With `compare`, `changed` becomes the pages whose content differs from the heap's; without, all pages
   * written to. The page after each marked one is looked at too, as a store may have crossed into it.
   */
  collectChanges(heap: PagedMemory, compare: boolean): void {
    this.readMarks();
    const { marked, changed, words, pages } = this;
    changed.length = 0;
    for (let i = 0; i < marked.length; i++) {
      const page = marked[i];
      const at = PREFIX_WORDS + page * PAGE_WORDS;
      if (!compare || !this.holds(heap, page)) changed.push(page);
      const next = page + 1;
      if (next < pages && marked[i + 1] !== next && !heap.pageEquals(next, words, at + PAGE_WORDS, NEIGHBOUR_WORDS)) changed.push(next);
    }
  }

  /** Whether a page of the memory is as in a heap. */
  private holds(heap: PagedMemory, index: number): boolean {
    const page = heap.page(index);
    if (page === undefined) return isZeroPage(this.words, PREFIX_WORDS + index * PAGE_WORDS);
    return this.engine.memory.equals(PREFIX_BYTES + index * PAGE_BYTES, page.slab, page.index * PAGE_BYTES, PAGE_BYTES);
  }

  private readMarks(): void {
    const { marked } = this;
    const { bytes } = this.context;
    const { memory } = this.engine;
    marked.length = 0;
    const end = this.pages;
    for (let page = memory.indexOfOne(0, end); page !== -1; page = next(memory, bytes, page + 1, end)) {
      marked.push(page);
      bytes[page] = 0;
    }
  }

  /** Writes `changed` pages, the size and the globals into a state: the one it ran on, or a copy of it. */
  commitTo(state: ExecutionState): void {
    const heap = state.heap;
    heap.growTo(this.heapWasmPages);
    for (const page of this.changed) {
      this.pageStamps[page] = heap.writePage(page, this.words, PREFIX_WORDS + page * PAGE_WORDS);
      const chunk = Math.floor(page / CHUNK_PAGES);
      this.chunkStamps[chunk] = heap.chunk(chunk)?.stamp ?? ZERO_STAMP;
    }
    this.contentStamp = heap.stamp;
    const length = state.globals.length;
    if (length > 0) {
      this.saveGlobals();
      state.writeGlobals(this.context.bytes, 0);
      this.context.bytes.fill(0, 0, length);
      this.globalsStamp = state.globalsStamp;
    }
  }

  /** Puts `changed` pages and the globals back to what the state has. */
  restore(state: ExecutionState): void {
    for (const page of this.changed) {
      if (page < state.heap.wasmPages * PAGES_PER_WASM_PAGE) this.loadPage(state.heap, page);
    }
    if (state.globals.length > 0) this.writeGlobals(state);
  }
}

/** Twice as much room as is needed when it runs out: large heaps grow by small steps. */
function withRoom(stamps: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (length <= stamps.length) return stamps;
  const larger = new Float64Array(stamps.length === 0 ? length : 2 * length);
  larger.set(stamps);
  return larger;
}

export interface PoolLimits {
  /** Live Wasm memories; V8 fails near 13,000. */
  readonly instances: number;
  /** Bytes of all their heaps together. */
  readonly bytes: number;
}

const DEFAULT_LIMITS: PoolLimits = { instances: 1000, bytes: 4 * 2 ** 30 };
/** Of the instances least recently used, how many are looked at for one of the same module before the oldest is dropped. */
const CANDIDATES = 16;

export class InstancePool {
  readonly engine: WasmEngine;
  private readonly limits: PoolLimits;
  /** Least recently used first. */
  private readonly live = new Set<Instance>();
  private newest: Instance | null = null;
  private bytes = 0;
  private readonly last = { fast: new WeakMap<Lineage, Instance>(), exact: new WeakMap<Lineage, Instance>() };

  constructor(engine: WasmEngine, limits: Partial<PoolLimits> = {}) {
    this.engine = engine;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    assert(this.limits.instances > 0, "a pool holds at least one instance");
  }

  get size(): number {
    return this.live.size;
  }

  /** An instance that holds exactly the state, to be given back with `release`. */
  acquire(state: ExecutionState, variant: Variant): Instance {
    const bound = this.boundTo(state, variant);
    const instance = bound ?? this.free(state, variant) ?? this.create(state, variant);
    instance.attach(state);
    if (bound === null) this.bind(instance, state.lineage);
    instance.busy = true;
    this.touch(instance);
    return instance;
  }

  /** The run is settled. An instance that grew beyond the heap it is wanted for next is found out by `acquire`. */
  release(instance: Instance): void {
    instance.busy = false;
    this.account(instance);
  }

  private account(instance: Instance): void {
    this.bytes += instance.context.heapBytes - instance.accountedBytes;
    instance.accountedBytes = instance.context.heapBytes;
  }

  drop(instance: Instance): void {
    if (!this.live.delete(instance)) return;
    instance.alive = false;
    this.forget(instance);
    if (this.newest === instance) this.newest = null;
    this.bytes -= instance.accountedBytes;
  }

  /** Nobody runs the canister any more: what it ran on is no memory that is worth keeping. */
  retire({ lineage }: ExecutionState): void {
    for (const variant of ["fast", "exact"] as const) {
      const instance = this.last[variant].get(lineage);
      if (instance !== undefined && !instance.busy) this.drop(instance);
    }
  }

  /** Nobody may notice. */
  dropAll(): void {
    for (const instance of [...this.live]) if (!instance.busy) this.drop(instance);
  }

  private boundTo(state: ExecutionState, variant: Variant): Instance | null {
    const instance = this.last[variant].get(state.lineage);
    if (instance === undefined || !instance.alive || instance.busy || instance.lineage !== state.lineage) return null;
    if (!this.fits(instance, state)) {
      this.drop(instance);
      return null;
    }
    return instance;
  }

  /** Whether the state can be run on it: never on one that is larger, as a load past the end would succeed. */
  private fits(instance: Instance, state: ExecutionState): boolean {
    if (instance.module !== state.module || instance.memory !== this.memoryFor(state)) return false;
    return instance.heapWasmPages <= state.heap.wasmPages;
  }

  private memoryFor(state: ExecutionState): MemoryKind {
    return state.heapBytes < this.engine.sharesMemoryFrom ? "own" : "shared";
  }

  /** At the limit: one that ran another canister of the same module, else `null` with room made for a new one. */
  private free(state: ExecutionState, variant: Variant): Instance | null {
    const needed = state.heapBytes;
    const isFull = (): boolean =>
      this.live.size >= this.limits.instances || (this.bytes + needed > this.limits.bytes && this.live.size > 0);
    if (!isFull()) return null;
    let looked = 0;
    for (const instance of this.live) {
      if (instance.busy) continue;
      if (instance.variant === variant && this.fits(instance, state)) return instance;
      if (++looked === CANDIDATES) break;
    }
    for (const instance of this.live) {
      if (!isFull()) break;
      if (!instance.busy) this.drop(instance);
    }
    return null;
  }

  private create(state: ExecutionState, variant: Variant): Instance {
    const instance = this.instantiated(state, variant);
    this.live.add(instance);
    this.account(instance);
    return instance;
  }

  private instantiated(state: ExecutionState, variant: Variant): Instance {
    for (;;) {
      try {
        return new Instance(this.engine, state.module, variant, this.memoryFor(state));
      } catch (error) {
        if (!(error instanceof EngineRefusal)) throw error;
        const size = this.size;
        // The engine may have less room than the limit says, as it shares it with others: what nobody needs now makes place.
        this.dropAll();
        if (this.size < size) continue;
        throw new HostFailure(`the engine could not make an instance of a module: ${error.message}`, { cause: error });
      }
    }
  }

  private touch(instance: Instance): void {
    if (this.newest === instance) return;
    this.live.delete(instance);
    this.live.add(instance);
    this.newest = instance;
  }

  /** The first to ask for the next run of this canister. */
  private bind(instance: Instance, lineage: Lineage): void {
    this.forget(instance);
    instance.lineage = lineage;
    this.last[instance.variant].set(lineage, instance);
  }

  /** Otherwise the canister that it ran would keep it from being collected. */
  private forget(instance: Instance): void {
    const last = this.last[instance.variant];
    if (instance.lineage !== null && last.get(instance.lineage) === instance) last.delete(instance.lineage);
  }
}
