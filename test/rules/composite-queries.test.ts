/**
 * Composite queries on a network: whom they may ask, what they see, and what is left of them.
 * What happens inside one tree of calls is in `src/core/queries/composite-query.test.ts`.
 *
 * Source: messaging.md 8.
 */
import { describe, expect, test } from "vitest";
import { Scenario, subnets } from "../support/scenario.ts";
import {
  accept,
  append,
  argument,
  call,
  caller,
  dataCertificatePresent,
  evaluate,
  inReplicatedExecution,
  journal,
  note,
  number,
  passOn,
  program,
  reject,
  reply,
  self,
  send,
  slice,
  spin,
  timerWas,
  trap,
  version,
  whenEqual,
} from "../universal/program.ts";

const CANISTER_QUERY = { method: "ask" } as const;

function world() {
  const scene = new Scenario(subnets(2));
  return { scene, a: scene.puppet(), b: scene.puppet(), c: scene.puppet(), far: scene.puppet({ subnet: 1 }) };
}

const look = (arg: Uint8Array) => ({ method: "look", arg, ...passOn });

describe("a composite query [abstract-behavior#query-call]", () => {
  test("asks queries and composite queries of its own subnet, and no updates", () => {
    const { scene, a, b, far } = world();
    expect(scene.look(a, call(b, look(reply("q"))), CANISTER_QUERY)).toBe("+q");
    expect(scene.look(a, call(b, { ...look(reply("c")), method: "ask" }), CANISTER_QUERY)).toBe("+c");
    const update = scene.look(a, call(b, { ...look(reply("u")), method: "run" }), CANISTER_QUERY);
    expect(update).toMatch(/^-\x05Error from Canister \S+: Canister has no query method 'run'/);
    expect(scene.look(a, call(far, look(reply("f"))), CANISTER_QUERY)).toMatch(/^-\x03Canister \S+ not found$/);
  });

  test("is refused in a query that is none: a plain query cannot call", () => {
    const { scene, a, b } = world();
    expect(scene.look(a, call(b, look(reply())))).toMatch(/^IC0504: .*"ic0_call_new" cannot be executed in non replicated query mode/);
  });

  test("nor can it attach cycles, take them, or set a timer: it is not replicated", () => {
    const { scene, a, b } = world();
    expect(scene.look(a, reply(slice(inReplicatedExecution, 0, 1)), CANISTER_QUERY)).toBe("\0");
    const refused = (api: string) => new RegExp(`IC0504: .*"ic0_${api}" cannot be executed in composite query mode`);
    expect(scene.look(a, call(b, { ...look(reply()), cycles: 1n }), CANISTER_QUERY)).toMatch(refused("call_cycles_add128"));
    expect(scene.look(a, program(accept(1n)), CANISTER_QUERY)).toMatch(refused("msg_cycles_accept128"));
    expect(scene.look(a, evaluate(timerWas(0)), CANISTER_QUERY)).toMatch(refused("global_timer_set"));
  });

  test("leaves nothing behind: neither memory nor versions nor cycles nor open calls", () => {
    const { scene, a, b } = world();
    const before = scene.net.digest();
    const inner = program(note("inner"), reply(journal));
    const outer = program(note("1"), call(b, { method: "look", arg: inner, onReply: program(note("2"), reply(journal, argument)) }));
    expect(scene.look(a, outer, CANISTER_QUERY)).toBe("12inner");
    expect([scene.journal(a), scene.journal(b)]).toEqual(["", ""]);
    expect(scene.net.digest()).toBe(before);
  });

  test("a nested call sees the state as it is, not what its callers changed; callbacks see their own context's changes", () => {
    const { scene, a, b } = world();
    scene.run(a, program(note("old "), reply()));
    const back = call(a, { method: "look", arg: reply(journal), ...passOn });
    expect(
      scene.look(a, program(note("new "), call(b, { ...look(back), method: "ask", onReply: reply(argument, journal) })), CANISTER_QUERY),
    ).toBe("+old old new ");
  });

  test("the caller of a nested call is the calling canister, whose certificate is for the one that was asked first", () => {
    const { scene, a, b } = world();
    const seen = whenEqual(caller, self, reply("itself"), reply(slice(caller, 0, 1), slice(dataCertificatePresent, 0, 1)));
    expect(scene.look(a, program(seen), CANISTER_QUERY)).toBe("\x0a\x01");
    expect(scene.look(a, call(b, look(seen)), CANISTER_QUERY)).toBe("+\ufffd\0");
    expect(scene.look(a, call(a, look(seen)), CANISTER_QUERY)).toBe("+itself");
  });

  test("what its callees do wrong are rejects, with the text alone", () => {
    const { scene, a, b } = world();
    expect(scene.look(a, call(b, look(reject("no"))), CANISTER_QUERY)).toBe("-\x04no");
    expect(scene.look(a, call(b, look(trap("t"))), CANISTER_QUERY)).toMatch(/^-\x05Error from Canister \S+: .*'t'/);
    expect(scene.look(a, call(b, look(program())), CANISTER_QUERY)).toMatch(/^-\x05Canister \S+ did not produce a response$/);
    scene.manageOne("stop_canister", b);
    expect(scene.look(a, call(b, look(reply())), CANISTER_QUERY)).toMatch(
      /^-\x05Canister \S+ is stopped and therefore does not have a CallContextManager$/,
    );
  });

  test("ends with its answer: calls that are left are not made", () => {
    const { scene, a, b } = world();
    const counted = (text: string) => call(b, { method: "look", arg: spin(1_000_000), onReply: trap(text), onReject: trap(text) });
    expect(scene.look(a, program(counted("late"), reply("at once")), CANISTER_QUERY)).toBe("at once");
  });

  test("has the state of one moment, however many canisters it asks", () => {
    const { scene, a, b, c } = world();
    const then = call(c, { method: "look", arg: reply(version), onReply: program(append(argument), send) });
    const both = call(b, { method: "look", arg: reply(version), onReply: program(append(argument), then) });
    const answer = scene.query(a, "ask", both);
    if (answer.kind !== "replied") throw new Error(JSON.stringify(answer));
    // What is appended without an answer is dropped: only the last execution's bytes are there.
    expect(answer.data.length).toBe(8);
    expect(new DataView(answer.data.buffer, answer.data.byteOffset).getBigUint64(0, true)).toBe(BigInt(scene.canister(c).version));
  });
});

