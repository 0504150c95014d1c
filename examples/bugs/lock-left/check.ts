import { bug } from "../bug.ts";

/** A withdrawal, and somebody who spends meanwhile. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { bank: await net.install(subject, { name: "bank", args: [ledger.id] }) };
  },
  body: async ({ bank, pick }) => {
    const withdrawal = bank.actor.withdraw(60n);
    if (pick("somebody spends", ["afterwards", "meanwhile"]) === "afterwards") await withdrawal.catch(() => null);
    await Promise.allSettled([withdrawal, bank.actor.spend(60n)]);
  },
  eventually: { "nothing stays locked": ({ bank }) => bank.look.isLocked() === false },
});
