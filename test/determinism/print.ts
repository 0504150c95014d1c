/** Prints the scenarios' digests as JSON: `node test/determinism/print.ts` on a Node that reads TypeScript, `npx tsx …` on any. */
import { digests } from "./scenarios.ts";

console.log(JSON.stringify({ node: process.version, digests: await digests() }));
