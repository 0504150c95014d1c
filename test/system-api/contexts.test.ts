/**
 * Every function of `ic0`, called in every kind of entry point, with pointers of 32 and of 64 bits: it works where the specification lists
 * it, elsewhere the execution fails with the platform's text and leaves nothing behind.
 */
import { describe, expect, test } from "vitest";
import type { EntryPoint, Outcome } from "../../src/core/canister/types.ts";
import { IC0 } from "../../src/core/wasm/ic0.ts";
import { NO_ARG, preparedModule, TestCanister, trapReason } from "../support/run-canister.ts";
import { wat } from "../support/wat.ts";
import { functionsOf, FUNCTIONS, importOf, wasmType, wasmTypes, type SystemFunction } from "./functions.ts";

const closure = { functionIndex: 0, envLo: 0, envHi: 0 };

/** Letter, name in the error text, entry point. */
const ENTRIES: readonly (readonly [letter: string, mode: string, entry: EntryPoint])[] = [
  ["s", "start", { kind: "start" }],
  ["I", "init", { kind: "init", arg: NO_ARG }],
  ["I", "init", { kind: "postUpgrade", arg: NO_ARG }],
  ["G", "pre upgrade", { kind: "preUpgrade" }],
  ["U", "update", { kind: "update", method: "u", arg: NO_ARG }],
  ["RQ", "replicated query", { kind: "replicatedQuery", method: "q", arg: NO_ARG }],
  ["NRQ", "non replicated query", { kind: "query", method: "q", arg: NO_ARG }],
  ["TQ", "non replicated query", { kind: "transform", method: "q", arg: NO_ARG }],
  ["CQ", "composite query", { kind: "compositeQuery", method: "c", arg: NO_ARG }],
  ["CQ", "composite query", { kind: "compositeQuery", method: "q", arg: NO_ARG }],
  ["Ry", "reply callback", { kind: "replyCallback", closure, data: NO_ARG, composite: false }],
  ["Rt", "reject callback", { kind: "rejectCallback", closure, code: 4, message: "", composite: false }],
  ["CRy", "composite reply callback", { kind: "replyCallback", closure, data: NO_ARG, composite: true }],
  ["CRt", "composite reject callback", { kind: "rejectCallback", closure, code: 4, message: "", composite: true }],
  ["C", "cleanup", { kind: "cleanup", closure, code: 0, composite: false }],
  ["CC", "composite cleanup", { kind: "cleanup", closure, code: 0, composite: true }],
  ["F", "inspect message", { kind: "inspectMessage", method: "u", arg: NO_ARG }],
  ["T", "heartbeat", { kind: "heartbeat" }],
  ["T", "global timer", { kind: "globalTimer" }],
  ["T", "on low Wasm memory", { kind: "lowWasmMemory" }],
];

/** In each entry point: writes to the heap, to a global and to stable memory, then calls the function with zeros. */
function calling({ name, params, result }: SystemFunction, bits: 32 | 64): string {
  const P = bits === 64 ? "i64" : "i32";
  const zeros = wasmTypes(params, bits).map((type) => `(${type}.const 0)`);
  const stable = ["stable64_grow", "stable64_write"].filter((helper) => helper !== name);
  const helpers = stable.map((helper) => importOf(helper, helper === "stable64_grow" ? ["i64"] : ["i64", "i64", "i64"], helper === "stable64_grow" ? ["i64"] : [])); // prettier-ignore
  const call = `(call $${name} ${zeros.join(" ")})`;
  return `(module ${importOf(name, wasmTypes(params, bits), wasmTypes(result, bits))} ${helpers.join(" ")}
    (memory ${bits === 64 ? "i64 " : ""}1) (global $g (mut i64) (i64.const 0)) (table 1 funcref) (elem (i32.const 0) $callback)
    (func $go (export "canister_init") (export "canister_post_upgrade") (export "canister_pre_upgrade") (export "canister_update u")
      (export "canister_query q") (export "canister_composite_query c") (export "canister_inspect_message") (export "canister_heartbeat")
      (export "canister_global_timer") (export "canister_on_low_wasm_memory")
      (i64.store (${P}.const 5000) (i64.add (i64.load (${P}.const 5000)) (i64.const 1)))
      (global.set $g (i64.add (global.get $g) (i64.const 1)))
      (drop (call $stable64_grow (i64.const 1)))
      (call $stable64_write (i64.const 9) (i64.const 5000) (i64.const 8))
      ${result === "" ? call : `(drop ${call})`})
    (func $callback (param ${P}) (call $go))
    (func $begin (call $go)) (start $begin))`;
}

/** What becomes of a call with zeros, where it is not that the function returns. */
const WITH_ZEROS: Readonly<Record<string, string>> = {
  trap: "IC0503: Canister called `ic0.trap` with message: ''",
  call_on_cleanup: "IC0504: Canister violated contract: ic0.call_on_cleanup called when no call is under construction.",
  call_data_append: "IC0504: Canister violated contract: ic0.call_data_append called when no call is under construction.",
  call_perform: "IC0504: Canister violated contract: ic0.call_perform called when no call is under construction.",
  call_cycles_add: "IC0504: Canister violated contract: ic0_call_cycles_add called when no call is under construction.",
  call_cycles_add128: "IC0504: Canister violated contract: ic0_call_cycles_add128 called when no call is under construction.",
  call_with_best_effort_response:
    "IC0504: Canister violated contract: ic0.call_with_best_effort_response called when no call is under construction.",
  env_var_name_size: "IC0504: Environment variable index 0 is out of bounds. The number of environment variables is 0.",
  env_var_name_copy: "IC0504: Environment variable index 0 is out of bounds. The number of environment variables is 0.",
  env_var_value_size: "IC0504: Environment variable  not found.",
  env_var_value_copy: "IC0504: Environment variable  not found.",
};

