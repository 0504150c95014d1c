import { bug } from "../bug.ts";

/** Two deposits. */
export default bug({
  setup: async (net, subject, load) => {
    const auditor = await net.install(load("worker"), { name: "auditor" });
    return { account: await net.install(subject, { name: "account", args: [auditor.id] }) };
  },
  body: async ({ account, pick }) => {
    const first = account.actor.deposit(10n);
    if (pick("the second deposit", ["after the first", "at once"]) === "after the first") await first.catch(() => null);
    await Promise.allSettled([first, account.actor.deposit(20n)]);
  },
  invariants: { "the balance is what was deposited": ({ account }) => account.look.difference() === 0n },
});
