/**
 * The host of in-process networks in a page or a worker: engine, hashes, console. There are no files and no compiler. One for the page or worker,
 * so that networks share compiled modules and live instances.
 */
import { InstancePool } from "../core/canister/instances.ts";
import { ModuleCache } from "../core/wasm/prepare.ts";
import type { Host } from "../network/host.ts";
import { macrotask } from "./macrotask.ts";
import { fetchOutcall } from "./outcall-browser.ts";
import { browserSignatureChecks } from "./signature-checks-browser.ts";
import { after, clock, delay, now } from "./clock.ts";
import { browserPlatform } from "./platform-browser.ts";

/**
 * Chromium's processes have room for 125 Wasm memories each (128 times 8 GiB of addresses, whatever their size), and a page shares one with its workers and,
 * often, with other pages of its site.
 */
const LIVE_INSTANCES = 50;
const LIVE_BYTES = 2 ** 30;

let host: Host | null = null;

export function browserHost(): Host {
  host ??= {
    environment: {
      platform: browserPlatform,
      pool: new InstancePool(browserPlatform.engine, { instances: LIVE_INSTANCES, bytes: LIVE_BYTES }),
      modules: new ModuleCache(),
    },
    macrotask,
    now,
    clock,
    delay,
    after,
    signatureChecks: browserSignatureChecks,
    print: (line) => console.log(line),
    alarm: (line) => console.error(line),
    watch: null,
    framesOf: (stack) => stack.split("\n"),
    fetch: (address) => fetch(address),
    fetchOutcall,
    files: null,
    compileMotoko: null,
    runBuild: null,
  };
  return host;
}
