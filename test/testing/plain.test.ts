/**
 * `cannery/testing`: the same for any test runner, as functions.
 */
import { expect, test } from "vitest";
import { logged, prepare, rejectOf, trapOf } from "../../src/testing.ts";
import { puppet, reject, send, trap } from "../support/puppet.ts";

const fresh = prepare(async (net) => ({ canister: await net.install(puppet(), { name: "puppet" }) }), { print: false });

test("the error of a reject or a trap is given, or another is thrown that says what was there", async () => {
  const { canister } = await fresh();
  expect((await rejectOf(canister.call("run", reject("no")))).rejectMessage).toBe("no");
  expect((await trapOf(() => canister.call("run", trap("boom")))).rejectMessage).toContain("boom");
  await expect(rejectOf(canister.call("run", send))).rejects.toThrow("it replied");
  expect(() => logged(canister, "nothing such")).toThrow(/its log has:\n  .*boom/);
});

test("coming back costs less than two milliseconds", async () => {
  const { canister, net } = await fresh();
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    await canister.call("run", send);
    const start = performance.now();
    await fresh();
    times.push(performance.now() - start);
  }
  expect(times.sort((a, b) => a - b)[100]).toBeLessThan(2);
  expect(net.canisterIds).toHaveLength(1);
});

test("a setup that fails fails each test, with its own error", async () => {
  const broken = prepare(() => Promise.reject(new Error("no ledger")));
  await expect(broken()).rejects.toThrow("no ledger");
  await expect(broken()).rejects.toThrow("no ledger");
});
