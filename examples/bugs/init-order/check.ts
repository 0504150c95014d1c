import { bug } from "../bug.ts";

/** Two canisters that are set up at the same time; then the one is used. */
export default bug({
  setup: async (net, subject, load) => {
    const rates = await net.install(load("rates"), { name: "rates" });
    return {
      rates,
      exchange: await net.install(subject, { name: "exchange", args: [rates.id] }),
      converted: { wrong: null as bigint | null },
    };
  },
  body: async ({ rates, exchange }) => {
    await Promise.allSettled([rates.actor.set(7n), exchange.actor.start()]);
    const [result = null] = ((await exchange.actor.convert(6n).catch(() => [])) ?? []) as [bigint?];
    if (result !== null && result !== 42n) throw new Error(`6 converted is ${result}, not 42`);
  },
});
