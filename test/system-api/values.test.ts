/**
 * What a canister learns of itself and of its caller, in every kind of entry point of a network, with pointers of 32 and of 64 bits: each
 * entry point prints what it was told, and the network prints everything.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { toHex } from "../../src/base/bytes.ts";
import { ALICE, decodeText, Scenario } from "../support/scenario.ts";
import { moduleText } from "../support/ic0-wat.ts";
import { compileWat } from "../support/ic0-wat.ts";

const BOB = "0b0b01" as PrincipalId;

/** Numbers in the order in which they are told. */
const NUMBERS = ["replicated", "version", "time", "status", "variables", "certificate", "counter", "contextCounter"] as const;
const BLOBS = ["self", "subnet", "caller", "info", "signer", "arg"] as const;
type Told = { readonly at: string } & Record<(typeof NUMBERS)[number], bigint> & Record<(typeof BLOBS)[number], string>;

/** Where only some of it can be asked. */
const NO_INFO = ["init", "post", "pre", "beat", "timer", "low"];
const WITH_ARG = ["init", "post", "U", "Q", "CQ", "Ry", "CRy", "F"];

/** With a heartbeat, unless that would disturb. */
function teller(bits: 32 | 64, beats: boolean): string {
  const P = bits === 64 ? "i64" : "i32";
  const c = (value: number): string => `(${P}.const ${value})`;
  const wide = (call: string): string => (bits === 64 ? call : `(i64.extend_i32_u ${call})`);
  const put = (value: string): string => `(call $put ${value})`;
  const blob = (name: string): string => `${put(wide(`(call $${name}_size)`))}
    (call $${name}_copy (global.get $at) ${c(0)} (call $${name}_size)) (global.set $at (${P}.add (global.get $at) (call $${name}_size)))`;
  const tell = (tag: string): string => {
    const info = NO_INFO.includes(tag)
      ? put("(i64.const 0)") + put("(i64.const 0)")
      : blob("msg_caller_info_data") + blob("msg_caller_info_signer");
    return `(global.set $at ${c(4096)})
      ${put("(i64.extend_i32_u (call $in_replicated_execution))")} ${put("(call $canister_version)")} ${put("(call $time)")}
      ${put("(i64.extend_i32_u (call $canister_status))")} ${put(wide("(call $env_var_count)"))} ${put("(i64.extend_i32_u (call $data_certificate_present))")}
      ${put("(call $performance_counter (i32.const 0))")} ${put("(call $performance_counter (i32.const 1))")}
      ${blob("canister_self")} ${blob("subnet_self")} ${blob("msg_caller")} ${info} ${WITH_ARG.includes(tag) ? blob("msg_arg_data") : put("(i64.const 0)")}
      (i64.store ${c(4088)} (i64.const 0)) ${[...tag].map((letter, i) => `(i32.store8 ${c(4088 + i)} (i32.const ${letter.charCodeAt(0)}))`).join(" ")}
      (call $debug_print ${c(4088)} (${P}.sub (global.get $at) ${c(4088)}))`;
  };
  const method = (kind: string, name: string, tag: string): string =>
    `(func (export "canister_${kind} ${name}") ${tell(tag)} (call $msg_reply))`;
  const hook = (name: string, tag: string, more = ""): string => `(func (export "canister_${name}") ${tell(tag)} ${more})`;
  const callback = (tag: string, more: string): string => `(func $${tag} (param ${P}) ${tell(tag)} ${more})`;
  // A call of the method "answers" or "refuses" of the own canister.
  const call = (kind: string, name: string, callee: number, size: number, reply: number, reject: number): string => `
    (func (export "canister_${kind} ${name}") (call $canister_self_copy ${c(100)} ${c(0)} ${c(10)})
      (call $call_new ${c(100)} ${c(10)} ${c(callee)} ${c(size)} ${c(reply)} ${c(7)} ${c(reject)} ${c(7)})
      (call $call_on_cleanup ${c(kind === "update" ? 6 : 7)} ${c(7)}) (drop (call $call_perform)))`;
  return moduleText(
    `(memory ${bits === 64 ? "i64 " : ""}1) (data (${P}.const 200) "answersrefuses") (global $at (mut ${P}) ${c(0)})
    (table 8 funcref) (elem (i32.const 0) $Ry $Rt $CRy $CRt $RyTraps $CRyTraps $C $CC)
    (func $put (param i64) (i64.store (global.get $at) (local.get 0)) (global.set $at (${P}.add (global.get $at) ${c(8)})))
    ${callback("Ry", "(call $msg_reply)")} ${callback("Rt", "(call $msg_reply)")} ${callback("CRy", "(call $msg_reply)")} ${callback("CRt", "(call $msg_reply)")}
    (func $RyTraps (param ${P}) (unreachable)) (func $CRyTraps (param ${P}) (unreachable)) ${callback("C", "")} ${callback("CC", "")}
    (func (export "canister_query answers") (call $msg_reply_data_append ${c(200)} ${c(7)}) (call $msg_reply))
    (func (export "canister_query refuses") (call $msg_reject ${c(200)} ${c(7)}))
    ${call("update", "reply", 200, 7, 0, 1)} ${call("update", "reject", 207, 7, 0, 1)} ${call("update", "cleanup", 200, 7, 4, 1)}
    ${call("composite_query", "c_reply", 200, 7, 2, 3)} ${call("composite_query", "c_reject", 207, 7, 2, 3)} ${call("composite_query", "c_cleanup", 200, 7, 5, 3)}
    ${hook("init", "init")} ${hook("post_upgrade", "post")} ${hook("pre_upgrade", "pre")} ${hook("inspect_message", "F", "(call $accept_message)")}
    ${beats ? hook("heartbeat", "beat") : ""} ${hook("global_timer", "timer")}
    (func (export "canister_update timer") (drop (call $global_timer_set (i64.const 1))) (call $msg_reply))
    ${method("update", "u", "U")} ${method("query", "q", "Q")} ${method("composite_query", "c", "CQ")}`,
    bits,
  );
}

