import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../base/bytes.ts";
import { representationIndependentHash } from "../../codec/request-id.ts";
import type { PrincipalId } from "../state/ids.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import { nonceOf, RequestIds } from "./request-ids.ts";

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
