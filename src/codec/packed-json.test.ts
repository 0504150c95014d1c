import { expect, test } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { pack, unpack } from "./packed-json.ts";

const packed = (value: unknown): unknown => JSON.parse(JSON.stringify(pack(value, (bytes) => ({ bytes: toHex(bytes) }))));

test("amounts and bytes come back, wherever they stand", () => {
  const value = {
    cycles: 2n ** 100n,
    list: [Uint8Array.of(1, 2), null, "text"],
    inner: { bytes: Uint8Array.of(3), before: 5, after: [7n] },
  };
  expect(unpack(packed(value), ({ bytes }) => fromHex(bytes!))).toEqual(value);
});
