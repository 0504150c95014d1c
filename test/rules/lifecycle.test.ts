/**
 * A canister's life in a running network: modes of installation, hooks, versions, settings that code can see.
 *
 * Source: management-canister.md 3, 4; scheduling.md 4; messaging.md 7.4, 7.5.
 */
import { expect, test } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import {
  append,
  appendInfo,
  appendReject,
  appendStableJournal,
  appendVariable,
  call,
  certify,
  grow,
  note,
  noteStable,
  NOTHING,
  passOn,
  program,
  puppet,
  reply,
  send,
  setHook,
  setTimer,
  trap,
  type Program,
} from "../support/puppet.ts";
import { GENESIS_TIME_NANOS, said, Scenario } from "../support/scenario.ts";

const stable = (scene: Scenario, id: CanisterId): string => {
  const answer = scene.query(id, "look", program(appendStableJournal, send));
  return answer.kind === "replied" ? new TextDecoder().decode(answer.data) : answer.kind;
};

/** What an installation that fails must leave as it was. */
function codeOf(scene: Scenario, id: CanisterId): unknown {
  const { execution, version, history, status, certifiedData, globalTimerNanos, callbacks, settings } = scene.canister(id);
  const memories = [execution!.heap, execution!.stable].map((memory) => [memory.wasmPages, toHex(memory.digest(nodePlatform.sha256))]);
  const { hash } = execution!.module;
  return {
    hash,
    memories,
    globals: toHex(execution!.globals),
    version,
    history,
    status,
    certifiedData,
    globalTimerNanos,
    open: callbacks.size,
    settings,
  };
}

test("an upgrade keeps stable memory and drops the heap: pre_upgrade sees the old state, post_upgrade the new [canister-interface#system-api-upgrades]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ arg: noteStable("i") });
  scene.run(id, program(note("heap"), certify("kept"), setTimer(5n), setHook("pre_upgrade", noteStable("p")), reply()));
  expect(scene.reinstall(id, "upgrade", puppet("heartbeat"), program(noteStable("q")))).toMatchObject({ kind: "replied" });
  expect([stable(scene, id), scene.journal(id)]).toEqual(["ipq", ""]);
  expect(scene.canister(id)).toMatchObject({ certifiedData: new TextEncoder().encode("kept"), globalTimerNanos: 0n });
});

test("a reinstallation starts from nothing [management-canister#ic-install_code]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ arg: noteStable("i") });
  scene.run(id, program(note("heap"), certify("gone"), setTimer(5n), setHook("pre_upgrade", noteStable("p")), reply()));
  expect(scene.reinstall(id, "reinstall", puppet(), noteStable("r"))).toMatchObject({ kind: "replied" });
  expect([stable(scene, id), scene.journal(id)]).toEqual(["r", ""]);
  expect(scene.canister(id)).toMatchObject({ certifiedData: new Uint8Array(0), globalTimerNanos: 0n });
});

const failures: readonly (readonly [string, Program, Program, RegExp])[] = [
  ["pre_upgrade traps", program(noteStable("p"), trap("before")), NOTHING, /^IC0503: .*'before'/],
  [
    "post_upgrade traps",
    program(noteStable("p"), setTimer(9n)),
    program(noteStable("q"), grow(1), certify("no"), trap("after")),
    /^IC0503: .*'after'/,
  ],
];

for (const [what, before, after, text] of failures) {
  test(`an upgrade whose ${what} leaves everything as it was, but for the charge [management-canister#ic-install_code]`, () => {
    const scene = new Scenario();
    const id = scene.puppet();
    scene.run(id, program(note("heap"), noteStable("s"), certify("old"), setTimer(1n << 62n), setHook("pre_upgrade", before), reply()));
    const [state, { balanceCycles }] = [codeOf(scene, id), scene.canister(id)];
    expect(said(scene.reinstall(id, "upgrade", puppet("heartbeat"), after))).toMatch(text);
    expect(codeOf(scene, id)).toEqual(state);
    expect(scene.canister(id).balanceCycles).toBeLessThan(balanceCycles);
    expect(scene.run(id, reply("alive"))).toBe("alive");
  });
}

test("installing on a canister that has a module, and upgrading one that has none [management-canister#ic-install_code]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const state = codeOf(scene, id);
  expect(said(scene.reinstall(id, "install", puppet()))).toMatch(
    /^IC0514: Canister \S+ cannot be installed because the canister is not empty\. Try installing with mode='reinstall' instead\.\n/,
  );
  expect(codeOf(scene, id)).toEqual(state);
  scene.uninstall(id);
  expect(said(scene.reinstall(id, "upgrade", puppet()))).toMatch(/^IC0537: /);
  expect(scene.canister(id).execution).toBe(null);
});

