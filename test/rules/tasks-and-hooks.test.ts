/**
 * What the system calls by itself: heartbeat, global timer, low-memory hook, and `canister_inspect_message`.
 *
 * Source: messaging.md 7.5, 7.6; system-api.md 1.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { decodeText, GENESIS_TIME_NANOS, said, Scenario, subnets } from "../support/scenario.ts";
import { universalCanister, type Hook } from "../universal/module.ts";
import {
  acceptMessage,
  append,
  argument,
  call,
  caller,
  evaluate,
  inReplicatedExecution,
  isController,
  journal,
  methodName,
  note,
  noteStable,
  number,
  passOn,
  plus,
  program,
  reply,
  setHook,
  setTimer,
  slice,
  stableJournal,
  time,
  timerWas,
  trap,
  whenEqual,
  type Program,
} from "../universal/program.ts";

function hooked(hook: Hook, what: Program): { scene: Scenario; id: CanisterId } {
  const scene = new Scenario();
  const id = scene.puppet({ hooks: [hook] });
  scene.run(id, program(setHook(hook, what), reply()));
  return { scene, id };
}

describe.each([
  ["a heartbeat", "heartbeat"],
  ["a timer", "global_timer"],
] as const)("%s", (_name, hook) => {
  /** A canister whose task did something since `start`. */
  function task(what: Program): { scene: Scenario; id: CanisterId } {
    const made = hooked(hook, what);
    if (hook === "global_timer") made.scene.run(made.id, program(setTimer(1n), reply()));
    made.scene.rounds();
    return made;
  }

  test("has the management canister as its caller, in replicated execution [canister-interface#entry-points]", () => {
    const { scene, id } = task(whenEqual(caller, "", note(slice(inReplicatedExecution, 0, 1)), note("somebody")));
    expect(scene.journal(id)).toMatch(/^\x01+$/);
  });

  test.each([
    ["an argument", "msg_arg_data_size", evaluate(argument)],
    ["anybody to answer", "msg_reply_data_append", reply("x")],
  ])("has not %s [canister-interface#system-api-imports]", (_what, api, statement) => {
    const { scene, id } = task(program(note("before"), statement));
    expect(scene.journal(id)).toBe("");
    const lines = scene.canister(id).log.records.map(({ content }) => decodeText(content));
    expect(lines).toEqual([]);
    const failed = scene.executed().filter((event) => event.canister === id && event.result.kind === "trap");
    expect(failed.length).toBeGreaterThan(0);
    expect(JSON.stringify(failed[0]!.result)).toContain(`ic0_${api}\\" cannot be executed in ${hook.replace("_", " ")} mode`);
  });

  test("counts as a version when it succeeds, and not when it traps [canister-interface#system-api-canister-version]", () => {
    const { scene, id } = hooked(hook, note("x"));
    const before = scene.canister(id).version;
    if (hook === "global_timer") scene.run(id, program(setTimer(1n), reply()));
    scene.rounds();
    const runs = scene.journal(id).length;
    expect(scene.canister(id).version - before).toBe(runs + (hook === "global_timer" ? 1 : 0));
    const trapping = task(trap("t"));
    const { version } = trapping.scene.canister(trapping.id);
    trapping.scene.rounds(3);
    expect(trapping.scene.canister(trapping.id).version).toBe(version);
  });

  test("does not run while the canister is stopping [index#canister-status]", () => {
    const scene = new Scenario(subnets(2));
    const [id, far] = [scene.puppet({ hooks: [hook] }), scene.puppet({ subnet: 1 })];
    const near = (): void => void scene.events.push(...scene.net.step({ kind: "round", subnets: [scene.subnet(0)] }).events);
    scene.run(id, program(setHook(hook, note("x")), setTimer(plus(time, 5_000_000_000n)), call(far, { arg: reply() }), reply()));
    scene.ask("stop_canister", id);
    near();
    expect(scene.canister(id).status.kind).toBe("stopping");
    const { version } = scene.canister(id);
    scene.pass(6);
    near();
    expect([scene.canister(id).status.kind, scene.canister(id).version]).toEqual(["stopping", version]);
    scene.rounds(3);
    expect(scene.canister(id).status.kind).toBe("stopped");
    scene.manageOne("start_canister", id);
    scene.rounds();
    expect(scene.canister(id).version).toBeGreaterThan(version + 2);
    expect(scene.journal(id)).toMatch(/x$/);
  });
});

