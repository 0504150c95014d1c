/**
 * Backtraces in error texts and in the canister log: which frames, by what names, and for whose eyes.
 */
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/canister/types.ts";
import { canisterModule, moduleText } from "../support/ic0-wat.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { preparedModule, TestCanister } from "../support/run-canister.ts";
import { ALICE, said, Scenario } from "../support/scenario.ts";
import { compileWat } from "../support/ic0-wat.ts";
import { wat } from "../support/wat.ts";

describe("backtraces [replica: backtraces]", () => {
  const error = (outcome: Outcome): string => (outcome.result.kind === "trap" ? outcome.result.error.description : "no trap");
  const shown = (outcome: Outcome): string | undefined => /\nCanister Backtrace:\n[^]*?(?=\.\n)/.exec(error(outcome))?.[0].slice(1);
  const logged = (outcome: Outcome): string[] => outcome.logs.records.map(({ content }) => Buffer.from(content).toString());
  const traced = (body: string, names = true): TestCanister => {
    const canister = new TestCanister(names ? canisterModule(body) : preparedModule(wat(moduleText(body))));
    canister.view = { showsBacktraces: true };
    return canister;
  };

  test("a trap's backtrace names the canister's functions, in the error and in its log", () => {
    const canister = traced(`(memory 1) (data (i32.const 0) "boom")
    (func $inner (param i32) (if (local.get 0) (then (call $trap (i32.const 0) (i32.const 4)))) (unreachable))
    (func $outer (export "canister_update wasm") (call $inner (i32.const 0)))
    (func $caller (export "canister_update explicit") (call $inner (i32.const 1)))`);
    const wasm = canister.update("wasm");
    const trace = "Canister Backtrace:\ninner\nouter\n";
    expect(shown(wasm)).toBe(trace);
    expect(logged(wasm)).toEqual([`[TRAP]: unreachable\n${trace}`]);
    const explicit = canister.update("explicit");
    expect(shown(explicit)).toBe("Canister Backtrace:\ninner\ncaller\n");
    expect(logged(explicit)).toEqual(["[TRAP]: boom\nCanister Backtrace:\ninner\ncaller\n"]);
    canister.view = { showsBacktraces: false };
    expect(error(canister.update("wasm"))).not.toContain("Backtrace");
    expect(logged(canister.update("wasm")), "the log has it all the same").toEqual([`[TRAP]: unreachable\n${trace}`]);
  });

  test("of a deep stack the innermost twenty functions are shown, whoever traps", () => {
    const canister = traced(`(func $down (param $n i32)
      (if (i32.eqz (local.get $n)) (then (unreachable)))
      (if (i32.eq (local.get $n) (i32.const 1000)) (then (call $trap (i32.const 0) (i32.const 0))))
      (call $down (i32.sub (local.get $n) (i32.const 1))) (drop (i32.const 0)))
      (func $wasm (export "canister_update wasm") (call $down (i32.const 30)))
      (func $host (export "canister_update host") (call $down (i32.const 1018)))
      (func $long (export "canister_update long") (call $down (i32.const 1030)))`);
    const downs = (count: number): string => `Canister Backtrace:\n${"down\n".repeat(count)}`;
    expect(shown(canister.update("wasm"))).toBe(downs(20));
    expect(shown(canister.update("long"))).toBe(downs(20));
    expect(shown(canister.update("host"))).toBe(`${downs(19)}host\n`);
  });

  test("a function without a name has the number of the platform's module, which imports five functions more", () => {
    const canister = traced(`(func (param i32) (call $trap (i32.const 0) (local.get 0)))
      (func $named (export "canister_update go") (call 1 (i32.const 0)))`);
    expect(shown(canister.update("go"))).toBe("Canister Backtrace:\nunknown function at index 6\nnamed\n");
  });

  test("names of Rust are shown as they are written", () => {
    const canister = traced(`(func $_ZN7ledger28transfer17h05af221e174051e9E)
      (func $_ZN6ledger8transfer17h05af221e174051e9E (unreachable))
      (func $_RNCNvCsXXId2UFtzW_5probe7use_all0B3_ (export "canister_update go") (call $_ZN6ledger8transfer17h05af221e174051e9E))`);
    expect(shown(canister.update("go"))).toBe("Canister Backtrace:\nledger::transfer\nprobe::use_all::{closure#0}\n");
  });

  test("stable memory's functions are frames of their own, by name also in a module that names nothing", () => {
    const body = `(func $reads (export "canister_update go") (call $stable64_read (i64.const 0) (i64.const 0) (i64.const 1)))
      (func $writes (export "canister_update write") (call $stable_write (i32.const 0) (i32.const 0) (i32.const 1)))
      (func $plain (export "canister_update plain") (unreachable))`;
    expect(shown(traced(body).update("go"))).toBe("Canister Backtrace:\nstable64_read\nreads\n");
    expect(shown(traced(body).update("write"))).toBe("Canister Backtrace:\nstable_write\nwrites\n");
    expect(shown(traced(body, false).update("go"))).toBe("Canister Backtrace:\nstable64_read\nunknown function at index 7\n");
    expect(shown(traced(body, false).update("plain"))).toBeUndefined();
  });
});

