import { bug } from "../bug.ts";

/** Two refreshes whose answers may pass each other on their ways. */
export default bug({
  setup: async (net, subject, load) => {
    const oracle = await net.install(load("oracle"), { name: "oracle" });
    const relay = await net.install(load("relay"), { name: "relay", args: [oracle.id] });
    return { cache: await net.install(subject, { name: "cache", args: [oracle.id, relay.id] }) };
  },
  body: async ({ cache }) => {
    await Promise.allSettled([cache.actor.refresh(), cache.actor.refreshThroughRelay()]);
  },
  eventually: { "nothing was replaced by something older": ({ cache }) => cache.look.wentBack() === false },
});
