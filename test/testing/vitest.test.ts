/**
 * `cannery/vitest`: a network for each test, and matchers.
 */
import { describe } from "vitest";
import { canneryTest, costOf, expect, type MockContext } from "../../src/vitest.ts";
import { generatedModule } from "../../src/cli/generated.ts";
import { append, appendArgument, print, program, puppet, reject, send, trap } from "../support/puppet.ts";

const LEDGER = "service : { ping : (nat) -> (nat); pong : () -> () }";
let setups = 0;

const test = canneryTest(
  async (net) => {
    setups++;
    const counter = await net.install(generatedModule("counter"), { name: "counter" });
    const puppets = await net.install(puppet(), { name: "puppet" });
    const ledger = await net.mock(LEDGER, { ping: (n: bigint, _context: MockContext) => n }, { name: "ledger" });
    await counter.actor.inc!();
    return { counter, puppet: puppets, ledger };
  },
  { print: false },
);

describe("each test has the network as the setup left it", () => {
  test.for([1, 2, 3])("whatever test %i did before", async (_n, { world, net }) => {
    const { counter, ledger } = world;
    expect(net.canisterIds).toHaveLength(3);
    expect(await counter.actor.get!()).toBe(1n);
    expect(ledger.calls).toHaveLength(0);
    await counter.actor.inc!();
    await ledger.actor.ping!(1n);
    void counter.submit("inc");
    await net.createCanister();
    net.manual();
    expect(setups).toBe(1);
  });
});

describe("matchers", () => {
  test("of rejects", async ({ world: { puppet } }) => {
    const no = (): Promise<Uint8Array> => puppet.call("run", reject("not today"));
    await expect(no()).toReject();
    await expect(no()).toReject("not today");
    await expect(no).toReject(/today$/g);
    await expect(no).toReject({ rejectCode: 4, errorCode: "IC0406", message: "not", method: "run", canister: puppet.id.toText() });
    await expect(expect(no()).toReject("tomorrow")).rejects.toThrow('the call was rejected, but its message is not "tomorrow"');
    await expect(expect(no()).toReject({ rejectCode: 5 })).rejects.toThrow("its rejectCode is 4, not 5");
    await expect(expect(no()).toTrap()).rejects.toThrow("rejected, but not by a trap");
    await expect(expect(puppet.call("run", send)).toReject()).rejects.toThrow("the call was to be rejected, and it replied");
    await expect(expect(no()).not.toReject()).rejects.toThrow("was not to be rejected");
    await expect(puppet.call("run", send)).not.toReject();
  });

  test("of traps", async ({ world: { puppet } }) => {
    await expect(puppet.call("run", trap("out of luck"))).toTrap("luck");
    await expect(expect(puppet.call("run", trap("out of luck"))).toTrap("time")).rejects.toThrow(`the trap's message is not "time"`);
    // What is no reject at all is not taken for one.
    const bug = (): Promise<never> => Promise.reject(new Error("a bug of the test"));
    await expect(expect(bug).toTrap()).rejects.toThrow("a bug of the test");
    await expect(expect(bug).not.toReject()).rejects.toThrow("a bug of the test");
  });

  test("of balances, costs and logs", async ({ net, world: { puppet } }) => {
    puppet.setBalance(5_000_000_000_000n);
    expect(puppet).toHaveBalance(5_000_000_000_000n);
    expect(puppet).toHaveBalance({ atLeast: 4_000_000_000_000n, atMost: 6_000_000_000_000n });
    expect(() => expect(puppet).toHaveBalance({ atMost: 1_000_000n })).toThrow(
      "the balance of puppet is 5_000_000_000_000, more than 1_000_000",
    );
    const cost = await costOf(net, puppet, () => puppet.call("run", program(print("hello there"), append("x"), send)));
    expect(cost).toMatchObject({ executions: 1 });
    expect(cost.cycles).toBeGreaterThan(1_000_000n);
    expect(cost).toCostAtMost({ cycles: 20_000_000n, instructions: 1_000_000 });
    expect(() => expect(cost).toCostAtMost({ instructions: 1 })).toThrow(/what it cost in instructions is [\d_]+, more than 1/);
    expect(puppet).toHaveLogged("hello");
    expect(puppet).not.toHaveLogged(/bye/);
    expect(() => expect(puppet).toHaveLogged("bye")).toThrow('puppet has logged no line that is "bye"; its log has:\n  hello there');
    await puppet.call("run", program(appendArgument, send));
  });

  test("of what mocks received", async ({ world: { ledger } }) => {
    expect(ledger).not.toHaveReceived("ping");
    await ledger.actor.ping!(7n);
    expect(ledger).toHaveReceived("ping");
    expect(ledger).toHaveReceived("ping", 7n);
    expect(ledger).toHaveReceived("ping", expect.any(BigInt));
    expect(ledger).not.toHaveReceived("ping", 8n);
    expect(() => expect(ledger).toHaveReceived("pong")).toThrow("ledger was not called as pong: it got calls of ping");
    expect(() => expect(ledger).toHaveReceived("ping", 8n)).toThrow("ledger was called as ping with other arguments");
  });
});
