import fc from "fast-check";
import { expect, test } from "vitest";
import { Prng } from "./prng.ts";

const seed = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const draw = (prng: Prng, count: number): number[] => Array.from({ length: count }, () => prng.nextU32());

test("the numbers are those of the published generator", () => {
  // The test vector in common use for xoshiro128**, from the state 1, 2, 3, 4.
  expect(draw(Prng.fromState([1, 2, 3, 4]), 5)).toEqual([11520, 0, 5927040, 70819200, 2031721883]);
});

test("the same seed gives the same numbers, another seed others", () => {
  expect(draw(Prng.fromSeed(7n), 5)).toEqual(draw(Prng.fromSeed(7n), 5));
  expect(draw(Prng.fromSeed(7n), 5)).not.toEqual(draw(Prng.fromSeed(8n), 5));
});

test("a copy, and what was made from the state, draw the same numbers apart", () => {
  fc.assert(
    fc.property(seed, fc.nat(20), (s, skip) => {
      const prng = Prng.fromSeed(s);
      draw(prng, skip);
      const [copy, again] = [prng.copy(), Prng.fromState(prng.state)];
      const numbers = draw(prng, 10);
      expect(draw(copy, 10)).toEqual(numbers);
      expect(draw(again, 10)).toEqual(numbers);
    }),
  );
});

test("forks depend on the state and the label, and do not move the original", () => {
  const prng = Prng.fromSeed(1n);
  const before = prng.state;
  const a = draw(prng.fork("a"), 4);
  expect(draw(prng.fork("b"), 4)).not.toEqual(a);
  expect(draw(prng.fork("a"), 4)).toEqual(a);
  expect(prng.state).toEqual(before);
  prng.nextU32();
  expect(draw(prng.fork("a"), 4)).not.toEqual(a);
});

test("below(n) is in range and about even; ratio keeps its odds", () => {
  const prng = Prng.fromSeed(3n);
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) counts[prng.below(3)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  let hits = 0;
  for (let i = 0; i < 30_000; i++) if (prng.ratio(1, 10)) hits++;
  expect(Math.abs(hits - 3000)).toBeLessThan(300);
  expect([prng.ratio(0, 5), prng.ratio(5, 5), prng.below(1)]).toEqual([false, true, 0]);
});

test("below(n) rejects what would favour small results", () => {
  // With n = 3 * 2^30 a plain remainder would give the lowest third twice as often as the rest.
  const prng = Prng.fromSeed(4n);
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (prng.below(3 * 2 ** 30) < 2 ** 30) low++;
  expect(Math.abs(low - 10_000)).toBeLessThan(400);
});

test("below(n) takes 1 to 2^32 only", () => {
  const prng = Prng.fromSeed(5n);
  for (const wrong of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => prng.below(wrong)).toThrow();
  expect(prng.below(2 ** 32)).toBeLessThan(2 ** 32);
});

test("bytes have the wanted length and a shorter draw is a beginning of a longer one", () => {
  const long = Prng.fromSeed(6n).bytes(33);
  for (const count of [0, 1, 4, 7, 33]) expect(Prng.fromSeed(6n).bytes(count)).toEqual(long.subarray(0, count));
});
