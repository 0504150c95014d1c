/**
 * Ranges of the heap, and of what is copied out of the system: to their last byte they work, one byte beyond the execution fails with the
 * platform's text, the heap's before the other's, and leaves nothing behind. With pointers of 32 and of 64 bits.
 */
import { describe, expect, test } from "vitest";
import type { EntryPoint } from "../../src/core/canister/types.ts";
import { principalBytes } from "../../src/core/state/principal.ts";
import { TEST_CALLER, TEST_CANISTER, TEST_SUBNET, type FakeView } from "../support/fake-view.ts";
import { canisterModule } from "../support/ic0-wat.ts";
import { NO_ARG, TestCanister, trapReason } from "../support/run-canister.ts";

const HEAP = 65_536;
/** As `errors.ts` departs: in wasm64 whatever is larger is shown as this; the platform shows the number, and has another text where the sum overflows. */
const WIDEST = 4_294_967_295;
const VIOLATION = "IC0504: Canister violated contract: ";
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

type Number_ = number | bigint;
interface Blob {
  /** The platform's word for it. */
  readonly word: string;
  readonly bytes: Uint8Array;
  readonly entry?: EntryPoint;
  /** Arguments in front. */
  readonly before?: readonly number[];
}

const update: EntryPoint = { kind: "update", method: "go", arg: utf8("argument") };
const VIEW: Partial<FakeView> = {
  callerInfoData: utf8("info"),
  callerInfoSigner: utf8("sig"),
  environmentVariables: [{ name: "NAME", value: "value" }],
};

const BLOBS: Readonly<Record<string, Blob>> = {
  msg_arg_data_copy: { word: "payload", bytes: utf8("argument") },
  msg_caller_copy: { word: "id", bytes: principalBytes(TEST_CALLER) },
  msg_caller_info_data_copy: { word: "info", bytes: utf8("info") },
  msg_caller_info_signer_copy: { word: "signer", bytes: utf8("sig") },
  msg_reject_msg_copy: {
    word: "msg",
    bytes: utf8("né"),
    entry: { kind: "rejectCallback", closure: { functionIndex: 0, envLo: 0, envHi: 0 }, code: 4, message: "né", composite: false },
  },
  canister_self_copy: { word: "id", bytes: principalBytes(TEST_CANISTER) },
  subnet_self_copy: { word: "id", bytes: principalBytes(TEST_SUBNET as never) },
  msg_method_name_copy: { word: "payload", bytes: utf8("méthode"), entry: { kind: "inspectMessage", method: "méthode", arg: NO_ARG } },
  root_key_copy: { word: "bytes", bytes: new Uint8Array(133).fill(9) },
  env_var_name_copy: { word: "name", bytes: utf8("NAME"), before: [0] },
  env_var_value_copy: { word: "value", bytes: utf8("value"), before: [2000, 4] },
};

/** Functions that read a range: arguments around it, and how the platform calls it. */
const SOURCES: readonly {
  readonly name: string;
  readonly before?: readonly number[];
  readonly after?: readonly string[];
  readonly text: string;
  readonly first?: string;
}[] = [
  { name: "msg_reply_data_append", text: "msg.reply" },
  { name: "msg_reject", text: "ic0.msg_reject" },
  { name: "call_new", after: ["P 0", "P 0", "P 0", "P 0", "P 0", "P 0"], text: "ic0.call_new callee_src" },
  { name: "call_new", before: [0, 0], after: ["P 0", "P 0", "P 0", "P 0"], text: "ic0.call_new method_name" },
  { name: "call_data_append", first: "call_new", text: "ic0.call_data_append" },
  { name: "is_controller", text: "ic0.is_controller" },
  { name: "env_var_name_exists", text: "ic0.env_var_name_exists heap" },
  { name: "env_var_value_size", text: "ic0.env_var_value_size heap" },
  { name: "env_var_value_copy", after: ["P 0", "P 0", "P 0"], text: "ic0.env_var_value_copy name" },
  { name: "cost_sign_with_ecdsa", after: ["i32 0", "P 0"], text: "ic0.cost_sign_with_ecdsa heap" },
  { name: "cost_sign_with_schnorr", after: ["i32 0", "P 0"], text: "ic0.cost_sign_with_schnorr heap" },
  { name: "cost_vetkd_derive_key", after: ["i32 0", "P 0"], text: "ic0.cost_vetkd_derive_key heap" },
  { name: "cost_http_request_v2", after: ["P 0"], text: "ic0.cost_http_request_v2 heap" },
];

