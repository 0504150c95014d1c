/**
 * Chance: a seeded generator whose state is four words of plain data. Everything random in a network comes from one of
 * these, held in the state, so that a run repeats on every machine. Not for secrets.
 *
 * The algorithm is xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix64 as its authors advise.
 */
import { assert } from "./assert.ts";
import { U64_MAX } from "./integers.ts";

export type PrngState = readonly [number, number, number, number];

/** A record that holds one is copied with `copy()`: a shared generator would draw for both. */
export class Prng {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  private constructor([s0, s1, s2, s3]: PrngState) {
    this.s0 = s0 | 0;
    this.s1 = s1 | 0;
    this.s2 = s2 | 0;
    this.s3 = s3 | 0;
  }

  /** From a seed, taken modulo 2^64. */
  static fromSeed(seed: bigint): Prng {
    return new Prng(expandSeed(seed & U64_MAX));
  }

  /** From what `state` gave. */
  static fromState(state: PrngState): Prng {
    assert(
      state.some((word) => word !== 0),
      "the generator has no all-zero state",
    );
    return new Prng(state);
  }

  /** The four words as u32: for a digest or a checkpoint. */
  get state(): PrngState {
    return [this.s0 >>> 0, this.s1 >>> 0, this.s2 >>> 0, this.s3 >>> 0];
  }

  /** The same numbers again, drawn apart. */
  copy(): Prng {
    return new Prng(this.state);
  }

  /**
   * Another generator, given by this one's state and the label. This one does not move: forks with other labels do not
   * depend on each other's order.
   */
  fork(label: string): Prng {
    let hash = FNV_OFFSET;
    for (const word of this.state) hash = fnv(hash, BigInt(word));
    for (let i = 0; i < label.length; i++) hash = fnv(hash, BigInt(label.charCodeAt(i)));
    return new Prng(expandSeed(hash));
  }

  /** 0 to 2^32 - 1. */
  nextU32(): number {
    const product = Math.imul(this.s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= shifted;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }

  /** 0 to n - 1, each equally likely; n is an integer from 1 to 2^32. */
  below(n: number): number {
    assert(Number.isInteger(n) && n >= 1 && n <= 2 ** 32, "below() takes an integer from 1 to 2^32");
    // The largest multiple of n; what lies above would favour the small results.
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const drawn = this.nextU32();
      if (drawn < limit) return drawn % n;
    }
  }

  /** True in `numerator` of `denominator` cases. */
  ratio(numerator: number, denominator: number): boolean {
    assert(Number.isInteger(numerator) && numerator >= 0 && numerator <= denominator, "a probability is a ratio between 0 and 1");
    return this.below(denominator) < numerator;
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i += 4) {
      const word = this.nextU32();
      for (let j = 0; j < 4 && i + j < count; j++) bytes[i + j] = word >>> (8 * j);
    }
    return bytes;
  }
}

/** SplitMix64 (Steele, Lea and Flood, 2014): the state of xoshiro must not be mostly zeros. */
function expandSeed(seed: bigint): PrngState {
  const next = (): bigint => {
    seed = (seed + 0x9e3779b97f4a7c15n) & U64_MAX;
    let z = seed;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & U64_MAX;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & U64_MAX;
    return z ^ (z >> 31n);
  };
  const [a, b] = [next(), next()];
  return [Number(a & 0xffff_ffffn), Number(a >> 32n), Number(b & 0xffff_ffffn), Number(b >> 32n)];
}

const FNV_OFFSET = 0xcbf29ce484222325n;

/** One step of FNV-1a, 64 bit, on words instead of bytes. */
function fnv(hash: bigint, word: bigint): bigint {
  return ((hash ^ word) * 0x100000001b3n) & U64_MAX;
}
