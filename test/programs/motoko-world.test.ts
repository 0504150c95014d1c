/** What Motoko programs have of the world around them: canisters they make, cycles, facts of their own, big messages, certified data. */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import type { Canister, Cannery } from "../../src/index.ts";
import { network, refusal } from "../support/network.ts";
import { installMotoko, type Service } from "./motoko.ts";

type Spawner = Service<"spawn" | "again" | "spawnControlled" | "visit" | "status" | "offer" | "remove">;
type Facts = Service<
  | "balance"
  | "deposit"
  | "burn"
  | "send"
  | "here"
  | "replicatedInQuery"
  | "variables"
  | "variable"
  | "counted"
  | "random"
  | "certify"
  | "certificate"
>;
type Storage = Service<"put" | "get" | "pass">;

const TRILLION = 1_000_000_000_000n;

function spawner(net: Cannery): Promise<Canister<Spawner>> {
  return installMotoko<Spawner>(net, "spawner", { cycles: 10n * TRILLION });
}

test("an actor class makes canisters, upgrades them and starts them over", async () => {
  const net = await network();
  const parent = await spawner(net);
  const { made } = (await parent.actor.spawn("Ada", 2n * TRILLION)) as { made: Principal };
  expect(await parent.actor.visit(0n)).toBe("I am Ada, visit 1");
  expect(await parent.actor.visit(0n)).toBe("I am Ada, visit 2");
  await parent.actor.again(0n, "Anna", { upgrade: null });
  expect(await parent.actor.visit(0n)).toBe("I am Anna, visit 3");
  await parent.actor.again(0n, "Bea", { reinstall: null });
  expect(await parent.actor.visit(0n)).toBe("I am Bea, visit 1");

  const { controllers } = (await parent.actor.status(0n)) as { controllers: Principal[] };
  expect(controllers.map(String)).toEqual([`${parent}`]);
  expect(`${made}`).toBe(net.canisterIds[1]);
  expect(await parent.actor.remove(0n)).toBe(`#destination_invalid Canister ${made} not found`);
  expect(net.canisterIds).toEqual([`${parent}`]);
});

test("a canister costs its fee, and who has no cycles makes none", async () => {
  const net = await network();
  const parent = await spawner(net);
  expect(await parent.actor.spawn("Ada", 1000n)).toMatchObject({
    refused: expect.stringMatching(
      /^#canister_reject Creating a canister requires a fee of 500000000000 .* but only 1000 cycles were received/,
    ) as string,
  });
  expect(parent.balance()).toBeGreaterThan(9n * TRILLION); // what was sent came back
  // Too much to attach traps at once, before there is an error that could be caught.
  expect(await refusal(parent.actor.spawn("Ada", 1000n * TRILLION))).toMatchObject({
    errorCode: "IC0504",
    rejectMessage: expect.stringContaining(`Canister ${parent} is out of cycles`) as string,
  });
  expect(net.canisterIds).toEqual([`${parent}`]);
});

test("settings of a canister made by an actor class; cycles it does not accept come back", async () => {
  const net = await network();
  const parent = await spawner(net);
  const ann = net.identity("ann").principal;
  const child = net.canister((await parent.actor.spawnControlled("Cleo", [parent.id, ann], 2n * TRILLION)) as Principal);
  const { controllers } = await child.status({ sender: ann });
  expect(controllers.map(String).sort()).toEqual([`${parent}`, ann.toText()].sort());
  expect(await parent.actor.offer(0n, 1_000_001n)).toEqual({ accepted: 500_000n, refunded: 500_001n });
});

test("cycles are sent, accepted in part, refunded, burnt, and a user has none to give", async () => {
  const net = await network({ application: 2 });
  const [left, right] = net.subnets;
  const from = await installMotoko<Facts>(net, "facts", { cycles: 10n * TRILLION, subnet: left! });
  const to = await installMotoko<Facts>(net, "facts", { cycles: 10n * TRILLION, subnet: right! });
  expect(await from.actor.balance()).toBe(from.balance());
  const received = to.balance();
  expect(await from.actor.send(to.id, TRILLION, 400_000_000_000n)).toEqual({ accepted: 400_000_000_000n, refunded: 600_000_000_000n });
  expect(to.balance()).toBeGreaterThan(received + 399_000_000_000n);
  expect(await from.actor.deposit(5n)).toEqual({ available: 0n, accepted: 0n });

  const before = from.balance();
  expect(await from.actor.burn(TRILLION)).toBe(TRILLION);
  expect(before - from.balance()).toBeGreaterThan(TRILLION);
  const burnt = (await from.actor.burn(1000n * TRILLION)) as bigint; // all but what the freezing threshold needs
  expect(burnt).toBeGreaterThan(8n * TRILLION);
  expect(burnt).toBeLessThan(9n * TRILLION);
  expect(await refusal(from.actor.send(to.id, TRILLION, 0n))).toMatchObject({
    rejectMessage: expect.stringContaining("is out of cycles") as string,
  });
});

