/**
 * What each function of `ic0` does and how it fails, by topic. Contexts, types and ranges of all of them are in `test/system-api/`.
 */
import { describe, expect, test } from "vitest";
import { canisterModule, data } from "../../../../test/support/ic0-wat.ts";
import { TEST_CALLER, TEST_CANISTER, TEST_SUBNET, testLimits, type FakeView } from "../../../../test/support/fake-view.ts";
import { NO_ARG, replied, replyBytes, TestCanister, trapReason, trapText } from "../../../../test/support/run-canister.ts";
import { toHex } from "../../../base/bytes.ts";
import { nextEpoch } from "../../../base/epoch.ts";
import { principalBytes, principalText } from "../../state/principal.ts";
import { ExecutionState } from "../execution-state.ts";
import type { EntryPoint, Outcome } from "../types.ts";

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const VIOLATION = "IC0504: Canister violated contract: ";

/** A canister with one method `go`, update and query, whose body this is. */
function canister(body: string, view: Partial<FakeView> = {}, functions = "", bits: 32 | 64 = 32): TestCanister {
  const made = new TestCanister(
    canisterModule(`${functions} (func $go (export "canister_update go") ${body}) (func (export "canister_query q") (call $go))`, bits),
  );
  made.view = view;
  return made;
}

/** Outcome of an update of a canister with this body. */
function go(body: string, view: Partial<FakeView> = {}, functions = "", bits: 32 | 64 = 32): Outcome {
  return canister(body, view, functions, bits).update("go");
}

/** Answers with the first bytes of the heap. */
const replyHeap = (length: number, bits = 32): string =>
  `(call $msg_reply_data_append (i${bits}.const 0) (i${bits}.const ${length})) (call $msg_reply)`;
const i32 = (value: number): string => `(i32.const ${value})`;
/** Stores the results and answers with them, four bytes each. */
const replyWith = (...values: readonly string[]): string =>
  values.map((value, i) => `(i32.store (i32.const ${4 * i}) ${value})`).join(" ") + replyHeap(4 * values.length);
const replyWith64 = (...values: readonly string[]): string =>
  values.map((value, i) => `(i64.store (i32.const ${8 * i}) ${value})`).join(" ") + replyHeap(8 * values.length);
const numbers = (outcome: Outcome): number[] => [...new Int32Array(replyBytes(outcome).slice().buffer)];
const numbers64 = (outcome: Outcome): bigint[] => [...new BigUint64Array(replyBytes(outcome).slice().buffer)];

/** Every `_copy` function: what it copies, and the platform's words for both ranges. */
const COPIES: readonly { name: string; size: string; blob: string; expected: Uint8Array; view?: Partial<FakeView>; entry?: EntryPoint }[] =
  [
    {
      name: "msg_arg_data_copy",
      size: "msg_arg_data_size",
      blob: "payload",
      expected: text("argument"),
      entry: { kind: "update", method: "go", arg: text("argument") },
    },
    { name: "msg_caller_copy", size: "msg_caller_size", blob: "id", expected: principalBytes(TEST_CALLER) },
    {
      name: "msg_caller_info_data_copy",
      size: "msg_caller_info_data_size",
      blob: "info",
      expected: text("info"),
      view: { callerInfoData: text("info") },
    },
    {
      name: "msg_caller_info_signer_copy",
      size: "msg_caller_info_signer_size",
      blob: "signer",
      expected: text("sig"),
      view: { callerInfoSigner: text("sig") },
    },
    { name: "canister_self_copy", size: "canister_self_size", blob: "id", expected: principalBytes(TEST_CANISTER) },
    { name: "subnet_self_copy", size: "subnet_self_size", blob: "id", expected: principalBytes(TEST_SUBNET as never) },
    { name: "root_key_copy", size: "root_key_size", blob: "bytes", expected: new Uint8Array(133).fill(9) },
  ];

describe("copies [canister-interface#blob-typed-arguments-and-results]", () => {
  test.each(COPIES.map((row) => [row.name, row] as const))("%s", (_, { name, size, blob, expected, view, entry }) => {
    const run = (dst: number, offset: number, length: number): Outcome =>
      canister(
        `(call $${name} ${i32(dst)} ${i32(offset)} ${i32(length)}) (i32.store (i32.const 1000) (call $${size}))
         (call $msg_reply_data_append (i32.const 1000) (i32.const 4)) ${replyHeap(expected.length)}`,
        view,
      ).execute(entry ?? { kind: "update", method: "go", arg: NO_ARG });
    const whole = replyBytes(run(0, 0, expected.length));
    expect(whole[0]).toBe(expected.length);
    expect(toHex(whole.subarray(4))).toBe(toHex(expected));
    expect(toHex(replyBytes(run(0, 1, expected.length - 1)).subarray(4))).toBe(toHex(expected.slice(1)) + "00");
    expect(run(65_536, expected.length, 0).result.kind).toBe("reply");
    // The heap is checked first.
    expect(trapReason(run(65_530, 99_999, 7))).toBe(`${VIOLATION}ic0.${name} heap: src=65530 + length=7 exceeds the slice size=65536`);
    expect(trapReason(run(-1, 0, 0))).toBe(`${VIOLATION}ic0.${name} heap: src=4294967295 + length=0 exceeds the slice size=65536`);
    expect(trapReason(run(0, 1, expected.length))).toBe(
      `${VIOLATION}ic0.${name} ${blob}: src=1 + length=${expected.length} exceeds the slice size=${expected.length}`,
    );
  });

  test("what a host function writes is committed like what the code writes", () => {
    const c = canister(`(call $msg_arg_data_copy (i32.const 4090) (i32.const 0) (call $msg_arg_data_size))`);
    const outcome = c.update("go", text("over the border"));
    expect(outcome.dirtyHeapPages).toBe(2);
    expect(Buffer.from(c.heap(4090, 15)).toString()).toBe("over the border");
  });
});

