/**
 * Every function of `ic0` in every kind of entry point: it works where the table says so, and elsewhere fails with the platform's text.
 */
import { expect, test } from "vitest";
import { compileWat, importLine, typeOf } from "../../../../test/support/ic0-wat.ts";
import { NO_ARG, preparedModule, TestCanister, trapReason } from "../../../../test/support/run-canister.ts";
import { IC0, type Context } from "../../wasm/ic0.ts";
import type { PreparedModule } from "../../wasm/module-info.ts";
import type { EntryPoint } from "../types.ts";

const closure = { functionIndex: 0, envLo: 0, envHi: 0 };

const ENTRIES: readonly (readonly [Context, string, EntryPoint])[] = [
  ["s", "start", { kind: "start" }],
  ["I", "init", { kind: "init", arg: NO_ARG }],
  ["I", "init", { kind: "postUpgrade", arg: NO_ARG }],
  ["G", "pre upgrade", { kind: "preUpgrade" }],
  ["U", "update", { kind: "update", method: "u", arg: NO_ARG }],
  ["RQ", "replicated query", { kind: "replicatedQuery", method: "q", arg: NO_ARG }],
  ["NRQ", "non replicated query", { kind: "query", method: "q", arg: NO_ARG }],
  ["TQ", "non replicated query", { kind: "transform", method: "q", arg: NO_ARG }],
  ["CQ", "composite query", { kind: "compositeQuery", method: "c", arg: NO_ARG }],
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

/** Calls the function with zeros in every entry point. */
function moduleCalling(name: string, memory: boolean): PreparedModule {
  const api = IC0.get(name)!;
  const zeros = [...api.params].map((letter) => `(${typeOf(letter)}.const 0)`).join(" ");
  const call = `(call $${name} ${zeros})`;
  return preparedModule(
    compileWat(`(module ${importLine(name)} ${memory ? "(memory 1)" : ""} (table 1 funcref) (elem (i32.const 0) $callback)
      (func $go (export "canister_init") (export "canister_post_upgrade") (export "canister_pre_upgrade") (export "canister_update u")
        (export "canister_query q") (export "canister_composite_query c") (export "canister_inspect_message") (export "canister_heartbeat")
        (export "canister_global_timer") (export "canister_on_low_wasm_memory")
        ${api.result === "" ? call : `(drop ${call})`})
      (func $callback (param i32) (call $go))
      (func $begin (call $go)) (start $begin))`),
  );
}

const SPELLED_WITH_DOT = ["root_key_copy", "subnet_self_copy"];

test.each([...IC0.values()].map((api) => [api.name, api] as const))("contexts of ic0.%s", (name, api) => {
  const canister = new TestCanister(moduleCalling(name, true));
  canister.view = { dataCertificate: () => NO_ARG, mayMint: true };
  for (const [context, mode, entry] of ENTRIES) {
    const outcome = canister.execute(entry);
    const reason = outcome.result.kind === "trap" ? trapReason(outcome) : "no trap";
    if (api.contexts.has(context)) expect(reason, mode).not.toContain("cannot be executed in");
    else
      expect(reason).toBe(
        `IC0504: Canister violated contract: "ic0${SPELLED_WITH_DOT.includes(name) ? "." : "_"}${name}" cannot be executed in ${mode} mode`,
      );
    expect(outcome.instructions, "a call is charged before it fails").toBeGreaterThanOrEqual(api.fixed);
  }
});

/** Functions that take an address, or a length of bytes in the heap. Stable memory functions are compiled into the module on the platform. */
const TOUCHES_MEMORY = [...IC0.values()].filter(
  ({ name, params }) => params.includes("I") && !name.startsWith("stable") && !["call_on_cleanup", "env_var_name_size"].includes(name),
);

test.each(TOUCHES_MEMORY.map(({ name }) => name))("ic0.%s in a module without memory", (name) => {
  const canister = new TestCanister(moduleCalling(name, false));
  expect(trapReason(canister.execute({ kind: "heartbeat" }))).toBe(
    "IC0504: Canister violated contract: WebAssembly module must define memory",
  );
});

test("a certificate is there for queries only, and asking for it elsewhere is as calling from the wrong mode", () => {
  const present = new TestCanister(moduleCalling("data_certificate_size", true));
  for (const kind of ["query", "transform"] as const) {
    const outcome = present.execute({ kind, method: "q", arg: NO_ARG });
    expect(trapReason(outcome)).toBe(
      'IC0504: Canister violated contract: "ic0_data_certificate_size" cannot be executed in non replicated query mode',
    );
  }
});
