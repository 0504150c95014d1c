/**
 * A module that was prepared before, elsewhere: its description is at hand, its bytes come when somebody asks for them. As long as only its methods
 * and sections are looked at, nothing is read; and where a rewritten form is kept it runs without being decoded and validated again.
 */
import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import type { MemoryKind, Variant } from "./abi.ts";
import type { CompiledModule, Platform } from "./engine.ts";
import type { Compilations, ModuleInfo, PreparedModule } from "./module-info.ts";
import { withMemory } from "./shared-memory.ts";
import { isRefusal, ModuleCache, prepareModule, rewrittenKey, type RewrittenStore } from "./prepare.ts";

/** What of a module's description is plain data, and small. */
export type Description = Omit<ModuleInfo, "dataSegments" | "functionNames">;

export interface DescribedFrom {
  readonly hash: string;
  readonly description: Description;
  readonly uploadedBytes: number;
}

class Described implements PreparedModule {
  readonly info: ModuleInfo;
  readonly hash: string;
  readonly uploadedBytes: number;
  private readonly bytes: () => Uint8Array;
  private readonly platform: Platform;
  private readonly store: RewrittenStore | null;
  private readonly stored: Compilations = { own: {}, shared: {} };
  private prepared: PreparedModule | null = null;

  constructor(
    { hash, description, uploadedBytes }: DescribedFrom,
    bytes: () => Uint8Array,
    platform: Platform,
    store: RewrittenStore | null,
  ) {
    this.hash = hash;
    this.uploadedBytes = uploadedBytes;
    this.bytes = bytes;
    this.platform = platform;
    this.store = store;
    const whole = (): ModuleInfo => this.whole().info;
    this.info = {
      ...description,
      get dataSegments() {
        return whole().dataSegments;
      },
      get functionNames() {
        return whole().functionNames;
      },
    };
  }

  get uploaded(): Uint8Array {
    return this.whole().uploaded;
  }

  compiled(variant: Variant, memory: MemoryKind): CompiledModule {
    if (this.prepared !== null) return this.prepared.compiled(variant, memory);
    return (this.stored[memory][variant] ??= this.fromStore(variant, memory) ?? this.whole().compiled(variant, memory));
  }

  private fromStore(variant: Variant, memory: MemoryKind): CompiledModule | null {
    const rewritten = this.store?.load(rewrittenKey(this.hash, variant)) ?? null;
    return rewritten === null ? null : this.platform.engine.compile(withMemory(rewritten, memory));
  }

  private whole(): PreparedModule {
    if (this.prepared !== null) return this.prepared;
    const bytes = this.bytes();
    assert(toHex(this.platform.sha256(bytes)) === this.hash, "the bytes of a module are those that were described");
    // A cache of its own: in the network's there is this very module.
    const prepared = prepareModule(bytes, this.platform, new ModuleCache(this.store === null ? {} : { store: this.store }));
    assert(!isRefusal(prepared), "a module that was described is accepted");
    return (this.prepared = prepared);
  }
}

/** The module in the cache, or a new one that is put there. */
export function describedModule(from: DescribedFrom, bytes: () => Uint8Array, platform: Platform, cache: ModuleCache): PreparedModule {
  const known = cache.get(from.hash);
  if (known !== null) return known;
  const module = new Described(from, bytes, platform, cache.store);
  cache.add(module);
  return module;
}
