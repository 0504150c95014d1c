import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

async function pair(application: 1 | 2) {
  const net = await Cannery.create({ application, latency: "mainnet" });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: net.subnets[application - 1], name: "callee" });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { subnet: net.subnets[0], name: "caller" });
  return { net, callee, caller };
}

test("2000 sequential calls all succeed", async () => {
  const { callee, caller } = await pair(1);
  expect(await caller.actor.sequential(callee.id, 2000n)).toEqual({ succeeded: 2000n, rejected: [] });
  expect(await callee.actor.pings()).toBe(2000n);
});

for (const method of ["parallel", "parallelBounded"]) {
  test(`of 2000 calls at once on an idle pair exactly 500 succeed and 1500 are refused on the spot (${method})`, async () => {
    const { callee, caller } = await pair(1);
    expect(await caller.actor[method](callee.id, 2000n)).toEqual({ succeeded: 500n, rejected: [["call_error 2", 1500n]] });
    expect(await callee.actor.pings()).toBe(500n);
  });
}

test("on two subnets sequential calls take at least 30 times the rounds of parallel ones", async () => {
  const rounds = async (method: string): Promise<number> => {
    const { net, callee, caller } = await pair(2);
    const before = net.round;
    expect(await caller.actor[method](callee.id, 90n)).toEqual({ succeeded: 90n, rejected: [] });
    return net.round - before;
  };
  expect(await rounds("sequential")).toBeGreaterThanOrEqual(30 * (await rounds("parallel")));
});

test("a bounded wait whose answer does not come in time ends with an unknown outcome", async () => {
  const slow = { name: "slow", roundNanos: 1_000_000_000n, hopRounds: { min: 100, max: 100 } };
  const net = await Cannery.create({ application: 2, latency: slow });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: net.subnets[1] });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { subnet: net.subnets[0] });
  expect(await caller.actor.parallelBounded(callee.id, 3n)).toEqual({ succeeded: 0n, rejected: [["system_unknown", 3n]] });
  await net.settle();
  expect(await callee.actor.pings()).toBe(3n); // they ran all the same
});

test("the diagram of three calls shows that parallel ones share the way", async () => {
  const { net, callee, caller } = await pair(2);
  const since = net.trace.position;
  await caller.actor.parallel(callee.id, 3n);
  expect(net.draw({ since })).toBe(
    [
      "user        caller    callee",
      " ├─ parallel ─▶         │",
      " │            ├─ ping ──▶",
      " │            ├─ ping ──▶",
      " │            ├─ ping ──▶",
      " │            ◀─ reply ─┤",
      " │            ◀─ reply ─┤",
      " │            ◀─ reply ─┤",
      " ◀── reply ───┤         │",
    ].join("\n"),
  );
});
