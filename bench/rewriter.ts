/**
 * What rewriting costs: time to rewrite, and time of hand-written kernels rewritten against raw (`cpuRatio`, with its geometric mean).
 * Variants alternate within one run, the best of several rounds counts. `npx tsx bench/rewriter.ts [FILE.wasm …]`
 */
import { readFileSync } from "node:fs";
import { decode } from "../src/core/wasm/decode.ts";
import { rewrite } from "../src/core/wasm/rewrite.ts";
import { validateFunctions } from "../src/core/wasm/validate-function.ts";
import { Subject } from "../test/support/rewritten.ts";
import { wat } from "../test/support/wat.ts";

/** Each exports `canister_update run`; loops are sized for some milliseconds. */
const kernels: Readonly<Record<string, string>> = {
  fib: `(func $fib (param i32) (result i32)
      local.get 0 i32.const 2 i32.lt_s if (result i32) local.get 0 else
      local.get 0 i32.const 1 i32.sub call $fib local.get 0 i32.const 2 i32.sub call $fib i32.add end)
    (func (export "canister_update run") i32.const 27 call $fib drop)`,
  sieve: `(func (export "canister_update run") (local $i i32) (local $j i32)
      i32.const 2 local.set $i
      loop $outer
        local.get $i i32.load8_u offset=65536 i32.eqz if
          local.get $i local.get $i i32.mul local.set $j
          block $done loop $inner
            local.get $j i32.const 500000 i32.ge_u br_if $done
            local.get $j i32.const 1 i32.store8 offset=65536
            local.get $j local.get $i i32.add local.set $j
            br $inner end end
        end
        local.get $i i32.const 1 i32.add local.tee $i i32.const 700 i32.lt_u br_if $outer
      end)`,
  matmul: `(func (export "canister_update run") (local $i i32) (local $j i32) (local $k i32) (local $s f64)
      i32.const 0 local.set $i
      loop $a i32.const 0 local.set $j
        loop $b i32.const 0 local.set $k f64.const 0 local.set $s
          loop $c
            local.get $s
            local.get $i i32.const 100 i32.mul local.get $k i32.add i32.const 3 i32.shl f64.load
            local.get $k i32.const 100 i32.mul local.get $j i32.add i32.const 3 i32.shl f64.load offset=80000
            f64.mul f64.add local.set $s
            local.get $k i32.const 1 i32.add local.tee $k i32.const 100 i32.lt_u br_if $c
          end
          local.get $i i32.const 100 i32.mul local.get $j i32.add i32.const 3 i32.shl local.get $s f64.store offset=160000
          local.get $j i32.const 1 i32.add local.tee $j i32.const 100 i32.lt_u br_if $b
        end
        local.get $i i32.const 1 i32.add local.tee $i i32.const 100 i32.lt_u br_if $a
      end)`,
  hash: `(func (export "canister_update run") (local $i i32) (local $h i64)
      i64.const -3750763034362895579 local.set $h
      loop $l
        local.get $h local.get $i i32.const 0xffff i32.and i64.load8_u i64.xor i64.const 1099511628211 i64.mul local.set $h
        local.get $h i64.const 31 i64.rotl local.get $h i64.xor local.set $h
        local.get $i i32.const 1 i32.add local.tee $i i32.const 1500000 i32.lt_u br_if $l
      end
      i32.const 0 local.get $h i64.store)`,
  interpreter: `(func (export "canister_update run") (local $pc i32) (local $n i32) (local $a i32) (local $b i32)
      loop $l
        block $next block $op3 block $op2 block $op1 block $op0
          local.get $pc i32.const 1023 i32.and i32.load8_u offset=4096 local.get $n i32.add i32.const 3 i32.and
          br_table $op0 $op1 $op2 $op3 end
          local.get $a i32.const 3 i32.add local.set $a br $next end
          local.get $b local.get $a i32.xor local.set $b br $next end
          local.get $a local.get $b i32.sub local.set $a br $next end
          local.get $b i32.const 5 i32.rotl local.set $b
        end
        local.get $pc i32.const 7 i32.add local.set $pc
        local.get $n i32.const 1 i32.add local.tee $n i32.const 2000000 i32.lt_u br_if $l
      end
      i32.const 0 local.get $a local.get $b i32.add i32.store)`,
  sort: `(func (export "canister_update run") (local $i i32) (local $j i32) (local $x i32) (local $r i32)
      i32.const 12345 local.set $r i32.const 0 local.set $i
      loop $fill
        local.get $r i32.const 1103515245 i32.mul i32.const 12345 i32.add local.set $r
        local.get $i i32.const 2 i32.shl local.get $r i32.store
        local.get $i i32.const 1 i32.add local.tee $i i32.const 2500 i32.lt_u br_if $fill
      end
      i32.const 1 local.set $i
      loop $outer
        local.get $i i32.const 2 i32.shl i32.load local.set $x local.get $i local.set $j
        block $placed loop $inner
          local.get $j i32.eqz br_if $placed
          local.get $j i32.const 1 i32.sub i32.const 2 i32.shl i32.load local.get $x i32.le_s br_if $placed
          local.get $j i32.const 2 i32.shl local.get $j i32.const 1 i32.sub i32.const 2 i32.shl i32.load i32.store
          local.get $j i32.const 1 i32.sub local.set $j br $inner end end
        local.get $j i32.const 2 i32.shl local.get $x i32.store
        local.get $i i32.const 1 i32.add local.tee $i i32.const 2500 i32.lt_u br_if $outer
      end)`,
  calls: `(type $t (func (param i32) (result i32))) (table 4 funcref) (elem (i32.const 0) func $p $q $p $q)
    (func $p (type $t) local.get 0 i32.const 3 i32.mul) (func $q (type $t) local.get 0 i32.const 5 i32.xor)
    (func (export "canister_update run") (local $i i32) (local $a i32)
      loop $l
        local.get $a local.get $i i32.const 3 i32.and call_indirect (type $t) local.set $a
        local.get $i i32.const 1 i32.add local.tee $i i32.const 1500000 i32.lt_u br_if $l
      end
      i32.const 0 local.get $a i32.store)`,
  nbody: `(func $step (param f64 f64) (result f64) local.get 0 local.get 0 f64.mul local.get 1 local.get 1 f64.mul f64.add f64.sqrt f64.const 1 f64.add)
    (func (export "canister_update run") (local $i i32) (local $x f64) (local $y f64)
      f64.const 1 local.set $x f64.const 0.5 local.set $y
      loop $l
        local.get $x local.get $y call $step local.set $y
        local.get $x f64.const 0.99 f64.mul local.get $y f64.const 0.01 f64.mul f64.add local.set $x
        local.get $i i32.const 1 i32.add local.tee $i i32.const 500000 i32.lt_u br_if $l
      end
      i32.const 0 local.get $x f64.store)`,
};

