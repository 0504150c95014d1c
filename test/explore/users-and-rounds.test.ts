/**
 * Users do not wait for rounds: while a call of theirs is open, what they do next may come between any two of them. And what the weather leaves alone.
 */
import { expect, test } from "vitest";
import { explorationOf } from "../../examples/bugs/programs.ts";
import { loadGenerated } from "../../examples/modules.ts";
import { Prng } from "../../src/base/prng.ts";
import type { Choice } from "../../src/core/schedule/schedule.ts";
import { few } from "../../src/explore/strategies/few.ts";
import { late } from "../../src/explore/strategies/late.ts";
import { pct } from "../../src/explore/strategies/pct.ts";
import { random } from "../../src/explore/strategies/random.ts";
import { weatherKind, WEATHERS, type WeatherName } from "../../src/explore/strategies/weather.ts";
import { explore, replay } from "../../src/index.ts";
import { note, program, reply } from "../universal/program.ts";
import { puppet } from "./puppets.ts";

interface Ledger {
  total(to: unknown): Promise<bigint>;
}

interface Bank {
  deposit(amount: bigint): Promise<bigint>;
  withdraw(amount: bigint): Promise<unknown>;
  withdrawUnsafe(amount: bigint): Promise<unknown>;
}

type Between = "ticks" | "a query" | "a step of time";

/** Two withdrawals of more than there is together; in between a user does something that in the ordinary run takes longer than the first. */
function withdrawals(method: "withdraw" | "withdrawUnsafe", between: Between) {
  return explore({
    network: { application: 2 },
    setup: async (net) => {
      const ledger = await net.install<Ledger>(loadGenerated("reentrancy-ledger"), { name: "ledger", subnet: net.subnets[1]! });
      const bank = await net.install<Bank>(loadGenerated("reentrancy-bank"), { args: [ledger.id], name: "bank" });
      const alice = net.identity("alice");
      await bank.as(alice).actor.deposit(100n);
      return { ledger, bank, alice };
    },
    body: async ({ net, bank, ledger, alice }) => {
      const account = bank.as(alice).actor;
      const first = account[method](60n).catch(() => null);
      if (between === "ticks") await net.tick(6);
      else if (between === "a query") await ledger.actor.total(alice.getPrincipal());
      else await net.advanceTime({ seconds: 1 });
      await Promise.all([first, account[method](60n).catch(() => null)]);
    },
    invariants: { "nobody is paid what was not there": ({ ledger, alice }) => ledger.look.total(alice.getPrincipal()) <= 100n },
  });
}

test.each(["ticks", "a query", "a step of time"] as const)("with %s between two calls, they still meet", async (between) => {
  const { counterexample } = await withdrawals("withdrawUnsafe", between).run({ runs: 1_000 });
  expect(counterexample?.failure.name).toBe("nobody is paid what was not there");
  expect(counterexample!.deviations.map(({ kind }) => kind)).toContain("turn");
  expect(counterexample!.text).toContain("when the body goes on");
  const again = replay(JSON.parse(JSON.stringify(counterexample!.run)));
  expect(again.net.digest()).toBe(counterexample!.run.digest);
  expect(again.draw()).toMatch(/● chosen.* it goes on (?:at once|after \d+ round)/u);
  const guarded = withdrawals("withdraw", between);
  expect(await guarded.regress(counterexample!.deviations)).toBeDefined();
  expect((await guarded.run({ runs: 50 })).counterexample?.text ?? null).toBe(null);
});

test("where no call is open, a step of time ends as ever: what was due has run", async () => {
  const { counterexample } = await explore({
    setup: async (net) => ({ one: await puppet(net, { name: "one" }) }),
    body: async ({ net, one }) => {
      await one.run(program(note("a"), reply()));
      const rounds = net.round;
      await net.tick(3);
      if (net.round < rounds + 3) throw new Error("three rounds are three rounds");
    },
  }).run({ runs: 100 });
  expect(counterexample?.text ?? null).toBe(null);
});

test("an exhaustive search goes on past rounds in which nothing happens", async () => {
  const { counterexample } = await explore({
    strategy: "exhaustive",
    setup: async (net) => ({ one: await puppet(net, { name: "one" }) }),
    body: async ({ net, one, pick }) => {
      await net.tick();
      await net.tick();
      if (pick("then", ["nothing", "a message"]) === "a message") await one.run(program(note("a"), reply()));
    },
    invariants: { "nothing is noted": ({ one }) => one.journal === "" },
  }).run();
  expect(counterexample?.failure.name).toBe("nothing is noted");
});

const STRATEGIES = [few(1), few(3), late(1), late(2), pct(3), random];

/** How often strategies have it refused, rejected: calls of a canister to itself, and to another. */
function faultsIn(weather: WeatherName): { own: number; others: number } {
  const met = { own: 0, others: 0 };
  const choiceAbout = (kind: "refuseCall" | "rejectRequest", to: string): Choice =>
    ({ kind, message: { from: "0a", to, method: "m", message: "request" } }) as unknown as Choice;
  const choices = [
    choiceAbout("refuseCall", "0a"),
    choiceAbout("refuseCall", "0b"),
    choiceAbout("rejectRequest", "0a"),
    choiceAbout("rejectRequest", "0b"),
  ];
  const counts = new Map(choices.map((choice) => [weatherKind(choice), 20] as const));
  for (const strategy of STRATEGIES) {
    for (let seed = 0n; seed < 100n; seed++) {
      const schedule = strategy.begin({ prng: Prng.fromSeed(seed), weather: WEATHERS[weather], counts });
      for (let i = 0; i < 20; i++) {
        for (const choice of choices) {
          if (schedule.choose(choice, 2) === 0) continue;
          met["message" in choice && typeof choice.message === "object" && choice.message.to === choice.message.from ? "own" : "others"]++;
        }
      }
    }
  }
  return met;
}

test("a canister's calls of itself fail in a storm only: no program is written to bear that its own timers do not run", () => {
  expect(faultsIn("busy").own).toBe(0);
  expect(faultsIn("busy").others).toBeGreaterThan(100);
  expect(faultsIn("stormy").own).toBeGreaterThan(10);
});

test("a message that only retries what is refused is ended, within the platform's own limit too", async () => {
  const { exploration } = await explorationOf("retry-at-the-limit", "buggy");
  const { counterexample } = await exploration.run({ network: {}, seed: 3, runs: 40 });
  expect(counterexample?.failure.name).toBe("all the work is done");
  expect(counterexample!.messages).toBeLessThan(5);
});
