/**
 * What each function of the System API charges, as system-api.md lists it: the `call` weighs 5, then a fixed amount and one by size. A call
 * that then traps (wrong context, wrong arguments) is charged all the same, so an update may try them all.
 */
import { describe, expect, test } from "vitest";
import { IC0 } from "../../src/core/wasm/ic0.ts";
import { importLine, typeOf } from "../support/ic0-wat.ts";
import { preparedModule, TestCanister } from "../support/run-canister.ts";
import { wat } from "../support/wat.ts";

/** Fixed amount, functions; `@n` names the parameters that hold a size. */
const COMMON: readonly (readonly [fixed: number, perByte: number, functions: string])[] = [
  [500, 0, "msg_arg_data_size msg_caller_size msg_caller_info_data_size msg_caller_info_signer_size msg_reject_code msg_reject_msg_size"],
  [500, 0, "msg_deadline msg_reply msg_cycles_available128 msg_cycles_refunded128 msg_cycles_accept128 cycles_burn128"],
  [
    500,
    0,
    "canister_self_size subnet_self_size canister_cycle_balance128 canister_liquid_cycle_balance128 canister_status canister_version",
  ],
  [500, 0, "msg_method_name_size accept_message call_on_cleanup call_with_best_effort_response call_cycles_add128 root_key_size"],
  [500, 0, "data_certificate_present data_certificate_size time global_timer_set in_replicated_execution"],
  [500, 0, "cost_call cost_create_canister cost_http_request env_var_count env_var_name_size env_var_name_exists env_var_value_size"],
  [500, 1, "msg_arg_data_copy@2 msg_caller_copy@2 msg_caller_info_data_copy@2 msg_caller_info_signer_copy@2 msg_reject_msg_copy@2"],
  [500, 1, "canister_self_copy@2 subnet_self_copy@2 msg_method_name_copy@2 root_key_copy@2 certified_data_set@1 data_certificate_copy@2"],
  [500, 1, "cost_sign_with_ecdsa@1 cost_sign_with_schnorr@1 cost_vetkd_derive_key@1 env_var_name_copy@3 env_var_value_copy@4"],
  [500, 50, "msg_reply_data_append@1 msg_reject@1 call_data_append@1"],
  [1500, 1, "call_new@1@3"],
  [5000, 0, "call_perform"],
  [10_000, 0, "cost_http_request_v2"],
  [1000, 1, "is_controller@1"],
  [200, 0, "performance_counter"],
  [0, 0, "mint_cycles128 stable64_size"],
  [100, 0, "stable64_grow"],
  [20, 1, "stable64_write@2 stable64_read@2"],
];
const ONLY_32: typeof COMMON = [
  [500, 0, "msg_cycles_available msg_cycles_refunded msg_cycles_accept canister_cycle_balance call_cycles_add"],
  [0, 0, "stable_size"],
  [100, 0, "stable_grow"],
  [20, 1, "stable_write@2 stable_read@2"],
];
/** Charged for what the log takes, below. */
const LOGGING = ["debug_print", "trap"];

interface Charged {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly fixed: number;
  readonly perByte: number;
}

function charged(rows: typeof COMMON): Charged[] {
  return rows.flatMap(([fixed, perByte, functions]) =>
    functions.split(" ").map((entry) => {
      const [name, ...sizes] = entry.split("@");
      return { name: name!, sizes: sizes.map(Number), fixed, perByte };
    }),
  );
}

/** A module with a method for each function, which calls it with every size `size` and 0 for all else; and its arguments' number. */
function module(functions: readonly Charged[], size: number, bits: 32 | 64): TestCanister {
  const methods = functions.map(({ name, sizes }) => {
    const { params, result } = IC0.get(name)!;
    const args = [...params].map((letter, i) => `${typeOf(letter, bits)}.const ${sizes.includes(i) ? size : 0}`);
    return `(func (export "canister_update ${name}") ${args.join(" ")} call $${name} ${result === "" ? "" : "drop"})`;
  });
  return new TestCanister(
    preparedModule(
      wat(
        `(module ${functions.map(({ name }) => importLine(name, bits)).join("\n")} (memory ${bits === 64 ? "i64 " : ""}1) ${methods.join("\n")})`,
      ),
    ),
  );
}

