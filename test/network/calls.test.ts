/** Calls through actors, with handles and with bytes; and what a caller is told when a call fails. */
import { expect, test } from "vitest";
import { type Canister, CanneryCallError, CanneryError } from "../../src/index.ts";
import { network, program, refusal } from "../support/network.ts";
import { wat } from "../support/wat.ts";

interface Counter {
  get(): Promise<bigint>;
  inc(): Promise<bigint>;
  add(amount: bigint): Promise<bigint>;
  print(text: string): Promise<void>;
  fail(): Promise<void>;
}

test("an actor made from the module's own Candid: updates, queries, values, a method without a result", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  expect(await counter.actor.inc()).toBe(1n);
  expect(await counter.actor.add(2n ** 70n)).toBe(2n ** 70n + 1n);
  expect(await counter.actor.get()).toBe(2n ** 70n + 1n);
  expect(await counter.actor.print("count")).toBeUndefined();
  expect(Object.keys(counter.actor)).toEqual(["add", "fail", "get", "inc", "print"]);
  expect("inc" in (counter.actor as object)).toBe(true);
  expect(counter.candid).toContain("add: (amount: nat) -> (nat);");
});

test("an actor can be returned from an async function, and shown", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const actor = await Promise.resolve(counter.actor);
  expect(await actor.inc()).toBe(1n);
  expect(JSON.stringify(actor)).toBe("{}");
  expect(`${counter}`).toBe("lxzze-o7777-77777-aaaaa-cai");
});

test("a trap is an error with the platform's codes and text, and the count is as before", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  const error = await refusal(counter.actor.fail());
  expect(error).toBeInstanceOf(CanneryCallError);
  expect(error).toMatchObject({
    code: "call-rejected",
    rejectCode: 5,
    errorCode: "IC0503",
    canister: "lxzze-o7777-77777-aaaaa-cai",
    method: "fail",
    callPath: ["user", "counter.fail"],
  });
  expect(error["rejectMessage"]).toContain("Canister called `ic0.trap` with message: 'counter failed at 2'");
  expect(error.message).toMatch(/^counter\.fail was rejected: Error from Canister lxzze/u);
  expect(error.message).toContain("IC0503, reject code 5 CANISTER_ERROR");
  expect(error.stack).toContain("calls.test.ts"); // the line of the test that waited
  expect(await counter.actor.get()).toBe(1n);
});

test("the error of a call that failed further down tells who called whom", async () => {
  const net = await network({ application: 2 });
  const shop = await net.install(callsThrough("buy", "order"), { name: "shop", subnet: net.subnets[0]! });
  const broker = await net.install(callsThrough("order", "pay"), { name: "broker" });
  const ledger = await net.install(trapModule(), { name: "ledger", subnet: net.subnets[1]! });
  await shop.call("set", broker.id.toUint8Array());
  await broker.call("set", ledger.id.toUint8Array());
  const error = await refusal(shop.as(net.identity("alice")).call("buy"));
  expect(error).toMatchObject({ callPath: ["alice", "shop.buy", "broker.order", "ledger.pay"], rejectCode: 4, errorCode: "IC0406" });
  expect(error.message).toContain("call path: alice → shop.buy → broker.order → ledger.pay");
});

test("a value of the wrong type is refused before anything is sent, naming method, type and value", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const digest = net.digest();
  const error = await refusal((counter.actor as { add(amount: unknown): Promise<bigint> }).add("five"));
  expect(error).toMatchObject({ code: "candid-argument" });
  expect(error.message).toContain('counter.add takes (nat): argument 1 must be nat, got "five"');
  const count = await refusal((counter.actor as { add(...all: unknown[]): Promise<bigint> }).add());
  expect(count.message).toBe("counter.add takes 1 argument(s), (nat); got 0");
  expect(net.digest()).toBe(digest);
});

test("a method that does not exist: the actor lists those there are, bytes get the platform's answer", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const error = await refusal((counter.actor as unknown as { increment(): Promise<bigint> }).increment());
  expect(error).toMatchObject({ code: "no-such-method" });
  expect(error.message).toBe(`counter has no method "increment" in its Candid description. It has:
  add (nat)
  fail ()
  get () query
  inc ()
  print (text)`);
  expect(() => (counter as unknown as Canister).submit("increment")).toThrow('counter has no method "increment"');
  expect(await refusal(counter.call("increment"))).toMatchObject({ errorCode: "IC0536", rejectCode: 5 });
  expect(await refusal(counter.query("increment"))).toMatchObject({ errorCode: "IC0536" });
});