function best(rounds: number, actions: readonly (() => void)[]): number[] {
  const times = actions.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    actions.forEach((action, i) => {
      const start = performance.now();
      action();
      times[i] = Math.min(times[i]!, performance.now() - start);
    });
  }
  return times;
}

function bodyOf(text: string): string {
  return `(module (memory (export "memory") 32) ${text})`;
}

/** Ratios of the fast and exact variants to the raw module. */
function cpuRatios(): void {
  const logs = [0, 0];
  const names = Object.keys(kernels);
  for (const name of names) {
    const bytes = wat(bodyOf(kernels[name]!));
    const raw = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).exports[
      "canister_update run"
    ] as () => void;
    const [fast, exact] = (["fast", "exact"] as const).map((variant) => new Subject(bytes, variant));
    const [r, f, e] = best(60, [raw, () => fast!.run("run", { limit: 1e12 }), () => exact!.run("run", { limit: 1e12 })]) as [
      number,
      number,
      number,
    ];
    logs[0]! += Math.log(f / r);
    logs[1]! += Math.log(e / r);
    console.log(`${name.padEnd(12)} raw ${r.toFixed(2)} ms   fast ×${(f / r).toFixed(2)}   exact ×${(e / r).toFixed(2)}`);
  }
  const [fast, exact] = logs.map((log) => Math.exp(log / names.length).toFixed(2));
  console.log(`geometric mean: fast ×${fast}, exact ×${exact}`);
}

/** Warm time to decode, validate and rewrite. */
function rewriting(file: string): void {
  const bytes = new Uint8Array(readFileSync(file));
  const steps = { decode: 0, validate: 0, rewrite: 0 };
  let size = 0;
  const [decoding, validating, rewritingTime] = best(12, [
    () => void decode(bytes),
    () => void validateFunctions(decode(bytes)),
    () => {
      const module = decode(bytes);
      size = rewrite(module, validateFunctions(module), "fast").length;
    },
  ]) as [number, number, number];
  Object.assign(steps, { decode: decoding, validate: validating - decoding, rewrite: rewritingTime - validating });
  const mib = bytes.length / 2 ** 20;
  const text = Object.entries(steps).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`);
  console.log(
    `${file}: ${mib.toFixed(2)} MiB, ${text.join(", ")}, ${(rewritingTime / mib).toFixed(0)} ms per MiB; ×${(size / bytes.length).toFixed(2)} in size`,
  );
}

cpuRatios();
process.argv.slice(2).forEach(rewriting);
