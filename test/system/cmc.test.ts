/**
 * The cycles minting canister: from ICP to cycles, by a transfer with a memo and a notification.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { concat, fromHex, toHex } from "../../src/base/bytes.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import type { Identity } from "../../src/index.ts";
import { accountIdentifier } from "../../src/network/system/account-id.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { account, certifiedTree, systemNetwork, transfer } from "../support/system-network.ts";

const ICP = 100_000_000n;
const FEE = 10_000n;
const T = 1_000_000_000_000n;
/** Of one ICP, at the rate that networks begin with. */
const CYCLES_PER_ICP = 3_520_000_000_000n;
const CREATE = 0x41455243n;
const TOP_UP = 0x50555054n;
const MINT = 0x544e494dn;

async function scene() {
  const { net, at } = await systemNetwork(["ledger", "cycles-ledger", "cmc"]);
  const [ledger, cycles, cmc] = [at("ledger"), at("cycles-ledger"), at("cmc")];
  const alice = net.identity("alice");
  await ledger.actor.icrc1_transfer(transfer({ to: account(alice), amount: 100n * ICP }));
  const icp = () => ledger.actor.icrc1_balance_of(account(alice)) as Promise<bigint>;
  /** A payment for somebody's good; its block. */
  const pay = async (beneficiary: Principal, e8s: bigint, memo: bigint): Promise<bigint> => {
    const to = fromHex(accountIdentifier(cmc.id, subaccountOf(beneficiary)));
    const args = { memo, amount: { e8s }, fee: { e8s: FEE }, from_subaccount: [], to, created_at_time: [] };
    const { Ok } = (await ledger.as(alice).actor.transfer(args)) as { Ok: bigint };
    return Ok;
  };
  return { net, ledger, cycles, cmc: cmc.as(alice).actor, cmcCanister: cmc, alice, icp, pay };
}

function subaccountOf(principal: Principal): Uint8Array {
  const bytes = principal.toUint8Array();
  return concat(Uint8Array.of(bytes.length), bytes, new Uint8Array(31 - bytes.length));
}

function creation(block_index: bigint, controller: Identity, fields: object = {}) {
  return { block_index, controller: controller.principal, subnet_type: [], subnet_selection: [], settings: [], ...fields };
}

test("ICP paid for a canister becomes cycles on it, once", async () => {
  const { net, ledger, cmc, pay } = await scene();
  const target = await net.install(systemModule("proxy"));
  const before = target.balance();
  const supply = (await ledger.actor.icrc1_total_supply()) as bigint;
  const block_index = await pay(target.id, 2n * ICP, TOP_UP);
  const notification = { block_index, canister_id: target.id };
  expect(await cmc.notify_top_up(notification)).toEqual({ Ok: 2n * CYCLES_PER_ICP });
  expect(target.balance()).toBe(before + 2n * CYCLES_PER_ICP);
  expect(await cmc.notify_top_up(notification)).toEqual({ Ok: 2n * CYCLES_PER_ICP });
  expect(target.balance()).toBe(before + 2n * CYCLES_PER_ICP);
  expect(await ledger.actor.icrc1_total_supply()).toBe(supply - 2n * ICP - FEE); // burnt
  expect(await cmc.total_cycles_minted()).toBe(2n * CYCLES_PER_ICP);
});

test("a canister is created for who paid, with the settings and where it is wanted", async () => {
  const { net, cmc, alice, pay } = await scene();
  const subnet = Principal.fromText(net.subnets[1]!.id);
  const block = await pay(alice.principal, ICP, CREATE);
  const created = (await cmc.notify_create_canister(creation(block, alice, { subnet_selection: [{ Subnet: { subnet } }] }))) as {
    Ok: Principal;
  };
  const canister = net.canister(created.Ok, { sender: alice });
  expect((await canister.status()).controllers.map(String)).toEqual([alice.principal.toText()]);
  expect(canister.balance()).toBe(CYCLES_PER_ICP - 500_000_000_000n);
  expect(await cmc.notify_create_canister(creation(block, alice))).toEqual(created);
  expect(await cmc.notify_create_canister(creation(block, net.identity("bob")))).toMatchObject({ Err: { Other: { error_code: 5n } } });
});

