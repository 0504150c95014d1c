import { expect, test } from "vitest";
import type { MessageId, PrincipalId } from "../state/ids.ts";
import type { SubnetConfig } from "../state/network-state.ts";
import { agentSize, envelopeSize, tooLarge, unsignedSize, type EnvelopeParts } from "./envelope-size.ts";
import { nonceOf } from "./request-ids.ts";

const CALL = {
  sender: "04" as PrincipalId,
  receiver: "00".repeat(10) as PrincipalId,
  method: "go",
  arg: new Uint8Array(),
  nonce: nonceOf(1),
};
/** d9d9f7 a1 67 content bf … ff: written out by hand for an anonymous call of `go` of a ten-byte id, without argument. */
const FIELDS = [12 + 1, 4 + 1, 11 + 1, 1 + 10, 11 + 1, 1 + 2, 3 + 1, 1 + 0, 6 + 1, 1 + 1, 14 + 1, 9, 5 + 1, 1 + 16];
const SIZE = 3 + 1 + 8 + 2 + FIELDS.reduce((sum, bytes) => sum + bytes, 0);

test("an envelope as the replica writes it [replica: ingress size]", () => {
  expect(unsignedSize(CALL)).toBe(SIZE);
  expect(agentSize(CALL)).toBe(SIZE);
  expect(unsignedSize({ ...CALL, arg: new Uint8Array(70_000) })).toBe(SIZE + 70_000 + 4);
  const alice = { ...CALL, sender: "aa".repeat(29) as PrincipalId };
  expect(unsignedSize(alice)).toBe(SIZE + 28 + 1);
  expect(agentSize(alice)).toBe(SIZE + 28 + 1 + (13 + 1 + 2 + 44) + (10 + 1 + 2 + 64));
});

test("delegations and sender information count; absent targets are a null [replica: ingress size]", () => {
  const parts: EnvelopeParts = {
    ...{ sender: 1, receiver: 10, method: "go", arg: 0, nonce: null },
    ...{ senderInfo: null, publicKey: null, signature: null, delegations: [] },
  };
  const bare = SIZE - (5 + 1 + 1 + 16);
  expect(envelopeSize(parts)).toBe(bare);
  const delegation = { publicKey: 44, signature: 64 };
  // 71 sender_delegation 81 a2 6a delegation a3 66 pubkey … 6a expiration … 67 targets f6 69 signature …
  const one = 18 + 1 + 1 + 11 + 1 + (7 + 2 + 44) + (11 + 9) + 8 + (10 + 2 + 64);
  expect(envelopeSize({ ...parts, delegations: [{ ...delegation, targets: null }] })).toBe(bare + one + 1);
  expect(envelopeSize({ ...parts, delegations: [{ ...delegation, targets: [10, 10] }] })).toBe(bare + one + 1 + 22);
  // 6b sender_info a3 64 info … 66 signer … 63 sig …
  expect(envelopeSize({ ...parts, senderInfo: { info: 3, signer: 10, sig: 300 } })).toBe(
    bare + 12 + 1 + (5 + 4) + (7 + 11) + (4 + 3 + 300),
  );
});

test.each([
  ["application", 2 ** 21],
  ["system", 3.5 * 2 ** 20],
] as const)("on a subnet of kind %s a message with its id may have %d bytes [replica: ingress size]", (kind, most) => {
  const config = { kind } as SubnetConfig;
  const id = "ab".repeat(32) as MessageId;
  expect(tooLarge(config, id, most - 32)).toBeNull();
  expect(tooLarge(config, id, most - 31)).toBe(
    `Request 0x${id} is too large. Message byte size ${most + 1} is larger than the max allowed ${most}.`,
  );
});
