import fc from "fast-check";
import { expect, test } from "vitest";
import type { NetworkEvent } from "../core/events.ts";
import { TraceLog } from "./trace-log.ts";

const event = (round: number, bytes = 0): NetworkEvent =>
  ({ kind: "printed", round, timeNanos: 0n, subnet: "", canister: "", content: new Uint8Array(bytes) }) as unknown as NetworkEvent;

test("the newest events are kept, at least half of the bound, and positions count all", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 50 }), fc.nat(300), fc.nat(300), (limit, count, position) => {
      const log = new TraceLog(limit);
      for (let i = 0; i < count; i++) log.append(event(i));
      const rounds = log.events.map(({ round }) => round);
      expect(rounds.length).toBeLessThanOrEqual(limit);
      expect(rounds.length).toBeGreaterThanOrEqual(Math.min(count, Math.floor(limit / 2)));
      expect(rounds).toEqual(Array.from({ length: rounds.length }, (_, i) => count - rounds.length + i));
      expect(log.position).toBe(count);
      expect(log.start).toBe(count - rounds.length);
      expect(log.since(position).map(({ round }) => round)).toEqual(rounds.filter((round) => round >= position));
    }),
  );
});

test("large arguments let older events go", () => {
  const log = new TraceLog();
  for (let i = 0; i < 200; i++) log.append(event(i, 2 ** 20));
  expect(log.events.length).toBeLessThanOrEqual(64);
  expect(log.events.length).toBeGreaterThanOrEqual(32);
});

test("a copy goes on apart; off keeps nothing", () => {
  const log = new TraceLog(10);
  for (let i = 0; i < 7; i++) log.append(event(i));
  const copy = log.copy();
  copy.append(event(100));
  log.append(event(200));
  expect(copy.events.at(-1)!.round).toBe(100);
  expect(log.events.at(-1)!.round).toBe(200);
  log.maxEvents = 0;
  log.append(event(300));
  expect(log.events).toEqual([]);
});