/** Fails in every entry point that can be reached. */
const FAILS = moduleText(`(data (i32.const 0) "u")
  (func $fails (unreachable))
  (func $update (export "canister_update u") (call $fails))
  (func $query (export "canister_query q") (call $fails))
  (func $composite (export "canister_composite_query c") (call $fails))
  (func $pre (export "canister_pre_upgrade") (call $fails))
  (table 3 funcref) (elem (i32.const 0) $reply $reject $cleanup)
  (func $reply (param i32) (call $fails)) (func $reject (param i32) (call $fails)) (func $cleanup (param i32) (call $fails))
  (func $calls (call $canister_self_copy (i32.const 100) (i32.const 0) (i32.const 10))
    (call $call_new (i32.const 100) (i32.const 10) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))
  (func $call (export "canister_update call") (call $calls) (drop (call $call_perform)))
  (func $both (export "canister_update both") (call $calls) (call $call_on_cleanup (i32.const 2) (i32.const 0)) (drop (call $call_perform)))`);
const failing = (hook: string): Uint8Array => compileWat(`(module (func $fails (unreachable)) ${hook})`);

const TRACE = (...frames: readonly string[]): string => `Canister trapped: unreachable\nCanister Backtrace:\n${frames.join("\n")}\n`;
const STRANGER = "0b0b01" as PrincipalId;

describe("who sees backtraces [replica: backtraces]", () => {
  const setUp = (visibility?: Record<string, unknown>): { s: Scenario; id: CanisterId } => {
    const s = new Scenario();
    const id = s.install(FAILS);
    if (visibility !== undefined) s.setSettings(id, { log_visibility: visibility });
    return { s, id };
  };
  const asked = (s: Scenario, id: CanisterId, method: string, sender: PrincipalId): string => {
    const answer = s.query(id, method, undefined, sender);
    return answer.kind === "rejected" ? answer.reject.message : "no reject";
  };

  test("those who may read the canister's log: controllers, viewers, everybody", () => {
    for (const [visibility, stranger] of [
      [undefined, false],
      [{ controllers: null }, false],
      [{ allowed_viewers: [Principal.fromHex("0c0c01")] }, false],
      [{ allowed_viewers: [Principal.fromHex(STRANGER)] }, true],
      [{ public: null }, true],
    ] as const) {
      const { s, id } = setUp(visibility);
      for (const [sender, sees] of [
        [ALICE, true],
        [STRANGER, stranger],
      ] as const) {
        expect(said(s.call(id, "u", undefined, { sender })).includes(TRACE("fails", "update")), JSON.stringify([visibility, sender])).toBe(
          sees,
        );
        expect(asked(s, id, "q", sender).includes(TRACE("fails", "query"))).toBe(sees);
        expect(asked(s, id, "c", sender).includes(TRACE("fails", "composite"))).toBe(sees);
        if (!sees) expect(asked(s, id, "q", sender)).toContain("Canister trapped: unreachable.\nConsider");
      }
    }
  });

  test("of a callback that traps, and of its cleanup too", () => {
    const { s, id } = setUp();
    expect(said(s.call(id, "call"))).toContain(TRACE("fails", "reject"));
    expect(said(s.call(id, "both"))).toBe(
      `IC0502: Error from Canister ${Principal.fromHex(id).toText()}: ${TRACE("fails", "reject")}\n\ncall_on_cleanup also failed:\n\n${TRACE("fails", "cleanup")}`,
    );
    expect(said(s.call(id, "both", undefined, { sender: STRANGER }))).not.toContain("Backtrace");
  });

  test("of installations: whoever installs is a controller", () => {
    const { s, id } = setUp();
    const install = (mode: "reinstall" | "upgrade", wasm: Uint8Array): string => said(s.reinstall(id, mode, wasm));
    expect(install("upgrade", failing(""))).toContain(TRACE("fails", "pre"));
    expect(install("reinstall", failing('(func $init (export "canister_init") (call $fails))'))).toContain(TRACE("fails", "init"));
    expect(install("reinstall", failing("(func $begin (call $fails)) (start $begin)"))).toContain(TRACE("fails", "begin"));
    s.reinstall(id, "reinstall", compileWat("(module)"));
    expect(install("upgrade", failing('(func $post (export "canister_post_upgrade") (call $fails))'))).toContain(TRACE("fails", "post"));
  });

  test("of inspect_message", () => {
    const { s, id } = setUp();
    s.reinstall(
      id,
      "reinstall",
      failing('(func $inspect (export "canister_inspect_message") (call $fails)) (func (export "canister_update u"))'),
    );
    expect(said(s.call(id, "u"))).toContain(TRACE("fails", "inspect"));
    expect(said(s.call(id, "u", undefined, { sender: STRANGER }))).toContain("Canister trapped: unreachable.\nConsider");
  });
});
