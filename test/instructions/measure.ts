/**
 * Counts the instructions of a piece of Wasm in a canister, in four ways that must agree: by two readings of
 * `ic0.performance_counter` around it, by what the execution is charged, by the charge of a run that traps behind it (which is the exact
 * variant's count), and by the exact variant's counter alone.
 */
import { expect } from "vitest";
import { commit } from "../../src/core/canister/outcome.ts";
import { IC0 } from "../../src/core/wasm/ic0.ts";
import { importLine } from "../support/ic0-wat.ts";
import { preparedModule, TestCanister } from "../support/run-canister.ts";
import { wat } from "../support/wat.ts";

export interface Measurable {
  /** Code that leaves the stack as it found it. */
  readonly body: string;
  /** Fields of the module: functions, tables, segments. */
  readonly declarations?: string;
  /** 64-bit memory. */
  readonly wide?: boolean;
  /** The memory's limits; `null` for none. */
  readonly memory?: string | null;
}

export interface Count {
  /** Of the function that is the body: what `performance_counter` shows. */
  readonly instructions: number;
  /** Heap pages whose content changed; they are charged when the message has ended. */
  readonly dirtyHeapPages: number;
}

/** Of `run`: entry 1, three constants-or-calls per reading: const 1, call 5, global.set 2; and the call of the body. */
const OWN = 1 + (1 + 5 + 2) + 5 + (1 + 5 + 2);
const READING = 200;

/** What the heap's changed pages cost, each. */
export const DIRTY_HEAP_PAGE = { wasm32: 1000, wasm64: 4000 } as const;

export function measure({ body, declarations = "", wide = false, memory = "1 10" }: Measurable): Count {
  const bits = wide ? 64 : 32;
  const called = [...`${body} ${declarations}`.matchAll(/call \$([a-z0-9_]+)/g)].map(([, name]) => name!).filter((name) => IC0.has(name));
  const imports = [...new Set(["performance_counter", ...called])].map((name) => importLine(name, bits)).join("\n");
  const binary = wat(`(module ${imports}
    ${memory === null ? "" : `(memory ${wide ? "i64 " : ""}${memory})`}
    (global $before (mut i64) (i64.const 0)) (global $after (mut i64) (i64.const 0))
    ${declarations}
    (func $measured ${body})
    (func (export "canister_update run")
      i32.const 0 call $performance_counter global.set $before
      call $measured
      i32.const 0 call $performance_counter global.set $after)
    (func (export "canister_update trap") call $measured unreachable))`);
  const canister = new TestCanister(preparedModule(binary));
  const trapped = canister.update("trap");
  expect(trapped.result).toMatchObject({ kind: "trap", error: { code: 502 } });
  const ended = canister.start({ kind: "update", method: "run", arg: new Uint8Array(0) });
  expect(ended.result).toEqual({ kind: "none" });
  commit(ended);
  const [before, after] = counters(canister);
  const instructions = after - before - READING;
  const pages = ended.dirtyHeapPages;
  const perPage = wide ? DIRTY_HEAP_PAGE.wasm64 : DIRTY_HEAP_PAGE.wasm32;
  expect({ before, total: ended.instructions }).toEqual({ before: OWN + READING, total: after + perPage * pages });
  // Entry 1, call 5, unreachable 1; the pages it changed count although the change is undone.
  expect([trapped.instructions, trapped.dirtyHeapPages]).toEqual([7 + instructions + perPage * pages, pages]);
  return { instructions, dirtyHeapPages: pages };
}

function counters(canister: TestCanister): [number, number] {
  const { globals } = canister.state;
  const view = new DataView(globals.buffer, globals.byteOffset);
  return [Number(view.getBigInt64(0, true)), Number(view.getBigInt64(8, true))];
}