describe("limits of a tree of queries [replica: limits of composite queries]", () => {
  test("six contexts wait for one another at most; more end the whole query", () => {
    const { scene, a } = world();
    const chain = (depth: number): Uint8Array =>
      depth === 0 ? reply("end") : call(a, { method: "ask", arg: chain(depth - 1), ...passOn });
    expect(scene.look(a, chain(6), CANISTER_QUERY)).toBe("++++++end");
    expect(scene.look(a, chain(7), CANISTER_QUERY)).toBe("IC0525: Composite query calls exceeded the maximum call depth.");
  });

  test("instructions are counted over the tree, 50 million for each call", () => {
    const scene = new Scenario({ limits: { queryTreeInstructions: 200_000_000 } });
    const [a, b] = [scene.puppet(), scene.puppet()];
    const calls = (times: number) =>
      program(call(b, { method: "look", arg: reply(), times }), call(b, { method: "look", arg: reply("x"), onReply: reply("x") }));
    expect(scene.look(a, calls(1), CANISTER_QUERY)).toBe("x");
    expect(scene.look(a, calls(6), CANISTER_QUERY)).toBe("IC0526: Composite query calls exceeded the instruction limit.");
  });

  test("a deadline of a nested call means nothing", () => {
    const { scene, a, b } = world();
    expect(scene.look(a, call(b, { ...look(reply(number(7))), timeout: 0 }), CANISTER_QUERY)).toBe(`+\x07${"\0".repeat(7)}`);
  });
});
