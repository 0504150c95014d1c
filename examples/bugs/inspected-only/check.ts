import { bug } from "../bug.ts";

/** A stranger tries to close somebody's account. */
export default bug({
  setup: async (net, subject) => {
    const owner = net.identity("owner");
    return { account: await net.install(subject, { name: "account", args: [owner.principal] }), stranger: net.identity("stranger") };
  },
  body: async ({ account, stranger }) => {
    await account
      .as(stranger)
      .actor.close()
      .catch(() => null);
  },
  invariants: { "the account stays open": ({ account }) => account.look.open() === true },
});
