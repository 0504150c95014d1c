/**
 * Stable memory to its full 500 GiB in a network: what a canister grows to costs cycles and is billed, what it writes costs the host, and nothing
 * else does. Real limits of messages throughout.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { importLine } from "../support/ic0-wat.ts";
import { said, Scenario } from "../support/scenario.ts";
import { wat } from "../support/wat.ts";

const PAGES = 8_192_000;
const BYTES = PAGES * 65_536;
const CYCLES = 10n ** 20n;

/** Methods of u64 arguments and answers, 8 bytes each. */
const MODULE = wat(`(module
  ${"msg_arg_data_copy msg_reply_data_append msg_reply stable64_grow stable64_size stable64_read stable64_write"
    .split(" ")
    .map((name) => importLine(name))
    .join("\n")}
  ${"stable_size stable_grow"
    .split(" ")
    .map((name) => importLine(name))
    .join("\n")}
  (memory 1)
  (func $first (result i64) (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 8)) (i64.load (i32.const 0)))
  (func $second (result i64) (call $msg_arg_data_copy (i32.const 0) (i32.const 8) (i32.const 8)) (i64.load (i32.const 0)))
  (func $answer (param i64) (i64.store (i32.const 0) (local.get 0)) (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
  (func (export "canister_update grow") (call $answer (call $stable64_grow (call $first))))
  (func (export "canister_query size") (call $answer (call $stable64_size)))
  (func (export "canister_update grow32") (call $answer (i64.extend_i32_s (call $stable_grow (i32.wrap_i64 (call $first))))))
  (func (export "canister_query size32") (call $answer (i64.extend_i32_s (call $stable_size))))
  (func (export "canister_update write") (local i64 i64)
    (local.set 0 (call $first)) (local.set 1 (call $second))
    (i64.store (i32.const 8) (local.get 1)) (call $stable64_write (local.get 0) (i64.const 8) (i64.const 8)) (call $answer (i64.const 0)))
  (func $get (call $stable64_read (i64.const 8) (call $first) (i64.const 8)) (call $answer (i64.load (i32.const 8))))
  (export "canister_query read" (func $get)) (export "canister_update readUpdate" (func $get))
  (func $touch (local i64 i64)
    (local.set 0 (call $first)) (local.set 1 (call $second))
    (loop
      (call $stable64_read (i64.const 16) (i64.mul (local.get 0) (i64.const 4096)) (i64.const 1))
      (local.set 0 (i64.add (local.get 0) (i64.const 1)))
      (br_if 0 (i64.ne (local.tee 1 (i64.sub (local.get 1) (i64.const 1))) (i64.const 0))))
    (call $answer (i64.const 0)))
  (export "canister_update touch" (func $touch)) (export "canister_query touchQuery" (func $touch)))`);

function u64(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  values.forEach((value, i) => new DataView(bytes.buffer).setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), true));
  return bytes;
}

function number(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
}

class Stable {
  readonly scenario = new Scenario();
  readonly id: CanisterId;

  constructor() {
    this.id = this.scenario.install(MODULE, { cycles: CYCLES });
    this.scenario.setSettings(this.id, { reserved_cycles_limit: CYCLES });
  }

  /** The answer, or the text of the error. */
  call(method: string, ...args: readonly (number | bigint)[]): bigint | string {
    const end = this.scenario.call(this.id, method, u64(...args), { rounds: 300 });
    return end.kind === "replied" ? number(end.data) : said(end);
  }

  query(method: string, ...args: readonly (number | bigint)[]): bigint | string {
    const answer = this.scenario.query(this.id, method, u64(...args));
    if (answer.kind === "replied") return number(answer.data);
    return answer.kind === "rejected" ? answer.reject.message : answer.kind;
  }

  get cycles(): bigint {
    const { balanceCycles, reservedCycles } = this.scenario.canister(this.id);
    return balanceCycles + reservedCycles;
  }

  /** Pages the host keeps. */
  get hostPages(): number {
    return this.scenario.canister(this.id).execution!.stable.pageCount;
  }
}

