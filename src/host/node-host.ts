/**
 * The host of in-process networks in Node: engine, hashes, files, console, compiler. One for the process, so that networks
 * share compiled modules and live instances.
 */
import { writeSync } from "node:fs";
import { InstancePool } from "../core/canister/instances.ts";
import { ModuleCache } from "../core/wasm/prepare.ts";
import type { Host } from "../network/host.ts";
import { runBuild } from "./build-run.ts";
import { macrotask } from "./macrotask.ts";
import { rewrittenStore } from "./module-cache.ts";
import { motokoCompiler } from "./motoko.ts";
import { nodeFiles } from "./node-files.ts";
import { fetchOutcall } from "./outcall-node.ts";
import { nodeSignatureChecks } from "./signature-checks-node.ts";
import { after, clock, delay, now } from "./clock.ts";
import { nodePlatform } from "./platform-node.ts";
import { framesOf } from "./stack.ts";
import { watch } from "./watchdog.ts";

let host: Host | null = null;
/** Looked for when it is needed: that means reading folders. */
let motoko: { readonly compiler: Host["compileMotoko"] } | null = null;

export function nodeHost(): Host {
  host ??= {
    environment: {
      platform: nodePlatform,
      pool: new InstancePool(nodePlatform.engine),
      modules: new ModuleCache({ store: rewrittenStore() }),
    },
    macrotask,
    now,
    clock,
    delay,
    after,
    signatureChecks: nodeSignatureChecks,
    print: (line) => console.log(line),
    alarm: (line) => void writeSync(2, `${line}\n`),
    watch,
    framesOf,
    fetch: (address) => fetch(address),
    fetchOutcall,
    files: nodeFiles,
    get compileMotoko() {
      return (motoko ??= { compiler: motokoCompiler() }).compiler;
    },
    runBuild,
  };
  return host;
}
