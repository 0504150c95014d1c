/**
 * The cycles ledger: cycles come in attached to calls, move between accounts, and go out to canisters.
 */
import { expect, test } from "vitest";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { toHex } from "../../src/base/bytes.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { account, approval, certifiedTree, newNetwork, systemNetwork, transfer } from "../support/system-network.ts";
import { hashOfValue, type Value } from "../support/icrc3.ts";

const T = 1_000_000_000_000n;
const FEE = 100_000_000n;
const PLENTY = (1n << 127n) - 1n;
const ANONYMOUS = Principal.anonymous();

async function cyclesLedger() {
  const { net, at } = await systemNetwork(["ledger", "cycles-ledger", "cmc"]);
  const ledger = at("cycles-ledger");
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  const balance = (owner: Parameters<typeof account>[0]) => ledger.actor.icrc1_balance_of(account(owner)) as Promise<bigint>;
  const give = (owner: Parameters<typeof account>[0], amount: bigint) =>
    ledger.actor.icrc1_transfer(transfer({ to: account(owner), amount }));
  return { net, ledger, alice, bob, balance, give };
}

function creation(fields: object) {
  return { from_subaccount: [], created_at_time: [], creation_args: [], amount: 2n * T, ...fields };
}

function withdrawal(fields: object) {
  return { from_subaccount: [], created_at_time: [], ...fields };
}

test("the anonymous user has plenty, and gives it to others for a fee", async () => {
  const { ledger, alice, balance } = await cyclesLedger();
  expect(await balance(ANONYMOUS)).toBe(PLENTY);
  // What icp sends to each identity when a network starts.
  const args = transfer({ to: account(alice), amount: 1000n * T, fee: [FEE] });
  expect(await ledger.actor.icrc1_transfer(args)).toEqual({ Ok: 1n });
  expect(await balance(alice)).toBe(1000n * T);
  expect(await balance(ANONYMOUS)).toBe(PLENTY - 1000n * T - FEE);
  expect(await ledger.actor.icrc1_total_supply()).toBe(PLENTY - FEE);
  expect([await ledger.actor.icrc1_symbol(), await ledger.actor.icrc1_decimals(), await ledger.actor.icrc1_fee()]).toEqual([
    "TCYCLES",
    12,
    FEE,
  ]);
});

test("accounts can be funded when the network is made", async () => {
  const rich = Principal.fromUint8Array(Uint8Array.of(1, 2, 3));
  const net = await newNetwork(["ledger", "cycles-ledger"], { funded: [{ owner: rich, e8s: 5n, cycles: 7n * T }] });
  const of = async (id: string) => net.canister(id).actor.icrc1_balance_of(account(rich));
  expect([await of(SYSTEM_CANISTER_IDS["cycles-ledger"]), await of(SYSTEM_CANISTER_IDS.ledger)]).toEqual([7n * T, 5n]);
});

test("refusals: fee, funds, repetition, time, the management canister", async () => {
  const { net, ledger, alice, bob } = await cyclesLedger();
  const { actor } = ledger.as(alice);
  const to = account(bob);
  expect(await actor.icrc1_transfer(transfer({ to, amount: 1n, fee: [1n] }))).toEqual({ Err: { BadFee: { expected_fee: FEE } } });
  expect(await actor.icrc1_transfer(transfer({ to, amount: 1n }))).toEqual({ Err: { InsufficientFunds: { balance: 0n } } });
  expect(await ledger.actor.icrc1_transfer(transfer({ to: account(Principal.managementCanister()), amount: 1n }))).toMatchObject({
    Err: { GenericError: { error_code: 100_001n } },
  });
  const dated = transfer({ to, amount: 1n, created_at_time: [net.time] });
  expect(await ledger.actor.icrc1_transfer(dated)).toEqual({ Ok: 1n });
  expect(await ledger.actor.icrc1_transfer(dated)).toEqual({ Err: { Duplicate: { duplicate_of: 1n } } });
  expect(await ledger.actor.icrc1_transfer(transfer({ to, amount: 1n, created_at_time: [net.time + 3_600n * 10n ** 9n] }))).toMatchObject({
    Err: { CreatedInFuture: {} },
  });
  await net.advanceTime({ hours: 25 });
  expect(await ledger.actor.icrc1_transfer(dated)).toEqual({ Err: { TooOld: null } });
});