test("a canister that cannot be created is paid back less fees", async () => {
  const { net, ledger, cmc, alice, icp, pay } = await scene();
  const before = await icp();
  const subnet = Principal.fromText(net.subnets[2]!.id); // the NNS
  const block = await pay(alice.principal, ICP, CREATE);
  const refused = creation(block, alice, { subnet_selection: [{ Subnet: { subnet } }] });
  const answer = (await cmc.notify_create_canister(refused)) as { Err: { Refunded: { reason: string; block_index: [bigint] } } };
  expect(answer.Err.Refunded.reason).toMatch(/does not exist or .* is not authorized to deploy to that subnet/u);
  expect(await icp()).toBe(before - FEE - 4n * FEE - FEE);
  expect(await cmc.notify_create_canister(refused)).toEqual(answer);
  const { blocks } = (await ledger.actor.query_blocks({ start: answer.Err.Refunded.block_index[0], length: 1n })) as { blocks: object[] };
  expect(blocks).toMatchObject([{ transaction: { operation: [{ Transfer: { amount: { e8s: ICP - 5n * FEE } } }] } }]);
});

test("cycles are minted onto an account of the cycles ledger", async () => {
  const { cycles, cmc, alice, pay } = await scene();
  const block_index = await pay(alice.principal, ICP, MINT);
  const minted = CYCLES_PER_ICP;
  const answer = await cmc.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] });
  expect(answer).toEqual({ Ok: { block_index: 1n, minted, balance: minted - 100_000_000n } });
  expect(await cycles.actor.icrc1_balance_of(account(alice))).toBe(minted - 100_000_000n);
  expect(await cmc.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] })).toEqual(answer);
});

test("a payment serves the purpose of its memo, for whom it was made", async () => {
  const { cmc, alice, cmcCanister, net, pay } = await scene();
  const block_index = await pay(alice.principal, ICP, MINT);
  expect(await cmc.notify_create_canister(creation(block_index, alice))).toMatchObject({
    Err: { InvalidTransaction: expect.stringContaining("does not match the expected memo") as string },
  });
  const other = cmcCanister.as(net.identity("bob")).actor;
  expect(await other.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] })).toMatchObject({
    Err: { InvalidTransaction: expect.stringContaining("different than in the notification") as string },
  });
  expect(await cmc.notify_mint_cycles({ block_index: 99n, to_subaccount: [], deposit_memo: [] })).toEqual({
    Err: { InvalidTransaction: "Block 99 not found" },
  });
  expect(await cmc.notify_mint_cycles({ block_index: 0n, to_subaccount: [], deposit_memo: [] })).toEqual({
    Err: { InvalidTransaction: "Notification transaction must be of type Transfer" },
  });
});

test("a payment whose memo asks for nothing comes back", async () => {
  const { cmc, alice, icp, pay } = await scene();
  const before = await icp();
  const block_index = await pay(alice.principal, ICP, 5n);
  const answer = await cmc.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] });
  expect(answer).toMatchObject({ Err: { Refunded: { block_index: [block_index + 1n] } } });
  expect(await icp()).toBe(before - 2n * FEE);
  expect(await cmc.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] })).toEqual(answer);
});

test("memos of ICRC-1 count as well", async () => {
  const { net, ledger, cmc, cmcCanister, alice } = await scene();
  const target = await net.install(systemModule("proxy"));
  const memo = new Uint8Array(8);
  new DataView(memo.buffer).setBigUint64(0, TOP_UP, true);
  const to = account(cmcCanister.id, subaccountOf(target.id));
  const { Ok } = (await ledger.as(alice).actor.icrc1_transfer(transfer({ to, amount: ICP, memo: [memo] }))) as { Ok: bigint };
  expect(await cmc.notify_top_up({ block_index: Ok, canister_id: target.id })).toEqual({ Ok: CYCLES_PER_ICP });
});

test("two notifications at the same time are one", async () => {
  const { cmc, alice, cycles, pay } = await scene();
  const block_index = await pay(alice.principal, ICP, MINT);
  const notify = () => cmc.notify_mint_cycles({ block_index, to_subaccount: [], deposit_memo: [] });
  const answers = await Promise.all([notify(), notify()]);
  expect(answers).toContainEqual({ Err: { Processing: null } });
  expect(await cycles.actor.icrc1_balance_of(account(alice))).toBe(CYCLES_PER_ICP - 100_000_000n);
});

