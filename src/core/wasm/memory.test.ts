import { describe, expect, test } from "vitest";
import { Subject } from "../../../test/support/rewritten.ts";
import { SLACK_BYTES, TrapCode } from "./abi.ts";

/** A body around one memory instruction, for a memory of one page; `wide` makes it 64-bit. */
function subject(
  body: string,
  options: { readonly wide?: boolean; readonly declarations?: string; readonly pages?: string } = {},
): Subject {
  const { wide = false, declarations = "", pages = "1 4" } = options;
  return new Subject(`(module (memory ${wide ? "i64 " : ""}${pages}) ${declarations}
    (global $r (mut i64) (i64.const 0))
    (func (export "canister_update run") ${body}))`);
}

function ending(s: Subject): string {
  const { ending } = s.run();
  if (ending.kind !== "trap") return ending.kind;
  return ending.code === TrapCode.heapOutOfBounds ? "heap out of bounds" : ending.trap;
}

/** The i64 global `$r`. */
function result(s: Subject): bigint {
  expect(s.run().ending).toEqual({ kind: "returned" });
  return new DataView(s.globals().buffer).getBigInt64(0, true);
}

const OUT = "heap out of bounds";

describe("addresses", () => {
  for (const wide of [false, true]) {
    const P = wide ? "i64" : "i32";
    test(`${P}: the last byte of the heap is inside, the next is not; the map is nowhere`, () => {
      expect(ending(subject(`${P}.const 65535 i32.load8_u drop`, { wide }))).toBe("returned");
      expect(ending(subject(`${P}.const 65536 i32.load8_u drop`, { wide }))).toBe(OUT);
      expect(ending(subject(`${P}.const 65532 i32.load drop`, { wide }))).toBe("returned");
      expect(ending(subject(`${P}.const 65533 i32.load drop`, { wide }))).toBe(OUT);
      expect(ending(subject(`${P}.const -1 i32.load8_u drop`, { wide }))).toBe(OUT);
      // -1 MiB would be the start of the map if addresses wrapped.
      expect(ending(subject(`${P}.const -1048576 i32.load8_u drop`, { wide }))).toBe(OUT);
      expect(ending(subject(`${P}.const -1 i32.const 7 i32.store8`, { wide }))).toBe(OUT);
    });

    test(`${P}: offsets add without wrapping`, () => {
      expect(ending(subject(`${P}.const 1 i32.load8_u offset=65534 drop`, { wide }))).toBe("returned");
      expect(ending(subject(`${P}.const 1 i32.load8_u offset=65535 drop`, { wide }))).toBe(OUT);
      for (const offset of [4294967295, 4293918719, 4293918720, 4293918721]) {
        expect(ending(subject(`${P}.const 0 i32.load8_u offset=${offset} drop`, { wide }))).toBe(OUT);
        expect(ending(subject(`${P}.const 0 i32.const 1 i32.store8 offset=${offset}`, { wide }))).toBe(OUT);
        expect(ending(subject(`${P}.const -1 i64.load offset=${offset} drop`, { wide }))).toBe(OUT);
      }
    });
  }

  test("a 64-bit address or offset is never cut to 32 bits", () => {
    for (const address of ["4294967296", "4294967297", "-4294967296", "9223372036854775807"]) {
      expect(ending(subject(`i64.const ${address} i32.load8_u drop`, { wide: true }))).toBe(OUT);
      expect(ending(subject(`i64.const ${address} i64.const 1 i64.store`, { wide: true }))).toBe(OUT);
      expect(ending(subject(`i64.const ${address} v128.const i32x4 0 0 0 0 v128.load8_lane 0 drop`, { wide: true }))).toBe(OUT);
    }
    expect(ending(subject("i64.const 0 i32.load8_u offset=4294967296 drop", { wide: true }))).toBe(OUT);
    expect(ending(subject("i64.const 0 i32.load8_u offset=18446744073709551615 drop", { wide: true }))).toBe(OUT);
  });

  test("code behind an access that always traps is still well-typed", () => {
    expect(ending(subject("i32.const 5 i32.const 0 i32.load offset=4294967295 i32.add drop nop"))).toBe(OUT);
    expect(ending(subject("i32.const 0 block (result i32) i32.const 0 f32.load offset=4294967295 i32.trunc_f32_s end i32.add drop"))).toBe(
      OUT,
    );
  });
});