test("canisters without code, stopped, deleted, or that never were: the platform's codes", async () => {
  const net = await network();
  const empty = await net.createCanister<Counter>({ name: "empty" });
  expect(await refusal(empty.actor.inc())).toMatchObject({ errorCode: "IC0537", method: "inc" });

  const counter = await net.install<Counter>(program("counter"));
  await counter.stop();
  expect(await refusal(counter.actor.inc())).toMatchObject({ errorCode: "IC0508" });
  expect(await refusal(counter.actor.get())).toMatchObject({ errorCode: "IC0508" });
  await counter.delete();
  expect(await refusal(counter.actor.inc())).toMatchObject({ errorCode: "IC0301", rejectCode: 3 });
  expect(() => counter.balance()).toThrow("there is no canister counter");

  const nobody = net.canister<Counter>("lxzze-o7777-77777-aaaaa-cai", { name: "nobody" });
  expect(nobody.candid).toBeNull();
  const elsewhere = net.canister<Counter>("uf6dk-hyaaa-aaaaq-qaaaq-cai");
  expect(await refusal(elsewhere.actor.inc())).toMatchObject({ errorCode: "IC0301" });
});

test("modules the platform does not take leave the canister empty", async () => {
  const net = await network();
  const canister = await net.createCanister();
  for (const module of [
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1),
    new TextEncoder().encode("not Wasm"),
    wat('(module (import "env" "f" (func)))'),
  ]) {
    expect(await refusal(canister.install(module))).toMatchObject({ errorCode: "IC0505" });
  }
  expect((await canister.status()).moduleHash).toBeNull();
});

test("a handle tells how far a call is, and is awaited for its reply", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  net.manual();
  const call = counter.submit("add", 5n);
  expect(call.id).toMatch(/^[0-9a-f]{64}$/u);
  expect(call.status()).toEqual({ kind: "unknown" });
  await net.tick();
  expect(call.status()).toMatchObject({ kind: "replied" });
  expect(await call).toBe(5n);
  expect(await call.result()).toBe(5n);
  const failing = counter.submit("fail");
  await net.tick();
  expect(failing.status()).toMatchObject({ kind: "rejected", errorCode: 503 });
  expect(await refusal(failing.result())).toMatchObject({ errorCode: "IC0503" });
});

test("equal calls have different ids, and equal networks the same ids", async () => {
  const ids = async (): Promise<string[]> => {
    const net = await network();
    const counter = await net.install<Counter>(program("counter"));
    return [counter.submit("inc").id, counter.submit("inc").id];
  };
  const [first, second] = await ids();
  expect(first).not.toBe(second);
  expect(await ids()).toEqual([first, second]);
});

test("several users, each the same in every network", async () => {
  const net = await network();
  const bank = await net.install<{ deposit(amount: bigint): Promise<bigint>; balance(): Promise<bigint> }>(program("reentrancy-bank"), {
    args: [(await net.createCanister()).id],
  });
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  expect(await bank.as(alice).actor.deposit(5n)).toBe(5n);
  expect(await bank.as(bob).actor.balance()).toBe(0n);
  expect(await bank.as(alice.principal.toText()).actor.balance()).toBe(5n);
  expect((await network()).identity("alice").getPrincipal().toText()).toBe(alice.principal.toText());
});

test("init arguments are encoded by the module's Candid, and refused when they do not fit", async () => {
  const net = await network();
  const bank = program("reentrancy-bank");
  expect((await refusal(net.install(bank))).message).toBe(
    "installing reentrancy-bank takes arguments (principal): give them as { args: [...] }",
  );
  expect((await refusal(net.install(bank, { args: [5] }))).message).toContain("argument 1 must be principal, got 5");
  expect((await refusal(net.install(wat("(module)"), { args: [5] }))).message).toContain("does not say what it is installed with");
});