/** Functions that write 16 bytes: arguments in front, and the name in the text where it is another. */
const AMOUNTS: readonly { readonly name: string; readonly before: readonly string[]; readonly shown?: string }[] = [
  { name: "msg_cycles_available128", before: [] },
  { name: "msg_cycles_refunded128", before: [] },
  { name: "msg_cycles_accept128", before: ["i64 0", "i64 5"] },
  { name: "cycles_burn128", before: ["i64 0", "i64 5"] },
  { name: "mint_cycles128", before: ["i64 0", "i64 5"], shown: "ic0_mint_cycles_128" },
  { name: "canister_cycle_balance128", before: [] },
  { name: "canister_liquid_cycle_balance128", before: [] },
  { name: "cost_call", before: ["i64 1", "i64 2"] },
  { name: "cost_create_canister", before: [] },
  { name: "cost_http_request", before: ["i64 1", "i64 2"] },
];

describe.each([32, 64] as const)("ranges in wasm%i [canister-interface#blob-typed-arguments-and-results]", (bits) => {
  const P = bits === 64 ? "i64" : "i32";
  const typed = (text: string): string => `(${text.replace(/^P/, P).replace(" ", ".const ")})`;
  const pointers = (...values: readonly Number_[]): string => values.map((value) => `(${P}.const ${value})`).join(" ");
  // After a store and before the call there is something to lose.
  const canister = (call: string, result: string): TestCanister => {
    const made = new TestCanister(
      canisterModule(
        `(table 1 funcref) (elem (i32.const 0) $callback) (func $callback (param ${P}) (call $go)) (data (${P}.const 2000) "NAMEkey_1")
        (func $go (export "canister_update go") (export "canister_inspect_message") (i64.store (${P}.const 3000) (i64.const 1)) ${result === "" ? call : `(drop ${call})`})`,
        bits,
      ),
    );
    made.view = { ...VIEW, mayMint: true, available: 7n };
    return made;
  };
  /** `null` when it worked. */
  const attempt = (made: TestCanister, entry: EntryPoint): string | null => {
    const before = made.digest();
    const outcome = made.execute(entry);
    if (outcome.result.kind !== "trap") return null;
    expect([made.digest() === before, outcome.calls.length, outcome.certifiedData]).toEqual([true, 0, null]);
    return trapReason(outcome);
  };
  const wide = bits === 64;

  test.each(Object.entries(BLOBS))("ic0.%s", (name, { word, bytes, entry = update, before = [] }) => {
    const L = bytes.length;
    const copy = (...range: readonly Number_[]): TestCanister => canister(`(call $${name} ${pointers(...before, ...range)})`, "");
    const fails = (...range: readonly Number_[]): string | null => attempt(copy(...range), entry);
    const heap = (dst: number, size: number): string =>
      `${VIOLATION}ic0.${name} heap: src=${dst} + length=${size} exceeds the slice size=${HEAP}`;
    const blob = (offset: number, size: number): string =>
      `${VIOLATION}ic0.${name} ${word}: src=${offset} + length=${size} exceeds the slice size=${L}`;
    for (const [dst, offset, size] of [
      [1000, 0, L],
      [HEAP - L, 0, L],
      [1000, L - 1, 1],
    ] as const) {
      const made = copy(dst, offset, size);
      expect(attempt(made, entry)).toBeNull();
      if (entry.kind !== "inspectMessage")
        expect(Buffer.from(made.heap(dst, size))).toEqual(Buffer.from(bytes.slice(offset, offset + size)));
    }
    expect(fails(HEAP, L, 0)).toBeNull();
    expect(fails(HEAP - L + 1, 0, L)).toBe(heap(HEAP - L + 1, L));
    expect(fails(HEAP + 1, 0, 0)).toBe(heap(HEAP + 1, 0));
    expect(fails(1000, 1, L)).toBe(blob(1, L));
    expect(fails(1000, L + 1, 0)).toBe(blob(L + 1, 0));
    expect(fails(HEAP, 0, L + 1), "the heap is looked at first").toBe(heap(HEAP, L + 1));
    expect(fails(WIDEST, 0, 1)).toBe(heap(WIDEST, 1));
    expect(fails(1000, WIDEST, 1)).toBe(blob(WIDEST, 1));
    expect(fails(1000, 0, WIDEST)).toBe(heap(1000, WIDEST));
    if (wide) {
      for (const dst of [2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) expect(fails(dst, 0, 1)).toBe(heap(WIDEST, 1));
      for (const offset of [2n ** 32n, 2n ** 64n - 1n]) expect(fails(1000, offset, 1)).toBe(blob(WIDEST, 1));
    }
  });

  test.each(SOURCES)("the range of $text", ({ name, before = [], after = [], text, first }) => {
    const start = first === undefined ? "" : `(call $${first} ${pointers(0, 0, 0, 0, 0, 0, 0, 0)})`;
    const result =
      ["is_controller", "env_var_name_exists", "env_var_value_size"].includes(name) || /cost_(sign|vetkd)/.test(name) ? "r" : "";
    const call = (src: Number_, size: Number_): string => `(call $${name} ${pointers(...before, src, size)} ${after.map(typed).join(" ")})`;
    const fails = (src: Number_, size: Number_): string | null =>
      attempt(canister(result === "" ? `${start} ${call(src, size)}` : call(src, size), result), update);
    const outside = (src: number, size: number): string =>
      `${VIOLATION}${text}: src=${src} + length=${size} exceeds the slice size=${HEAP}`;
    for (const [src, size] of [
      [HEAP - 3, 4],
      [HEAP + 1, 0],
      [WIDEST, 1],
    ] as const)
      expect(fails(src, size)).toBe(outside(src, size));
    if (wide) for (const src of [2n ** 32n, 2n ** 64n - 1n]) expect(fails(src, 1)).toBe(outside(WIDEST, 1));
    // To the end; what is wrong then is something else, if anything.
    for (const [src, size] of [
      [HEAP, 0],
      [HEAP - 4, 4],
    ] as const)
      expect(fails(src, size) ?? "").not.toContain("exceeds the slice size");
  });

  test.each(AMOUNTS)("the 16 bytes of ic0.$name", ({ name, before, shown = `ic0_${name}` }) => {
    const entry: EntryPoint = name.includes("refunded")
      ? { kind: "replyCallback", closure: { functionIndex: 0, envLo: 0, envHi: 0 }, data: NO_ARG, composite: false }
      : update;
    const fails = (dst: Number_): string | null =>
      attempt(canister(`(call $${name} ${before.map(typed).join(" ")} ${pointers(dst)})`, ""), entry);
    const outside = (dst: number): string =>
      `${VIOLATION}${shown} failed because dst + size is out of bounds.Found dst = ${dst} and size = 16 while must be <= ${HEAP}`;
    expect(fails(HEAP - 16)).toBeNull();
    for (const dst of [HEAP - 15, HEAP, WIDEST]) expect(fails(dst)).toBe(outside(dst));
    if (wide) for (const dst of [2n ** 32n, 2n ** 64n - 1n]) expect(fails(dst)).toBe(outside(WIDEST));
  });

  test("certified data", () => {
    const set = (src: Number_, size: Number_): string | null =>
      attempt(canister(`(call $certified_data_set ${pointers(src, size)})`, ""), update);
    expect(set(HEAP - 32, 32)).toBeNull();
    expect(set(HEAP, 0)).toBeNull();
    expect(set(HEAP - 31, 32)).toBe(
      `${VIOLATION}ic0_certified_data_set failed because src + size is out of bounds. Found src = 65505 and size = 32 while src + size must be <= 65536`,
    );
    expect(set(WIDEST, 33), "the size is looked at first").toBe(
      `${VIOLATION}ic0_certified_data_set failed because the passed data must be no larger than 32 bytes. Found 33 bytes.`,
    );
  });

  test("the data certificate: the certificate's range is looked at first", () => {
    const copy = (dst: Number_, offset: Number_, size: Number_): string | null => {
      const made = new TestCanister(
        canisterModule(`(func (export "canister_query q") (call $data_certificate_copy ${pointers(dst, offset, size)}))`, bits),
      );
      made.view = { dataCertificate: () => utf8("certificate") };
      return attempt(made, { kind: "query", method: "q", arg: NO_ARG });
    };
    expect(copy(HEAP - 11, 0, 11)).toBeNull();
    expect(copy(HEAP, 11, 0)).toBeNull();
    expect(copy(HEAP, 1, 11)).toBe(
      `${VIOLATION}ic0_data_certificate_copy failed because offset + size is out of bounds. Found offset = 1 and size = 11 while offset + size must be <= 11`,
    );
    expect(copy(HEAP, 0, 1)).toBe(
      `${VIOLATION}ic0_data_certificate_copy failed because dst + size is out of bounds. Found dst = 65536 and size = 1 while dst + size must be <= 65536`,
    );
  });
});

describe.each([32, 64] as const)("ranges of stable memory in wasm%i [canister-interface#system-api-stable-memory]", (bits) => {
  const P = bits === 64 ? "i64" : "i32";
  const STABLE = 2 * 65_536;
  const OUTSIDE = "IC0502: Canister trapped: stable memory out of bounds";
  const NO_HEAP = "IC0502: Canister trapped: heap out of bounds";
  const canister = new TestCanister(
    canisterModule(
      `(func (export "canister_init") (drop (call $stable64_grow (i64.const 2))) (i32.store8 (${P}.const 65535) (i32.const 7)))
      ${["write", "read"]
        .flatMap((name) => [
          `(func (export "canister_update ${name}64") (i64.store (${P}.const 3000) (i64.const 1)) (call $load) (call $stable64_${name} (global.get $a) (global.get $b) (global.get $c)))`,
          bits === 32
            ? `(func (export "canister_update ${name}32") (call $load) (call $stable_${name} (i32.wrap_i64 (global.get $a)) (i32.wrap_i64 (global.get $b)) (i32.wrap_i64 (global.get $c))))`
            : "",
        ])
        .join(" ")}
      (global $a (mut i64) (i64.const 0)) (global $b (mut i64) (i64.const 0)) (global $c (mut i64) (i64.const 0))
      (func $load (call $msg_arg_data_copy (${P}.const 0) (${P}.const 0) (${P}.const 24))
        (global.set $a (i64.load (${P}.const 0))) (global.set $b (i64.load (${P}.const 8))) (global.set $c (i64.load (${P}.const 16))))`,
      bits,
    ),
  );
  canister.execute({ kind: "init", arg: NO_ARG });

  /** `null` when it worked. */
  const attempt = (method: string, ...args: readonly Number_[]): string | null => {
    const before = canister.digest();
    const outcome = canister.update(method, new Uint8Array(BigUint64Array.from(args, (arg) => BigInt.asUintN(64, BigInt(arg))).buffer));
    if (outcome.result.kind !== "trap") return null;
    expect(canister.digest()).toBe(before);
    return trapReason(outcome);
  };
  const HUGE = 2n ** 64n - 1n;

  test("64-bit functions: to the last byte, stable memory first, nothing is looked at for no bytes", () => {
    for (const method of ["write64", "read64"]) {
      // (offset, source, size), or (destination, offset, size).
      const at = (stable: Number_, heap: Number_, size: Number_): string | null =>
        method === "write64" ? attempt(method, stable, heap, size) : attempt(method, heap, stable, size);
      expect(at(STABLE - 1, HEAP - 1, 1)).toBeNull();
      expect(at(STABLE - 1, 0, 2)).toBe(OUTSIDE);
      expect(at(STABLE, 0, 1)).toBe(OUTSIDE);
      expect(at(2n ** 32n, 0, 1)).toBe(OUTSIDE);
      expect(at(HUGE, 0, 1)).toBe(OUTSIDE);
      expect(at(HUGE, 0, 5)).toBe(OUTSIDE);
      expect(at(0, HEAP - 1, 2)).toBe(NO_HEAP);
      expect(at(0, HEAP, 1)).toBe(NO_HEAP);
      for (const address of [2n ** 32n - 1n, 2n ** 32n, 6n * 2n ** 30n, 6n * 2n ** 30n + 1n, HUGE]) expect(at(0, address, 1)).toBe(NO_HEAP);
      expect(at(STABLE, HEAP, 1), "stable memory is looked at first").toBe(OUTSIDE);
      expect(at(HUGE, HUGE, 0)).toBeNull();
    }
    expect(canister.stable(STABLE - 1, 1)[0]).toBe(7);
  });

  if (bits === 64) return;

  test("32-bit functions: the same", () => {
    for (const method of ["write32", "read32"]) {
      const at = (stable: number, heap: number, size: number): string | null =>
        method === "write32" ? attempt(method, stable, heap, size) : attempt(method, heap, stable, size);
      expect(at(STABLE - 4, HEAP - 4, 4)).toBeNull();
      expect(at(STABLE - 3, 0, 4)).toBe(OUTSIDE);
      expect(at(0xffff_ffff, 0, 1)).toBe(OUTSIDE);
      expect(at(0, 0xffff_ffff, 1)).toBe(NO_HEAP);
      expect(at(STABLE, HEAP, 1)).toBe(OUTSIDE);
      expect(at(0xffff_ffff, 0xffff_ffff, 0)).toBeNull();
    }
  });
});
