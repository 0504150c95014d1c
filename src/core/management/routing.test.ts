import { IDL } from "@icp-sdk/core/candid";
import { expect, test } from "vitest";
import { encode, idArg, ManagementWorld, NO_VERSION, principal, principalText, settings } from "../../../test/support/management-world.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId } from "../state/ids.ts";
import { NO_RESULT } from "./candid.ts";
import { IMPLEMENTED } from "./execute.ts";
import { METHODS } from "./methods.ts";
import { resolveManagementCall, targetOfCall } from "./routing.ts";

const twoSubnets = () =>
  new ManagementWorld({
    subnets: [
      { kind: "application", name: "application" },
      { kind: "system", name: "nns" },
    ],
  });

/** Resolves a call of a new canister on the subnet of this index. */
function resolve(
  net: ManagementWorld,
  method: string,
  arg: Uint8Array,
  given: { from?: number; callee?: PrincipalId; version?: number } = {},
) {
  const caller = net.canister(net.create({ subnet: given.from }), given.from);
  caller.version = given.version ?? 0;
  const resolution = resolveManagementCall(net.world, net.subnet(given.from), caller, {
    callee: given.callee ?? MANAGEMENT_CANISTER,
    method,
    arg,
  });
  return resolution.kind === "subnet" ? resolution.subnet : resolution.reject;
}

test("every method is implemented", () => {
  expect([...IMPLEMENTED.keys()].sort()).toEqual([...METHODS.keys()].sort());
});

test("methods without a target stay on the caller's subnet, whatever their argument [replica: routing of management calls]", () => {
  const net = twoSubnets();
  for (const method of ["raw_rand", "http_request", "bitcoin_send_transaction_internal"]) {
    expect(resolve(net, method, Uint8Array.of(1))).toBe(net.subnet(0).config.id);
  }
  const create = encode("create_canister", { settings: [], ...NO_VERSION });
  expect(resolve(net, "create_canister", create, { from: 1 })).toBe(net.subnet(1).config.id);
});

test("methods with a target go to the subnet that hosts it, also when no such canister exists [replica: routing of management calls]", () => {
  const net = twoSubnets();
  const there = "00000000000000050101" as CanisterId;
  for (const method of [
    "canister_status",
    "stop_canister",
    "deposit_cycles",
    "canister_metrics",
    "stored_chunks",
    "list_canister_snapshots",
  ]) {
    expect(resolve(net, method, idArg(there))).toBe(net.subnet(1).config.id);
  }
  expect(
    resolve(net, "provisional_top_up_canister", encode("provisional_top_up_canister", { canister_id: principal(there), amount: 1n })),
  ).toBe(net.subnet(1).config.id);
  const chunked = encode("install_chunked_code", {
    mode: { install: null },
    target_canister: principal(there),
    store_canister: [],
    chunk_hashes_list: [],
    wasm_module_hash: new Uint8Array(32),
    arg: new Uint8Array(0),
    ...NO_VERSION,
  });
  expect(resolve(net, "install_chunked_code", chunked)).toBe(net.subnet(1).config.id);
  const named = encode("subnet_id", { subnet_id: principal("0102" as PrincipalId) });
  expect(resolve(net, "subnet_info", named)).toBe("0102");
});

test("an unknown method [replica: routing of management calls]", () => {
  expect(resolve(twoSubnets(), "list_canisters", NO_RESULT)).toEqual({
    code: 5,
    message: "IC0536: Management canister has no method 'list_canisters'",
  });
});

test("an undecodable argument: with the error code where a version is compared, else as a routing error [replica: routing of management calls]", () => {
  const net = twoSubnets();
  const versioned = resolve(net, "update_settings", Uint8Array.of(1));
  expect(versioned).toMatchObject({ code: 4, message: expect.stringMatching(/^IC0408: Error decoding candid: /) });
  expect(resolve(net, "load_canister_snapshot", Uint8Array.of(1))).toMatchObject({ code: 4, message: expect.stringMatching(/^IC0408: /) });
  const other = resolve(net, "canister_status", Uint8Array.of(1));
  expect(other).toMatchObject({
    code: 3,
    message: expect.stringMatching(
      /^Unable to route management canister request canister_status: UserError\(UserError \{ code: InvalidManagementPayload, description: "Error decoding candid: .*" \}\)$/,
    ),
  });
});

test("sender_canister_version must be that of the calling execution [management-canister#ic-install_code]", () => {
  const net = twoSubnets();
  const id = net.create();
  const arg = encode("update_settings", { canister_id: principal(id), settings: settings(), sender_canister_version: [7n] });
  expect(resolve(net, "update_settings", arg, { version: 7 })).toBe(net.subnet(0).config.id);
  expect(resolve(net, "update_settings", arg, { version: 8 })).toEqual({
    code: 5,
    message:
      "IC0504: Management canister call payload includes sender canister version 7 that does not match the actual sender canister version 8.",
  });
});

test("a canister that no range contains [replica: routing of management calls]", () => {
  const net = twoSubnets();
  const nowhere = "0badc0de" as CanisterId;
  const name = principalText(nowhere);
  expect(resolve(net, "canister_status", idArg(nowhere))).toEqual({
    code: 3,
    message: `Unable to route management canister request canister_status: SubnetNotFound(CanisterId(${name}), DepositCycles)`,
  });
  expect(resolve(net, "stored_chunks", idArg(nowhere))).toEqual({
    code: 3,
    message: `Unable to route management canister request stored_chunks: SubnetNotFound(CanisterId(${name}), StoredChunks)`,
  });
});

test("only canisters of the NNS may name a subnet; the version is compared before [replica: routing of management calls]", () => {
  const net = twoSubnets();
  const callee = net.subnet(0).config.id;
  expect(resolve(net, "raw_rand", NO_RESULT, { callee })).toEqual({
    code: 3,
    message: `Unable to route management canister request raw_rand: AlreadyResolved(${principalText(callee)})`,
  });
  expect(resolve(net, "raw_rand", NO_RESULT, { from: 1, callee })).toBe(callee);
  expect(resolve(net, "nonsense", NO_RESULT, { callee })).toMatchObject({ code: 5 });
});

test("arguments of clients with more fields are read all the same", () => {
  const net = twoSubnets();
  const type = IDL.Record({ canister_id: IDL.Principal, brand_new: IDL.Opt(IDL.Vec(IDL.Text)) });
  const arg = IDL.encode([type], [{ canister_id: principal("00000000000000050101" as CanisterId), brand_new: [["x"]] }]);
  expect(resolve(net, "canister_status", arg)).toBe(net.subnet(1).config.id);
});

test("the canister a call is about, for waiting on its executions", () => {
  const id = "00000000000000050101" as CanisterId;
  expect(targetOfCall("deposit_cycles", idArg(id))).toBe(id);
  expect(targetOfCall("raw_rand", NO_RESULT)).toBe(null);
  expect(targetOfCall("deposit_cycles", Uint8Array.of(1))).toBe(null);
  expect(targetOfCall("nonsense", idArg(id))).toBe(null);
});
