import { bug } from "../bug.ts";

/** More work than calls fit between two canisters. A message may take fewer instructions here than on mainnet, so that an endless one ends soon. */
export default bug({
  network: { limits: { messageInstructions: 400_000_000, sliceInstructions: 400_000_000 } },
  setup: async (net, subject, load) => {
    const worker = await net.install(load("worker"), { name: "worker" });
    return { worker, foreman: await net.install(subject, { name: "foreman", args: [worker.id] }) };
  },
  body: async ({ foreman, pick }) => {
    await foreman.actor.order(pick("pieces of work", [3n, 520n])).catch(() => null);
    await foreman.actor.give().catch(() => null);
  },
  eventually: { "all the work is done": ({ foreman, worker }) => worker.look.done() >= foreman.look.asked() },
});