test("who it is, who calls, which version, and whether all replicas run it", async () => {
  const net = await network();
  const canister = await installMotoko<Facts>(net, "facts");
  const bob = net.identity("bob");
  const first = (await canister.actor.here()) as Record<string, unknown>;
  expect({ ...first, self: `${first["self"] as Principal}`, caller: `${first["caller"] as Principal}` }).toEqual({
    self: `${canister}`,
    caller: "2vxsx-fae",
    isController: true,
    version: 1n,
    replicated: true,
  });
  expect(await canister.as(bob).actor.here()).toMatchObject({ isController: false, version: 2n });
  await canister.updateSettings({ freezingThresholdSeconds: 1000 });
  expect(await canister.actor.here()).toMatchObject({ version: 4n }); // two updates and one change of settings later
  expect(await canister.actor.replicatedInQuery()).toBe(false);
  expect((await canister.actor.random()) as Uint8Array).toHaveLength(32);
});

test("environment variables", async () => {
  const net = await network();
  const canister = await installMotoko<Facts>(net, "facts", { env: { LEVEL: "debug", "PUBLIC_CANISTER_ID:other": "aaaaa-aa" } });
  expect(await canister.actor.variables()).toEqual([
    ["LEVEL", ["debug"]],
    ["PUBLIC_CANISTER_ID:other", ["aaaaa-aa"]],
  ]);
  expect(await canister.actor.variable("NONE")).toEqual([]);
});

test("instructions of a loop grow with it by the same for each turn; the call's counter holds all its messages", async () => {
  const net = await network();
  const canister = await installMotoko<Facts>(net, "facts");
  const counted = async (n: bigint): Promise<Record<"loop" | "message" | "call", bigint>> =>
    (await canister.actor.counted(n)) as Record<"loop" | "message" | "call", bigint>;
  const [one, two, three] = [await counted(1000n), await counted(2000n), await counted(3000n)];
  expect(two.loop - one.loop).toBe(three.loop - two.loop);
  expect(one.message).toBeGreaterThan(one.loop);
  expect(one.call).toBeGreaterThan(one.message);
});

test("certified data is 32 bytes at most; a query has a certificate of it, an update has none", async () => {
  const net = await network();
  const canister = await installMotoko<Facts>(net, "facts");
  await canister.actor.certify(new Uint8Array(32).fill(7));
  const [certificate] = (await canister.actor.certificate()) as [Uint8Array];
  expect(Buffer.from(certificate).includes(Buffer.alloc(32, 7))).toBe(true);
  const none = await canister.call("certificate", new Uint8Array(IDL.encode([], [])));
  expect(IDL.decode([IDL.Opt(IDL.Vec(IDL.Nat8))], none)).toEqual([[]]);
  expect(await refusal(canister.actor.certify(new Uint8Array(33)))).toMatchObject({
    errorCode: "IC0504",
    rejectMessage: expect.stringContaining("certified_data_set") as string,
  });
});

test("messages of megabytes: 2 MiB to any canister, 10 MiB at most even on the subnet, no reply above 2 MiB", async () => {
  const net = await network({ application: 2 });
  const near = await installMotoko<Storage>(net, "storage");
  const far = await installMotoko<Storage>(net, "storage", { subnet: net.subnets[1]! });
  expect(await near.actor.pass(far.id, 2_097_100n)).toEqual({ returned: 2_097_100n, equal: true });
  expect(await refusal(near.actor.pass(far.id, 2_100_000n))).toMatchObject({
    rejectMessage: expect.stringContaining("attempted to send a message of size 2100017 exceeding the limit 2097152") as string,
  });
  expect(await refusal(near.actor.pass(near.id, 9_000_000n))).toMatchObject({
    rejectMessage: expect.stringContaining("application payload size (9000013) cannot be larger than 2097152") as string,
  });
  expect(await refusal(near.actor.pass(near.id, 11_000_000n))).toMatchObject({
    errorCode: "IC0504",
    rejectMessage: expect.stringContaining("payload size of 11000017, which exceeds the allowed limit of 10485760") as string,
  });
  expect(await near.actor.put(new Uint8Array(5_000_000))).toBe(0n); // no user's envelope in process, so only the subnet's own limits hold
  expect(await refusal(near.actor.get(0n))).toMatchObject({
    rejectMessage: expect.stringContaining("application payload size (5000013) cannot be larger than 3145728") as string,
  });
});