describe("500 GiB [canister-interface#system-api-stable-memory]", () => {
  let stable: Stable;
  beforeAll(() => {
    stable = new Stable();
  });

  test("grow to the last page, and not further", () => {
    expect(stable.call("grow", PAGES + 1)).toBe(-1n);
    expect(stable.call("grow", -1)).toBe(-1n);
    expect(stable.call("grow", PAGES - 1)).toBe(0n);
    expect(stable.call("grow", 2)).toBe(-1n);
    expect(stable.call("grow", 1)).toBe(BigInt(PAGES - 1));
    expect(stable.call("grow", 1)).toBe(-1n);
    expect(stable.call("grow", 0)).toBe(BigInt(PAGES));
    expect(stable.query("size")).toBe(BigInt(PAGES));
    expect(stable.hostPages).toBe(0);
  });

  test("the last bytes are there, those behind them are not", () => {
    expect(stable.query("read", BYTES - 8)).toBe(0n);
    expect(stable.call("write", BYTES - 8, 77)).toBe(0n);
    expect(stable.call("write", 0, 11)).toBe(0n);
    expect(stable.query("read", BYTES - 8)).toBe(77n);
    for (const [offset, method] of [[BYTES - 7, "read"], [BYTES, "read"], [2 ** 52, "read"], [-1, "read"]] as const) {
      expect(stable.query(method, offset)).toContain("stable memory out of bounds");
    } // prettier-ignore
    expect(stable.call("write", BYTES - 7, 1)).toContain("IC0502");
    expect(stable.hostPages).toBe(2);
  });

  test("it is billed whole", () => {
    const before = stable.cycles;
    stable.scenario.pass(100);
    stable.scenario.rounds();
    const burned = before - stable.cycles;
    // 317,500 cycles a GiB and second on 13 nodes (cycles.md).
    expect(Number(burned) / (100 * 500 * 317_500)).toBeCloseTo(1, 1);
  });

  test("it outlives instances, a fork of the network, a snapshot and an upgrade", () => {
    const { scenario } = stable;
    scenario.dropInstances();
    expect(stable.query("read", BYTES - 8)).toBe(77n);
    const snapshot = scenario.net.snapshot();
    expect(stable.call("write", BYTES - 8, 78)).toBe(0n);
    expect(stable.query("read", BYTES - 8)).toBe(78n);
    scenario.net.restore(snapshot);
    expect(stable.query("read", BYTES - 8)).toBe(77n);
    expect(scenario.reinstall(stable.id, "upgrade", MODULE)).toMatchObject({ kind: "replied" });
    expect(stable.query("read", BYTES - 8)).toBe(77n);
    expect(stable.query("size")).toBe(BigInt(PAGES));
    expect(stable.hostPages).toBe(2);
  });

  test("the 32-bit functions end at 4 GiB", () => {
    expect(stable.query("size32")).toContain("32 bit stable memory api used on a memory larger than 4GB");
    const small = new Stable();
    expect(small.call("grow32", 65_537)).toBe(-1n);
    expect(small.call("grow32", 65_536)).toBe(0n);
    expect(small.query("size32")).toBe(65_536n);
    expect(small.call("grow32", 1)).toBe(-1n);
    expect(small.hostPages).toBe(0);
  });

  test("a reinstallation clears it", () => {
    expect(stable.scenario.reinstall(stable.id, "reinstall", MODULE)).toMatchObject({ kind: "replied" });
    expect(stable.query("size")).toBe(0n);
    expect(stable.hostPages).toBe(0);
  });
});

describe("pages a message may see [replica: stable memory page limits]", () => {
  const UPDATE = 2 ** 19;
  const QUERY = 2 ** 18;

  test("an update 2 GiB, a query 1 GiB, and looking costs no memory", () => {
    const stable = new Stable();
    stable.call("grow", PAGES);
    expect(stable.call("touch", 1000, UPDATE)).toBe(0n);
    expect(stable.call("touch", 1000, UPDATE + 1)).toContain("Exceeded the limit for the number of accessed pages");
    expect(stable.query("touchQuery", 0, QUERY)).toBe(0n);
    expect(stable.query("touchQuery", 0, QUERY + 1)).toContain("Exceeded the limit for the number of accessed pages");
    expect(stable.hostPages).toBe(0);
  });
});