test("a module without Candid is called with bytes; a description can be given by hand", async () => {
  const net = await network();
  const echo = await net.install(echoModule(), { name: "echo" });
  expect(await echo.call("echo", Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
  expect(await echo.query("peek", Uint8Array.of(9))).toEqual(Uint8Array.of(9));
  expect(() => (echo.actor as Record<string, unknown>)["echo"]).toThrow("carries no Candid description");
  const described = net.canister<{ echo(text: string): Promise<string>; peek(n: bigint): Promise<bigint> }>(echo.id, {
    candid: "service : { echo : (text) -> (text); peek : (nat) -> (nat) query }",
  });
  expect(await described.actor.echo("hello")).toBe("hello");
  expect(await described.actor.peek(7n)).toBe(7n);
  expect(() => net.canister(echo.id, { candid: "service : {" })).toThrow(CanneryError);
});

test("a reply that is not what the Candid says is refused by name", async () => {
  const net = await network();
  const echo = await net.install(echoModule(), { name: "echo" });
  const wrong = net.canister<{ echo(text: string): Promise<bigint> }>(echo.id, { candid: "service : { echo : (text) -> (nat) }" });
  const error = await refusal(wrong.actor.echo("hello"));
  expect(error).toMatchObject({ code: "candid-result" });
  expect(error.message).toContain("echo.echo answered with bytes that are not (nat)");
});

test("life of a canister: settings, cycles, upgrade, reinstall, stable memory, log", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"), { cycles: 5_000_000_000_000n, env: { LEVEL: "info" } });
  expect(counter.balance()).toBeLessThan(5_000_000_000_000n);
  counter.setBalance(7_000_000_000_000n);
  counter.addCycles(1n);
  expect(counter.balance()).toBe(7_000_000_000_001n);
  await counter.updateSettings({ freezingThresholdSeconds: 100, environmentVariables: { self: counter } });
  const status = await counter.status();
  expect(status).toMatchObject({ status: "running", freezingThresholdSeconds: 100n, environmentVariables: { self: `${counter}` } });

  await counter.actor.inc();
  await counter.actor.print("at");
  expect(counter.logs().map((line) => line.text)).toEqual(["at: 1"]);
  await counter.upgrade(program("counter"));
  expect(await counter.actor.get()).toBe(1n);
  await counter.reinstall(program("counter"));
  expect(await counter.actor.get()).toBe(0n);
  await counter.uninstall();
  expect((await counter.status()).moduleHash).toBeNull();

  const echo = await net.install(echoModule());
  expect(echo.stableMemory()).toEqual(new Uint8Array());
  echo.setStableMemory(Uint8Array.of(1, 2, 3));
  expect(echo.stableMemory().length).toBe(65536);
  expect(echo.stableMemory().subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
});

test("who controls: the sender by default, others when named; the canister's own methods take one of them", async () => {
  const net = await network();
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  const counter = await net.install<Counter>(program("counter"), { sender: alice, controllers: [bob] });
  expect((await counter.status()).controllers.map((one) => one.toText())).toEqual([bob.principal.toText()]);
  await counter.stop();
  await counter.start();
  const error = await refusal(counter.stop({ sender: alice }));
  expect(error).toMatchObject({ errorCode: "IC0512" });
  expect(error.message).toMatch(/^stop_canister of counter was rejected: Only the controllers/u);
});

test("canisters print where the test wants it", async () => {
  const lines: string[] = [];
  const net = await network({ print: (line) => lines.push(line) });
  const texts: string[] = [];
  const stop = net.on("print", ({ text }) => texts.push(text));
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.print("here");
  stop();
  await counter.actor.print("there");
  expect(lines).toEqual(["[Canister lxzze-o7777-77777-aaaaa-cai] here: 0", "[Canister lxzze-o7777-77777-aaaaa-cai] there: 0"]);
  expect(texts).toEqual(["here: 0"]);
});

test("options that make no sense are refused", async () => {
  expect((await refusal(network({ application: -1 }))).message).toContain("a whole number, not below zero; got -1");
  expect((await refusal(network({ application: 0 }))).message).toBe("a network has at least one subnet");
  const net = await network();
  expect((await refusal(net.createCanister({ subnet: "nowhere" }))).message).toContain(
    'there is no subnet "nowhere"; net.subnets has application',
  );
  expect((await refusal(net.createCanister({ settings: { freezingThreshold: 5 } as never }))).message).toContain(
    "there is no canister setting",
  );
  expect(await refusal(net.install("no/such/file.wasm"))).toMatchObject({ code: "no-such-file" });
  expect(await refusal(net.install(5 as never))).toMatchObject({ code: "bad-module" });
});

/** Answers with its argument, by an update and a query. */
const echoModule = (): Uint8Array =>
  wat(`(module
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 1)
  (func $echo
    (call $copy (i32.const 0) (i32.const 0) (call $size))
    (call $append (i32.const 0) (call $size))
    (call $reply))
  (export "canister_update echo" (func $echo))
  (export "canister_query peek" (func $echo)))`);

const trapModule = (): Uint8Array =>
  wat(`(module
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (memory 1)
  (data (i32.const 0) "no")
  (func (export "canister_update pay") (call $trap (i32.const 0) (i32.const 2))))`);

/** `set` keeps a principal; the method calls `callee` of it and passes the reject message on. */
function callsThrough(method: string, callee: string): Uint8Array {
  return wat(`(module
    (import "ic0" "msg_arg_data_size" (func $size (result i32)))
    (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "msg_reject" (func $reject (param i32 i32)))
    (import "ic0" "msg_reject_msg_size" (func $message_size (result i32)))
    (import "ic0" "msg_reject_msg_copy" (func $message (param i32 i32 i32)))
    (import "ic0" "call_new" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "ic0" "call_perform" (func $perform (result i32)))
    (memory 1)
    (table funcref (elem $on_reply $on_reject))
    (global $length (mut i32) (i32.const 0))
    (data (i32.const 100) "${callee}")
    (func $on_reply (param i32) (call $reply))
    (func $on_reject (param i32)
      (call $message (i32.const 200) (i32.const 0) (call $message_size))
      (call $reject (i32.const 200) (call $message_size)))
    (func (export "canister_update set")
      (call $copy (i32.const 0) (i32.const 0) (call $size))
      (global.set $length (call $size))
      (call $reply))
    (func (export "canister_update ${method}")
      (call $call (i32.const 0) (global.get $length) (i32.const 100) (i32.const ${callee.length})
        (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
      (drop (call $perform))))`);
}
