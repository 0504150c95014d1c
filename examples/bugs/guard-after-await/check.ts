import { bug } from "../bug.ts";

/** Two claims of one prize. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { ledger, prize: await net.install(subject, { name: "prize", args: [ledger.id] }) };
  },
  body: async ({ prize, pick }) => {
    const first = prize.actor.claim();
    if (pick("the second claim", ["after the first", "at once"]) === "after the first") await first.catch(() => false);
    await Promise.allSettled([first, prize.actor.claim()]);
  },
  invariants: { "the prize is paid once": ({ ledger }) => ledger.look.paid() <= 10n },
});
