import { bug } from "../bug.ts";

const COURIER = `service : { deliver : () -> () }`;

/** A parcel, and an upgrade by the book, for which the shop has to stop. The courier is somebody else's. */
export default bug({
  setup: async (net, subject) => {
    const shop = await net.install(subject, { name: "shop" });
    const courier = await net.mock(COURIER, { deliver: () => undefined }, { name: "courier" });
    return { shop, courier, subject };
  },
  body: async ({ shop, courier, subject, pick }) => {
    const does = pick("the courier", ["delivers", "does not answer"]);
    courier.on({ deliver: (context) => (does === "delivers" ? undefined : context.stall()) });
    const sent = shop.actor.send(courier.id).catch(() => false);
    if (pick("the upgrade comes", ["after the parcel", "meanwhile"]) === "after the parcel") await sent;
    await shop.stop();
    await shop.upgrade(subject);
    await shop.start();
    await sent;
  },
});
