/**
 * Exploration finds what the ordinary schedule does not show, in programs that are not changed for it.
 */
import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { explore } from "../../src/index.ts";

interface Ledger {
  total(to: unknown): Promise<bigint>;
  pay(to: unknown, amount: bigint): Promise<void>;
}
interface Bank {
  deposit(amount: bigint): Promise<bigint>;
  withdraw(amount: bigint): Promise<unknown>;
  withdrawUnsafe(amount: bigint): Promise<unknown>;
}

/** Two withdrawals, the second made when the first has been answered or not. */
function withdrawals(method: "withdraw" | "withdrawUnsafe") {
  return explore({
    seed: 1,
    runs: 300,
    setup: async (net) => {
      const ledger = await net.install<Ledger>(loadGenerated("reentrancy-ledger"), { name: "ledger" });
      const bank = await net.install<Bank>(loadGenerated("reentrancy-bank"), { args: [ledger.id], name: "bank" });
      const alice = net.identity("alice");
      await bank.as(alice).actor.deposit(100n);
      return { ledger, bank, alice };
    },
    body: async ({ bank, alice, pick }) => {
      const account = bank.as(alice).actor;
      const first = account[method](60n);
      if (pick("second", ["after the first", "at once"]) === "after the first") await first;
      await Promise.all([first, account[method](60n)]);
    },
    invariants: { "nobody is paid what was not there": ({ ledger, alice }) => ledger.look.total(alice.getPrincipal()) <= 100n },
  });
}

test("the double spend of the unguarded bank is found, and shrunk to the choice that makes it", async () => {
  const { counterexample } = await withdrawals("withdrawUnsafe").run();
  expect(counterexample?.failure.name).toBe("nobody is paid what was not there");
  expect(counterexample!.deviations).toHaveLength(1);
  console.log(counterexample!.text, JSON.stringify(counterexample!.run).length, counterexample!.regressionTest);
});

test("the guarded bank stands", async () => {
  const result = await withdrawals("withdraw").run();
  console.log(result.counterexample?.text ?? result);
  expect(result.counterexample).toBe(null);
  expect(result.orders).toBeGreaterThan(3);
});
