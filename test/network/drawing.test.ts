/** Drawings of real runs, and the trace as data. */
import { expect, test } from "vitest";
import { beside, fromJsonLines, MessageIndex } from "../../src/index.ts";
import { network, program, refusal } from "../support/network.ts";
import { dedent } from "../support/trace-events.ts";

interface Caller {
  sequential(callee: unknown, n: bigint): Promise<unknown>;
  parallel(callee: unknown, n: bigint): Promise<unknown>;
}

test("three calls, one after the other beside all at once, two subnets apart", async () => {
  const net = await network({ application: 2, latency: "mainnet" });
  const callee = await net.install(program("parallel-calls-callee"), { subnet: net.subnets[1]!, name: "callee" });
  const caller = await net.install<Caller>(program("parallel-calls-caller"), { name: "caller" });
  const drawings: string[] = [];
  for (const mode of ["sequential", "parallel"] as const) {
    const since = net.trace.position;
    await caller.actor[mode](callee.id, 3n);
    drawings.push(net.draw({ since, margin: "seconds" }));
  }
  expect(dedent(`\n${beside(drawings[0]!, drawings[1]!)}\n`)).toBe(
    dedent(`
              user          caller    callee             user        caller    callee
       0.0 s   ├─ sequential ─▶         │         0.0 s   ├─ parallel ─▶         │
       1.0 s   │              ├─ ping ──▶         1.0 s   │            ├─ ping ──▶
       4.0 s   │              ◀─ reply ─┤                 │            ├─ ping ──▶
       7.0 s   │              ├─ ping ──▶                 │            ├─ ping ──▶
       9.0 s   │              ◀─ reply ─┤         3.0 s   │            ◀─ reply ─┤
      12.0 s   │              ├─ ping ──▶                 │            ◀─ reply ─┤
      14.0 s   │              ◀─ reply ─┤                 │            ◀─ reply ─┤
      16.0 s   ◀─── reply ────┤         │         5.0 s   ◀── reply ───┤         │
    `),
  );
});

test("values, rejects with their texts, and several users", async () => {
  const net = await network();
  const counter = await net.install<{ add(amount: bigint): Promise<bigint>; fail(): Promise<void> }>(program("counter"));
  const alice = net.identity("alice");
  await counter.as(alice).actor.add(5n);
  await refusal(counter.actor.fail());
  expect(net.draw({ values: true, width: 90 })).toBe(
    dedent(`
      user  alice      counter
       │      ├─ add(5) ──▶
       │      ◀─ reply 5 ─┤
       ├───── fail() ─────▶
       ◀──── reject 5 ────┤     Error from Canister lxzze-o7777-77777-aaaaa-cai: Canister called
       │      │           │     \`ic0.trap\` with message: 'counter failed at 6'
    `),
  );
  expect(net.draw({ last: 3, names: { [alice.principal.toText()]: "Alice" }, ascii: true })).toBe(
    dedent(`
      user  Alice    counter
       :      :         :     1 more
       |      <- reply -+
       +----- fail ----->
       <--- reject 5 ---+     Error from Canister lxzze-o7777-77777-aaaaa-cai: Canister called \`ic0.trap\`
       |      |         |     with message: 'counter failed at 6'
    `),
  );
  expect(net.draw({ management: true })).toContain("install_code");
});

test("the trace as lines and as call trees", async () => {
  const net = await network();
  const callee = await net.install(program("parallel-calls-callee"), { name: "callee" });
  const caller = await net.install<Caller>(program("parallel-calls-caller"), { name: "caller" });
  await caller.actor.parallel(callee.id, 3n);
  const [root] = net.trace.messages.roots().filter((message) => message.method === "parallel");
  const tree = net.trace.messages.tree(root!);
  expect(tree.calls.map((call) => [call.message.method, call.message.outcome?.kind, call.executions.length])).toEqual([
    ["ping", "reply", 1],
    ["ping", "reply", 1],
    ["ping", "reply", 1],
  ]);
  expect(tree.executions.map((execution) => execution.entry)).toEqual(["update", "replyCallback", "replyCallback", "replyCallback"]);
  expect(tree.instructions).toBeGreaterThan(tree.calls[0]!.instructions * 3);

  const read = fromJsonLines(net.trace.toJsonLines());
  expect(read).toEqual(net.trace.events);
  expect(new MessageIndex(read).size).toBe(net.trace.messages.size);
});

test("the trace is bounded, can be cleared and turned off", async () => {
  const net = await network({ trace: 100 });
  const counter = await net.install<{ inc(): Promise<bigint> }>(program("counter"));
  for (let i = 0; i < 100; i++) await counter.actor.inc();
  expect(net.trace.events.length).toBeLessThanOrEqual(100);
  expect(net.trace.events.length).toBeGreaterThanOrEqual(50);
  expect([...net.trace.messages.messages].length).toBeGreaterThan(0);
  const { position } = net.trace;
  net.trace.clear();
  expect(net.draw()).toBe("(no messages)");
  await counter.actor.inc();
  expect(net.trace.since(position)).toEqual(net.trace.events);

  const off = await network({ trace: false });
  const other = await off.install<{ fail(): Promise<void> }>(program("counter"));
  expect(await refusal(other.actor.fail())).toMatchObject({ callPath: ["user", "counter.fail"] });
  expect(off.trace.events).toEqual([]);
});
