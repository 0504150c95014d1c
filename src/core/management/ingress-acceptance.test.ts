import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  encode,
  errorText,
  firstLine,
  idArg,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
  settings,
} from "../../../test/support/management-world.ts";
import type { CanisterId, MessageId, PrincipalId } from "../state/ids.ts";
import { acceptManagementIngress, effectiveCanisterOf, managementInductionError } from "./ingress-acceptance.ts";
import { METHODS } from "./methods.ts";

function accept(net: ManagementWorld, method: string, arg: Uint8Array, sender: PrincipalId = ALICE): string | null {
  const effective = effectiveCanisterOf(method, arg);
  const error = acceptManagementIngress(net.world, net.subnet(), {
    kind: "ingress",
    tag: 1,
    messageId: "00" as MessageId,
    sender,
    receiver: "" as PrincipalId,
    effectiveCanisterId: typeof effective === "string" ? effective : null,
    method,
    arg,
    expiryNanos: 0n,
    envelopeBytes: 0,
    senderInfo: null,
  });
  return error === null ? null : firstLine(errorText(error));
}

const update = (id: CanisterId) => encode("update_settings", { canister_id: principal(id), settings: settings(), ...NO_VERSION });

test("names that the interface does not have, and those that users cannot call [abstract-behavior#api-request-submission]", () => {
  const net = new ManagementWorld();
  expect(accept(net, "nonsense", new Uint8Array(0))).toBe("IC0536: ic00 interface does not expose method nonsense");
  expect(accept(net, "list_canisters", new Uint8Array(0))).toBe("IC0536: ic00 interface does not expose method list_canisters");
  const never = [...METHODS].filter(([, { ingress }]) => ingress === "never").map(([name]) => name);
  expect(never).toContain("raw_rand");
  for (const method of never) {
    expect(accept(net, method, new Uint8Array(0))).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
  }
});

test("the argument decodes, except where there is no canister [abstract-behavior#api-request-submission]", () => {
  const net = new ManagementWorld();
  expect(accept(net, "update_settings", Uint8Array.of(1))).toMatch(
    /^IC0408: Failed to parse payload for ic00 method update_settings: IC0408: Error decoding candid: /,
  );
  expect(effectiveCanisterOf("provisional_top_up_canister", Uint8Array.of(1))).toBe(null);
  expect(accept(net, "provisional_create_canister_with_cycles", Uint8Array.of(1))).toBe(null);
});

test("the effective canister is the target [abstract-behavior#effective-canister-ids]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(effectiveCanisterOf("stop_canister", idArg(id))).toBe(id);
  expect(effectiveCanisterOf("update_settings", update(id))).toBe(id);
  const chunked = encode("install_chunked_code", {
    mode: { install: null },
    target_canister: principal(id),
    store_canister: [principal(BOB)],
    chunk_hashes_list: [],
    wasm_module_hash: new Uint8Array(0),
    arg: new Uint8Array(0),
    ...NO_VERSION,
  });
  expect(effectiveCanisterOf("install_chunked_code", chunked)).toBe(id);
});

test("who may send what [abstract-behavior#api-request-submission]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const name = principalText(id);
  expect(accept(net, "create_canister", encode("create_canister", { settings: [], ...NO_VERSION }))).toBe(
    "IC0406: Only canisters can call ic00 method create_canister",
  );
  const info = encode("canister_info", { canister_id: principal(id), num_requested_changes: [] });
  expect(accept(net, "canister_info", info)).toBe("IC0406: Only canisters can call ic00 method canister_info");
  for (const method of ["canister_status", "canister_metrics", "start_canister", "stop_canister", "delete_canister"]) {
    expect(accept(net, method, idArg(id))).toBe(null);
    expect(accept(net, method, idArg(id), BOB)).toBe(`IC0512: Only the controllers of the canister ${name} can control it.`);
  }
  expect(accept(net, "update_settings", update(id))).toBe(null);
  expect(accept(net, "update_settings", update(id), BOB)).toBe(
    `IC0512: Only controllers of canister ${name} can call ic00 method update_settings`,
  );
  expect(accept(net, "list_canister_snapshots", idArg(id), BOB)).toBe(
    `IC0406: Caller ${principalText(BOB)} is not allowed to call list_canister_snapshots`,
  );
  net.canister(id).settings = { ...net.canister(id).settings, snapshotVisibility: { kind: "allowedViewers", viewers: [BOB] } };
  expect(accept(net, "list_canister_snapshots", idArg(id), BOB)).toBe(null);
  net.canister(id).settings = { ...net.canister(id).settings, statusVisibility: { kind: "allowedViewers", viewers: [BOB] } };
  expect(accept(net, "canister_status", idArg(id), BOB)).toBe(null);
  expect(accept(net, "canister_metrics", idArg(id), BOB)).toBe(`IC0512: Only the controllers of the canister ${name} can control it.`);
  net.canister(id).settings = { ...net.canister(id).settings, statusVisibility: { kind: "public" } };
  expect(accept(net, "canister_status", idArg(id), "0c0c01" as PrincipalId)).toBe(null);
  net.whitelist([ALICE]);
  expect(accept(net, "provisional_create_canister_with_cycles", new Uint8Array(0), BOB)).toBe(
    `IC0406: Caller ${principalText(BOB)} is not allowed to call ic00 method provisional_create_canister_with_cycles`,
  );
  net.subnet().canisters.delete(id);
  expect(accept(net, "stop_canister", idArg(id))).toBe(`IC0301: Canister ${name} not found`);
});

test("induction has its own words [replica: induction of ingress messages]", () => {
  const induct = (method: string, arg: Uint8Array = new Uint8Array(0)) => {
    const error = managementInductionError(method, arg);
    return error === null ? null : errorText(error);
  };
  expect(induct("nonsense")).toBe("IC0536: Cannot enqueue management message because nonsense method is unknown.");
  expect(induct("raw_rand")).toBe(
    "IC0406: Cannot enqueue management message because raw_rand method is not allowed to be called via ingress messages.",
  );
  expect(induct("stop_canister")).toBe("IC0408: Cannot enqueue management message because its Candid payload is invalid.");
  expect(induct("stop_canister", idArg(ALICE))).toBe(null);
});
