import { bug } from "../bug.ts";

/** An order that is cancelled, and whose delivery may fail. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    return { ledger, shop: await net.install(subject, { name: "shop", args: [ledger.id] }) };
  },
  body: async ({ shop, ledger, pick }) => {
    if (pick("the delivery", ["works", "fails"]) === "fails") await ledger.actor.refuse(1n);
    const order = shop.actor.buy();
    if (pick("it is cancelled", ["afterwards", "meanwhile"]) === "afterwards") await order.catch(() => false);
    await Promise.allSettled([order, shop.actor.cancel()]);
  },
  invariants: { "nobody has more than there was": ({ shop, ledger }) => shop.look.funds() + ledger.look.paid() <= 100n },
});
