/**
 * Networks that follow the host's clock. The host here is Node's with a clock and a timer in the test's hand: nobody waits.
 */
import { expect, test } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { Cannery } from "../../src/network/cannery.ts";
import type { LiveOptions } from "../../src/network/live.ts";
import { puppet, reply } from "../support/puppet.ts";
import { wat } from "../support/wat.ts";
import { timerModule } from "../support/timer-module.ts";

const START_NANOS = 1_800_000_000_000_000_000n;
const SECOND_NANOS = 1_000_000_000n;

/** A clock and timers that only go when they are told to. */
class Hand {
  nowNanos = START_NANOS;
  private timers: { readonly atNanos: bigint; readonly run: () => void }[] = [];

  readonly after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = { atNanos: this.nowNanos + BigInt(milliseconds) * 1_000_000n, run };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((one) => one !== timer));
  };

  /** Milliseconds until each timer that waits. */
  get waiting(): number[] {
    return this.timers.map(({ atNanos }) => Number((atNanos - this.nowNanos) / 1_000_000n));
  }

  pass(nanos: bigint): void {
    this.nowNanos += nanos;
    const due = this.timers.filter(({ atNanos }) => atNanos <= this.nowNanos);
    this.timers = this.timers.filter((timer) => !due.includes(timer));
    for (const { run } of due) run();
  }
}

async function liveNetwork(options: LiveOptions & { readonly latency?: "mainnet" } = {}) {
  const hand = new Hand();
  const host = { ...nodeHost(), now: () => hand.nowNanos, after: hand.after };
  const { latency = "instant", ...live } = options;
  const net = await Cannery.create({ host, timeNanos: START_NANOS, latency, print: false });
  const timersRun = () => net.trace.events.filter((event) => event.kind === "executed" && event.entry === "globalTimer").length;
  return { hand, net, live: () => net.live(live), timersRun };
}

/** Turns until nothing is left to do now: a round that runs is followed by one at most. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise<void>((resolve) => nodeHost().macrotask(resolve));
}

test("a timer runs when its time has come by the clock, not before; an idle network has one timer of the host for it", async () => {
  const { hand, net, live, timersRun } = await liveNetwork();
  await net.install(timerModule({ firstSeconds: 60, everySeconds: 0 }));
  live();
  await turns();
  expect(hand.waiting).toEqual([60_001]);
  hand.pass(59n * SECOND_NANOS);
  await net.createCanister();
  await turns();
  expect(timersRun()).toBe(0);
  hand.pass(2n * SECOND_NANOS);
  await turns();
  expect(timersRun()).toBe(1);
  expect(net.time - START_NANOS).toBeGreaterThanOrEqual(61n * SECOND_NANOS);
  expect(hand.waiting).toEqual([]);
});

test("a call is answered at once, at the clock's time", async () => {
  const { hand, net, live } = await liveNetwork();
  const canister = await net.install(puppet());
  live();
  hand.pass(SECOND_NANOS * 3600n);
  expect(Buffer.from(await canister.call("run", reply("x"))).toString()).toBe("x");
  expect((net.time - START_NANOS) / SECOND_NANOS).toBe(3600n);
  await turns();
  expect(hand.waiting).toEqual([]);
});

test("heartbeats run ten times a second, as on local networks of PocketIC", async () => {
  const { hand, net, live } = await liveNetwork();
  await net.install(wat('(module (func (export "canister_heartbeat")))'));
  const heartbeats = () => net.trace.events.filter((event) => event.kind === "executed" && event.entry === "heartbeat").length;
  live();
  await turns();
  const before = heartbeats();
  for (let i = 0; i < 3; i++) {
    hand.pass(SECOND_NANOS / 10n);
    await turns();
  }
  expect(heartbeats() - before).toBe(3);
  hand.pass(SECOND_NANOS / 20n);
  await turns();
  expect(heartbeats() - before).toBe(3);
});

test("with the latency of mainnet a round takes a second of the clock, and time does not run ahead", async () => {
  const { hand, net, live } = await liveNetwork({ latency: "mainnet" });
  const canister = await net.install(puppet());
  hand.pass(60n * SECOND_NANOS);
  live();
  await turns();
  const before = net.round;
  const call = canister.call("run", reply("x"));
  await turns();
  void canister.call("run", reply("y")).catch(() => undefined);
  await turns();
  expect(net.round - before).toBe(1);
  expect(hand.waiting).toEqual([1000]);
  hand.pass(SECOND_NANOS);
  await turns();
  expect(net.round - before).toBe(2);
  await call;
});

test("a network that is not live any more goes to its timers again", async () => {
  const { hand, net, live, timersRun } = await liveNetwork();
  await net.install(timerModule({ firstSeconds: 60, everySeconds: 0 }));
  live();
  await turns();
  net.live(false);
  expect(hand.waiting).toEqual([]);
  await net.settle();
  expect(timersRun()).toBe(1);
});
