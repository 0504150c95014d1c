import { IDL } from "@icp-sdk/core/candid";
import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

async function map() {
  const net = await Cannery.create({ application: 2 });
  const [left, right] = net.subnets;
  const canister = await net.install(loadGenerated("composite-query-map"), { subnet: left, name: "map" });
  return { net, left, right, map: canister };
}

test("a bucket is created with cycles when the first key falls to it, and found again for the next", async () => {
  const { net, map: canister } = await map();
  const before = canister.balance();
  await canister.actor.put(0n, "zero");
  await canister.actor.put(4n, "four");
  await canister.actor.put(1n, "one");
  const ids = await canister.actor.bucketIds();
  expect(ids.map((id: unknown[]) => id.length)).toEqual([1, 1, 0, 0]);
  expect(before - canister.balance()).toBeGreaterThan(2n * 2_000_000_000_000n);
  const bucket = net.canister(ids[0][0]);
  expect(await bucket.actor.stats()).toEqual({ index: 0n, size: 2n });
});

test("get reads through a composite query without a round, getUpdate with some", async () => {
  const { net, map: canister } = await map();
  await canister.actor.put(2n, "two");
  const before = net.round;
  expect(await canister.actor.get(2n)).toEqual(["two"]);
  expect(await canister.actor.get(3n)).toEqual([]);
  expect(net.round).toBe(before);
  expect(await canister.actor.getUpdate(2n)).toEqual(["two"]);
  expect(net.round).toBeGreaterThan(before);
});

test("a composite query called as an update is refused with IC0527", async () => {
  const { map: canister } = await map();
  await expect(canister.call("get", IDL.encode([IDL.Nat], [0n]))).rejects.toMatchObject({
    errorCode: "IC0527",
    rejectMessage: "Composite query cannot be called in replicated mode",
  });
});

test("a composite query called by a canister's update is refused with IC0527", async () => {
  const { net, left, map: canister } = await map();
  const message = "IC0527: Composite query cannot be called in replicated mode";
  expect(await canister.actor.updateCallsOwnComposite(0n)).toEqual({ err: { code: "canister_error", message } });
  const other = await net.install(loadGenerated("composite-query-map"), { subnet: left });
  expect(await canister.actor.updateCallsCompositeOf(other.id, 0n)).toEqual({ err: { code: "canister_error", message } });
});

test("a composite query cannot call an update method", async () => {
  const { map: canister } = await map();
  await canister.actor.put(0n, "zero");
  const { err } = await canister.actor.compositeCallsUpdate(0n);
  expect(err.code).toBe("canister_error");
  expect(err.message).toMatch(/^Error from Canister \S+: Canister has no query method 'getUpdate'\./);
});

test("a composite query cannot call across subnets", async () => {
  const { net, right, map: canister } = await map();
  const far = await net.install(loadGenerated("composite-query-bucket"), { subnet: right, args: [0n] });
  expect(await canister.actor.compositeCallsQueryOf(far.id, 0n)).toEqual({
    err: { code: "destination_invalid", message: `Canister ${far.id.toText()} not found` },
  });
});

test("a composite query changes nothing", async () => {
  const { net, map: canister } = await map();
  await canister.actor.put(0n, "zero");
  const before = net.digest();
  await canister.actor.get(0n);
  expect(net.digest()).toBe(before);
});
