/** In the place of `examples/modules.ts` where tests run in a browser: the generated modules, all fetched before anybody asks for one. */
import { browserPlatform } from "../../src/host/platform-browser.ts";

/** Defined by the build. */
declare const GENERATED_NAMES: readonly string[];

const MAX_MODULE_BYTES = 100 * 2 ** 20;

async function fetched(name: string): Promise<readonly [string, Uint8Array]> {
  const response = await fetch(`/generated/motoko/${name}.wasm.gz`);
  return [name, browserPlatform.gunzip(new Uint8Array(await response.arrayBuffer()), MAX_MODULE_BYTES)];
}

const loaded = new Map(await Promise.all(GENERATED_NAMES.map(fetched)));

export function loadGenerated(name: string): Uint8Array {
  return loaded.get(name)!;
}
