/**
 * What a newcomer gets wrong, in a project without types: each is refused at once, by what was given and what to do, and the network goes on.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { Cannery, CanneryError, explore, replay, type Canister } from "../../src/index.ts";

/** As it is in a project without types. */
const any = (value: unknown): any => value;
type Any = any;

let net: Cannery;
let counter: Canister<Any>;
beforeAll(async () => {
  net = await Cannery.create();
  counter = await net.install(loadGenerated("counter"));
});

async function refusal(mistake: () => unknown): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await mistake();
  } catch (error) {
    if (error instanceof CanneryError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const options = (given: object) => () => Cannery.create(any(given));
const created = (given: object) => () => net.createCanister(any(given));
const explored = (given: object) => () => explore(any({ body: () => undefined, runs: 2, ...given }));
const faulted = (given: unknown) => () => net.faults.add(any(given));

describe.each<{ of: string; mistakes: readonly (readonly [string, () => unknown, RegExp])[] }>([
  {
    of: "a network",
    mistakes: [
      ["an option that there is not", options({ applications: 2 }), /no "applications"; there are application, system/u],
      ["an unknown latency", options({ latency: "slow" }), /"instant", "mainnet"; got "slow"/u],
      ["a seed as text", options({ seed: "abc" }), /a seed is a whole number or a bigint; got "abc"/u],
      ["a subnet by its kind alone", options({ subnets: ["system"] }), /an object is expected; got "system"/u],
      ["a kind of subnet that there is not", options({ subnets: [{ kind: "fast", name: "a" }] }), /"cloud_engine"; got "fast"/u],
      ["a limit that there is not", options({ limits: { memory: 1 } }), /limits: there is no "memory"/u],
      ["a policy for outcalls that there is not", options({ outcalls: "allow" }), /"wait", "fetch"; got "allow"/u],
      ["bitcoin without a chain", options({ bitcoin: true }), /regtestBitcoin\(\); got true/u],
      ["a schedule that chooses nothing", options({ schedule: {} }), /a function choose/u],
      ["a time as text", options({ time: "2026-01-01" }), /an instant is a Date, or a bigint.*got "2026-01-01"/u],
      ["rounds that are no number", () => net.tick(any("a")), /the number of rounds is a whole number/u],
      ["events that there are not", () => net.on(any("evnt"), () => undefined), /"event", "print"; got "evnt"/u],
      ["outcalls by hand in a network that refuses them", () => net.outcalls.next(), /create it with \{ outcalls: "wait" \}/u],
      ["the snapshot of another", async () => net.restore((await Cannery.create()).snapshot()), /got a snapshot of another network/u],
      ["no snapshot", () => net.restore(any(undefined)), /what net\.snapshot\(\) gave.*got undefined/u],
    ],
  },
  {
    of: "a canister",
    mistakes: [
      ["a file that is not there", () => net.install("nothing.wasm"), /no file .*nothing\.wasm: build the canister first/u],
      ["a promise for a module", () => net.install(any(Promise.resolve())), /got a promise \(an await is missing\)/u],
      ["an option that there is not", () => net.install(loadGenerated("counter"), any({ arguments: [] })), /no "arguments".*args, arg$/u],
      ["an argument that is no array", () => net.install(loadGenerated("counter"), { args: any(5n) }), /as an array; got 5n/u],
      ["cycles that no number holds", created({ cycles: 1e30 }), /5_000_000_000_000n for 5 T; got 1e\+30/u],
      ["cycles as text", created({ cycles: "5T" }), /got "5T"/u],
      ["a subnet by a name", created({ subnet: "left" }), /no subnet "left"; net\.subnets has application/u],
      ["a subnet by its place", created({ subnet: 1 }), /no subnet 1; net\.subnets has/u],
      ["cycles below zero", () => counter.addCycles(-5n), /got -5n/u],
      ["a balance as text", () => counter.setBalance(any("1")), /got "1"/u],
      ["a canister by its name", () => net.canister("counter"), /give the canister itself, its id/u],
      ["a canister that is awaited nowhere", () => net.canister(any(net.createCanister())), /got a promise \(an await is missing\)/u],
      ["a method that there is not", () => counter.actor.nope(), /no method "nope".*\n(?:.*\n)* {2}inc \(\)/u],
      ["a promise for a value", () => counter.actor.add(Promise.resolve(1n)), /must be nat, got a promise/u],
      ["text for bytes", () => counter.call("add", any("(5)")), /a Uint8Array; got "\(5\)"/u],
      ["no method", () => counter.call(any(undefined)), /called by its name; got undefined/u],
      ["an identity without a name", () => net.identity(any(undefined)), /a text; got undefined/u],
      ["no handlers", () => net.mock("service : { a : () -> () }", any(undefined)), /\{\} for none; got undefined/u],
      ["a description that is not there", () => net.mock("nothing.did", {}), /no file .*nothing\.did: give its path/u],
    ],
  },
  {
    of: "a fault",
    mistakes: [
      ["no kind of fault", faulted({ reject: true }), /one of reject, refuseCall.*got \{reject: true\}/u],
      ["a condition that there is not", faulted({ fault: "reject", target: "x" }), /the fault reject: there is no "target"/u],
      ["a code by its name", faulted({ fault: "reject", code: "SYS_TRANSIENT" }), /a number from 1 to 6; got "SYS_TRANSIENT"/u],
      ["rounds that never come", faulted({ fault: "reject", round: [9, 3] }), /the first and the last; got \[9, 3\]/u],
      ["a time that is none", faulted({ fault: "delay", time: 5 }), /a duration is a bigint/u],
      ["an entry that there is not", faulted({ fault: "trap", entry: "update" }), /"callback", .*got "update"/u],
      ["nothing to do meanwhile", faulted({ fault: "meanwhile" }), /takes run: a function; got undefined/u],
      ["a condition that is none", faulted({ fault: "trap", when: true }), /takes when: a function/u],
      ["a method that is none", faulted({ fault: "trap", method: 5 }), /takes method: a name or a pattern; got 5/u],
    ],
  },
  {
    of: "an exploration",
    mistakes: [
      ["no body", explored({ body: undefined }), /explore takes a body, a function/u],
      ["nothing", () => explore(any(undefined)), /explore takes a body, a function/u],
      ["an option that there is not", explored({ run: 3 }), /options of explore: there is no "run"; there are body,/u],
      ["an option of its network that there is not", explored({ network: { apps: 1 } }), /options of a network: there is no "apps"/u],
      ["a strategy that there is not", explored({ strategy: "magic" }), /"portfolio", .*got "magic"/u],
      ["a weather that there is not", explored({ weather: "rainy" }), /"calm", "busy", "stormy"; got "rainy"/u],
      ["an invariant that is no function", explored({ invariants: { x: 5 } }), /x of invariants is a function; got 5/u],
      ["conditions without names", explored({ eventually: () => true }), /an object of functions by name; got a function/u],
      ["a shard beyond the last", explored({ shard: { index: 5, count: 2 } }), /a whole number from 6; got 2/u],
      ["the path of a run file", () => replay("run.json"), /replay\(JSON\.parse\(/u],
    ],
  },
])("$of", ({ mistakes }) => {
  test.for(mistakes)("%s", async ([_what, mistake, message]) => {
    expect((await refusal(mistake)).message).toMatch(message);
    expect(await counter.actor.inc()).toBeGreaterThan(0n);
  });
});

test("an invariant that returns a promise does not hold by that: it is told to look at once", async () => {
  const result = await explore<{ counter: Canister<Any> }>({
    setup: async (own) => ({ counter: await own.install(loadGenerated("counter")) }),
    body: ({ counter: own }) => own.actor.inc(),
    invariants: { later: async () => Promise.reject(new Error("nobody waits for it")) },
    runs: 2,
  }).run();
  expect(result.counterexample?.failure).toMatchObject({
    kind: "invariant",
    name: "later",
    message: expect.stringContaining("canister.look") as string,
  });
});