describe("the global timer [canister-interface#global-timer]", () => {
  const later = GENESIS_TIME_NANOS + 1_000_000_000_000n;

  test("is inactive when its handler begins, and may be set there again", () => {
    const { scene, id } = hooked("global_timer", program(note(slice(timerWas(later), 0, 1), ".")));
    scene.run(id, program(setTimer(1n), reply()));
    scene.rounds(3);
    expect(scene.journal(id)).toBe("\0.");
    expect(scene.canister(id).globalTimerNanos).toBe(later);
  });

  test("set says what it was, 0 when inactive; 0 deactivates", () => {
    const { scene, id } = hooked("global_timer", note("never"));
    const seen = (value: Program) => scene.run(id, value);
    expect(seen(reply(timerWas(later)))).toBe("\0".repeat(8));
    expect(seen(whenEqual(timerWas(0), number(later), reply("was later")))).toBe("was later");
    scene.pass(2000);
    scene.rounds(2);
    expect(scene.journal(id)).toBe("");
  });

  test.each(["upgrade", "reinstall"] as const)("is switched off by an %s [canister-interface#system-api-upgrades]", (mode) => {
    const { scene, id } = hooked("global_timer", note("never"));
    scene.run(id, program(setTimer(later), reply()));
    expect(scene.reinstall(id, mode, universalCanister(["global_timer"]))).toMatchObject({ kind: "replied" });
    expect(scene.canister(id).globalTimerNanos).toBe(0n);
    scene.run(id, program(setTimer(later), reply()));
    // Code that runs in the installation may set it.
    scene.reinstall(id, mode, universalCanister(["global_timer"]), setTimer(later + 1n));
    expect(scene.canister(id).globalTimerNanos).toBe(later + 1n);
  });

  test("fires without a module that handles it only to be switched off", () => {
    const scene = new Scenario();
    const id = scene.puppet();
    scene.run(id, program(setTimer(1n), reply()));
    scene.rounds(2);
    expect(scene.run(id, reply("fine"))).toBe("fine");
  });
});

test("the low-memory hook may call, and has the system's context [canister-interface#on-low-wasm-memory]", () => {
  const scene = new Scenario();
  const [id, other] = [scene.puppet({ hooks: ["on_low_wasm_memory"] }), scene.puppet()];
  const what = call(other, { arg: program(note("told"), reply()), onReply: whenEqual(caller, "", note("system's callback")) });
  scene.run(id, program(setHook("on_low_wasm_memory", what), reply()));
  const size = 65536n * BigInt(scene.canister(id).execution!.heap.wasmPages);
  scene.setSettings(id, { wasm_memory_limit: size + 10_000n, wasm_memory_threshold: 20_000n });
  scene.rounds(3);
  expect([scene.journal(other), scene.journal(id)]).toEqual(["told", "system's callback"]);
});

describe("canister_inspect_message [canister-interface#system-api-inspect-message]", () => {
  const refused = /^IC0406: Error from Canister \S+: Canister rejected the message$/;
  const doorkeeper = (what: Program) => hooked("inspect_message", what);

  test("sees who calls what with which argument, and accepts or does not", () => {
    const { scene, id } = doorkeeper(
      whenEqual(
        methodName,
        "run",
        whenEqual(slice(argument, 0, 1), slice(argument, 0, 1), whenEqual(isController(caller), number(1), acceptMessage)),
      ),
    );
    expect(scene.run(id, reply("controller"))).toBe("controller");
    expect(scene.run(id, reply(), { sender: "0b0b01" as PrincipalId })).toMatch(refused);
    expect(said(scene.call(id, "look", reply()))).toMatch(refused);
  });

  test("is asked by users' update calls, of any method there is or is not, and by nothing else", () => {
    const { scene, id } = doorkeeper(program());
    const other = scene.puppet();
    expect(scene.run(id, reply())).toMatch(refused);
    expect(said(scene.call(id, "no such method"))).toMatch(refused);
    expect(scene.look(id, reply("query"))).toBe("query");
    expect(scene.look(id, reply("composite"), { method: "ask" })).toBe("composite");
    expect(scene.run(other, call(id, { arg: reply("by a canister"), ...passOn }))).toBe("+by a canister");
    scene.setSettings(id, { freezing_threshold: 1n });
    scene.manageOne("stop_canister", id);
    expect(scene.canister(id).status.kind).toBe("stopped");
  });

  test("may accept what then does not exist", () => {
    const { scene, id } = doorkeeper(acceptMessage);
    const { answer, messageId } = scene.submit(id, "missing");
    expect(answer.kind).toBe("accepted");
    expect(said(scene.await(messageId))).toMatch(/^IC0536: .*Canister has no update method 'missing'/);
  });

  test("changes nothing, pays nothing, and may not do what needs consensus", () => {
    const { scene, id } = doorkeeper(program(note("x"), noteStable("y")));
    const { balanceCycles, version } = scene.canister(id);
    expect(scene.run(id, reply())).toMatch(refused);
    expect([scene.journal(id), scene.look(id, reply(stableJournal))]).toEqual(["", ""]);
    expect(scene.canister(id)).toMatchObject({ balanceCycles, version });
    const consensus = doorkeeper(whenEqual(argument, "", acceptMessage, setTimer(1n)));
    expect(consensus.scene.run(consensus.id, reply())).toMatch(
      /^IC0504: .*"ic0_global_timer_set" cannot be executed in inspect message mode/,
    );
    const replies = doorkeeper(append(journal));
    expect(replies.scene.run(replies.id, reply())).toMatch(/"ic0_msg_reply_data_append" cannot be executed in inspect message mode/);
  });

  test("that accepts twice, or traps, refuses with the trap", () => {
    const twice = doorkeeper(program(acceptMessage, acceptMessage));
    expect(twice.scene.run(twice.id, reply())).toMatch(/^IC0504: .*ic0\.accept_message: the function was already called\./);
    const trapping = doorkeeper(program(acceptMessage, trap("no entry")));
    expect(trapping.scene.run(trapping.id, reply())).toMatch(/^IC0503: Error from Canister \S+: .*'no entry'/);
  });
});
