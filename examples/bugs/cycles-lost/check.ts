import { bug } from "../bug.ts";

/** Two orders out of a budget of three. */
export default bug({
  setup: async (net, subject, load) => {
    const oven = await net.install(load("oven"), { name: "oven" });
    return { oven, bakery: await net.install(subject, { name: "bakery", args: [oven.id] }) };
  },
  body: async ({ bakery }) => {
    await Promise.allSettled([bakery.actor.order(), bakery.actor.order()]);
  },
  eventually: { "the budget knows what was spent": ({ oven, bakery }) => oven.look.baked() + bakery.look.left() <= 3n },
});
