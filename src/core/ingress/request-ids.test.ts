import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { representationIndependentHash } from "../../codec/request-id.ts";
import type { PrincipalId } from "../state/ids.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import { envelopeBytes, nonceOf, RequestIds } from "./request-ids.ts";

const principal = fc.uint8Array({ maxLength: 29 }).map((bytes) => toHex(bytes) as PrincipalId);
const call = fc.record({
  sender: principal,
  receiver: principal,
  method: fc.string(),
  arg: fc.uint8Array({ maxLength: 100 }),
  expiryNanos: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  nonce: fc.nat().map(nonceOf),
});

test("the id is the hash that agents compute, also from kept parts", () => {
  const { sha256 } = nodePlatform;
  const ids = new RequestIds(sha256);
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 5 }), (calls) => {
      for (const one of [...calls, ...calls]) {
        const plain = {
          request_type: "call",
          canister_id: fromHex(one.receiver),
          method_name: one.method,
          arg: one.arg,
          sender: fromHex(one.sender),
          ingress_expiry: one.expiryNanos,
          nonce: one.nonce,
        };
        expect(ids.idOf(one)).toBe(toHex(representationIndependentHash(plain, sha256)));
      }
    }),
  );
});

test("the size is that of the envelope an agent would send", () => {
  // d9d9f7 a1 67 content a7, then the fields: written out by hand for an anonymous call of `go` of a ten-byte id, without argument.
  const fields = [12 + 1, 4 + 1, 11 + 1, 1 + 10, 11 + 1, 1 + 2, 3 + 1, 1 + 0, 6 + 1, 1 + 1, 14 + 1, 9, 5 + 1, 1 + 16];
  const size = 3 + 1 + 8 + 1 + fields.reduce((sum, bytes) => sum + bytes, 0);
  const content = {
    sender: "04" as PrincipalId,
    receiver: "00".repeat(10) as PrincipalId,
    method: "go",
    arg: new Uint8Array(),
    nonce: nonceOf(1),
  };
  expect(envelopeBytes(content)).toBe(size);
  expect(envelopeBytes({ ...content, arg: new Uint8Array(70_000) })).toBe(size + 70_000 + 4);
  const alice = { ...content, sender: "aa".repeat(29) as PrincipalId };
  expect(envelopeBytes(alice)).toBe(size + 28 + 1 + (13 + 1 + 2 + 44) + (10 + 1 + 2 + 64));
});
