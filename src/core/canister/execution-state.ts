/**
 * What a canister's code has between two messages: the module, its memories, and the values of its mutable globals.
 * Tables are not part of it: they are as the module made them (wasm.md 7). The rules own it, as a field of the canister record.
 */
import { assert } from "../../base/assert.ts";
import { SHARED, type Epoch, type Owned } from "../../base/epoch.ts";
import type { ModuleInfo, PreparedModule } from "../wasm/module-info.ts";
import { PagedMemory } from "./paged-memory.ts";

/** Names a canister's code through all its copies: an instance that ran one copy is the best for the next. */
export type Lineage = object;

export class ExecutionState implements Owned {
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly module: PreparedModule;
  /** Written only by `commit` (run.ts). */
  heap: PagedMemory;
  stable: PagedMemory;
  private image: Uint8Array;
  private imageEpoch: Epoch;
  private imageStamp: number;

  private constructor(from: {
    epoch: Epoch;
    lineage: Lineage;
    module: PreparedModule;
    heap: PagedMemory;
    stable: PagedMemory;
    image: Uint8Array;
    imageEpoch: Epoch;
    imageStamp: number;
  }) {
    this.epoch = from.epoch;
    this.lineage = from.lineage;
    this.module = from.module;
    this.heap = from.heap;
    this.stable = from.stable;
    this.image = from.image;
    this.imageEpoch = from.imageEpoch;
    this.imageStamp = from.imageStamp;
  }

  /**
   * A module as instantiation leaves it, before `(start)`. `keep` are memories that outlive the old module: stable memory on upgrade,
   * and the heap with `wasm_memory_persistence = keep`, where the new module's data segments are not applied (wasm.md 7); or those of a snapshot that
   * is loaded, with its image of globals.
   * `epoch` must be another than that of the kept memories while the old state may still be wanted (a rollback).
   */
  static create(
    module: PreparedModule,
    epoch: Epoch,
    keep: { readonly heap?: PagedMemory; readonly stable?: PagedMemory; readonly globals?: Uint8Array } = {},
  ): ExecutionState {
    const initial = initialOf(module);
    const heap = (keep.heap ?? initial.heap).fork(epoch);
    if (heap.wasmPages < module.info.initialPages) heap.growTo(module.info.initialPages);
    return new ExecutionState({
      epoch,
      lineage: {},
      module,
      heap,
      stable: keep.stable === undefined ? PagedMemory.empty(epoch, 0) : keep.stable.fork(epoch),
      image: keep.globals ?? initial.globals,
      imageEpoch: SHARED,
      imageStamp: keep.globals === undefined ? initial.globalsStamp : ++lastGlobalsStamp,
    });
  }

  /** As it was elsewhere. */
  static restored(from: {
    readonly epoch: Epoch;
    readonly module: PreparedModule;
    readonly heap: PagedMemory;
    readonly stable: PagedMemory;
    readonly globals: Uint8Array;
  }): ExecutionState {
    const { globals: image, ...rest } = from;
    return new ExecutionState({ ...rest, lineage: {}, image, imageEpoch: SHARED, imageStamp: ++lastGlobalsStamp });
  }

  /** The same for another owner; nothing is copied until it is written. */
  copy(epoch: Epoch): ExecutionState {
    return new ExecutionState({
      epoch,
      lineage: this.lineage,
      module: this.module,
      heap: this.heap.fork(epoch),
      stable: this.stable.fork(epoch),
      image: this.image,
      imageEpoch: this.imageEpoch,
      imageStamp: this.imageStamp,
    });
  }

  get heapBytes(): number {
    return this.heap.byteLength;
  }

  get stableBytes(): number {
    return this.stable.byteLength;
  }

  /** Mutable globals as `EXPORT.saveGlobals` writes them. Not to be written. */
  get globals(): Uint8Array {
    return this.image;
  }

  /** Equal stamps: equal globals. */
  get globalsStamp(): number {
    return this.imageStamp;
  }

  /** Replaces the image of globals by the bytes at `offset`; returns whether they differ. */
  writeGlobals(bytes: Uint8Array, offset: number): boolean {
    const length = this.image.length;
    let first = 0;
    while (first < length && bytes[offset + first] === this.image[first]) first++;
    if (first === length) return false;
    if (this.imageEpoch !== this.epoch) {
      this.image = this.image.slice();
      this.imageEpoch = this.epoch;
    }
    for (let i = first; i < length; i++) this.image[i] = bytes[offset + i];
    this.imageStamp = ++lastGlobalsStamp;
    return true;
  }
}

let lastGlobalsStamp = 0;

interface Initial {
  readonly heap: PagedMemory;
  readonly globals: Uint8Array;
  readonly globalsStamp: number;
}

/** Made once per module and shared by all canisters that run it. */
const initials = new WeakMap<PreparedModule, Initial>();

function initialOf(module: PreparedModule): Initial {
  let initial = initials.get(module);
  if (initial === undefined) {
    initial = { heap: initialHeap(module.info), globals: initialGlobals(module.info), globalsStamp: ++lastGlobalsStamp };
    initials.set(module, initial);
  }
  return initial;
}

function initialHeap(info: ModuleInfo): PagedMemory {
  const heap = PagedMemory.empty(SHARED, info.initialPages);
  for (const segment of info.dataSegments) {
    assert(segment.offset + segment.bytes.length <= heap.byteLength, "validation has checked that data segments fit");
    heap.write(segment.offset, segment.bytes);
  }
  return heap;
}

function initialGlobals(info: ModuleInfo): Uint8Array {
  const image = new Uint8Array(info.globalsBytes);
  for (const global of info.globals) image.set(global.initial, global.offset);
  return image;
}
