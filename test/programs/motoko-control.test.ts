/** Motoko's control flow over messages: async*, try and finally, errors, timers, hooks, inspection, composite queries. */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import type { Canister, Cannery } from "../../src/index.ts";
import { network, refusal } from "../support/network.ts";
import { installMotoko, type Service } from "./motoko.ts";

type Control = Service<
  "journal" | "delegated" | "tried" | "trapsAtOnce" | "callNamed" | "callBounded" | "deadline" | "flood" | "tellOther"
>;
type Clock = Service<"seen" | "once" | "every" | "cancel" | "trapping" | "heartbeats" | "lowMemoryRuns" | "grow" | "release" | "secret">;
type Directory = Service<"link" | "put" | "walk" | "writes" | "changes" | "refused">;

const NO_ARGUMENTS = new Uint8Array(IDL.encode([], []));

describe("awaits", () => {
  test.each([
    { mustWait: false, where: "the same execution" },
    { mustWait: true, where: "another execution" },
  ])("async* runs in its caller's execution up to its first await ($where)", async ({ mustWait, where }) => {
    const control = await installMotoko<Control>(await network(), "control");
    expect(await control.actor.delegated(mustWait)).toBe(7n);
    expect(await control.actor.journal()).toEqual(["outer begins", "inner begins", "inner ends", where]);
  });

  test.each([
    { how: "well", says: "well" },
    { how: "throws", says: "#canister_reject not today" },
    { how: "traps", says: /^#canister_error IC0503: Error from Canister .* 'crashed'/ },
  ])("finally runs when a try ends: $how", async ({ how, says }) => {
    const control = await installMotoko<Control>(await network(), "control");
    expect(await control.actor.tried({ [how]: null })).toMatch(says);
    expect(await control.actor.journal()).toEqual(["before", "finally"]);
  });

  test("finally runs in the cleanup after a trap, which takes back the callback alone", async () => {
    const control = await installMotoko<Control>(await network(), "control");
    expect(await refusal(control.actor.tried({ trapsAfter: null }))).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("'after the await'") as string,
    });
    expect(await control.actor.journal()).toEqual(["before", "finally"]);
  });

  test("a trap before any await takes the whole message back", async () => {
    const control = await installMotoko<Control>(await network(), "control");
    expect(await refusal(control.actor.trapsAtOnce())).toMatchObject({ errorCode: "IC0503" });
    expect(await control.actor.journal()).toEqual([]);
  });

  test("a one-way call is not waited for", async () => {
    const net = await network();
    const control = await installMotoko<Control>(net, "control");
    await control.actor.tellOther("heard");
    await net.settle();
    expect(await control.actor.journal()).toEqual(["told", "heard"]);
  });

  test("500 calls may be open; further ones are refused where they are made", async () => {
    const control = await installMotoko<Control>(await network(), "control");
    expect(await control.actor.flood(600n)).toEqual({
      answered: 500n,
      refused: ["#call_error({err_code = 2}) could not perform remote call"],
    });
  });

  test("a call with a bounded wait shows its callee the deadline; one without has none", async () => {
    const net = await network({ application: 2 });
    const [near, far] = [
      await installMotoko<Control>(net, "control"),
      await installMotoko<Control>(net, "control", { subnet: net.subnets[1]! }),
    ];
    const seen = /^\?([\d_]+)$/.exec((await near.actor.callBounded(far.id, 30)) as string);
    const deadline = BigInt(seen![1]!.replaceAll("_", ""));
    expect(deadline - net.time).toBeGreaterThan(25_000_000_000n);
    expect(deadline - net.time).toBeLessThanOrEqual(30_000_000_000n);
    expect(await far.actor.deadline()).toEqual([]);
  });

  test("a bounded wait that ends before the answer throws system_unknown", async () => {
    const net = await network({ application: 2, latency: { roundNanos: 1_000_000_000n, hopRounds: { min: 20, max: 20 } } as never });
    const near = await installMotoko<Control>(net, "control");
    const far = await installMotoko<Control>(net, "control", { subnet: net.subnets[1]! });
    expect(await near.actor.callBounded(far.id, 10)).toMatch(/^#system_unknown /);
  });
});

describe("calls by name and bytes", () => {
  async function pair(): Promise<{ net: Cannery; call: (canister: Principal, method: string, bytes?: Uint8Array) => Promise<unknown> }> {
    const net = await network();
    const control = await installMotoko<Control>(net, "control");
    return { net, call: (canister, method, bytes = NO_ARGUMENTS) => control.actor.callNamed(canister, method, bytes) };
  }

  test("give the reply's bytes, of a query method too", async () => {
    const { net, call } = await pair();
    const callee = await installMotoko<Control>(net, "control");
    const { ok } = (await call(callee.id, "lock")) as { ok: Uint8Array };
    expect(IDL.decode([IDL.Text], ok)).toEqual(["locked"]);
    expect(await call(callee.id, "journal")).toMatchObject({ ok: expect.anything() as unknown });
  });

  // `call_raw` is a call of the canister itself around the call: what it throws is a reject of its own, so the code is always 4.
  test.each([
    { method: "refuse", says: "#canister_reject not today" },
    { method: "crash", says: "#canister_reject IC0503: Error from Canister" },
    { method: "nothing", says: "#canister_reject IC0536: Error from Canister" },
  ])("tell what became of $method", async ({ method, says }) => {
    const { net, call } = await pair();
    const callee = await installMotoko<Control>(net, "control");
    expect(await call(callee.id, method)).toMatchObject({ err: expect.stringContaining(says) as string });
  });

  test("reach nobody, an empty canister, a stopped one; bytes that are no Candid", async () => {
    const { net, call } = await pair();
    const callee = await installMotoko<Control>(net, "control");
    const empty = await net.createCanister();
    const err = (text: string): object => ({ err: expect.stringContaining(text) as string });
    expect(await call(Principal.fromText("rrkah-fqaaa-aaaaa-aaaaq-cai"), "lock")).toMatchObject(err("rrkah-fqaaa-aaaaa-aaaaq-cai"));
    expect(await call(empty.id, "lock")).toMatchObject(err("IC0537: Error from Canister"));
    expect(await call(callee.id, "lock", new Uint8Array(3))).toMatchObject(err("'IDL error: word read out of buffer'"));
    await callee.stop();
    expect(await call(callee.id, "lock")).toMatchObject(err("is stopped"));
  });
});

