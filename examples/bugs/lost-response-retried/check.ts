import { bug } from "../bug.ts";

/** One payment of 50, by calls that do not wait for ever. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { ledger, sender: await net.install(subject, { name: "sender", args: [ledger.id] }) };
  },
  body: async ({ sender }) => {
    await Promise.allSettled([sender.actor.send(50n)]);
  },
  invariants: { "it is paid once": ({ ledger }) => ledger.look.paid() <= 50n },
});