test("an allowance is spent with the fee, by transfers and by withdrawals", async () => {
  const { net, ledger, alice, bob, balance, give } = await cyclesLedger();
  const target = await net.install(systemModule("proxy"));
  await give(alice, 10n * T);
  const [asAlice, asBob] = [ledger.as(alice).actor, ledger.as(bob).actor];
  expect(await asAlice.icrc2_approve(approval({ spender: account(bob), amount: 3n * T }))).toEqual({ Ok: 2n });
  const move = { ...transfer({ from: account(alice), to: account(bob), amount: T }), spender_subaccount: [] };
  expect(await asBob.icrc2_transfer_from(move)).toEqual({ Ok: 3n });
  const before = target.balance();
  const out = { spender_subaccount: [], from: account(alice), to: target.id, amount: T, created_at_time: [] };
  expect(await asBob.withdraw_from(out)).toEqual({ Ok: 4n });
  expect(target.balance()).toBe(before + T);
  expect(await balance(alice)).toBe(8n * T - 3n * FEE);
  const left = T - 2n * FEE;
  expect(await asBob.withdraw_from(out)).toEqual({ Err: { InsufficientAllowance: { allowance: left } } });
  expect(await ledger.actor.icrc103_get_allowances({ from_account: [account(alice)], prev_spender: [], take: [] })).toEqual({
    Ok: [
      {
        from_account: account(alice, new Uint8Array(32)),
        to_spender: account(bob, new Uint8Array(32)),
        allowance: left,
        expires_at: [],
      },
    ],
  });
});

test("a canister is created on the chosen subnet, and its creator controls it", async () => {
  const { net, ledger, alice, balance, give } = await cyclesLedger();
  await give(alice, 10n * T);
  const { actor } = ledger.as(alice);
  const subnet = Principal.fromText(net.subnets[1]!.id);
  const chosen = creation({ creation_args: [{ subnet_selection: [{ Subnet: { subnet } }], settings: [] }] });
  const { Ok: created } = (await actor.create_canister(chosen)) as { Ok: { block_id: bigint; canister_id: Principal } };
  expect(created.block_id).toBe(2n);
  const canister = net.canister(created.canister_id, { sender: alice });
  const status = await canister.status();
  expect(status.controllers.map(String)).toEqual([alice.principal.toText()]);
  expect(canister.balance()).toBe(2n * T - 500_000_000_000n); // less the fee of a creation
  expect(net.state.routing.find(({ subnet: owner }) => owner === net.state.subnetOrder[1])).toBeDefined();
  expect(await balance(alice)).toBe(8n * T - FEE);
});

test("without a choice it is created on one of the application subnets; settings are kept", async () => {
  const { net, ledger, alice, bob } = await cyclesLedger();
  const controllers = [alice.principal, bob.principal];
  const settings = {
    controllers: [controllers],
    compute_allocation: [],
    memory_allocation: [],
    freezing_threshold: [1_000_000n],
    reserved_cycles_limit: [],
    log_visibility: [{ public: null }],
    wasm_memory_limit: [],
    wasm_memory_threshold: [],
    environment_variables: [[{ name: "A", value: "b" }]],
  };
  const args = creation({ creation_args: [{ subnet_selection: [], settings: [settings] }] });
  const { Ok: created } = (await ledger.actor.create_canister(args)) as { Ok: { canister_id: Principal } };
  const status = await net.canister(created.canister_id).status({ sender: alice });
  expect(status.controllers.map(String).sort()).toEqual(controllers.map(String).sort());
  expect(status).toMatchObject({ freezingThresholdSeconds: 1_000_000n, environmentVariables: { A: "b" } });
  expect(status.raw["settings"]).toMatchObject({ log_visibility: { public: null } });
});

test("a creation that fails gives the cycles back less fees, and says why", async () => {
  const { net, ledger, alice, balance, give } = await cyclesLedger();
  await give(alice, 10n * T);
  const { actor } = ledger.as(alice);
  const subnet = Principal.fromText(net.subnets[2]!.id); // the NNS
  const nowhere = creation({ creation_args: [{ subnet_selection: [{ Subnet: { subnet } }], settings: [] }] });
  expect(await actor.create_canister(nowhere)).toMatchObject({
    Err: {
      FailedToCreate: {
        fee_block: [2n],
        refund_block: [3n],
        error: expect.stringMatching(/does not exist or .* is not authorized/) as string,
      },
    },
  });
  expect(await balance(alice)).toBe(10n * T - FEE - FEE - FEE); // burn, refund, and what the minting canister keeps
  expect(await actor.create_canister(creation({ amount: 1000n }))).toMatchObject({
    Err: { FailedToCreate: { refund_block: [], error: "Insufficient cycles attached." } },
  });
});

test("a repeated creation names the canister of the first", async () => {
  const { net, ledger } = await cyclesLedger();
  const args = creation({ created_at_time: [net.time] });
  const { Ok: created } = (await ledger.actor.create_canister(args)) as { Ok: { block_id: bigint; canister_id: Principal } };
  expect(await ledger.actor.create_canister(args)).toEqual({
    Err: { Duplicate: { duplicate_of: created.block_id, canister_id: [created.canister_id] } },
  });
});

