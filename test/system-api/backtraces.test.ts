/**
 * Backtraces in error texts and in the canister log: which frames, by what names, and for whose eyes.
 */
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/canister/types.ts";
import { canisterModule, moduleText } from "../support/ic0-wat.ts";
import { preparedModule, TestCanister } from "../support/run-canister.ts";
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
