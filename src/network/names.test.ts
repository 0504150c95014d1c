import { expect, test } from "vitest";
import { ANONYMOUS, MANAGEMENT_CANISTER, type PrincipalId } from "../core/state/ids.ts";
import { Names } from "./names.ts";

const id = (n: number): PrincipalId => n.toString(16).padStart(20, "0") as PrincipalId;

test("a name is given once; further ones get a number", () => {
  const names = new Names();
  expect([1, 2, 3].map((n) => names.give(id(n), "counter"))).toEqual(["counter", "counter 2", "counter 3"]);
  expect(names.give(id(1), "first")).toBe("first");
  expect(names.give(id(4), "counter")).toBe("counter");
  expect(names.give(id(2), "counter 2")).toBe("counter 2");
  expect(names.get(id(9))).toBeNull();
  expect([names.get(ANONYMOUS), names.get(MANAGEMENT_CANISTER)]).toEqual(["user", "management"]);
});

test("a copy goes on apart", () => {
  const names = new Names();
  names.give(id(1), "a");
  const copy = names.copy();
  expect(copy.give(id(2), "a")).toBe("a 2");
  expect(names.get(id(2))).toBeNull();
  expect(names.give(id(3), "a")).toBe("a 2");
});
