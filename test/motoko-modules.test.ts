/** Real Motoko modules through the rewriter: both variants compile and instantiate, and an actor starts, alike and hot or cold. */
import { describe, expect, test } from "vitest";
import { generatedNames, loadGenerated } from "../examples/modules.ts";
import { EXPORT } from "../src/core/wasm/abi.ts";
import { Subject, prepared, type Ran } from "./support/rewritten.ts";

/** Enough of the System API for an actor to be initialised. */
function started(name: string, variant: "fast" | "exact"): Subject {
  const s = new Subject(prepared(loadGenerated(name)), variant);
  s.results.set("msg_arg_data_size", 0);
  s.results.set("canister_self_size", 10);
  s.results.set("msg_caller_size", 10);
  return s;
}

/** The ending with the module's own functions alone in its backtrace: each variant has frames of ours in other places. */
function own({ ending }: Ran, s: Subject): unknown {
  if (ending.kind !== "trap") return ending;
  const { first, count } = s.module.info.localFunctions;
  return { ...ending, backtrace: ending.backtrace.filter((index) => index >= first && index < first + count) };
}

describe("modules of the examples", () => {
  for (const name of generatedNames()) {
    test(name, () => {
      const [fast, exact] = (["fast", "exact"] as const).map((variant) => started(name, variant)) as [Subject, Subject];
      const { info } = fast.module;
      expect(info.wasm64).toBe(!name.endsWith("wasm32"));
      expect(info.functionNames.size).toBeGreaterThan(100);
      expect(info.customSections.map((section) => section.name)).toContain("candid:service");
      for (const entry of [EXPORT.start, "canister_init"]) {
        const [a, b] = [fast, exact].map((s) => s.run(entry, { limit: 1e9 })) as [Ran, Ran];
        expect(own(a, fast)).toEqual(own(b, exact));
        if (a.ending.kind === "returned") expect(a.used).toBe(b.used);
        if (entry === EXPORT.start) expect(a).toMatchObject({ ending: { kind: "returned" } });
        expect(a.used).toBeGreaterThan(100);
      }
      expect(fast.calls).toEqual(exact.calls);
      expect(Buffer.from(fast.heap).equals(Buffer.from(exact.heap))).toBe(true);
      expect(fast.globals()).toEqual(exact.globals());
      expect(fast.marked()).toEqual(exact.marked());
    });
  }
});
