import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../base/bytes.ts";
import { browserPlatform } from "./platform-browser.ts";
import { nodePlatform } from "./platform-node.ts";

const HOSTS = { node: nodePlatform, browser: browserPlatform };
const MAX = 1 << 20;

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 3000 })).map(([unit, times]) => {
    return concat(...Array.from({ length: times }, () => unit));
  }),
);
const member = fc
  .record({ content, level: fc.constantFrom(0, 1, 6, 9) })
  .map((made) => ({ ...made, packed: gzipSync(made.content, { level: made.level }) }));

/** What comes of it: bytes in hex, or the text of the refusal. */
function outcome(host: keyof typeof HOSTS, bytes: Uint8Array, limitBytes = MAX): string {
  try {
    return `bytes ${Buffer.from(HOSTS[host].gunzip(bytes, limitBytes)).toString("hex")}`;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a gzip member is read alike by zlib in Node and by ours in a tab", () => {
  test("its content comes back, whatever follows the member", () => {
    const property = fc.property(member, fc.uint8Array({ maxLength: 40 }), ({ content, packed }, after) => {
      for (const host of ["node", "browser"] as const) {
        expect(outcome(host, concat(packed, after))).toBe(`bytes ${Buffer.from(content).toString("hex")}`);
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  test("wherever it is cut off it is refused", () => {
    const property = fc.property(member, fc.nat(), ({ packed }, at) => {
      const cut = packed.subarray(0, at % packed.length);
      expect(outcome("node", cut)).toMatch(/^(not a gzip stream|gzip header is cut off|corrupt gzip stream)$/);
      expect(outcome("browser", cut)).toBe(outcome("node", cut));
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("with any one byte changed both hosts take it, or both refuse it", () => {
    const property = fc.property(member, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ packed }, at, change) => {
      packed[at % packed.length]! ^= change;
      expect(outcome("browser", packed)).toBe(outcome("node", packed));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("a header with a name, a comment, extra bytes and a checksum of its own is passed over", () => {
    const text = new TextEncoder().encode("content");
    const flags = 0x02 | 0x04 | 0x08 | 0x10;
    const packed = gzipSync(text);
    const header = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, 2, 0, 0xaa, 0, 0x6e, 0, 0x63, 0, 1, 2];
    const long = concat(Uint8Array.from(header), deflateRawSync(text), packed.subarray(packed.length - 8));
    for (const host of ["node", "browser"] as const) {
      expect(outcome(host, long)).toBe(`bytes ${Buffer.from(text).toString("hex")}`);
      expect(outcome(host, long.subarray(0, 13))).toBe("gzip header is cut off");
    }
  });

  test("the bytes may be as many as the limit and not one more", () => {
    const packed = gzipSync(new Uint8Array(100_000));
    for (const host of ["node", "browser"] as const) {
      expect(outcome(host, packed, 100_000)).toMatch(/^bytes 0{200000}$/);
      expect(outcome(host, packed, 99_999)).toBe("corrupt gzip stream");
    }
  });

  test("a wrong checksum is told in the words of the replica's decoder", () => {
    const packed = gzipSync("content");
    packed.writeUInt32LE(7, packed.length - 8);
    for (const host of ["node", "browser"] as const) expect(outcome(host, packed)).toBe("CRC32 mismatched: value=4274335913, expected=7");
  });
});
