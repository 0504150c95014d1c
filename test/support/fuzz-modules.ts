/** Damaged modules by seed: `fuzzModules` makes as many as asked for and says which of them were not treated as they must be. */
import { readFileSync } from "node:fs";
import { gzipSync, gunzipSync } from "node:zlib";
import { Prng } from "../../src/base/prng.ts";
import { checkModule, mutateModule } from "./mutate-module.ts";
import { puppet } from "./puppet.ts";
import { randomModule } from "./random-module.ts";
import { wat } from "./wat.ts";

export interface ModuleFuzzing {
  readonly seed: bigint | number;
  readonly runs: number;
  /** The first run, to repeat one of many: `{ seed, first: run, runs: 1 }`. */
  readonly first?: number;
  /** Called before each run; answering `false` ends early. */
  readonly proceed?: (run: number) => boolean;
}

export interface ModuleFailure {
  readonly run: number;
  readonly message: string;
  /** The module, base64. */
  readonly module: string;
}

export interface ModuleFuzzed {
  readonly runs: number;
  /** Modules that were still accepted; the others were refused. */
  readonly accepted: number;
  readonly failures: readonly ModuleFailure[];
}

/** Different modules to damage. */
const BASES = 24;
/** One run in so many damages a large module, and one a compressed one. */
const LARGE = 400;
const COMPRESSED = 40;

export function fuzzModules({ seed, runs, first = 0, proceed = () => true }: ModuleFuzzing): ModuleFuzzed {
  const source = Prng.fromSeed(BigInt(seed));
  const bases = new Bases(source);
  const failures: ModuleFailure[] = [];
  let accepted = 0;
  let done = 0;
  for (let run = first; run < first + runs && proceed(run); run++, done++) {
    const prng = source.fork(`run ${run}`);
    const bytes = damaged(bases, prng);
    try {
      if (checkModule(bytes) === "accepted") accepted++;
    } catch (error) {
      failures.push({
        run,
        message: error instanceof Error ? error.message : String(error),
        module: Buffer.from(bytes).toString("base64"),
      });
    }
  }
  return { runs: done, accepted, failures };
}

function damaged(bases: Bases, prng: Prng): Uint8Array {
  if (prng.below(COMPRESSED) === 0) {
    const packed = new Uint8Array(gzipSync(bases.small(prng)));
    return mutateModule(packed, prng);
  }
  return mutateModule(prng.below(LARGE) === 0 ? bases.large() : bases.small(prng), prng);
}

/** Random modules of both widths, the puppet with all its imports, and one that Motoko compiled. */
class Bases {
  private readonly source: Prng;
  private readonly made: Uint8Array[] = [];
  private motoko: Uint8Array | null = null;

  constructor(source: Prng) {
    this.source = source;
  }

  small(prng: Prng): Uint8Array {
    const index = prng.below(BASES);
    return (this.made[index] ??= this.make(index));
  }

  private make(index: number): Uint8Array {
    if (index === 0) return puppet();
    if (index === 1) return EVERYTHING;
    return wat(randomModule(this.source.fork(`module ${index}`).nextU32(), { wide: index % 3 === 0 }), { check: false });
  }

  large(): Uint8Array {
    return (this.motoko ??= new Uint8Array(gunzipSync(readFileSync(new URL("../../generated/motoko/counter.wasm.gz", import.meta.url)))));
  }
}

/** Every section, each with something in it. */
const EVERYTHING = wat(
  `(module
    (type $t (func (param i32) (result i32)))
    (import "ic0" "msg_reply" (func $msg_reply))
    (import "ic0" "stable64_write" (func $stable64_write (param i64 i64 i64)))
    (memory (export "memory") 2 20) (table (export "table") 8 funcref)
    (global $g (export "g") (mut i64) (i64.const 5)) (global f64 (f64.const 1.5)) (global (mut v128) (v128.const i64x2 1 2))
    (elem (i32.const 1) $f $h) (elem $passive func $f) (elem declare func $h)
    (data (i32.const 64) "active") (data $d "passive") (start $s)
    (func $f (type $t) local.get 0 i32.const 3 i32.mul)
    (func $h (type $t) (local f32 v128) local.get 0 i32.eqz if (result i32) i32.const 1 else local.get 0 i32.const 1 i32.sub call $h end)
    (func $s global.get $g i64.const 1 i64.add global.set $g)
    (func (export "canister_init") i32.const 0 i32.const 0 i32.const 7 memory.init $d data.drop $d elem.drop $passive)
    (func (export "canister_update run") i32.const 5 i32.const 2 call_indirect (type $t) drop ref.func $h drop call $msg_reply)
    (func (export "canister_query look") i64.const 0 i64.const 0 i64.const 9 call $stable64_write
      i32.const 0 v128.load i8x16.popcnt i32.const 32 v128.const i32x4 1 2 3 4 v128.store i32x4.extract_lane 1 memory.grow drop))`,
  { names: true },
);
