/** The bank of `examples/reentrancy`, guarded and not, under exploration. */
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

/** Two withdrawals of more than there is together, the second made before or after the first is answered. */
export function withdrawals(method: "withdraw" | "withdrawUnsafe") {
  return explore({
    runs: 100,
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

export function modulesOf(): Uint8Array[] {
  return ["reentrancy-ledger", "reentrancy-bank"].map((name) => loadGenerated(name));
}