test("the version counts what may have changed the canister [canister-interface#system-api-canister-version]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: ["global_timer"] });
  const steps = (what: () => void): number => {
    const { version } = scene.canister(id);
    what();
    return scene.canister(id).version - version;
  };
  expect(steps(() => scene.run(id, reply()))).toBe(1);
  expect(steps(() => scene.run(id, trap()))).toBe(0);
  expect(steps(() => void scene.call(id, "look", reply()))).toBe(1);
  expect(steps(() => void scene.query(id, "look", reply()))).toBe(0);
  expect(steps(() => scene.run(id, call(id, { arg: reply(), onReply: reply() })))).toBe(3);
  expect(steps(() => scene.run(id, call(id, { arg: reply(), onReply: trap() })))).toBe(2);
  expect(steps(() => scene.run(id, call(id, { arg: reply(), onReply: trap(), onCleanup: note("c") })))).toBe(3);
  expect(steps(() => (scene.run(id, program(setTimer(1n), reply())), scene.rounds()))).toBe(2);
  expect(steps(() => scene.setSettings(id, { compute_allocation: 1n }))).toBe(1);
  expect(steps(() => scene.manageOne("start_canister", id))).toBe(1);
  expect(steps(() => scene.manageOne("stop_canister", id))).toBe(2);
  expect(steps(() => scene.manageOne("stop_canister", id))).toBe(1);
  expect(steps(() => scene.manageOne("start_canister", id))).toBe(1);
  expect(steps(() => scene.reinstall(id, "upgrade", puppet()))).toBe(1);
  expect(steps(() => scene.reinstall(id, "reinstall", puppet()))).toBe(1);
  expect(steps(() => scene.uninstall(id))).toBe(1);
});

test("environment variables are what the settings say, at once and after an upgrade [canister-interface#environment-variables]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const set = (value: string) => scene.setSettings(id, { environment_variables: [{ name: "PUBLIC_CANISTER_ID:b", value }] });
  const read = program(append("<"), appendVariable("PUBLIC_CANISTER_ID:b"), append(">"), send);
  expect(scene.run(id, read)).toMatch(/^IC0504: .*Environment variable PUBLIC_CANISTER_ID:b not found\./);
  set("one");
  expect(scene.run(id, read)).toBe("<one>");
  scene.reinstall(id, "upgrade", puppet());
  set("two");
  expect(scene.run(id, read)).toBe("<two>");
});

test("a canister that asks for cycles with each call rejects others' calls with fewer; its own and users' are exempt [abstract-behavior#calls-with-insufficient-cycles-are-rejected]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  scene.setSettings(b, { minimum_incoming_canister_call_cycles: 1000n });
  const text = `IC0520: Canister ${principalText(b)} takes calls with at least 1000 cycles, 999 were attached`;
  const onReject = program(append("-"), appendReject, appendInfo("refunded"), send);
  expect(scene.run(a, call(b, { arg: note("x"), cycles: 999n, onReject }))).toBe(`-\x05${text}\ufffd\x03${"\0".repeat(6)}`);
  expect(scene.run(a, call(b, { arg: program(note("y"), reply("in")), cycles: 1000n, ...passOn }))).toBe("+in");
  expect(scene.run(b, call(b, { arg: reply("self"), ...passOn }))).toBe("+self");
  expect(scene.journal(b)).toBe("y");
});

test("the low-memory hook runs once when memory gets short, and again after it was not [abstract-behavior#rule-on-low-wasm-memory]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: ["on_low_wasm_memory"] });
  scene.run(id, program(setHook("on_low_wasm_memory", note("w")), reply()));
  const pages = scene.canister(id).execution!.heap.wasmPages;
  const limit = (more: number) => BigInt((pages + more) * 65536);
  scene.setSettings(id, { wasm_memory_limit: limit(10), wasm_memory_threshold: BigInt(5 * 65536) });
  scene.rounds(2);
  expect(scene.journal(id)).toBe("");
  scene.run(id, program(grow(6), reply()));
  scene.rounds(2);
  expect(scene.journal(id)).toBe("w");
  scene.run(id, program(grow(1), reply()));
  scene.rounds(2);
  expect(scene.journal(id)).toBe("w");
  scene.setSettings(id, { wasm_memory_limit: limit(100) });
  scene.rounds(2);
  scene.setSettings(id, { wasm_memory_limit: limit(10) });
  scene.rounds(2);
  expect(scene.journal(id)).toBe("ww");
});

test("the low-memory hook goes before the messages behind the one that made it due; frozen, the canister runs it later [canister-interface#on-low-wasm-memory]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: ["on_low_wasm_memory"] });
  scene.run(id, program(setHook("on_low_wasm_memory", note("w")), reply()));
  const pages = scene.canister(id).execution!.heap.wasmPages;
  scene.setSettings(id, { wasm_memory_limit: BigInt((pages + 10) * 65536), wasm_memory_threshold: BigInt(5 * 65536) });
  scene.start(id, program(note("a"), grow(6), reply()));
  scene.start(id, program(note("b"), reply()));
  scene.rounds();
  expect(scene.journal(id)).toBe("awb");

  scene.setSettings(id, { wasm_memory_limit: BigInt((pages + 100) * 65536) });
  const { balanceCycles } = scene.canister(id);
  scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: 30_000_000_000n });
  // A small argument: paid for after the change.
  scene.setSettings(id, { wasm_memory_limit: BigInt((pages + 10) * 65536) });
  scene.rounds(2);
  expect(scene.canister(id).lowMemoryHook).toBe("ready");
  scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: balanceCycles });
  scene.rounds();
  expect([scene.journal(id), scene.canister(id).lowMemoryHook]).toEqual(["awbw", "executed"]);
});