function told(content: Uint8Array): Told {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let at = 8;
  const number = (): bigint => view.getBigUint64((at += 8) - 8, true);
  const bytes = (): string => {
    const size = Number(number());
    return toHex(content.subarray(at, (at += size)));
  };
  const tag = Buffer.from(content.subarray(0, 8)).toString().replace(/\0+$/, "");
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, number()]));
  return { at: tag, ...numbers, ...Object.fromEntries(BLOBS.map((name) => [name, bytes()])) } as Told;
}

class Teller {
  readonly s = new Scenario({ limits: { printing: true } });
  readonly id: CanisterId;
  readonly wasm: Uint8Array;

  constructor(bits: 32 | 64, beats = false) {
    this.wasm = compileWat(teller(bits, beats));
    this.id = this.s.install(this.wasm, { arg: Uint8Array.of(1, 2) });
  }

  /** What was told since the last look. */
  heard(which: (tag: string) => boolean = () => true): Told[] {
    return this.s.events
      .splice(0)
      .flatMap((event) => (event.kind === "printed" && !decodeText(event.content).startsWith("[TRAP]") ? [told(event.content)] : []))
      .filter(({ at }) => which(at));
  }

  one(tag: string): Told {
    const [only, ...more] = this.heard((at) => at === tag);
    expect([only?.at, more.length]).toEqual([tag, 0]);
    return only!;
  }

  query(method: string, sender: PrincipalId, senderInfo: { data: Uint8Array; signer: Uint8Array } | null = null): void {
    const { events } = this.s.net.step({ kind: "query", sender, receiver: this.id, method, arg: Uint8Array.of(9), senderInfo } as never);
    this.s.events.push(...events);
  }
}

