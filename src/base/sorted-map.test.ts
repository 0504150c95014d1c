import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantBroken } from "./assert.ts";
import { nextEpoch, SHARED, type Epoch, type Owned } from "./epoch.ts";
import { SortedMap } from "./sorted-map.ts";

/** The plain definition: an array of entries in key order. */
class Model<K extends string | number> {
  entries: [K, number][] = [];
  set(key: K, value: number): void {
    this.delete(key);
    this.entries.push([key, value]);
    this.entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }
  delete(key: K): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter(([k]) => k !== key);
    return this.entries.length < before;
  }
  fork(): Model<K> {
    const model = new Model<K>();
    model.entries = [...this.entries];
    return model;
  }
}

function expectSame<K extends string | number>(map: SortedMap<K, number>, model: Model<K>): void {
  expect([...map.entries()]).toEqual(model.entries);
  expect([...map.keys()]).toEqual(model.entries.map(([k]) => k));
  expect([...map.values()]).toEqual(model.entries.map(([, v]) => v));
  expect(map.size).toBe(model.entries.length);
  expect(map.first()).toEqual(model.entries[0]);
  expect(map.last()).toEqual(model.entries.at(-1));
}

type Step<K> = { do: "set" | "delete" | "get" | "fork"; on: number; key: K; many: number };

function steps<K>(key: fc.Arbitrary<K>): fc.Arbitrary<Step<K>[]> {
  const step = fc.record({
    do: fc.oneof({ weight: 5, arbitrary: fc.constant("set" as const) }, fc.constantFrom("set", "delete", "get", "fork")),
    on: fc.nat(),
    key,
    many: fc.integer({ min: 1, max: 200 }),
  });
  return fc.array(step, { maxLength: 60 });
}

/** Runs the steps on a family of forks, each beside its model; `nth` makes a key near another one. */
function runSteps<K extends string | number>(program: Step<K>[], nth: (key: K, i: number) => K): void {
  const family = [{ map: SortedMap.empty<K, number>(nextEpoch()), model: new Model<K>() }];
  program.forEach((step, index) => {
    const at = step.on % family.length;
    const { map, model } = family[at]!;
    if (step.do === "fork") {
      family[at] = { map: map.fork(nextEpoch()), model };
      family.push({ map: map.fork(nextEpoch()), model: model.fork() });
      return;
    }
    for (let i = 0; i < step.many; i++) {
      const key = nth(step.key, i);
      const found = model.entries.find(([k]) => k === key);
      if (step.do === "set") {
        map.set(key, index);
        model.set(key, index);
      } else if (step.do === "delete") {
        expect(map.delete(key)).toBe(model.delete(key));
      } else {
        expect(map.get(key)).toBe(found?.[1]);
        expect(map.has(key)).toBe(found !== undefined);
        expect(map.firstAfter(key)).toEqual(model.entries.find(([k]) => k > key));
      }
    }
  });
  for (const { map, model } of family) expectSame(map, model);
}

test("behaves like a sorted array, whatever is forked from whatever (number keys)", () => {
  fc.assert(
    fc.property(steps(fc.integer({ min: -300, max: 300 })), (program) => runSteps(program, (key, i) => key + i)),
    { numRuns: 60 },
  );
});

test("behaves like a sorted array, whatever is forked from whatever (string keys, by code unit)", () => {
  const key = fc.string({ unit: "binary", maxLength: 2 });
  fc.assert(
    fc.property(steps(key), (program) => runSteps(program, (k, i) => k + String.fromCharCode(0xd7f0 + i))),
    { numRuns: 60 },
  );
});

test("shrinks back to nothing after ten thousand inserts and deletes, in any order", () => {
  for (const stride of [1, 7919, 9999]) {
    const map = SortedMap.empty<number, number>(nextEpoch());
    for (let i = 0; i < 10_000; i++) map.set((i * stride) % 10_007, i);
    let count = 10_000;
    for (let i = 0; i < 10_000; i++) {
      expect(map.delete((i * 31 * stride) % 10_007)).toBe(map.size < count);
      count = map.size;
      if (i % 997 === 0) expect([...map.keys()]).toEqual([...map.keys()].sort((a, b) => a - b));
    }
    expect([...map.entries()].length).toBe(map.size);
  }
});

