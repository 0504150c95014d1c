import { bug } from "../bug.ts";

/** Three who want a loaf on one day. */
export default bug({
  setup: async (net, subject, load) => {
    const oven = await net.install(load("oven"), { name: "oven" });
    return { oven, charity: await net.install(subject, { name: "charity", args: [oven.id] }) };
  },
  body: async ({ charity, pick }) => {
    const atOnce = pick("they come", ["one by one", "at once"]) === "at once";
    const loaves = [];
    for (let i = 0; i < 3; i++) {
      const loaf = charity.actor.loaf().catch(() => false);
      if (!atOnce) await loaf;
      loaves.push(loaf);
    }
    await Promise.all(loaves);
  },
  invariants: { "one loaf a day": ({ oven }) => oven.look.baked() <= 1n },
});