describe("arguments [canister-interface#method-arguments]", () => {
  const callbacks = `(table 2 funcref) (elem (i32.const 0) $code $message)
    (func $code (param i32) ${replyWith("(call $msg_reject_code)")})
    (func $message (param i32) (call $msg_reject_msg_copy (i32.const 0) (i32.const 0) (call $msg_reject_msg_size)) (call $msg_reply_data_append (i32.const 0) (call $msg_reject_msg_size)) (call $msg_reply))`;
  const c = canister("", {}, callbacks);
  const closure = (functionIndex: number) => ({ functionIndex, envLo: 0, envHi: 0 });

  test("the reject of a callback", () => {
    expect(numbers(c.execute({ kind: "rejectCallback", closure: closure(0), code: 4, message: "no", composite: false }))).toEqual([4]);
    expect(numbers(c.execute({ kind: "replyCallback", closure: closure(0), data: NO_ARG, composite: false }))).toEqual([0]);
    expect(replied(c.execute({ kind: "rejectCallback", closure: closure(1), code: 4, message: "né", composite: false }))).toBe("né");
  });

  test("the reply is the argument of the reply callback", () => {
    const echo = canister(
      "",
      {},
      `(table 1 funcref) (elem (i32.const 0) $cb)
      (func $cb (param i32) (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (call $msg_arg_data_size)) (call $msg_reply_data_append (i32.const 0) (call $msg_arg_data_size)) (call $msg_reply))`,
    );
    expect(replied(echo.execute({ kind: "replyCallback", closure: closure(0), data: text("answer"), composite: false }))).toBe("answer");
  });

  test("the caller of system tasks is the management canister", () => {
    const c = new TestCanister(
      canisterModule(`(global $size (mut i32) (i32.const 9))
      (func (export "canister_heartbeat") (global.set $size (call $msg_caller_size)) (call $msg_caller_copy (i32.const 0) (i32.const 0) (i32.const 0)))`),
    );
    c.view = { caller: "" as never };
    expect(c.execute({ kind: "heartbeat" }).result.kind).toBe("none");
    expect([...c.state.globals.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  test("inspect_message sees method and argument, and accepts once [canister-interface#system-api-inspect-message]", () => {
    const inspecting = (times: number): TestCanister =>
      new TestCanister(
        canisterModule(`(func (export "canister_inspect_message")
        (call $msg_method_name_copy (i32.const 0) (i32.const 0) (call $msg_method_name_size))
        (call $debug_print (i32.const 0) (call $msg_method_name_size)) ${"(call $accept_message)".repeat(times)})`),
      );
    const inspect: EntryPoint = { kind: "inspectMessage", method: "pay", arg: NO_ARG };
    expect(inspecting(0).execute(inspect).acceptedMessage).toBe(false);
    const accepted = inspecting(1).execute(inspect);
    expect(accepted.acceptedMessage).toBe(true);
    expect(Buffer.from(accepted.logs.records[0].content).toString()).toBe("pay");
    const twice = inspecting(2).execute(inspect);
    expect(trapReason(twice)).toBe(`${VIOLATION}ic0.accept_message: the function was already called.`);
    expect(twice.acceptedMessage).toBe(false);
  });

  test("the deadline is all 64 bits", () => {
    expect(numbers64(go(replyWith64("(call $msg_deadline)"), { deadlineNanos: 0xfedc_ba98_7654_3210n }))).toEqual([0xfedc_ba98_7654_3210n]);
  });
});

describe("replies [canister-interface#responding]", () => {
  test("a reply is gathered, and a reject is text", () => {
    expect(
      replied(
        go(
          `(call $msg_reply_data_append (i32.const 10) (i32.const 2)) (call $msg_reply_data_append (i32.const 12) (i32.const 3)) (call $msg_reply)`,
          {},
          data(10, "hello"),
        ),
      ),
    ).toBe("hello");
    expect(go(`(call $msg_reject (i32.const 10) (i32.const 2))`, {}, data(10, "no")).result).toEqual({ kind: "reject", message: "no" });
    expect(go(`(call $msg_reply_data_append (i32.const 10) (i32.const 2))`).result).toEqual({ kind: "none" });
    expect(go(`(call $msg_reply)`).result).toEqual({ kind: "reply", data: NO_ARG });
  });

  test("nothing is kept from one message to the next", () => {
    const c = canister(`(call $msg_reply_data_append (i32.const 10) (i32.const 2))`);
    c.update("go");
    expect(c.update("go").result.kind).toBe("none");
    const answered = canister(`(call $msg_reply)`);
    expect([answered.update("go").result.kind, answered.update("go").result.kind]).toEqual(["reply", "reply"]);
  });

  test.each([
    ["twice", "(call $msg_reply) (call $msg_reply)", {}, "ic0.msg_reply: the call is already replied"],
    [
      "append after",
      "(call $msg_reply) (call $msg_reply_data_append (i32.const 0) (i32.const 0))",
      {},
      "ic0.msg_reply_data_append: the call is already replied.",
    ],
    ["reject after", "(call $msg_reply) (call $msg_reject (i32.const 0) (i32.const 0))", {}, "ic0.msg_reject: the call is already replied"],
    ["answered before", "(call $msg_reply)", { answered: true }, "ic0.msg_reply: the call is already replied"],
    [
      "out of bounds",
      "(call $msg_reply_data_append (i32.const 65535) (i32.const 2))",
      {},
      "msg.reply: src=65535 + length=2 exceeds the slice size=65536",
    ],
    [
      "reject out of bounds",
      "(call $msg_reject (i32.const 65535) (i32.const 2))",
      {},
      "ic0.msg_reject: src=65535 + length=2 exceeds the slice size=65536",
    ],
    [
      "not text",
      "(i32.store8 (i32.const 0) (i32.const 255)) (call $msg_reject (i32.const 0) (i32.const 1))",
      {},
      "ic0.msg_reject: invalid UTF-8 string provided",
    ],
    [
      "too large",
      "(call $msg_reply_data_append (i32.const 0) (i32.const 60000)) (call $msg_reply_data_append (i32.const 0) (i32.const 60000))",
      {},
      "ic0.msg_reply_data_append: application payload size (120000) cannot be larger than 100000.",
    ],
    [
      "reject too large",
      "(call $msg_reject (i32.const 0) (i32.const 100001))",
      {},
      "ic0.msg_reject: application payload size (100001) cannot be larger than 100000.",
    ],
  ])("%s", (_, body, view, reason) => {
    const c = canister(body, view);
    c.limits = testLimits({ replyBytes: 100_000 });
    expect(trapReason(c.update("go"))).toBe(VIOLATION + reason);
  });

  test("help comes with the limits", () => {
    const c = canister(`(call $msg_reject (i32.const 0) (i32.const 11))`);
    c.limits = testLimits({ replyBytes: 10 });
    expect(trapText(c.update("go"))).toBe(
      `Error from Canister ${principalText(TEST_CANISTER)}: Canister violated contract: ic0.msg_reject: application payload size (11) cannot be larger than 10..\n` +
        "Try truncating the error messages that are too long. See documentation: https://internetcomputer.org/docs/current/references/execution-errors#msg_reject-payload-too-large",
    );
  });
});

describe("calls [canister-interface#system-api-call]", () => {
  const callee = `(data (i32.const 100) "\\00\\00\\00\\00\\00\\00\\00\\09\\01\\01") ${data(120, "transfer")} ${data(140, "arg")}`;
  const construct =
    "(call $call_new (i32.const 100) (i32.const 10) (i32.const 120) (i32.const 8) (i32.const 1) (i32.const 11) (i32.const 2) (i32.const -1))";

  test("a call is handed over with everything", () => {
    const body = `${construct} (call $call_data_append (i32.const 140) (i32.const 2)) (call $call_data_append (i32.const 142) (i32.const 1))
      (call $call_on_cleanup (i32.const 3) (i32.const 33)) (call $call_with_best_effort_response (i32.const 1000)) (call $call_cycles_add (i64.const 5000000000))
      (call $call_cycles_add128 (i64.const 0) (i64.const 7)) ${replyWith("(call $call_perform)")}`;
    const outcome = go(body, {}, callee);
    expect(numbers(outcome)).toEqual([0]);
    expect(outcome.calls).toEqual([
      {
        callee: "00000000000000090101",
        method: "transfer",
        arg: text("arg"),
        cycles: 5_000_000_007n,
        onReply: { functionIndex: 1, envLo: 11, envHi: 0 },
        onReject: { functionIndex: 2, envLo: 0xffff_ffff, envHi: 0 },
        onCleanup: { functionIndex: 3, envLo: 33, envHi: 0 },
        timeoutSeconds: 300,
      },
    ]);
    expect(outcome.view.balanceCycles()).toBe(1_000_000_000_000n - 5_000_000_007n);
  });

  test("wasm64: functions beyond 2^32 are none, environments are whole", () => {
    const outcome = go(
      `(call $call_new (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0x100000001) (i64.const 0x123456789a) (i64.const 2) (i64.const -1)) (drop (call $call_perform))`,
      {},
      "",
      64,
    );
    expect(outcome.calls[0].callee).toBe("");
    expect(outcome.calls[0].onReply).toEqual({ functionIndex: 0xffff_ffff, envLo: 0x3456789a, envHi: 0x12 });
    expect(outcome.calls[0].onReject).toEqual({ functionIndex: 2, envLo: 0xffff_ffff, envHi: 0xffff_ffff });
  });

  test("what is not performed gives its cycles back", () => {
    const dropped = go(
      `${construct} (call $call_cycles_add (i64.const 10)) ${construct} (call $call_cycles_add (i64.const 20))`,
      {},
      callee,
    );
    expect(dropped.calls).toEqual([]);
    expect((dropped.view as FakeView).detached).toBe(30n);
    const refused = go(
      `${construct} (call $call_cycles_add (i64.const 10)) ${replyWith("(call $call_perform)")}`,
      { performs: false },
      callee,
    );
    expect(numbers(refused)).toEqual([2]);
    expect((refused.view as FakeView).detached).toBe(10n);
  });

  test("after call_perform there is no call under construction, whatever it answered", () => {
    for (const performs of [true, false]) {
      const again = go(`${construct} (drop (call $call_perform)) (drop (call $call_perform))`, { performs }, callee);
      expect(trapReason(again)).toBe(`${VIOLATION}ic0.call_perform called when no call is under construction.`);
      expect(again.calls).toEqual([]);
    }
  });

  test.each([
    ["append", "(call $call_data_append (i32.const 0) (i32.const 0))", "ic0.call_data_append called when no call is under construction."],
    ["cleanup", "(call $call_on_cleanup (i32.const 0) (i32.const 0))", "ic0.call_on_cleanup called when no call is under construction."],
    [
      "timeout",
      "(call $call_with_best_effort_response (i32.const 0))",
      "ic0.call_with_best_effort_response called when no call is under construction.",
    ],
    ["cycles", "(call $call_cycles_add (i64.const 0))", "ic0_call_cycles_add called when no call is under construction."],
    [
      "cycles128",
      "(call $call_cycles_add128 (i64.const 0) (i64.const 0))",
      "ic0_call_cycles_add128 called when no call is under construction.",
    ],
    [
      "two cleanups",
      `${construct} (call $call_on_cleanup (i32.const 0) (i32.const 0)) (call $call_on_cleanup (i32.const 0) (i32.const 0))`,
      "ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`",
    ],
    [
      "two timeouts",
      `${construct} (call $call_with_best_effort_response (i32.const 0)) (call $call_with_best_effort_response (i32.const 0))`,
      "ic0_call_with_best_effort_response failed because a timeout is already set.",
    ],
    [
      "name too long",
      "(call $call_new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 20001) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
      "Size of method_name 20001 exceeds the allowed limit of 20000.",
    ],
    [
      "name out of bounds",
      "(call $call_new (i32.const 0) (i32.const 99999) (i32.const 65530) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
      "ic0.call_new method_name: src=65530 + length=7 exceeds the slice size=65536",
    ],
    [
      "callee out of bounds",
      "(call $call_new (i32.const 65530) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
      "ic0.call_new callee_src: src=65530 + length=7 exceeds the slice size=65536",
    ],
    [
      "argument out of bounds",
      `${construct} (call $call_data_append (i32.const 65530) (i32.const 7))`,
      "ic0.call_data_append: src=65530 + length=7 exceeds the slice size=65536",
    ],
    [
      "argument too large",
      `${construct} (call $call_data_append (i32.const 0) (i32.const 60000)) (call $call_data_append (i32.const 0) (i32.const 39993))`,
      `Request to ${principalText("00000000000000090101" as never)}:transfer has a payload size of 100001, which exceeds the allowed limit of 100000.`,
    ],
  ])("%s", (_, body, reason) => {
    const c = canister(body, {}, callee);
    c.limits = testLimits({ requestBytes: 100_000 });
    expect(trapReason(c.update("go"))).toBe(VIOLATION + reason);
  });

  test("a callee has at most 29 bytes, a name may be no text", () => {
    const call = (size: number, name: number): Outcome =>
      go(
        `(i32.store8 (i32.const 500) (i32.const 255)) (call $call_new (i32.const 0) (i32.const ${size}) (i32.const 500) (i32.const ${name}) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (drop (call $call_perform))`,
      );
    expect(trapReason(call(30, 0))).toBe("IC0504: Canister provided invalid principal id");
    expect(call(29, 1).calls[0].method).toBe("\ufffd");
  });

  test("attaching more than the canister has", () => {
    const said = trapText(go(`${construct} (call $call_cycles_add128 (i64.const 1) (i64.const 0))`, {}, callee));
    expect(said).toMatch(/^Error from Canister ([a-z0-9-]+): Canister \1 is out of cycles$/);
  });
});

describe("cycles [canister-interface#system-api-cycles]", () => {
  const LARGE = (3n << 64n) | 5n;

  test("amounts are written as 16 bytes", () => {
    const view = { available: LARGE, balance: LARGE + 1n, freezingThreshold: 2n };
    const body = `(call $msg_cycles_available128 (i32.const 0)) (call $canister_cycle_balance128 (i32.const 16)) (call $canister_liquid_cycle_balance128 (i32.const 32))
      (call $msg_cycles_accept128 (i64.const 1) (i64.const 2) (i32.const 48)) (call $msg_cycles_available128 (i32.const 64)) (call $cycles_burn128 (i64.const 0) (i64.const 9) (i32.const 80)) ${replyHeap(96)}`;
    expect(numbers64(go(body, view))).toEqual([5n, 3n, 6n, 3n, 4n, 3n, 2n, 1n, 3n, 2n, 9n, 0n]);
  });

  test("64-bit amounts, and what is too large for them", () => {
    const body = replyWith64(
      "(call $msg_cycles_available)",
      "(call $canister_cycle_balance)",
      "(call $msg_cycles_accept (i64.const -1))",
      "(call $msg_cycles_available)",
    );
    expect(numbers64(go(body, { available: 2n ** 63n + 7n, balance: 11n }))).toEqual([2n ** 63n + 7n, 11n, 2n ** 63n + 7n, 0n]);
    const reason = "IC0502: Canister trapped: cycles amount exceeds 64-bit representation";
    expect(trapReason(go("(drop (call $msg_cycles_available))", { available: LARGE }))).toBe(reason);
    expect(trapReason(go("(drop (call $canister_cycle_balance))", { balance: LARGE }))).toBe(reason);
  });

  test("refunds are seen in callbacks", () => {
    const c = canister(
      "",
      { refundedCycles: LARGE },
      `(table 2 funcref) (elem (i32.const 0) $wide $narrow)
      (func $wide (param i32) (call $msg_cycles_refunded128 (i32.const 0)) ${replyHeap(16)}) (func $narrow (param i32) (drop (call $msg_cycles_refunded)))`,
    );
    const callback = (functionIndex: number): EntryPoint => ({
      kind: "replyCallback",
      closure: { functionIndex, envLo: 0, envHi: 0 },
      data: NO_ARG,
      composite: false,
    });
    expect(numbers64(c.execute(callback(0)))).toEqual([5n, 3n]);
    expect(trapReason(c.execute(callback(1)))).toBe("IC0502: Canister trapped: cycles amount exceeds 64-bit representation");
  });

  test("where the 16 bytes do not fit", () => {
    expect(trapReason(go("(call $canister_cycle_balance128 (i32.const 65521))"))).toBe(
      `${VIOLATION}ic0_canister_cycle_balance128 failed because dst + size is out of bounds.Found dst = 65521 and size = 16 while must be <= 65536`,
    );
    expect(go("(call $canister_cycle_balance128 (i32.const 65520))").result.kind).toBe("none");
    expect(trapReason(go("(call $mint_cycles128 (i64.const 0) (i64.const 1) (i32.const -1))", { mayMint: true }))).toContain(
      "ic0_mint_cycles_128 failed",
    );
  });

  test("minting is the view's to allow", () => {
    expect(numbers64(go(`(call $mint_cycles128 (i64.const 1) (i64.const 2) (i32.const 0)) ${replyHeap(16)}`, { mayMint: true }))).toEqual([
      2n,
      1n,
    ]);
    expect(trapText(go("(call $mint_cycles128 (i64.const 0) (i64.const 1) (i32.const 0))"))).toBe("this canister mints nothing");
  });
});

describe("stable memory [canister-interface#system-api-stable-memory]", () => {
  test("64-bit: grow, write, read, commit", () => {
    const c = canister(
      replyWith64("(call $stable64_grow (i64.const 2))", "(call $stable64_size)") +
        `(call $stable64_write (i64.const 131069) (i64.const 200) (i64.const 3)) (call $stable64_write (i64.const 4094) (i64.const 200) (i64.const 3))`,
      {},
      data(200, "xyz"),
    );
    const outcome = c.update("go");
    expect(numbers64(outcome)).toEqual([0n, 2n]);
    expect(outcome.dirtyStablePages).toBe(3);
    expect(c.state.stableBytes).toBe(131_072);
    expect(Buffer.from(c.stable(131_069, 3)).toString()).toBe("xyz");
    expect(Buffer.from(c.stable(4094, 3)).toString()).toBe("xyz");
    expect(c.state.stable.pageCount).toBe(3);
  });

  test("a run reads what it wrote, and what was there", () => {
    const c = canister(
      `(drop (call $stable64_grow (i64.const 1))) (call $stable64_write (i64.const 10) (i64.const 200) (i64.const 3)) (call $stable64_read (i64.const 0) (i64.const 8) (i64.const 8)) ${replyHeap(8)}`,
      {},
      data(200, "xyz"),
    );
    expect(replied(c.update("go"))).toBe("\0\0xyz\0\0\0");
    const reader = new TestCanister(
      canisterModule(`(func (export "canister_update r") (call $stable64_read (i64.const 0) (i64.const 9) (i64.const 5)) ${replyHeap(5)})`),
      c.pool,
    );
    reader.state = ExecutionState.create(reader.state.module, nextEpoch(), { stable: c.state.stable });
    expect(replied(reader.update("r"))).toBe("\0xyz\0");
  });

  test("nothing of a trap or a query is kept", () => {
    const body = "(drop (call $stable64_grow (i64.const 1))) (call $stable64_write (i64.const 0) (i64.const 200) (i64.const 3))";
    const c = canister(`${body} (unreachable)`, {}, data(200, "xyz"));
    c.update("go");
    const queried = canister(body, {}, data(200, "xyz"));
    queried.query("q");
    for (const { state } of [c, queried]) expect([state.stableBytes, state.stable.pageCount]).toEqual([0, 0]);
  });

  test("32-bit functions", () => {
    const body =
      replyWith(
        "(call $stable_grow (i32.const 3))",
        "(call $stable_size)",
        "(call $stable_grow (i32.const 65534))",
        "(call $stable_grow (i32.const 0))",
      ) + "(call $stable_write (i32.const 5) (i32.const 200) (i32.const 3)) (call $stable_read (i32.const 0) (i32.const 4) (i32.const 5))";
    const c = canister(body, {}, data(200, "xyz"));
    expect(numbers(c.update("go"))).toEqual([0, 3, -1, 3]);
    expect(Buffer.from(c.heap(0, 5)).toString()).toBe("\0xyz\0");
  });

  test("32-bit functions on more than 4 GiB", () => {
    for (const call of [
      "(drop (call $stable_size))",
      "(drop (call $stable_grow (i32.const 0)))",
      "(call $stable_read (i32.const 0) (i32.const 0) (i32.const 1))",
      "(call $stable_write (i32.const 0) (i32.const 0) (i32.const 1))",
    ]) {
      expect(trapReason(go(`(drop (call $stable64_grow (i64.const 65537))) ${call}`))).toBe(
        "IC0502: Canister trapped: 32 bit stable memory api used on a memory larger than 4GB",
      );
      expect(go(`(drop (call $stable64_grow (i64.const 65536))) ${call}`).result.kind).toBe("none");
    }
    // Nothing is looked at when nothing is copied.
    expect(
      go("(drop (call $stable64_grow (i64.const 65537))) (call $stable_read (i32.const -1) (i32.const -1) (i32.const 0))").result.kind,
    ).toBe("none");
  });

  test.each([
    ["read beyond", "(call $stable64_read (i64.const 0) (i64.const 65535) (i64.const 2))", "stable memory out of bounds"],
    ["write beyond", "(call $stable64_write (i64.const 65535) (i64.const 0) (i64.const 2))", "stable memory out of bounds"],
    ["wraps around", "(call $stable64_write (i64.const -1) (i64.const 0) (i64.const 2))", "stable memory out of bounds"],
    ["32-bit read beyond", "(call $stable_read (i32.const 0) (i32.const 65535) (i32.const 2))", "stable memory out of bounds"],
    ["32-bit write beyond", "(call $stable_write (i32.const -1) (i32.const 0) (i32.const 2))", "stable memory out of bounds"],
    ["heap of a read", "(call $stable64_read (i64.const 65535) (i64.const 0) (i64.const 2))", "heap out of bounds"],
    ["heap of a write", "(call $stable64_write (i64.const 0) (i64.const 65535) (i64.const 2))", "heap out of bounds"],
    ["heap address beyond 4 GiB", "(call $stable64_read (i64.const 0x100000000) (i64.const 0) (i64.const 1))", "heap out of bounds"],
  ])("%s", (_, call, kind) => {
    expect(trapReason(go(`(drop (call $stable64_grow (i64.const 1))) ${call}`))).toBe(`IC0502: Canister trapped: ${kind}`);
  });

  test("growth: 500 GiB at most, and the view's leave", () => {
    expect(
      numbers64(
        go(
          replyWith64(
            "(call $stable64_grow (i64.const 8192001))",
            "(call $stable64_grow (i64.const -1))",
            "(call $stable64_grow (i64.const 8192000))",
            "(call $stable64_size)",
          ),
        ),
      ),
    ).toEqual([2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 8_192_000n]);
    expect(numbers64(go(replyWith64("(call $stable64_grow (i64.const 1))"), { stableAnswer: () => ({ kind: "refuse" }) }))).toEqual([
      2n ** 64n - 1n,
    ]);
    const trap = go("(drop (call $stable_grow (i32.const 1)))", {
      stableAnswer: () => ({ kind: "trap", error: { code: 532, description: "no cycles" } }),
    });
    expect(trapText(trap)).toBe("no cycles");
  });

  test("charges: 20 and a byte each, 1,000 for a page written first", () => {
    const cost = (calls: string): number => go(`(drop (call $stable64_grow (i64.const 4))) ${calls}`).instructions;
    const base = cost("");
    // call 5, three constants
    expect(cost("(call $stable64_read (i64.const 0) (i64.const 0) (i64.const 100))") - base).toBe(8 + 20 + 100);
    expect(cost("(call $stable64_write (i64.const 0) (i64.const 0) (i64.const 100))") - base).toBe(8 + 20 + 100 + 1000);
    expect(
      cost(
        "(call $stable64_write (i64.const 4000) (i64.const 0) (i64.const 100)) (call $stable64_write (i64.const 4000) (i64.const 0) (i64.const 100))",
      ) - base,
    ).toBe(2 * (8 + 20 + 100) + 2000);
    expect(cost("(call $stable64_write (i64.const 0) (i64.const 0) (i64.const 0))") - base).toBe(8 + 20);
  });

  test("pages per message", () => {
    const c = (calls: string): TestCanister => {
      const made = canister(`(drop (call $stable64_grow (i64.const 4))) ${calls}`);
      made.limits = testLimits({ stablePagesAccessed: 2, stablePagesDirtied: 1 });
      return made;
    };
    const read = (page: number, bytes = 1): string => `(call $stable64_read (i64.const 0) (i64.const ${page * 4096}) (i64.const ${bytes}))`;
    const write = (page: number): string => `(call $stable64_write (i64.const ${page * 4096}) (i64.const 0) (i64.const 1))`;
    expect(c(read(0) + read(1) + read(0) + read(1)).update("go").result.kind).toBe("none");
    expect(c(read(0) + write(0) + write(0) + read(5)).update("go").result.kind).toBe("none");
    expect(trapReason(c(read(0) + read(1) + read(2)).update("go"))).toBe(
      "IC0524: Canister exceeded memory access limits: Exceeded the limit for the number of accessed pages in the stable memory in a single message execution: limit 2097152 KB for regular messages and 1048576 KB for queries.",
    );
    expect(trapReason(c(read(0, 3 * 4096)).update("go"))).toContain("accessed pages");
    expect(trapReason(c(write(0) + write(1)).update("go"))).toBe(
      "IC0524: Canister exceeded memory access limits: Exceeded the limit for the number of modified pages in the stable memory in a single execution: limit 2097152 KB for regular messages, 8388608 KB for upgrade messages and 1048576 KB for queries.",
    );
    // The limit of accesses is looked at first.
    expect(trapReason(c(read(0) + read(1) + write(2)).update("go"))).toContain("accessed pages");
  });
});

describe("certified data [canister-interface#system-api-certified-data]", () => {
  test("set, too long, out of bounds", () => {
    expect(go("(call $certified_data_set (i32.const 10) (i32.const 3))", {}, data(10, "abc")).certifiedData).toEqual(text("abc"));
    expect(go("").certifiedData).toBeNull();
    expect(trapReason(go("(call $certified_data_set (i32.const 0) (i32.const 33))"))).toBe(
      `${VIOLATION}ic0_certified_data_set failed because the passed data must be no larger than 32 bytes. Found 33 bytes.`,
    );
    expect(trapReason(go("(call $certified_data_set (i32.const 65530) (i32.const 32))"))).toBe(
      `${VIOLATION}ic0_certified_data_set failed because src + size is out of bounds. Found src = 65530 and size = 32 while src + size must be <= 65536`,
    );
    expect(go("(call $certified_data_set (i32.const 10) (i32.const 3)) (unreachable)").certifiedData).toBeNull();
  });

  test("a query's certificate", () => {
    const view = { dataCertificate: () => text("certificate") };
    const c = new TestCanister(
      canisterModule(`(func (export "canister_query q") (i32.store (i32.const 0) (call $data_certificate_present)) (i32.store (i32.const 4) (call $data_certificate_size))
      (call $data_certificate_copy (i32.const 8) (i32.const 4) (i32.const 7)) ${replyHeap(15)})
      (func (export "canister_query beyond") (call $data_certificate_copy (i32.const 99999) (i32.const 10) (i32.const 2)))
      (func (export "canister_query heap") (call $data_certificate_copy (i32.const 65535) (i32.const 0) (i32.const 2)))
      (func (export "canister_query present") ${replyWith("(call $data_certificate_present)")})`),
    );
    c.view = view;
    expect(Buffer.from(replyBytes(c.query("q")).subarray(8)).toString()).toBe("ificate");
    expect(trapReason(c.query("beyond"))).toBe(
      `${VIOLATION}ic0_data_certificate_copy failed because offset + size is out of bounds. Found offset = 10 and size = 2 while offset + size must be <= 11`,
    );
    expect(trapReason(c.query("heap"))).toBe(
      `${VIOLATION}ic0_data_certificate_copy failed because dst + size is out of bounds. Found dst = 65535 and size = 2 while dst + size must be <= 65536`,
    );
    expect(numbers(c.query("present"))).toEqual([1]);
    expect(numbers(c.execute({ kind: "transform", method: "present", arg: NO_ARG }))).toEqual([0]);
  });
});

describe("environment", () => {
  test("status, version, time, replication [canister-interface#system-api-replicated-execution-check]", () => {
    const c = canister(
      replyWith64(
        "(i64.extend_i32_u (call $canister_status))",
        "(call $canister_version)",
        "(call $time)",
        "(i64.extend_i32_u (call $in_replicated_execution))",
      ),
      { status: 2, canisterVersion: 2n ** 40n, timeNanos: 2n ** 63n + 1n },
    );
    expect(numbers64(c.update("go"))).toEqual([2n, 2n ** 40n, 2n ** 63n + 1n, 1n]);
    expect(numbers64(c.query("q"))[3]).toBe(0n);
  });

  test("the timer tells what it was [canister-interface#global-timer]", () => {
    const outcome = go(
      replyWith64(
        "(call $global_timer_set (i64.const 5))",
        "(call $global_timer_set (i64.const 0))",
        "(call $global_timer_set (i64.const 7))",
      ),
      { globalTimerNanos: 77n },
    );
    expect(numbers64(outcome)).toEqual([77n, 5n, 0n]);
    expect(outcome.globalTimerNanos).toBe(7n);
    expect(go("").globalTimerNanos).toBeNull();
  });

  test("performance counters [canister-interface#system-api-performance-counter]", () => {
    const outcome = go(replyWith64("(call $performance_counter (i32.const 0))", "(call $performance_counter (i32.const 1))"), {
      contextInstructions: 1_000_000,
    });
    const [first, second] = numbers64(outcome);
    // Function entry and the whole block are paid before it begins, and the call charges 200.
    expect(second - first).toBe(200n);
    expect(Number(second)).toBeLessThan(outcome.instructions);
    expect(trapReason(go("(drop (call $performance_counter (i32.const 2)))"))).toBe(`${VIOLATION}Error getting performance counter type 2`);
    expect(trapReason(go("(drop (call $performance_counter (i32.const -1)))"))).toBe(
      `${VIOLATION}Error getting performance counter type 4294967295`,
    );
    const callback = canister(
      "",
      { contextInstructions: 1_000_000 },
      `(table 1 funcref) (elem (i32.const 0) $cb) (func $cb (param i32) ${replyWith64("(call $performance_counter (i32.const 0))", "(call $performance_counter (i32.const 1))")})`,
    );
    const [now, all] = numbers64(
      callback.execute({ kind: "replyCallback", closure: { functionIndex: 0, envLo: 0, envHi: 0 }, data: NO_ARG, composite: false }),
    );
    expect(all - now).toBe(1_000_200n);
  });

  test("the performance counter runs on over slices [canister-interface#system-api-performance-counter]", () => {
    const body = `(local $i i32) (loop $l (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000)))) ${replyWith64("(call $performance_counter (i32.const 0))")}`;
    const whole = numbers64(go(body));
    const c = canister(body);
    c.limits = testLimits({ instructions: 10_000_000, sliceInstructions: 100_000 });
    expect(numbers64(c.update("go"))).toEqual(whole);
  });

  test("controllers [canister-interface#system-api-controller-check]", () => {
    const c = (size: number): Outcome =>
      go(
        replyWith(`(call $is_controller (i32.const 100) (i32.const ${size}))`),
        { controllers: ["6162" as never, "" as never] },
        data(100, "ab"),
      );
    expect(numbers(c(2))).toEqual([1]);
    expect(numbers(c(1))).toEqual([0]);
    expect(numbers(c(0))).toEqual([1]);
    expect(trapReason(c(30))).toBe("IC0504: Canister provided invalid principal id");
    expect(trapReason(go("(drop (call $is_controller (i32.const 65530) (i32.const 7)))"))).toBe(
      `${VIOLATION}ic0.is_controller: src=65530 + length=7 exceeds the slice size=65536`,
    );
  });

  describe("variables [canister-interface#environment-variables]", () => {
    const view = {
      environmentVariables: [
        { name: "A", value: "1" },
        { name: "NAMÉ", value: "välue" },
      ],
    };
    const name = data(100, "NAM\\c3\\89");

    test("by index", () => {
      expect(
        numbers(
          go(
            replyWith("(call $env_var_count)", "(call $env_var_name_size (i32.const 0))", "(call $env_var_name_size (i32.const 1))"),
            view,
          ),
        ),
      ).toEqual([2, 1, 5]);
      expect(replied(go(`(call $env_var_name_copy (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 4)) ${replyHeap(4)}`, view))).toBe(
        "AMÉ",
      );
      const outside = "IC0504: Environment variable index 2 is out of bounds. The number of environment variables is 2.";
      expect(
        `IC0504: ${trapText(go("(drop (call $env_var_name_size (i32.const 2)))", view)).replace(/^Error from Canister [^:]*: /, "")}`,
      ).toBe(outside);
      expect(trapReason(go("(call $env_var_name_copy (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 4))", view))).toBe(
        `${VIOLATION}ic0.env_var_name_copy name: src=2 + length=4 exceeds the slice size=5`,
      );
    });

    test("by name", () => {
      expect(
        numbers(
          go(
            replyWith(
              "(call $env_var_name_exists (i32.const 100) (i32.const 5))",
              "(call $env_var_name_exists (i32.const 100) (i32.const 3))",
              "(call $env_var_value_size (i32.const 100) (i32.const 5))",
            ),
            view,
            name,
          ),
        ),
      ).toEqual([1, 0, 6]);
      expect(
        replied(
          go(
            `(call $env_var_value_copy (i32.const 100) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 6)) ${replyHeap(6)}`,
            view,
            name,
          ),
        ),
      ).toBe("välue");
    });

    test.each([
      [
        "too long",
        "(drop (call $env_var_name_exists (i32.const 99999) (i32.const 101)))",
        `${VIOLATION}ic0.env_var_name_exists: Variable name is too large.`,
      ],
      [
        "out of bounds",
        "(drop (call $env_var_name_exists (i32.const 65530) (i32.const 7)))",
        `${VIOLATION}ic0.env_var_name_exists heap: src=65530 + length=7 exceeds the slice size=65536`,
      ],
      [
        "out of bounds, value",
        "(call $env_var_value_copy (i32.const 65530) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0))",
        `${VIOLATION}ic0.env_var_value_copy name: src=65530 + length=7 exceeds the slice size=65536`,
      ],
      [
        "no text",
        "(drop (call $env_var_value_size (i32.const 103) (i32.const 1)))",
        `${VIOLATION}ic0.env_var_value_size: Variable name is not a valid UTF-8 string.`,
      ],
      [
        "value beyond",
        "(call $env_var_value_copy (i32.const 100) (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 6))",
        `${VIOLATION}ic0.env_var_value_copy value: src=1 + length=6 exceeds the slice size=6`,
      ],
      [
        "heap beyond",
        "(call $env_var_value_copy (i32.const 100) (i32.const 5) (i32.const 65535) (i32.const 0) (i32.const 2))",
        `${VIOLATION}ic0.env_var_value_copy heap: src=65535 + length=2 exceeds the slice size=65536`,
      ],
    ])("%s", (_, body, reason) => {
      expect(trapReason(go(body, view, name))).toBe(reason);
    });

    test("a name that is missing", () => {
      expect(trapText(go("(drop (call $env_var_value_size (i32.const 100) (i32.const 3)))", view, name))).toMatch(
        /: Environment variable NAM not found\.$/,
      );
    });
  });
});

describe("costs [canister-interface#system-api-cycle-cost]", () => {
  test("amounts", () => {
    const body = `(call $cost_call (i64.const 3) (i64.const 4) (i32.const 0)) (call $cost_create_canister (i32.const 16)) (call $cost_http_request (i64.const -1) (i64.const -2) (i32.const 32)) ${replyHeap(48)}`;
    expect(numbers64(go(body))).toEqual([1_000_007n, 0n, 500_000_000_000n, 0n, 2n ** 64n - 2n, 2n ** 64n - 1n]);
  });

  test("signatures: unknown curve, unknown key, and then nothing is written", () => {
    const sign = (name: string, size: number, curve: number, dst: number): Outcome =>
      go(
        `${replyWith(`(call $${name} (i32.const 100) (i32.const ${size}) (i32.const ${curve}) (i32.const ${dst}))`)}`,
        {},
        data(100, "key_1x"),
      );
    for (const name of ["cost_sign_with_ecdsa", "cost_sign_with_schnorr", "cost_vetkd_derive_key"]) {
      expect(numbers(sign(name, 5, 0, 200))).toEqual([0]);
      expect(numbers(sign(name, 6, 0, -1))).toEqual([2]);
      expect(numbers(sign(name, 5, 7, -1))).toEqual([1]);
      expect(trapReason(sign(name, 5, 0, -1))).toContain(`ic0_${name} failed because dst + size is out of bounds.`);
    }
    expect(numbers(sign("cost_sign_with_schnorr", 5, 1, 200))).toEqual([0]);
    expect(
      trapReason(
        go(
          "(i32.store8 (i32.const 0) (i32.const 255)) (drop (call $cost_sign_with_ecdsa (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))",
        ),
      ),
    ).toBe(`${VIOLATION}Failed to decode key name \ufffd`);
  });

  test("the second formula takes a Candid record of exactly its fields", async () => {
    const { IDL } = await import("@icp-sdk/core/candid");
    const fields = {
      request_bytes: IDL.Nat64,
      http_roundtrip_time_ms: IDL.Nat64,
      raw_response_bytes: IDL.Nat64,
      transformed_response_bytes: IDL.Nat64,
      transform_instructions: IDL.Nat64,
    };
    const values = {
      request_bytes: 1n,
      http_roundtrip_time_ms: 2n,
      raw_response_bytes: 3n,
      transformed_response_bytes: 4n,
      transform_instructions: 5n,
    };
    const c = canister(
      `(call $msg_arg_data_copy (i32.const 100) (i32.const 0) (call $msg_arg_data_size)) (call $cost_http_request_v2 (i32.const 100) (call $msg_arg_data_size) (i32.const 0)) ${replyHeap(16)}`,
    );
    const encoded = new Uint8Array(IDL.encode([IDL.Record(fields)], [values]));
    expect(numbers64(c.update("go", encoded))).toEqual([54_321n, 0n]);
    const more = new Uint8Array(IDL.encode([IDL.Record({ ...fields, extra: IDL.Nat8 })], [{ ...values, extra: 1 }]));
    const other = new Uint8Array(IDL.encode([IDL.Record({ ...fields, request_bytes: IDL.Nat })], [values]));
    for (const wrong of [more, other, encoded.slice(0, -1), Uint8Array.of(...encoded, 0), NO_ARG, text("DIDL")]) {
      expect(trapReason(c.update("go", wrong))).toContain(`${VIOLATION}Failed to decode HttpRequestV2CostParams from Candid: `);
    }
  });
});

describe("debugging aids [canister-interface#debugging-aids]", () => {
  const contents = (outcome: Outcome): string[] => outcome.logs.records.map(({ content }) => Buffer.from(content).toString());

  test("debug_print logs, never traps, and is charged by what the log has room for", () => {
    const outcome = go(
      "(call $debug_print (i32.const 100) (i32.const 5)) (call $debug_print (i32.const 65535) (i32.const 2))",
      {},
      data(100, "hello"),
    );
    expect(contents(outcome)).toEqual(["hello", "(debug_print message out of memory bounds)"]);
    const cost = (body: string, view: Partial<FakeView> = {}): number => go(body, view).instructions - go("").instructions;
    const print = (size: number): string => `(call $debug_print (i32.const 0) (i32.const ${size}))`;
    // call 5, two constants
    expect(cost(print(100))).toBe(7 + 100 + 200 + 5000);
    expect(cost(print(100), { printing: true })).toBe(7 + 100 + 200 + 5000 + 100);
    expect(cost(print(100) + print(100))).toBe(2 * (7 + 100 + 200 + 5000));
    // 140 of 4096 bytes are taken.
    expect(cost(print(100) + print(4000))).toBe(2 * (7 + 100) + 200 + 5000 + 2 * 4000 + 50 * 3956);
    expect(cost(print(5000))).toBe(7 + 100 + 2 * 4096 + 50 * 4096);
  });

  test("what was logged stays when the message traps", () => {
    const outcome = go(
      "(call $debug_print (i32.const 100) (i32.const 5)) (call $trap (i32.const 100) (i32.const 2))",
      {},
      data(100, "hello"),
    );
    expect(contents(outcome)).toEqual(["hello", "[TRAP]: he\nCanister Backtrace:\ngo\n"]);
    expect(trapReason(outcome)).toBe("IC0503: Canister called `ic0.trap` with message: 'he'");
  });

  test("a query's trap is not logged", () => {
    expect(contents(canister("(call $trap (i32.const 100) (i32.const 2))").query("q"))).toEqual([]);
  });

  test("a message of ic0.trap: lossy, cut, out of bounds, none", () => {
    const said = (body: string, functions = ""): string => trapReason(go(body, {}, functions));
    expect(said("(call $trap (i32.const 100) (i32.const 3))", '(data (i32.const 100) "a\\ffb")')).toBe(
      "IC0503: Canister called `ic0.trap` with message: 'a\ufffdb'",
    );
    expect(said("(call $trap (i32.const 65535) (i32.const 2))")).toBe(
      "IC0503: Canister called `ic0.trap` with message: '(trap message out of memory bounds)'",
    );
    expect(said("(memory.fill (i32.const 0) (i32.const 97) (i32.const 40000)) (call $trap (i32.const 0) (i32.const 40000))")).toHaveLength(
      "IC0503: Canister called `ic0.trap` with message: ''".length + 32_768,
    );
    expect(contents(go("(call $trap (i32.const 0) (i32.const 0))"))).toEqual(["[TRAP]: (no message)\nCanister Backtrace:\ngo\n"]);
    // call 5, two constants, 500 fixed, the message itself, twice its bytes, 50 for each that is logged
    expect(go("(call $trap (i32.const 0) (i32.const 10))").instructions).toBe(1 + 7 + 500 + 10 + 20 + 500);
  });

  test("an endless length is no reason not to charge", () => {
    const c = canister("(call $debug_print (i32.const 0) (i32.const -1))", { printing: true });
    c.limits = testLimits({ instructions: 1_000_000, sliceInstructions: 1_000_000 });
    expect(trapReason(c.update("go"))).toContain("IC0522");
  });

  test("in wasm64 it is charged whole, though it arrives cut", () => {
    for (const call of ["(call $debug_print (i64.const 0) (i64.const -1))", "(call $trap (i64.const 0) (i64.const 0x100000000))"]) {
      expect(trapReason(go(call, { printing: true }, "", 64))).toBe(
        "IC0522: Canister exceeded the limit of 40000000000 instructions for single message execution.",
      );
    }
    expect(
      go("(call $debug_print (i64.const 0) (i64.const -1))", {}, "", 64).result.kind,
      "where nothing is printed the log sets the price",
    ).toBe("none");
  });
});
