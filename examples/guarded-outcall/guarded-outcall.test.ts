import { expect, test } from "vitest";
import { Cannery, type OutcallAnswer, type OutcallPolicy } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

async function feed(outcalls: OutcallPolicy) {
  const net = await Cannery.create({ outcalls, print: false });
  const canister = await net.install(loadGenerated("guarded-outcall-feed"), { name: "feed" });
  return { net, canister, feed: canister.actor };
}

/** What each node gets when the server tells every one of them something else. */
const each = (nodes: number, answer: (node: number) => OutcallAnswer) => Array.from({ length: nodes }, (_, node) => answer(node));

test("the nodes agree, although the server told each another date", async () => {
  const { feed: it } = await feed(({ nodes }) => each(nodes, (node) => ({ body: "42", headers: { date: `second ${node}` } })));
  expect(await it.refresh()).toEqual({ fresh: "42" });
  expect(await it.latest()).toEqual(["42"]);
});

test("a failure that may pass is tried again, and each attempt is in the journal", async () => {
  let asked = 0;
  const { feed: it } = await feed(({ nodes }) => {
    asked++;
    if (asked === 1) return each(nodes, (node) => ({ body: String(node) }));
    return asked === 2 ? { status: 503 } : { body: "43" };
  });
  expect(await it.refresh()).toEqual({ fresh: "43" });
  const journal = (await it.journal()) as { attempt: bigint; outcome: Record<string, string> }[];
  expect(journal.map(({ attempt }) => attempt)).toEqual([1n, 2n, 3n]);
  expect(journal[0].outcome.failed).toContain("No consensus could be reached.");
  expect(journal.slice(1).map(({ outcome }) => outcome)).toEqual([{ failed: "status 503" }, { price: "43" }]);
});

test("after three attempts it is over, and the guard is free again", async () => {
  let isDown = true;
  const { feed: it } = await feed(() => (isDown ? { reject: "Connecting to example.org failed" } : { body: "44" }));
  expect(await it.refresh()).toEqual({ failed: null });
  expect(await it.journal()).toHaveLength(3);
  isDown = false;
  expect(await it.refresh()).toEqual({ fresh: "44" });
});

test("what cannot pass is not tried again", async () => {
  const { feed: it } = await feed(() => ({ body: "x".repeat(2_000) }));
  expect(await it.refresh()).toEqual({ failed: null });
  expect(await it.journal()).toEqual([{ attempt: 1n, outcome: { failed: "Http body exceeds size limit of 1000 bytes." } }]);
});

test("two at once: the second is turned away, and one outcall is made", async () => {
  let asked = 0;
  const { feed: it } = await feed(() => {
    asked++;
    return { body: "45" };
  });
  expect(await Promise.all([it.refresh(), it.refresh()])).toEqual([{ fresh: "45" }, { busy: null }]);
  expect(asked).toBe(1);
});

test("an upgrade in between is refused by Motoko; the price arrives all the same", async () => {
  const { net, canister, feed: it } = await feed("wait");
  const fresh = it.refresh();
  const outcall = await net.outcalls.next();
  expect(outcall.url).toBe("https://example.org/price");
  await expect(canister.upgrade(loadGenerated("guarded-outcall-feed"))).rejects.toThrow("outstanding message callbacks");
  outcall.respond({ body: "46" });
  expect(await fresh).toEqual({ fresh: "46" });
});
