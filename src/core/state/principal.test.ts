import { Principal } from "@icp-sdk/core/principal";
import { sha224 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex } from "../../base/bytes.ts";
import { ANONYMOUS, MANAGEMENT_CANISTER, type PrincipalId } from "./ids.ts";
import {
  canisterIdFromIndex,
  indexOfCanisterId,
  InvalidPrincipal,
  parsePrincipal,
  principalBytes,
  principalOfBytes,
  principalText,
  selfAuthenticatingPrincipal,
} from "./principal.ts";

// Source: principals-and-ids.md 2 and 3.
const KNOWN: readonly (readonly [hex: string, text: string])[] = [
  ["", "aaaaa-aa"],
  ["04", "2vxsx-fae"],
  ["abcd01", "em77e-bvlzu-aq"],
  ["00000000000000000101", "rwlgt-iiaaa-aaaaa-aaaaa-cai"],
  ["ffffffffffe000000101", "lxzze-o7777-77777-aaaaa-cai"],
];

test.each(KNOWN)("%s is written %s", (hex, text) => {
  expect(principalText(hex as PrincipalId)).toBe(text);
  expect(parsePrincipal(text)).toBe(hex);
  expect(parsePrincipal(text.toUpperCase())).toBe(hex);
});

test("the constants have their texts", () => {
  expect([principalText(MANAGEMENT_CANISTER), principalText(ANONYMOUS)]).toEqual(["aaaaa-aa", "2vxsx-fae"]);
});

test("text and bytes come back, and agree with the SDK [index#textual-ids]", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 29 }), (bytes) => {
      const id = principalOfBytes(bytes);
      expect(principalBytes(id)).toEqual(bytes);
      expect(principalText(id)).toBe(Principal.fromUint8Array(bytes).toText());
      expect(parsePrincipal(principalText(id))).toBe(id);
    }),
  );
});

test.each([
  ["", "too short to hold a checksum"],
  ["aaaa", "too short to hold a checksum"],
  ["rwlgt-iiaaa-aaaaa-aaaaa-ca1", 'no "1"'],
  ["rwlgt-iiaaa-aaaaa-aaaaa-caé", 'no "é"'],
  ["rwlgt-iiaaa-aaaaa-aaaaa-cbi", "its checksum is wrong"],
  ["rwlgtiiaaa-aaaaa-aaaaa-cai", "the dashes are misplaced"],
  ["rwlgt-iiaaa-aaaaa-aaaaa-cai-", "the dashes are misplaced"],
  ["2vxsx-faa", "its checksum is wrong"],
  ["a".repeat(64), "longer than 63 characters"],
  ["a".repeat(60), "more than 29 bytes"],
])("refuses %j: %s", (text, why) => {
  expect(() => parsePrincipal(text)).toThrow(InvalidPrincipal);
  expect(() => parsePrincipal(text)).toThrow(why);
});

test("refuses more than 29 bytes [index#principal]", () => {
  expect(() => principalOfBytes(new Uint8Array(30))).toThrow(InvalidPrincipal);
});

test("canister ids are ordered as their indices and give them back [index#id-classes]", () => {
  const index = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  fc.assert(
    fc.property(index, index, (a, b) => {
      expect(indexOfCanisterId(canisterIdFromIndex(a))).toBe(a);
      expect(canisterIdFromIndex(a) < canisterIdFromIndex(b)).toBe(a < b);
    }),
  );
  expect(principalText(canisterIdFromIndex(0x8000000000100000n))).toBe("bnz7o-iuaaa-aaaaa-qaaaa-cai");
  expect([indexOfCanisterId(ANONYMOUS), indexOfCanisterId("00000000000000000102" as PrincipalId)]).toEqual([null, null]);
});

test("a key's principal is the SDK's [index#id-classes]", () => {
  const der = fromHex("302a300506032b6570032100" + "07".repeat(32));
  const id = selfAuthenticatingPrincipal(der, sha224);
  expect(principalText(id)).toBe(Principal.selfAuthenticating(der).toText());
});
