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

test("whoever asks first sets up, once, and what is under way is given up when the next one asks", async () => {
  let setups = 0;
  const counted = prepare(async (net) => {
    setups++;
    return { canister: await net.install(puppet()) };
  });
  const { canister, net } = await counted();
  const open = canister.call("run", send);
  const { canister: again } = await counted();
  await expect(open).rejects.toMatchObject({ code: "network-restored" });
  await net.createCanister();
  expect((await counted()).net.canisterIds).toHaveLength(1);
  expect([setups, again === canister]).toEqual([1, true]);
});

test("a setup that fails fails each test, with its own error", async () => {
  const broken = prepare(() => Promise.reject(new Error("no ledger")));
  await expect(broken()).rejects.toThrow("no ledger");
  await expect(broken()).rejects.toThrow("no ledger");
});
