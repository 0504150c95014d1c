import { bug } from "../bug.ts";

/** The ledger is on another subnet, from which answers take their time. */
export default bug({
  network: { application: 2, latency: "mainnet" },
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger", subnet: net.subnets[1]! });
    return { ledger, payer: await net.install(subject, { name: "payer", args: [ledger.id] }) };
  },
  body: async ({ net, ledger }) => {
    await net.advanceTime({ seconds: 11 });
    await ledger.actor.refuse(0n).catch(() => null);
  },
  invariants: { "what is due is paid once": ({ ledger }) => ledger.look.paid() <= 30n },
});
