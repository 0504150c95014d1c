/**
 * The trip of `examples/reentrancy` over two subnets, in any weather: whatever is lost or rejected on the way, nothing stays reserved for nobody.
 */
import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { explore, replay } from "../../src/index.ts";

interface Inventory {
  available(): Promise<bigint>;
  reserve(): Promise<void>;
}

interface Saga {
  book(flight: unknown, hotel: unknown): Promise<Record<string, unknown>>;
}

/** Two trips at once, for one seat and one room. `believesFailures`: takes a failed compensation for a failure like any other. */
function trips(believesFailures: boolean) {
  return explore({
    runs: 150,
    network: { application: 2 },
    setup: async (net) => {
      const [left, right] = net.subnets;
      const inventory = (name: string, subnet = left!) =>
        net.install<Inventory>(loadGenerated("reentrancy-inventory"), { name, subnet, args: [1n] });
      const saga = await net.install<Saga>(loadGenerated("reentrancy-saga"), { name: "saga", subnet: right! });
      return { saga, flight: await inventory("flight"), hotel: await inventory("hotel") };
    },
    body: async ({ saga, flight, hotel }) => {
      const outcomes = await Promise.all([0, 1].map(() => saga.actor.book(flight.id, hotel.id)));
      const booked = outcomes.filter((outcome) => "booked" in outcome).length;
      const stuck = believesFailures ? 0 : outcomes.filter((outcome) => "stuck" in outcome).length;
      const seats = 1n - flight.look.available();
      if (seats !== BigInt(booked + stuck)) throw new Error(`${seats} seats are taken, ${booked} trips are booked`);
    },
    invariants: { "one seat at most": ({ flight }) => flight.look.available() >= 0n },
  });
}

test("a saga that tells when its compensation failed stands in any weather", async () => {
  const result = await trips(false).run();
  expect(result.counterexample?.text ?? null).toBe(null);
  expect(result.orders).toBeGreaterThan(10);
});

test("whoever takes that for an ordinary failure loses a seat when two requests are rejected; the run replays from its file", async () => {
  const { counterexample } = await trips(true).run({ runs: 2_000, weather: { message: 500, ingress: 250, rejectRequest: 200 } });
  expect(counterexample!.failure.message).toBe("1 seats are taken, 0 trips are booked");
  expect(counterexample!.deviations.map(({ kind }) => kind)).toContain("rejectRequest");
  expect(counterexample!.text).toContain("rejected by the system (SYS_TRANSIENT)");
  const run = replay(JSON.parse(JSON.stringify(counterexample!.run)));
  expect(run.net.digest()).toBe(counterexample!.run.digest);
  expect(run.draw()).toContain("chosen");
});

test("a run in which rules of its body did something replays from its file, without the rules", async () => {
  const { counterexample } = await explore({
    setup: (net) => net.install<Inventory>(loadGenerated("reentrancy-inventory"), { name: "room", args: [2n] }).then((room) => ({ room })),
    body: async ({ net, room }) => {
      net.faults.trap({ to: room.id, method: "reserve", nth: 2 });
      net.faults.upgrade({ to: room.id, nth: 1, module: loadGenerated("reentrancy-inventory"), args: [2n] }, room);
      await Promise.allSettled([room.actor.reserve(), room.actor.reserve()]);
      if (room.look.available() === 1n) throw new Error("one of two");
    },
  }).run({ runs: 3 });
  expect(counterexample!.failure.message).toBe("one of two");
  expect(replay(counterexample!.run).net.digest()).toBe(counterexample!.run.digest);
});