describe("the write map", () => {
  test("a store marks the page of its effective address, and only that", () => {
    const s = subject("i32.const 4090 i32.const 1 i32.store offset=10");
    s.run();
    expect(s.marked()).toEqual([1]);
  });

  test("a store across a border marks its first page; the neighbour differs within 16 bytes", () => {
    const s = subject("i32.const 4092 i64.const -1 i64.store");
    s.run();
    expect(s.marked()).toEqual([0]);
    expect([...s.heap.subarray(4096, 4100)]).toEqual([255, 255, 255, 255]);
  });

  test("every kind of store marks", () => {
    const stores = [
      "i32.const 1 i32.store", "i32.const 1 i32.store8", "i32.const 1 i32.store16", "i64.const 1 i64.store", "i64.const 1 i64.store8",
      "i64.const 1 i64.store16", "i64.const 1 i64.store32", "f32.const 1 f32.store", "f64.const 1 f64.store",
      "v128.const i32x4 1 1 1 1 v128.store", "v128.const i32x4 1 1 1 1 v128.store8_lane 0", "v128.const i32x4 1 1 1 1 v128.store64_lane 1",
    ]; // prettier-ignore
    for (const wide of [false, true]) {
      for (const store of stores) {
        const s = subject(`${wide ? "i64" : "i32"}.const 8192 ${store}`, { wide });
        s.run();
        expect([store, s.marked()]).toEqual([store, [2]]);
        expect(s.heap.some((byte) => byte !== 0)).toBe(true);
      }
    }
  });

  test("loads mark nothing", () => {
    const s = subject("i32.const 8192 i64.load drop");
    s.run();
    expect(s.marked()).toEqual([]);
  });
});

describe("bulk operations", () => {
  test("mark every page they write", () => {
    const fill = subject("i32.const 4095 i32.const 7 i32.const 8194 memory.fill");
    fill.run();
    expect(fill.marked()).toEqual([0, 1, 2, 3]);
    expect([fill.heap[4094], fill.heap[4095], fill.heap[12288], fill.heap[12289]]).toEqual([0, 7, 7, 0]);
    const copy = subject("i32.const 4096 i32.const 0 i32.const 4096 memory.copy");
    copy.run();
    expect(copy.marked()).toEqual([1]);
  });

  test("out of bounds they trap without effect and without a mark", () => {
    for (const body of [
      "i32.const 65530 i32.const 7 i32.const 7 memory.fill",
      "i32.const 65530 i32.const 0 i32.const 7 memory.copy",
      "i32.const 0 i32.const 65530 i32.const 7 memory.copy",
      "i32.const 4294967295 i32.const 7 i32.const 2 memory.fill",
      "i32.const 65537 i32.const 7 i32.const 0 memory.fill",
      "i32.const 65530 i32.const 0 i32.const 7 memory.init $d",
      "i32.const 0 i32.const 3 i32.const 8 memory.init $d",
      "i32.const 0 i32.const 4294967295 i32.const 2 memory.init $d",
    ]) {
      const s = subject(body, { declarations: '(data $d "ten bytes.")' });
      expect([body, ending(s)]).toEqual([body, OUT]);
      expect(s.marked()).toEqual([]);
      expect(s.heap.every((byte) => byte === 0)).toBe(true);
    }
  });

  test("at the very end with size 0 they do nothing", () => {
    for (const body of ["i32.const 65536 i32.const 7 i32.const 0 memory.fill", "i32.const 65536 i32.const 65536 i32.const 0 memory.copy"]) {
      const s = subject(body);
      expect(ending(s)).toBe("returned");
      expect(s.marked()).toEqual([]);
    }
  });

  test("64-bit operands are taken whole", () => {
    for (const body of [
      "i64.const 4294967296 i32.const 7 i64.const 1 memory.fill",
      "i64.const 0 i64.const 4294967296 i64.const 1 memory.copy",
      "i64.const 4294967296 i32.const 0 i32.const 1 memory.init $d",
    ]) {
      expect([body, ending(subject(body, { wide: true, declarations: '(data $d "ten bytes.")' }))]).toEqual([body, OUT]);
    }
    // A size of 2^32 is charged before it is found out of bounds.
    const s = subject("i64.const 0 i32.const 7 i64.const 4294967296 memory.fill", { wide: true });
    expect(s.run().ending.kind).toBe("out of instructions");
    expect(s.run("run", { limit: 1e11 }).used).toBe(2 ** 32 + 1 + 3 + 100);
  });

  test("overlapping copies keep the source", () => {
    const s = subject("i32.const 2 i32.const 0 i32.const 6 memory.copy", { declarations: '(data (i32.const 0) "abcdefgh")' });
    s.run();
    expect(Buffer.from(s.heap.subarray(0, 8)).toString()).toBe("ababcdef");
  });
});