test("the rate is certified, and governance alone changes it", async () => {
  const { net, cmc, cmcCanister } = await scene();
  const Rate = IDL.Record({ timestamp_seconds: IDL.Nat64, xdr_permyriad_per_icp: IDL.Nat64 });
  const update = { data_source: "test", timestamp_seconds: 1_700_000_000n, xdr_permyriad_per_icp: 10_000n };
  await expect(cmc.set_icp_xdr_conversion_rate(update)).rejects.toThrow(/Only the governance canister is allowed/);
  const governed = cmcCanister.as("rrkah-fqaaa-aaaaa-aaaaq-cai").actor;
  expect(await governed.set_icp_xdr_conversion_rate(update)).toEqual({ Ok: null });
  expect(await governed.set_icp_xdr_conversion_rate(update)).toMatchObject({ Err: expect.stringContaining("greater timestamp") as string });
  const answer = (await cmc.get_icp_xdr_conversion_rate()) as { data: object; hash_tree: Uint8Array; certificate: Uint8Array };
  expect(answer.data).toEqual({ timestamp_seconds: 1_700_000_000n, xdr_permyriad_per_icp: 10_000n });
  const tree = await certifiedTree(net, cmcCanister.id, answer.certificate, answer.hash_tree);
  expect(tree.get("ICP_XDR_CONVERSION_RATE")).toBe(toHex(IDL.encode([Rate], [answer.data])));
});

test("subnets: by default the application subnets, others by type or for some", async () => {
  const { net, cmc, cmcCanister, alice, pay } = await scene();
  const [first, second, nns] = net.subnets.map(({ id }) => Principal.fromText(id)) as [Principal, Principal, Principal];
  const texts = (list: unknown) => (list as Principal[]).map(String);
  expect(texts(await cmc.get_default_subnets())).toEqual([first, second].map(String));
  const governed = cmcCanister.as("rrkah-fqaaa-aaaaa-aaaaq-cai").actor;
  await governed.update_subnet_type({ Add: "special" });
  await governed.change_subnet_type_assignment({ Add: { subnets: [nns], subnet_type: "special" } });
  expect(await cmc.get_subnet_types_to_subnets()).toEqual({ data: [["special", [nns]]] });
  const onSpecial = async () => {
    const block = await pay(alice.principal, ICP, CREATE);
    return (await cmc.notify_create_canister(creation(block, alice, { subnet_type: ["special"] }))) as { Ok?: Principal; Err?: object };
  };
  const { Ok } = await onSpecial();
  expect(net.canister(Ok!).balance()).toBe(CYCLES_PER_ICP); // creations cost nothing on system subnets
  await governed.change_subnet_type_assignment({ Remove: { subnets: [nns], subnet_type: "special" } });
  expect((await onSpecial()).Err).toMatchObject({ Refunded: { reason: "No subnets in which to create a canister." } });
  await governed.update_subnet_type({ Remove: "special" });
  expect((await onSpecial()).Err).toMatchObject({ Refunded: { reason: "Provided subnet type special does not exist" } });
  await governed.set_authorized_subnetwork_list({ who: [alice.principal], subnets: [nns] });
  expect(await cmc.get_principals_authorized_to_create_canisters_to_subnets()).toEqual({ data: [[alice.principal, [nns]]] });
  const own = await pay(alice.principal, ICP, CREATE);
  expect(await cmc.notify_create_canister(creation(own, alice))).toHaveProperty("Ok");
  expect(SYSTEM_CANISTER_IDS.cmc).toBe(cmcCanister.toString());
});

test("a canister pays for creations with cycles", async () => {
  const { net, cmcCanister } = await scene();
  const proxy = await net.install(systemModule("proxy"));
  const create = async (cycles: bigint) => {
    const args = IDL.encode([CreateArg], [{ settings: [], subnet_type: [], subnet_selection: [] }]);
    const answer = await proxy.actor.proxy({ canister_id: cmcCanister.id, method: "create_canister", args, cycles });
    return IDL.decode([CreateResult], (answer as { Ok: { result: Uint8Array } }).Ok.result)[0] as { Ok?: Principal; Err?: object };
  };
  const { Ok } = await create(2n * T);
  expect((await net.canister(Ok!).status({ sender: proxy.id })).controllers.map(String)).toEqual([proxy.toString()]);
  expect(await create(5n)).toEqual({ Err: { Refunded: { refund_amount: 5n, create_error: "Insufficient cycles attached." } } });
});

const CreateArg = IDL.Record({ settings: IDL.Opt(IDL.Null), subnet_type: IDL.Opt(IDL.Text), subnet_selection: IDL.Opt(IDL.Null) });
const CreateResult = IDL.Variant({
  Ok: IDL.Principal,
  Err: IDL.Variant({ Refunded: IDL.Record({ refund_amount: IDL.Nat, create_error: IDL.Text }) }),
});
