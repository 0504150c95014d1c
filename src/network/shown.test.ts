import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test("values as short text", () => {
  expect(shown({ id: 5n, names: ["a", "b"], owner: Principal.anonymous(), bytes: Uint8Array.of(1, 2) })).toBe(
    '{id: 5n, names: ["a", "b"], owner: 2vxsx-fae, bytes: 2 bytes}',
  );
  expect([shown(undefined), shown(null), shown(1.5), shown(true), shown(() => 1), shown(new Uint16Array([7]))]).toEqual([
    "undefined",
    "null",
    "1.5",
    "true",
    "a function",
    "[7]",
  ]);
  expect(shown([[5n]], "")).toBe("[[5]]");
  expect(shown(Array.from({ length: 10 }, (_, i) => i))).toBe("[0, 1, 2, 3, 4, 5, 6, 7, … 2 more]");
});

test("a value that holds itself ends", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  expect(shown(loop)).toBe("[[[[…]]]]");
});
