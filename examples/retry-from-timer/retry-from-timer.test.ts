import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

async function pair() {
  const net = await Cannery.create({ latency: "mainnet" });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { name: "callee" });
  const caller = await net.install(loadGenerated("retry-from-timer-caller"), { name: "caller" });
  return { net, callee, caller };
}

test("what does not fit is sent again from a timer until all 1200 calls have succeeded", async () => {
  const { net, callee, caller } = await pair();
  expect(await caller.actor.callAll(callee.id, 1200n)).toEqual({ succeeded: 500n, waiting: 700n, waves: 1n });
  await net.settle();
  expect(await caller.actor.progress()).toEqual({ succeeded: 1200n, waiting: 0n, waves: 3n });
  expect(await callee.actor.pings()).toBe(1200n);
});

test("an immediate retry is refused like the first try: no place becomes free before the execution ends", async () => {
  const { callee, caller } = await pair();
  expect(await caller.actor.retryAtOnce(callee.id, 1200n)).toEqual({ succeeded: 500n, rejected: [["call_error 2", 700n]] });
  expect(await callee.actor.pings()).toBe(500n);
});
