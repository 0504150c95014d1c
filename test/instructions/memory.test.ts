/** Bulk operations, growth, and the pages a message changes: heap pages are charged when it has ended, stable pages when they are written. */
import { describe, expect, test } from "vitest";
import { measure, type Measurable } from "./measure.ts";

/** A piece of code in both widths: `P` stands for the type of addresses. */
function both(body: string, given: Omit<Measurable, "body" | "wide"> = {}): { instructions: number; dirtyHeapPages: number }[] {
  return [false, true].map((wide) => {
    const typed = (text: string): string => text.replaceAll("P.", wide ? "i64." : "i32.");
    return measure({ ...given, body: typed(body), declarations: typed(given.declarations ?? ""), wide });
  });
}

function expectBoth(body: string, instructions: number, dirtyHeapPages: number, given: Omit<Measurable, "body" | "wide"> = {}): void {
  const count = { instructions, dirtyHeapPages };
  expect(both(body, given)).toEqual([count, count]);
}

/** Weights: three operands 1 each, 100 for the operation, 1 a byte. */
const bulk = (bytes: number): number => 3 + 100 + bytes;

describe("bulk memory [replica: dynamic charges]", () => {
  for (const bytes of [0, 1, 15, 4096, 65_536]) {
    test(`${bytes} bytes`, () => {
      // Bytes that are 0 already and stay so change no page.
      expectBoth(`P.const 0 i32.const 0 P.const ${bytes} memory.fill`, 1 + bulk(bytes), 0);
      expectBoth(`P.const 0 P.const 0 P.const ${bytes} memory.copy`, 1 + bulk(bytes), 0);
    });
  }

  test("memory.init, whose size is 32 bits wide in both", () => {
    const declarations = '(data $d "passive bytes")';
    expectBoth("P.const 0 i32.const 0 i32.const 13 memory.init $d", 1 + bulk(13), 1, { declarations });
    expectBoth("P.const 0 i32.const 8 i32.const 5 memory.init $d data.drop $d", 1 + bulk(5) + 300, 1, { declarations });
    expectBoth("P.const 0 i32.const 0 i32.const 0 memory.init $d", 1 + bulk(0), 0, { declarations });
  });

  test("one after another, in a loop, and first in a block", () => {
    const fill = "P.const 0 i32.const 0 P.const 100 memory.fill";
    expectBoth(`${fill} ${fill} nop`, 1 + 2 * bulk(100) + 1, 0);
    expectBoth(
      `(local i32) i32.const 5 local.set 0 loop ${fill} local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end`,
      1 + 2 + 5 * (bulk(100) + 6),
      0,
    );
    const pushes = "P.const 0 i32.const 0 P.const 100";
    expect(measure({ body: `${pushes.replaceAll("P", "i32")} block (param i32 i32 i32) memory.fill end` }).instructions).toBe(
      1 + bulk(100),
    );
    expect(measure({ body: `${pushes.replaceAll("P", "i64")} loop (param i64 i32 i64) memory.fill end`, wide: true }).instructions).toBe(
      1 + bulk(100),
    );
  });
});

describe("growth and sizes [replica: weights of instructions]", () => {
  test("memory.size and memory.grow, by how much and whether or not it succeeds", () => {
    expectBoth("memory.size drop", 1 + 20 + 1, 0);
    for (const pages of [0, 1, 9, 10]) expectBoth(`P.const ${pages} memory.grow drop`, 1 + 1 + 300 + 1, 0);
  });

  test("a page of zeros is not dirty, whoever wrote it", () => {
    expectBoth("P.const 9 memory.grow drop P.const 0 i32.const 0 P.const 655360 memory.fill", 1 + (1 + 300 + 1) + bulk(655_360), 0);
  });
});

