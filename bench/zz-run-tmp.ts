import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { canisterModule } from "/work/main/test/support/ic0-wat.ts";
import { preparedModule, TestCanister, NO_ARG, newPool } from "/work/main/test/support/run-canister.ts";
import { FakeView, testLimits } from "/work/main/test/support/fake-view.ts";
import { run, commit, discard } from "/work/main/src/core/canister/run.ts";

function time(name: string, n: number, f: () => void) {
  for (let i = 0; i < n / 5; i++) f();
  let best = Infinity;
  for (let r = 0; r < 5; r++) {
    const t = performance.now();
    for (let i = 0; i < n / 5; i++) f();
    best = Math.min(best, (performance.now() - t) / (n / 5));
  }
  console.log(name.padEnd(50), (best * 1000).toFixed(2), "µs");
}
const view = new FakeView();
const limits = testLimits();
function bench(name: string, c: TestCanister, entry: any, n = 200000) {
  const isQ = entry.kind === "query";
  time(name, n, () => {
    const o = run(c.pool, c.state, entry, () => view, limits);
    if (isQ) discard(o);
    else commit(o);
  });
}
const c = new TestCanister(
  canisterModule(`(global $g (mut i32) (i32.const 0))
 (func (export "canister_update nothing"))
 (func (export "canister_query qnothing"))
 (func (export "canister_update global") (global.set $g (i32.add (global.get $g) (i32.const 1))))
 (func (export "canister_update one") (i32.store (i32.const 5000) (i32.add (i32.load (i32.const 5000)) (i32.const 1))))
 (func (export "canister_query qone") (i32.store (i32.const 5000) (i32.add (i32.load (i32.const 5000)) (i32.const 1))))
 (func (export "canister_update reply") (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
 (func (export "canister_update time") (drop (call $time)))
 (func (export "canister_update balance") (drop (call $canister_cycle_balance)))
 (func (export "canister_update perf") (drop (call $performance_counter (i32.const 0))))
 (func (export "canister_update stable") (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1))))) (call $stable64_write (i64.const 100) (i64.const 0) (i64.const 8)))
 (func (export "canister_update trapit") (unreachable))
 (func (export "canister_update ten") (local $i i32) (loop $l (i32.store (local.get $i) (i32.add (i32.load (local.get $i)) (i32.const 1))) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 40960)))))
`),
);
const u = (method: string) => ({ kind: "update", method, arg: NO_ARG });
bench("nothing", c, u("nothing"));
bench("query nothing", c, { kind: "query", method: "qnothing", arg: NO_ARG });
bench("one global", c, u("global"));
bench("one page", c, u("one"));
bench("query one page (discard)", c, { kind: "query", method: "qone", arg: NO_ARG });
bench("ten pages", c, u("ten"));
bench("append+reply", c, u("reply"));
bench("time", c, u("time"));
bench("balance", c, u("balance"));
bench("perf counter", c, u("perf"));
bench("stable write one page", c, u("stable"));
time("trap (discard)", 5000, () => {
  const o = run(c.pool, c.state, u("trapit") as any, () => view, limits);
  discard(o);
});
// motoko
const load = (f: string) => preparedModule(new Uint8Array(gunzipSync(readFileSync("/work/main/generated/motoko/" + f))));
const m = new TestCanister(load("counter.wasm.gz"));
console.log("motoko wasm64", m.state.module.info.wasm64, "heap pages", m.state.heap.wasmPages, [...m.state.module.info.methods]);
const DIDL0 = new Uint8Array([0x44, 0x49, 0x44, 0x4c, 0, 0]);
console.log("start", m.execute({ kind: "start" }).result);
let o = m.execute({ kind: "init", arg: DIDL0 });
console.log(o.result, o.instructions, m.state.heapBytes, m.state.heap.pageCount);
for (const [name, kind] of m.state.module.info.methods) {
  if (name.startsWith("__")) continue;
  const e: any = { kind: kind === "update" ? "update" : "query", method: name, arg: DIDL0 };
  const o = m.execute(e);
  console.log(
    name,
    kind,
    o.result.kind,
    o.result.kind === "trap" ? (o.result as any).error.description : "",
    o.instructions,
    o.dirtyHeapPages,
  );
  if (o.result.kind === "reply") bench("motoko " + name, m, e, 20000);
}
console.log("heap", m.state.heapBytes);
// 10,000 canisters
const pool = newPool({ instances: 100 });
const mod = load("counter.wasm.gz");
const t0 = performance.now();
const many = Array.from({ length: 2000 }, () => new TestCanister(mod, pool));
for (const x of many) {
  x.execute({ kind: "start" });
  x.execute({ kind: "init", arg: DIDL0 });
}
console.log(
  "2000 motoko canisters init",
  ((performance.now() - t0) / 2000).toFixed(3),
  "ms each; pages each",
  many[5].state.heap.pageCount,
  "rss MB",
  (process.memoryUsage().rss / 1e6).toFixed(0),
);