/** These two are spelled with a dot where all others have an underscore. */
const SPELLED_WITH_DOT = ["root_key_copy", "subnet_self_copy"];

function expected({ name, contexts }: SystemFunction, letter: string, mode: string): string {
  if (!contexts.has(letter)) {
    const shown = SPELLED_WITH_DOT.includes(name) ? `ic0.${name}` : `ic0_${name}`;
    return `IC0504: Canister violated contract: "${shown}" cannot be executed in ${mode} mode`;
  }
  return WITH_ZEROS[name] ?? "no trap";
}

function nothingKept(outcome: Outcome): void {
  expect(outcome.calls).toEqual([]);
  expect([outcome.certifiedData, outcome.globalTimerNanos, outcome.acceptedMessage]).toEqual([null, null, false]);
}

test("the list is that of the rewriter, types and contexts too", () => {
  const shown = (functions: Iterable<Omit<SystemFunction, "contexts"> & { readonly contexts: ReadonlySet<string> }>): string[] =>
    [...functions]
      .map(({ name, params, result, contexts, only32 }) =>
        [name, params.replaceAll("E", "I"), result, [...contexts].sort().join(), only32].join(" "),
      )
      .sort();
  expect(shown(IC0.values())).toEqual(shown(FUNCTIONS));
});

for (const bits of [32, 64] as const) {
  describe(`in wasm${bits} [canister-interface#system-api-imports]`, () => {
    test.each(functionsOf(bits).map((api) => [api.name, api] as const))("ic0.%s", (_, api) => {
      const canister = new TestCanister(preparedModule(wat(calling(api, bits))));
      canister.view = { dataCertificate: () => NO_ARG, mayMint: true };
      for (const [letter, mode, entry] of ENTRIES) {
        const before = canister.digest();
        const outcome = canister.execute(entry);
        const wanted = api.name === "cost_http_request_v2" ? expect.stringMatching(/^IC0504: .*Failed to decode HttpRequestV2CostParams/) : expected(api, letter, mode); // prettier-ignore
        expect([mode, outcome.result.kind === "trap" ? trapReason(outcome) : "no trap"]).toEqual([mode, wanted]);
        if (outcome.result.kind !== "trap") continue;
        nothingKept(outcome);
        expect(canister.digest(), mode).toBe(before);
      }
    });
  });
}

/** Functions with an address, or a length of bytes on the heap. Those of stable memory are compiled into the module on the platform. */
const TOUCHES_MEMORY = FUNCTIONS.filter(
  ({ name, params }) => params.includes("I") && !name.startsWith("stable") && !["call_on_cleanup", "env_var_name_size"].includes(name),
);

describe("a module without memory [canister-interface#system-api-module]", () => {
  test("has pointers of 32 bits, and cannot call what touches memory, wherever it is", () => {
    for (const { name, params, result } of TOUCHES_MEMORY) {
      const zeros = wasmTypes(params, 32).map((type) => `(${type}.const 0)`);
      const call = `(call $${name} ${zeros.join(" ")})`;
      const canister = new TestCanister(
        preparedModule(
          wat(`(module ${importOf(name, wasmTypes(params, 32), wasmTypes(result, 32))}
            (func (export "canister_heartbeat") (export "canister_query q") ${result === "" ? call : `(drop ${call})`}))`),
        ),
      );
      for (const entry of [{ kind: "heartbeat" }, { kind: "query", method: "q", arg: NO_ARG }] as const) {
        const outcome = canister.execute(entry);
        expect([name, outcome.result.kind === "trap" && trapReason(outcome)]).toEqual([
          name,
          "IC0504: Canister violated contract: WebAssembly module must define memory",
        ]);
      }
    }
  });

  test("calls everything else", () => {
    for (const { name, params, result, contexts } of FUNCTIONS.filter((api) => !TOUCHES_MEMORY.includes(api) && api.contexts.has("U"))) {
      if (name.startsWith("stable") && name !== "stable64_size" && name !== "stable_size") continue;
      const zeros = [...params].map((letter) => `(${wasmType(letter, 32)}.const 0)`);
      const canister = new TestCanister(
        preparedModule(
          wat(`(module ${importOf(name, wasmTypes(params, 32), wasmTypes(result, 32))}
            (func (export "canister_update u") (call $${name} ${zeros.join(" ")}) ${result === "" ? "" : "drop"}))`),
        ),
      );
      const outcome = canister.update("u");
      expect([name, contexts.size > 0 && outcome.result.kind === "trap" ? trapReason(outcome) : "no trap"]).toEqual([
        name,
        WITH_ZEROS[name] ?? "no trap",
      ]);
    }
  });
});
