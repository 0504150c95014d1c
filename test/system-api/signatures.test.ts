/**
 * Imports are taken by name and exact type, for the pointers that the module's memory has; any other module is refused.
 */
import { describe, expect, test } from "vitest";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { said, Scenario } from "../support/scenario.ts";
import { wat } from "../support/wat.ts";
import { functionsOf, FUNCTIONS, importOf, wasmTypes } from "./functions.ts";

const NOT_VALID = "Wasm module has an invalid function signature.";

function moduleOf(imports: string, bits: 32 | 64 | "none"): Uint8Array {
  const memory = bits === "none" ? "" : `(memory ${bits === 64 ? "i64 " : ""}1)`;
  return wat(`(module ${imports} ${memory} (func (export "canister_update u")))`);
}

/** The text of the refusal, `null` for a module that is taken. */
function refusal(imports: string, bits: 32 | 64 | "none"): string | null {
  const prepared = prepareModule(moduleOf(imports, bits), nodePlatform);
  return isRefusal(prepared) ? `${prepared.kind}: ${prepared.description}` : null;
}

const shown = (types: readonly string[]): string => `[${types.map((type) => type.toUpperCase()).join(", ")}]`;

for (const bits of [32, 64] as const) {
  describe(`types of imports in wasm${bits} [canister-interface#system-api-imports]`, () => {
    const functions = functionsOf(bits).map((api) => ({
      name: api.name,
      params: wasmTypes(api.params, bits) as readonly string[],
      results: wasmTypes(api.result, bits) as readonly string[],
    }));

    test("every function can be imported, alone and with all others, more than once too", () => {
      for (const { name, params, results } of functions)
        expect([name, refusal(importOf(name, params, results), bits)]).toEqual([name, null]);
      const all = functions.map(({ name, params, results }) => importOf(name, params, results));
      const again = functions.map(({ name, params, results }) => importOf(name, params, results).replace(`$${name}`, `$${name}_again`));
      expect(refusal([...all, ...again].join("\n"), bits)).toBeNull();
    });

    test("one parameter more, one less, one of another type", () => {
      for (const { name, params, results } of functions) {
        const wrong = [
          [...params, "i32"],
          params.slice(0, -1),
          [params[0] === "i32" ? "i64" : "i32", ...params.slice(1)],
          ["f64", ...params.slice(1)],
        ];
        for (const given of params.length === 0 ? wrong.slice(0, 1) : wrong) {
          expect(refusal(importOf(name, given, results), bits)).toBe(
            `invalid: ${NOT_VALID} Expected input params ${shown(params)} for '${name}', got ${shown(given)}.`,
          );
        }
      }
    });

    test("one result more, one less, one of another type", () => {
      for (const { name, params, results } of functions) {
        const wrong = results.length === 0 ? [["i32"]] : [[], [...results, "i32"], [results[0] === "i32" ? "i64" : "i32"]];
        for (const given of wrong) {
          expect(refusal(importOf(name, params, given), bits)).toBe(
            `invalid: ${NOT_VALID} Expected return type ${shown(results)} for '${name}', got ${shown(given)}.`,
          );
        }
      }
    });

    test("types for pointers of the other width", () => {
      for (const { name, params, result } of functionsOf(64)) {
        if (!`${params}${result}`.includes("I")) continue;
        const other = bits === 32 ? 64 : 32;
        expect(refusal(importOf(name, wasmTypes(params, other), wasmTypes(result, other)), bits)).toContain(`${NOT_VALID} Expected `);
      }
    });
  });
}

describe("what there is to import [canister-interface#system-api-module]", () => {
  test("a module without memory has pointers of 32 bits", () => {
    for (const { name, params, result } of FUNCTIONS) {
      expect([name, refusal(importOf(name, wasmTypes(params, 32), wasmTypes(result, 32)), "none")]).toEqual([name, null]);
    }
  });

  test("nine functions are for 32 bits only", () => {
    const only32 = FUNCTIONS.filter((api) => api.only32);
    expect(only32.length).toBe(9);
    for (const { name, params, result } of only32) {
      expect(refusal(importOf(name, wasmTypes(params, 64), wasmTypes(result, 64)), 64)).toBe(
        `invalid: Wasm module has an invalid import section. Module imports function '${name}' from 'ic0' that is not exported by the runtime.`,
      );
    }
  });

  test("nothing else, and from nowhere else", () => {
    const section = "invalid: Wasm module has an invalid import section.";
    expect(refusal(importOf("msg_arg_data_sizes", [], ["i32"]), 32)).toBe(
      `${section} Module imports function 'msg_arg_data_sizes' from 'ic0' that is not exported by the runtime.`,
    );
    expect(refusal(`(import "env" "print" (func))`, 32)).toBe(
      `${section} Module imports function 'print' from 'env' that is not exported by the runtime.`,
    );
    expect(refusal(`(import "ic1" "time" (func (result i64)))`, 32)).toBe(
      `${section} Module imports function "time" from "ic1", expected to be imported from one of ["ic0"] instead.`,
    );
    expect(refusal(`(import "ic0" "canister_version" (global i64))`, 32)).toBe(`${section} Importing globals is not allowed.`);
  });

  test("an installation that is refused says why, and leaves the canister as it was", () => {
    const s = new Scenario();
    const id = s.puppet();
    const { execution, version, history } = s.canister(id);
    const before = { version, entries: history.entries.length, hash: execution!.module.hash };
    for (const [wasm, text] of [
      [moduleOf(importOf("msg_caller_size", [], ["i64"]), 32), `${NOT_VALID} Expected return type [I32] for 'msg_caller_size', got [I64].`],
      [
        moduleOf(importOf("msg_reply_data_append", ["i32", "i32"], []), 64),
        `${NOT_VALID} Expected input params [I64, I64] for 'msg_reply_data_append', got [I32, I32].`,
      ],
      [
        moduleOf(importOf("stable_size", [], ["i32"]), 64),
        "Wasm module has an invalid import section. Module imports function 'stable_size' from 'ic0' that is not exported by the runtime.",
      ],
    ] as const) {
      for (const mode of ["upgrade", "reinstall"] as const) {
        expect(said(s.reinstall(id, mode, wasm))).toContain(`Canister's Wasm module is not valid: ${text}`);
        expect(said(s.reinstall(id, mode, wasm))).toMatch(/^IC0505: Error from Canister /);
        const after = s.canister(id);
        expect({ version: after.version, entries: after.history.entries.length, hash: after.execution!.module.hash }).toEqual(before);
      }
    }
  });
});
