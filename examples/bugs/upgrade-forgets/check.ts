import { bug } from "../bug.ts";

/** A delivery, and an upgrade to the same code by the book: stop, upgrade, start. */
export default bug({
  setup: async (net, subject, load) => {
    const ledger = await net.install(load("ledger"), { name: "ledger" });
    const courier = await net.install(subject, { name: "courier", args: [ledger.id] });
    const upgrade = async (): Promise<void> => {
      await courier.stop();
      await courier.upgrade(subject, { args: [ledger.id] });
      await courier.start();
    };
    return { ledger, courier, upgrade };
  },
  body: async ({ courier, pick, upgrade }) => {
    const packed = courier.actor.pack(40n).catch(() => null);
    await packed;
    const when = pick("the upgrade comes", ["after the delivery", "before"]);
    if (when === "before") await upgrade();
    await courier.actor.deliver().catch(() => null);
    if (when === "after the delivery") await upgrade();
  },
  eventually: { "nothing is lost": ({ courier, ledger }) => courier.look.holds() + ledger.look.paid() === 100n },
});
