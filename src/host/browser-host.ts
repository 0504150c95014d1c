/**
 * The host of in-process networks in a page or a worker: engine, hashes, console. There are no files and no compiler. One for the page or worker,
 * so that networks share compiled modules and live instances.
 */
import { InstancePool } from "../core/canister/instances.ts";
import { ModuleCache } from "../core/wasm/prepare.ts";
import type { Host } from "../network/host.ts";
import { macrotask } from "./macrotask.ts";
import { browserPlatform } from "./platform-browser.ts";

let host: Host | null = null;

export function browserHost(): Host {
  host ??= {
    environment: {
      platform: browserPlatform,
      pool: new InstancePool(browserPlatform.engine),
      modules: new ModuleCache(),
    },
    macrotask,
    print: (line) => console.log(line),
    fetch: (address) => fetch(address),
    files: null,
    compileMotoko: null,
    runBuild: null,
  };
  return host;
}