describe("changed heap pages [replica: dirty pages]", () => {
  const store = (address: number, value = 1): string => `P.const ${address} i32.const ${value} i32.store`;
  /** Two operands and the store, which weighs one more in wasm64. */
  const stores = (count: number): { instructions: number }[] => [{ instructions: 1 + 3 * count }, { instructions: 1 + 4 * count }];
  const changing = (count: number, pages: number): object[] => stores(count).map((sum) => ({ ...sum, dirtyHeapPages: pages }));

  test("each page once, however often it is written", () => {
    expect(both(store(0))).toEqual(changing(1, 1));
    expect(both(`${store(0)} ${store(4092)} ${store(100)}`)).toEqual(changing(3, 1));
    expect(both(`${store(0)} ${store(4096)} ${store(40_960)}`)).toEqual(changing(3, 3));
  });

  test("a store over a border changes what it changes: both pages, or one of them", () => {
    expect(both(store(4094, -1))).toEqual(changing(1, 2));
    expect(both(store(4094, 1))).toEqual(changing(1, 1));
    expect(both(store(4094, 0x10000))).toEqual(changing(1, 1));
  });

  test("fields of a record on both sides of a border", () => {
    const field = (offset: number): string => `local.get 0 i32.const 1 i32.store offset=${offset}`;
    const record = `(local P) P.const 4000 local.set 0 ${field(0)} ${field(100)}`;
    const counted = [false, true].map((wide) => measure({ body: record.replaceAll("P", wide ? "i64" : "i32"), wide }).dirtyHeapPages);
    expect(counted).toEqual([2, 2]);
  });

  test("written back to what it was, it is free", () => {
    expect(both(`${store(0)} ${store(0, 0)}`)).toEqual(changing(2, 0));
    expect(both(store(0, 0))).toEqual(changing(1, 0));
  });

  test("many at once", () => {
    expectBoth("P.const 1 i32.const 7 P.const 40960 memory.fill", 1 + bulk(40_960), 11);
    expectBoth("P.const 0 i32.const 7 P.const 40960 memory.fill", 1 + bulk(40_960), 10);
  });

  test("a page that grew and was written", () => {
    expect(both(`P.const 1 memory.grow drop ${store(65_536)}`).map((count) => count.dirtyHeapPages)).toEqual([1, 1]);
  });
});

describe("stable memory [replica: stable memory charges]", () => {
  /** The call and what the function charges. */
  const grow = 1 + 5 + 100 + 1;
  const access = (bytes: number): number => 3 + 5 + 20 + bytes;
  const grown = "i64.const 2 call $stable64_grow drop";
  const write = (offset: number, bytes: number): string => `i64.const ${offset} i64.const 0 i64.const ${bytes} call $stable64_write`;
  const read = (offset: number, bytes: number): string => `i64.const 0 i64.const ${offset} i64.const ${bytes} call $stable64_read`;

  test("size is free but for the call, growth is 100, by how much and whether or not it succeeds", () => {
    expectBoth("call $stable64_size drop", 1 + 5 + 1, 0);
    for (const pages of ["0", "1", "8192000", "8192001", "-1"]) expectBoth(`i64.const ${pages} call $stable64_grow drop`, 1 + grow, 0);
  });

  test("reading is 20 and a byte each, and no page", () => {
    for (const bytes of [0, 1, 4096, 65_536]) expectBoth(`${grown} ${read(0, bytes)}`, 1 + grow + access(bytes), 0);
  });

  test("writing is the same, and 1,000 for each page written first, whatever the bytes: in wasm64 too", () => {
    const pages = [[0, 0, 0], [0, 1, 1], [4095, 1, 1], [4095, 2, 2], [0, 4096, 1], [1, 4096, 2], [0, 65_536, 16]] as const; // prettier-ignore
    for (const [offset, bytes, dirty] of pages) {
      expectBoth(`${grown} ${write(offset, bytes)}`, 1 + grow + access(bytes) + 1000 * dirty, 0);
    }
  });

  test("a page written again is free, one that was only read is not", () => {
    expectBoth(`${grown} ${write(0, 10)} ${write(100, 10)} ${write(4090, 10)}`, 1 + grow + 3 * access(10) + 1000 * 2, 0);
    expectBoth(`${grown} ${read(0, 10)} ${write(0, 10)} ${read(0, 10)}`, 1 + grow + 3 * access(10) + 1000, 0);
  });

  test("what is read into the heap changes its pages", () => {
    const body = `${grown} i32.const 0 i32.const 9 i32.store8 ${write(0, 1)} i64.const 8192 i64.const 0 i64.const 1 call $stable64_read`;
    expect(measure({ body })).toEqual({ instructions: 1 + grow + 3 + access(1) + 1000 + access(1), dirtyHeapPages: 2 });
  });

  test("the 32-bit functions cost the same", () => {
    const grown32 = "i32.const 2 call $stable_grow drop";
    expect(measure({ body: "call $stable_size drop" }).instructions).toBe(1 + 5 + 1);
    expect(measure({ body: grown32 }).instructions).toBe(1 + grow);
    const call = (name: string, bytes: number): string => `i32.const 0 i32.const 0 i32.const ${bytes} call $${name}`;
    expect(measure({ body: `${grown32} ${call("stable_read", 700)}` }).instructions).toBe(1 + grow + access(700));
    expect(measure({ body: `${grown32} ${call("stable_write", 5000)}` }).instructions).toBe(1 + grow + access(5000) + 2 * 1000);
  });
});
