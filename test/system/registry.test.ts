/**
 * The registry: which subnet a canister is on, for canisters and tools that want to be where another is.
 */
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { systemModules } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/index.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { installSystemCanisters } from "../../src/network/system/install.ts";

interface Registry {
  get_subnet_for_canister(of: { readonly principal: [] | [Principal] }): Promise<{ Ok: { subnet_id: [Principal] } } | { Err: string }>;
}

test("says of every id which subnet has it, as the official one does", async () => {
  const subnets = ["nns", "ii"].map((name) => ({ kind: "system" as const, name }));
  const net = await Cannery.create({ application: 2, subnets, print: false });
  await installSystemCanisters(net, { registry: systemModules().registry! });
  const registry = net.canister<Registry>(SYSTEM_CANISTER_IDS.registry).actor;
  const ask = async (id: string): Promise<string> => {
    const answer = await registry.get_subnet_for_canister({ principal: [Principal.fromText(id)] });
    return "Ok" in answer ? answer.Ok.subnet_id[0].toText() : answer.Err;
  };
  const canister = await net.createCanister({ subnet: net.subnets[1]! });
  expect(await ask(canister.id.toText())).toBe(net.subnets[1]!.id);
  const named = (name: string): string => net.subnets.find((subnet) => subnet.name === name)!.id;
  expect(await ask(SYSTEM_CANISTER_IDS.ledger)).toBe(named("nns"));
  // In the middle of the NNS's ids.
  expect(await ask(SYSTEM_CANISTER_IDS["internet-identity"])).toBe(named("ii"));
  expect(await ask(SYSTEM_CANISTER_IDS["cycles-ledger"])).toBe(named("ii"));
  expect(await ask("5s2ji-faaaa-aaaaa-qaaaq-cai")).toBe("Canister is not assigned to any subnet.");
  expect(await ask("2vxsx-fae")).toBe("Invalid canister ID.");
  expect(await registry.get_subnet_for_canister({ principal: [] })).toEqual({ Err: "No principal supplied" });
});
