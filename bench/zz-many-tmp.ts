import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { preparedModule, TestCanister, NO_ARG, newPool } from "../test/support/run-canister.ts";
const load = (f: string) => preparedModule(new Uint8Array(gunzipSync(readFileSync("/work/main/generated/motoko/" + f))));
const DIDL0 = new Uint8Array([0x44, 0x49, 0x44, 0x4c, 0, 0]);
const limit = Number(process.argv[2] ?? 100),
  n = Number(process.argv[3] ?? 500);
const pool = newPool({ instances: limit });
const mod = load("counter.wasm.gz");
let t0 = performance.now();
const many = Array.from({ length: n }, () => new TestCanister(mod, pool));
for (const x of many) {
  x.execute({ kind: "start" });
  x.execute({ kind: "init", arg: DIDL0 });
}
console.log(
  limit,
  n,
  "init",
  ((performance.now() - t0) / n).toFixed(3),
  "ms each; pages each",
  many[5].state.heap.pageCount,
  "rss MB",
  (process.memoryUsage().rss / 1e6).toFixed(0),
);
for (let r = 0; r < 3; r++) {
  t0 = performance.now();
  for (const x of many) x.update("inc", DIDL0);
  console.log(
    "inc round robin",
    (((performance.now() - t0) / n) * 1000).toFixed(1),
    "µs each, pool",
    pool.size,
    "rss MB",
    (process.memoryUsage().rss / 1e6).toFixed(0),
  );
}
console.log(process.memoryUsage());
