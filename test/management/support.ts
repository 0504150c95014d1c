/**
 * What tests of the management canister share: calls as a user submits them, and texts of errors.
 */
import type { Principal } from "@icp-sdk/core/principal";
import * as does from "../universal/program.ts";
import { acceptManagementIngress, effectiveCanisterOf } from "../../src/core/management/ingress-acceptance.ts";
import type { CanisterId, MessageId, PrincipalId } from "../../src/core/state/ids.ts";
import { ALICE, decode, errorText, type ManagementWorld } from "../support/management-world.ts";
import { decodeText, type Scenario } from "../support/scenario.ts";

/** Why a user's call is not accepted, as `IC0512: …`; `null` when it is. */
export function user(net: ManagementWorld, method: string, arg: Uint8Array, sender: PrincipalId = ALICE, subnet = 0): string | null {
  const effective = effectiveCanisterOf(method, arg);
  if (effective !== null && typeof effective === "object") return errorText(effective.error);
  const error = acceptManagementIngress(net.world, net.subnet(subnet), {
    kind: "ingress",
    tag: 1,
    messageId: "00" as MessageId,
    sender,
    receiver: "" as PrincipalId,
    effectiveCanisterId: effective,
    method,
    arg,
    expiryNanos: 0n,
    envelopeBytes: 0,
    senderInfo: null,
  });
  return error === null ? null : errorText(error);
}

export function firstLines(of: string, count: number): string {
  return of.split("\n").slice(0, count).join("\n");
}

export function createCanisterIdText(reply: Uint8Array): string {
  return decode<{ canister_id: Principal }>("canister_id", reply).canister_id.toText();
}

export type Asked = { readonly refunded: bigint } & (
  { readonly kind: "reply"; readonly data: Uint8Array } | { readonly kind: "reject"; readonly code: number; readonly text: string }
);

const REPORT = [does.append(does.slice(does.refunded, 0, 8)), does.send];

/** What a program says that calls the management canister (or who is given) and reports what came back. */
export function asking(method: string, arg: Uint8Array, given: { cycles?: bigint; callee?: PrincipalId } = {}): does.Program {
  return does.call(given.callee ?? ("" as PrincipalId), {
    method,
    arg,
    ...(given.cycles === undefined ? {} : { cycles: given.cycles }),
    onReply: does.program(does.append("+", does.argument), ...REPORT),
    onReject: does.program(does.append("-", does.slice(does.rejectCode, 0, 1), does.rejectMessage), ...REPORT),
  });
}

/** What `asking` reported. */
export function asked(data: Uint8Array): Asked {
  const refunded = new DataView(data.buffer, data.byteOffset).getBigUint64(data.length - 8, true);
  const said = data.subarray(0, -8);
  return said[0] === "+".charCodeAt(0)
    ? { kind: "reply", data: said.slice(1), refunded }
    : { kind: "reject", code: said[1], text: decodeText(said.subarray(2)), refunded };
}

/** Has a universal canister make the call, until it is answered. */
export function ask(scene: Scenario, from: CanisterId, ...what: Parameters<typeof asking>): Asked {
  const end = scene.call(from, "run", asking(...what));
  if (end.kind === "rejected") throw new Error(end.message);
  return asked(end.data);
}

/** `5: text` of a reject's first line; fails the test on a reply. */
export function rejectOf(answer: Asked): string {
  if (answer.kind === "reply") throw new Error("expected a reject");
  return `${answer.code}: ${firstLines(answer.text, 1)}`;
}
