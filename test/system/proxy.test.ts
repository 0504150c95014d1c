/**
 * The proxy canister: calls in its own name for those who control it.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { systemModule } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/index.ts";

const T = 1_000_000_000_000n;

test("controllers call through it, with its cycles; others are refused", async () => {
  const net = await Cannery.create({ application: 1, print: false });
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  const proxy = await net.install(systemModule("proxy"), { controllers: [alice], cycles: 10n * T });
  const created = IDL.encode([IDL.Record({ settings: IDL.Opt(IDL.Null) })], [{ settings: [] }]);
  const args = { canister_id: Principal.managementCanister(), method: "create_canister", args: created, cycles: 2n * T };
  expect(await proxy.as(bob).actor.proxy(args)).toEqual({ Err: { UnauthorizedUser: null } });
  const { Ok } = (await proxy.as(alice).actor.proxy(args)) as { Ok: { result: Uint8Array } };
  const [{ canister_id: id }] = IDL.decode([IDL.Record({ canister_id: IDL.Principal })], Ok.result) as unknown as [
    { canister_id: Principal },
  ];
  expect((await net.canister(id).status({ sender: proxy.id })).controllers.map(String)).toEqual([proxy.toString()]);
  expect(await proxy.as(alice).actor.proxy({ ...args, cycles: 100n * T })).toMatchObject({
    Err: { InsufficientCycles: { required: 100n * T } },
  });
  expect(await proxy.as(alice).actor.proxy({ ...args, method: "no_such_method", cycles: 0n })).toMatchObject({
    Err: { CallFailed: { reason: expect.stringContaining("no_such_method") as string } },
  });
});
