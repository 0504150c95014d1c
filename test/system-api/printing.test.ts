/**
 * `debug_print`: into the canister's log everywhere, and printed where the network prints. The log's limits, and what a trap leaves in it.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { decodeText, Scenario } from "../support/scenario.ts";
import { moduleText } from "../support/ic0-wat.ts";

const TALKER = moduleText(`(data (i32.const 100) "hello") (data (i32.const 200) "\\ff\\00") (memory 2)
  (func $hello (call $debug_print (i32.const 100) (i32.const 5)))
  (func $answer (call $msg_reply))
  (func (export "canister_init") (call $hello))
  (func (export "canister_pre_upgrade") (call $hello))
  (func (export "canister_post_upgrade") (call $debug_print (i32.const 100) (i32.const 4)))
  (func (export "canister_inspect_message") (call $hello) (call $accept_message))
  (func (export "canister_update hello") (call $hello) (call $answer))
  (func (export "canister_query look") (call $hello) (call $answer))
  (func (export "canister_composite_query compose") (call $hello) (call $answer))
  (func (export "canister_update bytes") (call $debug_print (i32.const 200) (i32.const 2)) (call $answer))
  (func (export "canister_update outside") (call $debug_print (i32.const 131072) (i32.const 1)) (call $answer))
  (func (export "canister_update long") (call $debug_print (i32.const 1000) (i32.const 40000)) (call $answer))
  (func (export "canister_update across") (call $debug_print (i32.const 90000) (i32.const 50000)) (call $answer))
  (func (export "canister_update much") (local $i i32)
    (loop $next (i32.store8 (i32.const 100) (i32.add (i32.const 48) (local.get $i))) (call $hello)
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))
    (call $answer))
  (func (export "canister_update fails") (call $hello) (call $trap (i32.const 100) (i32.const 5)))
  (func (export "canister_update breaks") (call $hello) (unreachable))
  (func (export "canister_update silent") (call $trap (i32.const 0) (i32.const 0)))
  (func (export "canister_update wrong") (call $hello) (call $msg_reply) (call $msg_reply))
  (func (export "canister_update endless") (call $hello) (loop $on (br $on)))
  (func (export "canister_update outer") (call $trap (i32.const 131072) (i32.const 1)))
  (func (export "canister_update torn") (call $trap (i32.const 199) (i32.const 3)))`);

const LOGS = IDL.Record({
  canister_log_records: IDL.Vec(IDL.Record({ idx: IDL.Nat64, timestamp_nanos: IDL.Nat64, content: IDL.Vec(IDL.Nat8) })),
});
const idArgument = (id: CanisterId): Uint8Array =>
  IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: Principal.fromUint8Array(fromHex(id)) }]);

interface Record_ {
  readonly index: number;
  readonly timeNanos: bigint;
  readonly bytes: Uint8Array;
}

function records(s: Scenario, id: CanisterId): Record_[] {
  const answer = s.query("" as never, "fetch_canister_logs", idArgument(id));
  if (answer.kind !== "replied") throw new Error(JSON.stringify(answer));
  const [decoded] = IDL.decode([LOGS], answer.data) as unknown as [
    { canister_log_records: { idx: bigint; timestamp_nanos: bigint; content: Uint8Array }[] },
  ];
  return decoded.canister_log_records.map(({ idx, timestamp_nanos, content }) => ({
    index: Number(idx),
    timeNanos: timestamp_nanos,
    bytes: Uint8Array.from(content),
  }));
}

const log = (s: Scenario, id: CanisterId): string[] => records(s, id).map(({ bytes }) => decodeText(bytes));

/** Lines printed since the last look. */
function printed(s: Scenario): Uint8Array[] {
  return s.events.splice(0).flatMap((event) => (event.kind === "printed" ? [event.content] : []));
}
const lines = (s: Scenario): string[] => printed(s).map(decodeText);

function talker(config: ConstructorParameters<typeof Scenario>[0] = {}): { s: Scenario; id: CanisterId } {
  const s = new Scenario(config);
  return { s, id: s.install(TALKER) };
}