describe.each([32, 64] as const)("in wasm%i", (bits) => {
  test("each entry point knows where it runs, and for whom [canister-interface#system-api-canister-self]", () => {
    const t = new Teller(bits);
    const { s, id } = t;
    const subnet = s.subnet(0);
    const common = { self: id, subnet, status: 1n, variables: 0n };
    const management = { caller: "", arg: "", info: "", signer: "" };
    expect(t.one("init")).toMatchObject({ ...common, replicated: 1n, version: 1n, caller: ALICE, arg: "0102", info: "" });
    s.call(id, "u", Uint8Array.of(5), { sender: BOB });
    const [inspect, update] = t.heard();
    expect(inspect).toMatchObject({ at: "F", ...common, replicated: 0n, caller: BOB, arg: "05", info: "", signer: "" });
    expect(update).toMatchObject({ at: "U", ...common, replicated: 1n, caller: BOB, arg: "05", info: "", signer: "" });
    s.call(id, "q", Uint8Array.of(6));
    expect(t.one("Q"), "through consensus").toMatchObject({ ...common, replicated: 1n, caller: ALICE, arg: "06" });
    t.query("q", BOB);
    expect(t.one("Q")).toMatchObject({ ...common, replicated: 0n, caller: BOB, arg: "09" });
    t.query("c", BOB);
    expect(t.one("CQ")).toMatchObject({ ...common, replicated: 0n, caller: BOB, arg: "09" });
    s.call(id, "reply", undefined, { sender: BOB });
    expect(t.one("Ry"), "the caller is the call context's").toMatchObject({
      ...common,
      replicated: 1n,
      caller: BOB,
      arg: toHex(Buffer.from("answers")),
    });
    s.call(id, "reject", undefined, { sender: BOB });
    expect(t.one("Rt")).toMatchObject({ ...common, replicated: 1n, caller: BOB, arg: "" });
    s.call(id, "cleanup", undefined, { sender: BOB });
    expect(t.one("C")).toMatchObject({ ...common, replicated: 1n, caller: BOB, arg: "" });
    t.query("c_reply", BOB);
    expect(t.one("CRy")).toMatchObject({ ...common, replicated: 0n, caller: BOB, arg: toHex(Buffer.from("answers")) });
    t.query("c_reject", BOB);
    expect(t.one("CRt")).toMatchObject({ ...common, replicated: 0n, caller: BOB });
    t.query("c_cleanup", BOB);
    expect(t.one("CC")).toMatchObject({ ...common, replicated: 0n, caller: BOB });
    s.call(id, "timer");
    s.rounds(2);
    expect(t.one("timer")).toMatchObject({ ...common, ...management, replicated: 1n });
    s.reinstall(id, "upgrade", t.wasm, Uint8Array.of(3));
    const [pre, post] = t.heard((at) => at === "pre" || at === "post");
    expect(pre).toMatchObject({ at: "pre", ...common, replicated: 1n, caller: ALICE });
    expect(post).toMatchObject({ at: "post", ...common, replicated: 1n, caller: ALICE, arg: "03" });
    expect(post!.version, "pre_upgrade sees the old version, post_upgrade the new").toBe(pre!.version + 1n);
  });

  test("a heartbeat is nobody's call [canister-interface#system-api-canister-self]", () => {
    const t = new Teller(bits, true);
    t.heard();
    t.s.rounds();
    expect(t.one("beat")).toMatchObject({ self: t.id, caller: "", replicated: 1n, status: 1n });
  });

  test("the version counts every successful replicated execution, and no other [canister-interface#system-api-canister-version]", () => {
    const t = new Teller(bits);
    const { s, id } = t;
    expect(t.one("init").version, "creation 0, installation 1").toBe(1n);
    const versions = (method: string): string[] => {
      s.call(id, method);
      return t.heard((at) => at !== "F").map(({ at, version }) => `${at} ${version}`);
    };
    expect(versions("u")).toEqual(["U 1"]);
    expect(versions("q"), "through consensus").toEqual(["Q 2"]);
    expect(versions("reply"), "the call, the query it calls, and the callback count").toEqual(["Ry 5"]);
    expect(versions("cleanup"), "a callback that fails does not, its cleanup does").toEqual(["C 8"]);
    expect(versions("u")).toEqual(["U 9"]);
    s.submit(id, "u");
    expect(t.one("F").version).toBe(10n);
    for (const method of ["q", "c", "c_reply"]) {
      t.query(method, BOB);
      expect(
        t.heard().map(({ version }) => version),
        method,
      ).toEqual([10n]);
    }
  });

  test("time is that of the round, and of the state for queries [canister-interface#system-api-time]", () => {
    const t = new Teller(bits);
    const { s, id } = t;
    s.pass(12.5);
    t.heard();
    s.call(id, "u");
    const [executed] = s.executed();
    expect(t.one("U").time).toBe(executed!.timeNanos);
    s.pass(3);
    t.query("q", BOB);
    expect(t.one("Q").time).toBe(s.net.state.timeNanos);
  });

  test("the counters: of this execution, and of the call context's [canister-interface#system-api-performance-counter]", () => {
    const t = new Teller(bits);
    const { s, id } = t;
    t.heard();
    const counters = (act: () => void, tag: string): readonly [counter: bigint, earlier: bigint] => {
      act();
      const [{ counter, contextCounter }] = t.heard((at) => at === tag) as [Told];
      // Between the two: a constant, the call and its charge, and what `put` does: its argument is on the way, then 1 + its own block.
      return [counter, contextCounter - counter];
    };
    const [, between] = counters(() => s.call(id, "u"), "U");
    expect(between).toBeGreaterThanOrEqual(200n);
    expect(between).toBeLessThan(250n);
    expect(counters(() => s.call(id, "q"), "Q")[1]).toBe(between);
    expect(counters(() => t.query("q", BOB), "Q")[1]).toBe(between);
    expect(counters(() => t.query("c", BOB), "CQ")[1]).toBe(between);
    for (const [method, tag] of [
      ["reply", "Ry"],
      ["reject", "Rt"],
    ] as const) {
      s.call(id, method);
      const executed = s
        .executed()
        .filter(({ entry }) => entry === "update")
        .at(-1)!;
      const [, earlier] = counters(() => undefined, tag);
      expect(earlier - between, "the method's own instructions").toBe(BigInt(executed.instructions));
    }
    s.call(id, "cleanup");
    const update = s.executed().find(({ entry }) => entry === "update")!;
    const failed = s.executed().find(({ entry, result }) => entry === "replyCallback" && result.kind === "trap")!;
    const [counter, earlier] = counters(() => undefined, "C");
    expect(earlier - between).toBeGreaterThanOrEqual(BigInt(update.instructions));
    expect(earlier - between + counter).toBeLessThan(BigInt(update.instructions + failed.instructions));
    const method = 1n + 1500n + 17n + 500n + 5000n;
    for (const [name, tag] of [
      ["c_reply", "CRy"],
      ["c_reject", "CRt"],
      ["c_cleanup", "CC"],
    ] as const) {
      expect(counters(() => t.query(name, BOB), tag)[1] - between).toBeGreaterThan(method);
    }
  });

  test("what an envelope tells of its sender comes along, to callbacks too [canister-interface#method-arguments]", () => {
    const t = new Teller(bits);
    const senderInfo = { data: Uint8Array.of(1, 2, 3), signer: Uint8Array.of(4, 1, 1) };
    t.heard();
    t.query("q", BOB, senderInfo);
    expect(t.one("Q")).toMatchObject({ info: "010203", signer: "040101" });
    t.query("c_reply", BOB, senderInfo);
    expect(t.one("CRy")).toMatchObject({ info: "010203", signer: "040101" });
  });
});