test("withdrawals reach canisters, and come back where there is none", async () => {
  const { net, ledger, alice, balance, give } = await cyclesLedger();
  await give(alice, 10n * T);
  const target = await net.install(systemModule("proxy"));
  const { actor } = ledger.as(alice);
  const before = target.balance();
  expect(await actor.withdraw(withdrawal({ to: target.id, amount: T }))).toEqual({ Ok: 2n });
  expect(target.balance()).toBe(before + T);
  expect(await actor.withdraw(withdrawal({ to: alice.principal, amount: T }))).toEqual({
    Err: { InvalidReceiver: { receiver: alice.principal } },
  });
  const nobody = Principal.fromText("rwlgt-iiaaa-aaaaa-aaaaa-cai");
  expect(await actor.withdraw(withdrawal({ to: nobody, amount: T }))).toMatchObject({
    Err: { FailedToWithdraw: { fee_block: [4n], rejection_code: { DestinationInvalid: null } } },
  });
  expect(await balance(alice)).toBe(9n * T - 3n * FEE);
});

test("cycles attached to a deposit arrive less a fee", async () => {
  const { net, ledger, alice, balance } = await cyclesLedger();
  const proxy = await net.install(systemModule("proxy"));
  const deposit = (cycles: bigint) =>
    proxy.actor.proxy({
      canister_id: ledger.id,
      method: "deposit",
      args: IDL.encode([DepositArgs], [{ to: account(alice), memo: [] }]),
      cycles,
    }) as Promise<{ Ok: { result: Uint8Array } }>;
  const { Ok } = await deposit(3n * T);
  expect(IDL.decode([DepositResult], Ok.result)).toEqual([{ balance: 3n * T - FEE, block_index: 1n }]);
  expect(await balance(alice)).toBe(3n * T - FEE);
  expect(await deposit(FEE)).toMatchObject({
    Err: { CallFailed: { reason: expect.stringContaining("Cannot deposit 0 cycles") as string } },
  });
});

const DepositArgs = IDL.Record({
  to: IDL.Record({ owner: IDL.Principal, subaccount: IDL.Opt(IDL.Vec(IDL.Nat8)) }),
  memo: IDL.Opt(IDL.Vec(IDL.Nat8)),
});
const DepositResult = IDL.Record({ balance: IDL.Nat, block_index: IDL.Nat });

test("blocks of ICRC-3 are chained by their hashes, and the last is certified", async () => {
  const { net, ledger, alice, bob, give } = await cyclesLedger();
  await give(alice, 10n * T);
  await ledger.as(alice).actor.icrc2_approve(approval({ spender: account(bob), amount: T, fee: [FEE] }));
  await ledger.as(alice).actor.create_canister(creation({}));
  const { blocks, log_length } = (await ledger.actor.icrc3_get_blocks([{ start: 0n, length: 100n }])) as {
    log_length: bigint;
    blocks: { id: bigint; block: Value }[];
  };
  expect(log_length).toBe(4n);
  const kinds = blocks.map(({ block }) => (field(field(block, "tx"), "op") as { Text: string }).Text);
  expect(kinds).toEqual(["mint", "xfer", "approve", "burn"]);
  for (let i = 1; i < blocks.length; i++) {
    expect(toHex((field(blocks[i]!.block, "phash") as { Blob: Uint8Array }).Blob)).toBe(toHex(hashOfValue(blocks[i - 1]!.block)));
  }
  const [tip] = (await ledger.actor.icrc3_get_tip_certificate()) as [{ certificate: Uint8Array; hash_tree: Uint8Array }];
  const shown = await certifiedTree(net, ledger.id, tip.certificate, tip.hash_tree);
  expect(shown.get("last_block_index")).toBe("03");
  expect(shown.get("last_block_hash")).toBe(toHex(hashOfValue(blocks[3]!.block)));
  const page = (await ledger.actor.icrc3_get_blocks([
    { start: 1n, length: 1n },
    { start: 3n, length: 9n },
  ])) as { blocks: { id: bigint }[] };
  expect(page.blocks.map(({ id }) => id)).toEqual([1n, 3n]);
});

function field(value: Value, name: string): Value {
  if (!("Map" in value)) throw new Error("not a map");
  return value.Map.find(([key]) => key === name)![1];
}

test("an upgrade keeps balances and changes what it names", async () => {
  const { ledger, alice, balance, give } = await cyclesLedger();
  await give(alice, T);
  const index = Principal.fromText("rwlgt-iiaaa-aaaaa-aaaaa-cai");
  const change = { Upgrade: [{ max_blocks_per_request: [1n], change_index_id: [{ SetTo: index }] }] };
  await ledger.upgrade(systemModule("cycles-ledger"), { args: [change] });
  expect(await balance(alice)).toBe(T);
  expect(await ledger.actor.icrc106_get_index_principal()).toEqual({ Ok: index });
  const { blocks } = (await ledger.actor.icrc3_get_blocks([{ start: 0n, length: 5n }])) as { blocks: unknown[] };
  expect(blocks).toHaveLength(1);
});