for (const bits of [32, 64] as const) {
  const functions = charged(bits === 32 ? [...COMMON, ...ONLY_32] : COMMON);

  describe(`charges in wasm${bits} [replica: charges of the System API]`, () => {
    test("every function is listed", () => {
      const known = [...IC0.values()].filter(({ only32 }) => bits === 32 || !only32).map(({ name }) => name);
      expect([...functions.map(({ name }) => name), ...LOGGING].sort()).toEqual(known.sort());
    });

    for (const size of [0, 1, 40, 5000]) {
      test(`sizes of ${size}`, () => {
        const canister = module(functions, size, bits);
        const counts = functions.map(({ name }): [string, number] => {
          const { instructions, dirtyHeapPages } = canister.update(name);
          return [name, instructions - dirtyHeapPages * (bits === 64 ? 4000 : 1000)];
        });
        const expected = functions.map(({ name, sizes, fixed, perByte }): [string, number] => {
          const { params, result } = IC0.get(name)!;
          const block = 1 + params.length + 5 + (result === "" ? 0 : 1);
          return [name, block + fixed + perByte * size * sizes.length];
        });
        expect(counts).toEqual(expected);
      });
    }

    test("a size that cannot be is charged as it is, and is more than any limit", () => {
      const sized = functions.filter(({ name, sizes }) => sizes.length > 0 && !name.startsWith("stable64_"));
      const canister = module(sized, -1, bits);
      canister.limits = { ...canister.limits, instructions: 2 ** 32 - 10, sliceInstructions: 2 ** 32 - 10 };
      for (const { name } of sized) {
        const outcome = canister.update(name);
        expect([name, outcome.result]).toMatchObject([name, { kind: "trap", error: { code: 522 } }]);
        expect(outcome.instructions).toBe(2 ** 32 - 10);
      }
    });

    test("the stable functions add their 20 in 64 bits, where a size close to 2^64 wraps", () => {
      const stable = functions.filter(({ name, sizes }) => sizes.length > 0 && name.startsWith("stable64_"));
      for (const [size, code, charge] of [
        [-1, 502, 19],
        [-20, 502, 0],
        [-21, 522, 40_000_000_000 - 9],
      ]) {
        const canister = module(stable, size!, bits);
        for (const { name } of stable) {
          const outcome = canister.update(name);
          expect([name, outcome.result]).toMatchObject([name, { kind: "trap", error: { code } }]);
          expect(outcome.instructions).toBe(1 + 3 + 5 + charge!);
        }
      }
    });
  });

  describe(`charges of logging in wasm${bits} [replica: charges of the System API]`, () => {
    const P = bits === 64 ? "i64" : "i32";
    const called = (calls: string, printing: boolean): number => {
      const imports = LOGGING.map((name) => importLine(name, bits)).join(" ");
      const memory = `(memory ${bits === 64 ? "i64 " : ""}1)`;
      const canister = new TestCanister(
        preparedModule(wat(`(module ${imports} ${memory} (func (export "canister_update run") ${calls}))`)),
      );
      canister.view = { printing };
      return canister.update("run").instructions;
    };
    const print = (length: number): string => `${P}.const 0 ${P}.const ${length} call $debug_print`;
    const CAPACITY = 4096;

    test("debug_print: 100, twice what the log could hold, 50 a byte it has room for; once a byte where printing is on", () => {
      const block = 1 + 2 + 5;
      expect(called(print(100), false)).toBe(block + 100 + 2 * 100 + 50 * 100);
      expect(called(print(100), true)).toBe(block + 100 + 2 * 100 + 50 * 100 + 100);
      expect(called(print(0), true)).toBe(block + 100);
      expect(called(print(10_000), false)).toBe(block + 100 + 2 * CAPACITY + 50 * CAPACITY);
      expect(called(print(10_000), true)).toBe(block + 100 + 2 * CAPACITY + 50 * CAPACITY + 10_000);
    });

    test("what this message has logged before leaves less room: content and 40 bytes a record", () => {
      const room = CAPACITY - (1000 + 40);
      expect(called(`${print(1000)} ${print(4000)}`, false)).toBe(
        1 + 2 * (2 + 5) + (100 + 2 * 1000 + 50 * 1000) + (100 + 2 * 4000 + 50 * room),
      );
    });

    test("trap: 500 and the same, the length itself always", () => {
      const trap = (length: number): string => `${P}.const 0 ${P}.const ${length} call $trap`;
      for (const printing of [false, true]) {
        expect(called(trap(100), printing)).toBe(1 + 2 + 5 + 500 + 2 * 100 + 50 * 100 + 100);
        expect(called(trap(0), printing)).toBe(1 + 2 + 5 + 500);
      }
    });
  });
}