describe("what runs without being called", () => {
  async function clock(): Promise<{ net: Cannery; canister: Canister<Clock>; pass: (seconds: number, times: number) => Promise<void> }> {
    const net = await network();
    const canister = await installMotoko<Clock>(net, "clock");
    const pass = async (seconds: number, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await net.advanceTime({ seconds });
        await net.tick(3);
      }
    };
    return { net, canister, pass };
  }

  test("timers once and again, until they are cancelled; one that traps leaves the others alone", async () => {
    const { canister, pass } = await clock();
    await canister.actor.once(25n, "once");
    const id = (await canister.actor.every(30n, "again")) as bigint;
    await canister.actor.trapping(15n);
    await pass(10, 7);
    expect(await canister.actor.seen()).toEqual(["once at +30", "again at +30", "again at +60"]);
    expect(canister.logs().map((line) => line.text)).toEqual([expect.stringContaining("[TRAP]: a timer trapped")]);
    await canister.actor.cancel(id);
    await pass(10, 6);
    expect(await canister.actor.seen()).toHaveLength(3);
  });

  test("the heartbeat runs every round", async () => {
    const { net, canister } = await clock();
    await net.tick(2);
    const before = (await canister.actor.heartbeats()) as bigint;
    await net.tick(10);
    expect(await canister.actor.heartbeats()).toBe(before + 10n);
  });

  test("the low-memory hook runs once when little is left; beyond the limit there is no more", async () => {
    const { canister } = await clock();
    await canister.updateSettings({ wasmMemoryLimit: 250_000_000, wasmMemoryThreshold: 180_000_000 });
    await canister.actor.grow(10n);
    expect(await canister.actor.lowMemoryRuns()).toBe(0n);
    await canister.actor.grow(60n);
    expect(await canister.actor.lowMemoryRuns()).toBe(1n);
    expect(await refusal(canister.actor.grow(200n))).toMatchObject({ errorCode: "IC0539" });
    expect(await canister.actor.lowMemoryRuns()).toBe(1n);
  });

  test("inspection refuses users before a block is made, and never sees other canisters", async () => {
    const { net, canister } = await clock();
    const refused = {
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("'canister_inspect_message explicitly refused message'") as string,
    };
    expect(await refusal(canister.actor.secret())).toMatchObject(refused);
    expect(await refusal(canister.actor.once(1n, "x".repeat(2000)))).toMatchObject(refused);
    const bob = net.identity("bob");
    expect(await canister.as(bob).actor.secret()).toBe(bob.principal.toText());
    const control = await installMotoko<Control>(net, "control");
    expect(await control.actor.callNamed(canister.id, "secret", NO_ARGUMENTS)).toHaveProperty("ok");
  });
});

describe("composite queries", () => {
  async function directories(): Promise<{ net: Cannery; first: Canister<Directory>; second: Canister<Directory> }> {
    const net = await network({ application: 2 });
    const first = await installMotoko<Directory>(net, "directory");
    const second = await installMotoko<Directory>(net, "directory");
    await first.actor.link(second.id);
    await second.actor.link(first.id);
    await first.actor.put("one", 1n);
    for (const word of ["two", "three"]) await second.actor.put(word, 2n);
    return { net, first, second };
  }

  test("ask on, six deep and back into a canister that waits; no deeper", async () => {
    const { first } = await directories();
    expect(await first.actor.walk(0n)).toBe(1n);
    expect(await first.actor.walk(1n)).toBe(3n);
    expect(await first.actor.walk(6n)).toBe(10n);
    expect(await refusal(first.actor.walk(7n))).toMatchObject({
      errorCode: "IC0525",
      rejectMessage: expect.stringContaining("Composite query calls exceeded the maximum call depth.") as string,
    });
  });

  test("see after a call what they wrote before it; nobody else does", async () => {
    const { first } = await directories();
    expect(await first.actor.writes()).toBe(10n);
    expect(await first.actor.writes()).toBe(10n);
    expect(await first.actor.changes()).toBe(0n);
  });

  test("end at the subnet, and are not to be had as updates", async () => {
    const { net, first, second } = await directories();
    expect(await first.actor.refused(second.id)).toMatch(/^#canister_error Error from Canister .* has no query method 'nothing'/);
    const elsewhere = await installMotoko<Directory>(net, "directory", { subnet: net.subnets[1]! });
    await first.actor.link(elsewhere.id);
    expect(await refusal(first.actor.walk(1n))).toMatchObject({ rejectMessage: `Canister ${elsewhere} not found` });
    expect(await refusal(first.call("walk", new Uint8Array(IDL.encode([IDL.Nat], [0n]))))).toMatchObject({ errorCode: "IC0527" });
  });
});