test("wasm_memory_limit stops updates, not callbacks [management-canister#ic-create_canister]", () => {
  const scene = new Scenario();
  const id = scene.puppet();
  const pages = scene.canister(id).execution!.heap.wasmPages;
  scene.setSettings(id, { wasm_memory_limit: BigInt((pages + 2) * 65536) });
  expect(scene.run(id, program(grow(3), reply()))).toMatch(/^IC0539: /);
  expect(scene.run(id, call(id, { arg: reply(), onReply: program(grow(3), reply("grown")) }))).toBe("grown");
  expect(scene.run(id, reply("no more"))).toMatch(/^IC0539: .*exceeded its current Wasm memory limit of \d+ bytes/);
});

test("tasks and messages take turns: with inputs in every round a heartbeat runs in every other one [replica: order of tasks]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: ["heartbeat"] });
  scene.run(id, program(setHook("heartbeat", note("h")), reply()));
  const start = scene.journal(id).length;
  for (let i = 0; i < 6; i++) {
    scene.start(id, program(note("u"), reply()));
    scene.rounds();
  }
  expect(scene.journal(id).slice(start)).toMatch(/^(huuhuuhuu|uhuuhuuhu)$/);
});

test("a timer in the past fires in the next round, one time; a frozen or stopped canister keeps it [canister-interface#global-timer]", () => {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: ["global_timer"] });
  scene.run(id, program(setHook("global_timer", note("t")), setTimer(1n), reply()));
  scene.rounds(3);
  expect(scene.journal(id)).toBe("t");

  const later = GENESIS_TIME_NANOS + 1_000_000_000_000n;
  scene.run(id, program(setTimer(later), reply()));
  scene.manageOne("stop_canister", id);
  scene.pass(2000);
  scene.rounds(2);
  expect(scene.canister(id).globalTimerNanos).toBe(later);
  scene.manageOne("start_canister", id);
  scene.rounds(2);
  expect([scene.journal(id), scene.canister(id).globalTimerNanos]).toEqual(["tt", 0n]);

  scene.run(id, program(setTimer(later), reply()));
  const cycles = scene.canister(id).balanceCycles;
  scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: 1_000_000n });
  scene.rounds(2);
  expect([scene.canister(id).globalTimerNanos, scene.canister(id).balanceCycles <= 1_000_000n]).toEqual([later, true]);
  scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles });
  scene.rounds();
  expect(scene.journal(id)).toBe("ttt");
});

test("a task that calls: its callbacks run, nobody is answered [canister-interface#heartbeat] [abstract-behavior#call-context-removal]", () => {
  const scene = new Scenario();
  const [id, other] = [scene.puppet({ hooks: ["global_timer"] }), scene.puppet()];
  const task = call(other, { arg: program(note("x"), reply()), onReply: note("r") });
  scene.run(id, program(setHook("global_timer", task), setTimer(1n), reply()));
  scene.rounds(2);
  expect([scene.journal(id), scene.journal(other), scene.canister(id).callContexts.size]).toEqual(["r", "x", 0]);
});

test("where rate limits are on, a canister that changed much memory or installed much waits until it is worked off [replica: rate limits]", () => {
  const limits = { rateLimiting: true, heapDeltaRateLimitBytes: 4096, installCodeRateLimitInstructions: 1_000_000 };
  const scene = new Scenario({ limits });
  const id = scene.puppet();
  expect(said(scene.reinstall(id, "upgrade", puppet()))).toMatch(/^IC0209: /);
  const { installCodeDebitInstructions } = scene.canister(id);
  scene.rounds(Math.ceil(installCodeDebitInstructions / 1_000_000));
  expect(scene.reinstall(id, "upgrade", puppet())).toMatchObject({ kind: "replied" });

  scene.rounds(Math.ceil(scene.canister(id).installCodeDebitInstructions / 1_000_000));
  // A page a round is worked off, and the message changes several: the argument, the journal, the scratch.
  const first = scene.start(id, program(note("a"), reply("first")));
  scene.rounds();
  expect(scene.outcome(first)).toBe("first");
  const next = scene.start(id, program(note("b"), reply("next")));
  scene.rounds();
  expect(scene.outcome(next)).toBe("received");
  scene.rounds(scene.canister(id).heapDeltaDebitBytes / 4096 + 1);
  expect(scene.outcome(next)).toBe("next");
});
