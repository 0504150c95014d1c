import { bug } from "../bug.ts";

/** Two withdrawals of 60 out of 100. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { ledger, bank: await net.install(subject, { name: "bank", args: [ledger.id] }) };
  },
  body: async ({ bank, pick }) => {
    const first = bank.actor.withdraw(60n);
    if (pick("the second comes", ["after the first", "at once"]) === "after the first") await first.catch(() => false);
    await Promise.allSettled([first, bank.actor.withdraw(60n)]);
  },
  invariants: { "no more is paid than there was": ({ ledger }) => ledger.look.paid() <= 100n },
});
