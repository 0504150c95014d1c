/**
 * `cannery demo`: what calls between canisters cost, as a table; how they look, as a picture; where composite queries end.
 */
import { beside } from "../../trace/draw.ts";
import { Progress } from "../progress.ts";
import { CALLS, diagram, measure, MODES, type Measured } from "./parallel-calls.ts";
import { compositeQueryCases, type Explained } from "./composite-query.ts";
import { table } from "./table.ts";

export async function demo(options: { readonly json: boolean }): Promise<void> {
  const progress = new Progress();
  const parallelCalls: Measured[] = [];
  for (const subnets of [1, 2] as const) {
    for (const calls of CALLS) {
      for (const mode of MODES) {
        progress.show(`${calls} calls, ${mode}, on ${subnets === 1 ? "one subnet" : "two subnets"}`);
        parallelCalls.push(await measure(subnets, mode, calls));
      }
    }
  }
  progress.show("composite queries");
  const composite = await compositeQueryCases();
  if (options.json) {
    progress.clear();
    console.log(JSON.stringify({ parallelCalls, compositeQuery: composite.cases }));
    return;
  }
  progress.show("message diagrams");
  const diagrams = [await diagram("sequential"), await diagram("parallel")] as const;
  progress.clear();
  console.log("Calls between two canisters (examples/parallel-calls) with the latency of mainnet.");
  console.log("seconds: virtual time, as a user there would wait. ms: real time, here.\n");
  console.log(table(parallelCalls));
  console.log(`\nA canister has at most 500 calls to another one open: of 2000 at once, 1500 are refused on the spot.\n`);
  console.log(`Three calls to another subnet, seconds at the left\n`);
  console.log(beside(diagrams[0], diagrams[1], { gap: 6, titles: ["sequential", "parallel"] }));
  console.log(`\n${compositeText(composite)}`);
}

function compositeText({ cases, texts }: Explained): string {
  const rows = [
    ["read by a user as a composite query", `"${cases.value}"`, ""],
    ["called as an update", cases.asUpdate, texts.asUpdate],
    ["called by a canister's update", cases.fromUpdate, texts.fromUpdate],
    ["calling an update method", cases.callsUpdate, texts.callsUpdate],
    ["calling across subnets", cases.acrossSubnets, texts.acrossSubnets],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, code, text]) => `  ${what.padEnd(width)}  ${code}${text === "" ? "" : `\n    ${text}`}`);
  return `A map in four bucket canisters (examples/composite-query)\n\n${lines.join("\n")}`;
}