interface Purse extends Owned {
  coins: number;
}
const copyPurse = (purse: Purse, epoch: Epoch): Purse => ({ ...purse, epoch });

test("edit copies a record that an older epoch owns, once", () => {
  const old = SortedMap.empty<string, Purse>(nextEpoch(), copyPurse);
  old.set("a", { epoch: old.epoch, coins: 1 });
  expect(old.edit("a")).toBe(old.get("a"));
  expect(old.edit("b")).toBeUndefined();

  const [left, right] = [old.fork(nextEpoch()), old.fork(nextEpoch())];
  const purse = left.edit("a")!;
  purse.coins = 2;
  expect(left.edit("a")).toBe(purse);
  expect(purse.epoch).toBe(left.epoch);
  expect([old, left, right].map((map) => map.get("a")!.coins)).toEqual([1, 2, 1]);
});

test("edit gives plain values as they are, and refuses records without a copy function", () => {
  const numbers = SortedMap.empty<string, number>(nextEpoch());
  numbers.set("a", 1);
  expect(numbers.edit("a")).toBe(1);
  const purses = SortedMap.empty<string, Purse>(nextEpoch());
  purses.set("a", { epoch: SHARED, coins: 1 });
  expect(() => purses.edit("a")).toThrow(InvariantBroken);
});

test("a map of maps forks the inner one on edit", () => {
  const outer = SortedMap.empty<string, SortedMap<string, number>>(nextEpoch(), (inner, epoch) => inner.fork(epoch));
  outer.set("x", SortedMap.empty(outer.epoch));
  outer.edit("x")!.set("k", 1);
  const later = outer.fork(nextEpoch());
  later.edit("x")!.set("k", 2);
  expect([outer.get("x")!.get("k"), later.get("x")!.get("k")]).toEqual([1, 2]);
});

test("a forked map, and one that is shared by all, refuse writes", () => {
  const map = SortedMap.empty<string, number>(nextEpoch());
  map.set("a", 1);
  expect(() => map.fork(map.epoch)).toThrow(InvariantBroken);
  const fork = map.fork(nextEpoch());
  for (const write of [() => map.set("a", 2), () => map.set("b", 2), () => map.delete("a"), () => map.edit("a")]) {
    expect(write).toThrow(InvariantBroken);
  }
  fork.set("a", 2);
  expect([map.get("a"), fork.get("a")]).toEqual([1, 2]);
  expect(() => SortedMap.empty<string, number>(SHARED).set("a", 1)).toThrow(InvariantBroken);
});

test("a frozen map can be forked and refuses to grow", () => {
  const map = SortedMap.empty<string, number>(nextEpoch());
  map.set("a", 1);
  const fork = Object.freeze(map).fork(nextEpoch());
  fork.set("b", 2);
  expect(() => map.set("b", 2)).toThrow();
  expect(fork.size).toBe(2);
});

test("values may be replaced while the keys are walked", () => {
  const old = SortedMap.empty<number, number>(nextEpoch());
  for (let i = 0; i < 100; i++) old.set(i, i);
  const map = old.fork(nextEpoch());
  for (const key of map.keys()) map.set(key, map.get(key)! * 2);
  expect([...map.values()]).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
});

test("what was written since a fork is among what its own leaves hold, and that is little", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3_000)),
      fc.array(fc.nat(3_000), { maxLength: 10 }),
      fc.array(fc.nat(3_000), { maxLength: 10 }),
      (filled, set, deleted) => {
        const old = SortedMap.empty<number, number>(nextEpoch());
        for (const key of filled) old.set(key, 0);
        const map = old.fork(nextEpoch());
        expect([...map.written()]).toEqual([]);
        for (const key of set) map.set(key, 1);
        for (const key of deleted) map.delete(key);
        const written = [...map.written()];
        const changed = [...map.entries()].filter(([key, value]) => value !== old.get(key));
        expect(written).toEqual(expect.arrayContaining(changed));
        expect(written).toEqual([...map.entries()].filter(([key]) => written.some(([one]) => one === key)));
        // A leaf for each write, with its neighbour where it was split or merged.
        expect(written.length).toBeLessThanOrEqual(64 * (set.length + deleted.length));
      },
    ),
  );
});