describe("the canister log [canister-interface#debugging-aids]", () => {
  test("holds what replicated executions print, each with its number and the time of its round", () => {
    const { s, id } = talker();
    s.pass(7);
    const before = s.net.state.timeNanos;
    s.call(id, "hello");
    s.query(id, "look");
    s.query(id, "compose");
    expect(log(s, id), "nothing of queries, nor of inspect_message").toEqual(["hello", "hello"]);
    const [first, second] = records(s, id);
    expect([first!.index, second!.index]).toEqual([0, 1]);
    expect(second!.timeNanos - before).toBeLessThan(1_000_000_000n);
    expect(second!.timeNanos).toBeGreaterThan(first!.timeNanos);
    s.call(id, "look");
    expect(log(s, id), "a query called as an update is replicated").toEqual(["hello", "hello", "hello"]);
  });

  test("holds bytes, not text, and tells of a message that is not in memory", () => {
    const { s, id } = talker();
    s.call(id, "bytes");
    s.call(id, "outside");
    expect([...records(s, id)[1]!.bytes]).toEqual([0xff, 0]);
    expect(log(s, id)[2]).toBe("(debug_print message out of memory bounds)");
  });

  test("survives an upgrade, and begins anew with install and reinstall, its numbers going on", () => {
    const { s, id } = talker();
    const wasm = s.canister(id).execution!.module.uploaded;
    s.reinstall(id, "upgrade", wasm);
    expect(log(s, id)).toEqual(["hello", "hello", "hell"]);
    s.reinstall(id, "reinstall", wasm);
    expect(records(s, id).map(({ index }) => index)).toEqual([3]);
    expect(log(s, id)).toEqual(["hello"]);
  });

  test("has room for 4,096 bytes, 40 of them for each record: the oldest go, and long ones are cut [abstract-behavior#trimming-canister-logs]", () => {
    const { s, id } = talker();
    s.call(id, "much");
    const kept = records(s, id);
    expect(kept.length).toBe(Math.floor(4096 / 45));
    expect(kept[0]!.index).toBe(101 - kept.length);
    s.call(id, "long");
    const [only] = records(s, id);
    expect([records(s, id).length, only!.index, only!.bytes.length]).toEqual([1, 101, 4056]);
  });

  test("has the room that `log_memory_limit` gives it: 2 MiB at most, 0 for none, else a page at least [replica: log memory limit]", () => {
    const { s, id } = talker();
    const status = (): bigint => {
      const end = s.call("" as never, "canister_status", idArgument(id));
      if (end.kind !== "replied") throw new Error(end.message);
      const [decoded] = IDL.decode([IDL.Record({ settings: IDL.Record({ log_memory_limit: IDL.Nat }) })], end.data);
      return (decoded as unknown as { settings: { log_memory_limit: bigint } }).settings.log_memory_limit;
    };
    const limit = (bytes: bigint): void => s.setSettings(id, { log_memory_limit: bytes });
    expect(status()).toBe(4096n);
    limit(65_536n);
    expect(status()).toBe(65_536n);
    s.call(id, "much");
    s.call(id, "long");
    expect(records(s, id).length).toBe(102);
    expect(records(s, id).at(-1)!.bytes.length).toBe(40_000);
    // Other settings leave it as it is.
    s.setSettings(id, { freezing_threshold: 1n });
    expect([status(), records(s, id).length]).toEqual([65_536n, 102]);
    limit(1n);
    expect([status(), log(s, id)]).toEqual([4096n, []]);
    s.call(id, "hello");
    limit(0n);
    s.call(id, "hello");
    expect([status(), log(s, id)]).toEqual([0n, []]);
    limit(4096n);
    s.call(id, "hello");
    expect(records(s, id).map(({ index }) => index)).toEqual([103]);
  });

  test("has traps in it and what came before them, but no other error", () => {
    const { s, id } = talker({ limits: { messageInstructions: 1_000_000 } });
    const since = (method: string): string[] => {
      const count = records(s, id).length;
      s.call(id, method);
      return log(s, id).slice(count);
    };
    expect(since("fails")).toEqual(["hello", "[TRAP]: hello"]);
    expect(since("breaks")).toEqual(["hello", "[TRAP]: unreachable"]);
    expect(since("silent")).toEqual(["[TRAP]: (no message)"]);
    expect(since("outer")).toEqual(["[TRAP]: (trap message out of memory bounds)"]);
    expect(since("torn"), "text, not bytes").toEqual(["[TRAP]: \0\ufffd\0"]);
    expect(since("wrong")).toEqual(["hello"]);
    expect(since("endless")).toEqual(["hello"]);
  });
});

describe("printing [replica: debug prints]", () => {
  test("on application subnets nothing is printed: what is shown is the log", () => {
    const { s, id } = talker();
    expect(lines(s)).toEqual(["hello"]);
    s.call(id, "long");
    expect(printed(s).map(({ length }) => length)).toEqual([4056]);
    s.query(id, "look");
    expect(lines(s)).toEqual([]);
  });

  for (const [where, config] of [
    ["on system subnets", { subnets: [{ kind: "system" as const, name: "system" }] }],
    ["where the network says so", { limits: { printing: true } }],
  ] as const) {
    test(`${where} every execution prints, and whole lines up to 32 KiB`, () => {
      const { s, id } = talker(config);
      expect(lines(s)).toEqual(["hello"]);
      s.call(id, "hello");
      expect(lines(s), "inspect_message, then the method").toEqual(["hello", "hello"]);
      s.call(id, "long");
      expect(printed(s).map(({ length }) => length)).toEqual([5, 32_768]);
      s.call(id, "outside");
      expect(lines(s)).toEqual(["hello", "(debug message out of memory bounds)"]);
      s.call(id, "across");
      expect(
        printed(s).map(({ length }) => length),
        "cut before it is looked for",
      ).toEqual([5, 32_768]);
      expect(log(s, id).at(-1)).toBe("(debug_print message out of memory bounds)");
      s.call(id, "breaks");
      expect(lines(s)).toEqual(["hello", "hello", "[TRAP]: unreachable"]);
    });
  }

  test("queries print too", () => {
    const { s, id } = talker({ limits: { printing: true } });
    for (const method of ["look", "compose"]) {
      const { events } = s.net.step({
        kind: "query",
        sender: "04" as never,
        receiver: id,
        method,
        arg: new Uint8Array(0),
        senderInfo: null,
      });
      expect(events.map((event) => event.kind === "printed" && [event.canister, decodeText(event.content)])).toEqual([[id, "hello"]]);
    }
  });

  test("costs an instruction a byte", () => {
    const spent = (config: ConstructorParameters<typeof Scenario>[0]): number => {
      const { s, id } = talker(config);
      s.call(id, "hello");
      return s.executed().at(-1)!.instructions;
    };
    expect(spent({ limits: { printing: true } }) - spent({})).toBe(5);
  });
});
