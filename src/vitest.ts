/**
 * Cannery in Vitest: a fixture that gives each test the network as the file's setup left it, and matchers.
 *
 * ```ts
 * import { canneryTest, expect } from "cannery/vitest";
 *
 * const test = canneryTest(async (net) => ({ counter: await net.install("counter.wasm") }));
 *
 * test("counts", async ({ world: { counter }, net }) => {
 *   await counter.actor.inc();
 *   await expect(counter.actor.set("x")).toReject(/is not a number/);
 * });
 * ```
 */
import { expect, test, type TestAPI } from "vitest";
import type { Cannery as Network } from "./network/cannery.ts";
import type { CanneryOptions } from "./network/options.ts";
import { prepare } from "./testing.ts";
import { matchers, type CanneryMatchers } from "./testing/matchers.ts";
import type { World } from "./testing/prepared.ts";

expect.extend(matchers as unknown as Parameters<typeof expect.extend>[0]);

declare module "vitest" {
  interface Matchers<T = any> extends CanneryMatchers<T> {}
}

/** Vitest's `test` with a network: `net`, and what the setup returned as `world`. The setup runs once for all tests that use what this returns. */
export function canneryTest<S extends object = object>(
  setup: (net: Network) => Promise<S | void> | S | void = () => undefined,
  options: CanneryOptions = {},
): TestAPI<{ readonly world: World<S>; readonly net: Network }> {
  const fresh = prepare(setup, options);
  return test.extend<{ readonly world: World<S>; readonly net: Network }>({
    world: async ({}, use) => use(await fresh()),
    net: async ({ world }, use) => use(world.net),
  });
}

export { expect };
export * from "./testing.ts";