describe("segments", () => {
  const declarations = '(data $active (i32.const 100) "active") (data $d "ten bytes.")';
  const init = "i32.const 0 i32.const 4 i32.const 5 memory.init $d";

  test("memory.init copies from a passive segment", () => {
    const s = subject(init, { declarations });
    expect(ending(s)).toBe("returned");
    expect(Buffer.from(s.heap.subarray(0, 5)).toString()).toBe("bytes");
    expect(s.marked()).toEqual([0]);
  });

  test("an active segment has no bytes left for memory.init", () => {
    expect(ending(subject("i32.const 0 i32.const 0 i32.const 0 memory.init $active", { declarations }))).toBe("returned");
    expect(ending(subject("i32.const 0 i32.const 0 i32.const 1 memory.init $active", { declarations }))).toBe(OUT);
  });

  test("data.drop lasts to the end of the run and no longer", () => {
    const s = subject(`${init} data.drop $d i32.const 0 i32.const 0 i32.const 0 memory.init $d ${init}`, { declarations });
    expect(ending(s)).toBe(OUT);
    s.heap.fill(0);
    expect(ending(s)).toBe(OUT);
    // The first init of the second run found the segment whole again.
    expect(Buffer.from(s.heap.subarray(0, 5)).toString()).toBe("bytes");
  });

  test("elem.drop is charged and has no effect", () => {
    const s = subject("elem.drop 0 i32.const 0 call_indirect (type $t)", {
      declarations: "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f)",
    });
    // 1 + elem.drop 300 + const 1 + call_indirect 10, then the callee's 1.
    expect(s.run()).toEqual({ ending: { kind: "returned" }, used: 313 });
  });
});

describe("size and growth", () => {
  for (const wide of [false, true]) {
    const P = wide ? "i64" : "i32";
    const widen = wide ? "" : "i64.extend_i32_s";
    test(`${P}: the map does not show in memory.size, and growth stops at the declared maximum`, () => {
      expect(result(subject(`memory.size ${widen} global.set $r`, { wide }))).toBe(1n);
      expect(result(subject(`${P}.const 2 memory.grow ${widen} global.set $r`, { wide }))).toBe(1n);
      expect(result(subject(`${P}.const 4 memory.grow ${widen} global.set $r`, { wide }))).toBe(-1n);
      expect(result(subject(`${P}.const -1 memory.grow ${widen} global.set $r`, { wide }))).toBe(-1n);
      const s = subject(`${P}.const 3 memory.grow drop memory.size ${widen} global.set $r ${P}.const 262143 i32.const 9 i32.store8`, {
        wide,
      });
      expect(result(s)).toBe(4n);
      expect(s.marked()).toEqual([63]);
    });
  }

  test("a 64-bit delta beyond 32 bits is refused", () => {
    expect(result(subject("i64.const 4294967296 memory.grow global.set $r", { wide: true }))).toBe(-1n);
  });

  test("a module without a memory has one for the map alone", () => {
    const s = new Subject('(module (func (export "canister_update run")))');
    expect(s.module.info.hasMemory).toBe(false);
    expect(s.heapPages).toBe(0);
  });
});

describe("stores that an earlier one marks for", () => {
  /** Pages that a body marks, which has one parameter, the base. */
  function marks(base: number, body: string): number[] {
    const s = subject(`i32.const ${base} call $f`, { declarations: `(func $f (param i32) (local i32) ${body})`, pages: "4 4" });
    expect(s.run().ending).toEqual({ kind: "returned" });
    return s.marked();
  }
  const store = (offset: number, local = 0): string => `local.get ${local} i32.const 7 i32.store offset=${offset}`;

  test("fields of a record are marked once, and the reader finds what lies behind the border", () => {
    // 16 bytes before a border: the second field is behind it and within the slack.
    expect(marks(4096 - 16, `${store(0)} ${store(16)}`)).toEqual([0]);
    expect(marks(4096 - 16, `${store(0)} ${store(SLACK_BYTES - 4)}`)).toEqual([0]);
    expect(marks(4096 - 16, `${store(0)} ${store(SLACK_BYTES - 3)}`)).toEqual([0, 1]);
    // A field in front of the first is not covered by it.
    expect(marks(4096, `local.get 0 i32.const 16 i32.sub local.tee 0 drop ${store(16)} ${store(0)}`)).toEqual([0, 1]);
  });

  test("a base that was written is another base", () => {
    const next = "local.get 0 i32.const 4096 i32.add local.set 0";
    expect(marks(0, `${store(0)} ${next} ${store(0)}`)).toEqual([0, 1]);
    expect(marks(0, `local.get 0 ${next} ${store(0)} i32.const 7 i32.store`)).toEqual([0, 1]);
    expect(marks(0, `local.get 0 i32.const 4096 i32.add local.set 1 ${store(0)} ${store(0, 1)}`)).toEqual([0, 1]);
  });

  test("what may not have run marks for nothing behind it", () => {
    expect(marks(0, `i32.const 0 if ${store(0)} end ${store(0)}`)).toEqual([0]);
    expect(marks(0, `i32.const 1 if nop else ${store(0)} end ${store(4)}`)).toEqual([0]);
    expect(marks(0, `block i32.const 1 br_if 0 ${store(0)} end ${store(4)}`)).toEqual([0]);
    const around = `loop ${store(0)} local.get 0 i32.const 4096 i32.add local.tee 0 i32.const 12288 i32.lt_u br_if 0 end`;
    expect(marks(0, around)).toEqual([0, 1, 2]);
  });
});
