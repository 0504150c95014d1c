import { bug } from "../bug.ts";

/** A withdrawal by a call that does not wait for ever. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { ledger, bank: await net.install(subject, { name: "bank", args: [ledger.id] }) };
  },
  body: async ({ bank }) => {
    await Promise.allSettled([bank.actor.withdraw(70n)]);
  },
  eventually: { "nothing is there twice": ({ ledger, bank }) => bank.look.funds() + ledger.look.paid() <= 100n },
});
