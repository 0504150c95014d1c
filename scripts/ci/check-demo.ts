/**
 * Whether what `npm run demo -- --json` printed is what it must be: `npx tsx scripts/ci/check-demo.ts FILE`.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

interface Row {
  readonly subnets: number;
  readonly mode: string;
  readonly calls: number;
  readonly succeeded: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly rounds: number;
}

const demo = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as {
  readonly parallelCalls: readonly Row[];
  readonly compositeQuery: Readonly<Record<string, string>>;
};
const row = (subnets: number, mode: string, calls: number): Row => {
  const found = demo.parallelCalls.find(
    (candidate) => candidate.subnets === subnets && candidate.mode === mode && candidate.calls === calls,
  );
  assert(found !== undefined, `the demo has a row for ${calls} calls, ${mode}, on ${subnets}`);
  return found;
};

for (const subnets of [1, 2]) {
  const parallel = row(subnets, "parallel", 2000);
  assert.equal(parallel.succeeded, 500);
  assert.deepEqual(Object.values(parallel.rejected), [1500]);
  assert.equal(row(subnets, "sequential", 2000).succeeded, 2000);
}
const ratio = row(2, "sequential", 90).rounds / row(2, "parallel", 90).rounds;
assert(ratio >= 30, `on two subnets 90 sequential calls take ${ratio} times the rounds of 90 parallel ones, at least 30 were expected`);
assert.equal(demo.compositeQuery["value"], "zero");
assert.equal(demo.compositeQuery["asUpdate"], "IC0527");
console.log(`${demo.parallelCalls.length} rows; 500 of 2000 parallel calls succeed; ${ratio} times the rounds one after the other`);
