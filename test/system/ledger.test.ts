/**
 * The ICP ledger: transfers as at genesis and as ICRC-1 and 2 have them, on one book.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { accountIdentifier } from "../../src/network/system/account-id.ts";
import { GOVERNANCE } from "../../src/network/system/canisters.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { account, approval, certifiedData, systemNetwork, transfer } from "../support/system-network.ts";
import type { Identity } from "../../src/index.ts";

const ICP = 100_000_000n;
const FEE = 10_000n;
const MINUTE = 60_000_000_000n;

async function ledgerOf() {
  const { net, at } = await systemNetwork(["ledger"]);
  const ledger = at("ledger");
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  const give = async (owner: Identity, amount: bigint) => ledger.actor.icrc1_transfer(transfer({ to: account(owner), amount }));
  const balance = async (owner: Identity) => ledger.actor.icrc1_balance_of(account(owner));
  return { net, ledger, alice, bob, give, balance };
}

function send(to: string, e8s: bigint, fields: object = {}) {
  return { memo: 7n, amount: { e8s }, fee: { e8s: FEE }, from_subaccount: [], to: fromHex(to), created_at_time: [], ...fields };
}

test("a transfer to an account identifier moves ICP and burns the fee", async () => {
  const { net, ledger, alice } = await ledgerOf();
  const supply = (await ledger.actor.icrc1_total_supply()) as bigint;
  const to = accountIdentifier(alice);
  const index = await ledger.actor.transfer(send(to, ICP));
  expect(index).toEqual({ Ok: 3n }); // after the blocks of the three accounts that were there at the beginning
  expect(await ledger.actor.account_balance({ account: fromHex(to) })).toEqual({ e8s: ICP });
  expect(await ledger.actor.account_balance_dfx({ account: to })).toEqual({ e8s: ICP });
  expect(await ledger.actor.icrc1_balance_of(account(alice))).toBe(ICP);
  expect(await ledger.actor.icrc1_total_supply()).toBe(supply - FEE);
  expect(net.canister(ledger.id).name).toBe("ledger");
});

test("accounts are found by identifier, with the checksum or without where texts are given", async () => {
  const { ledger, alice } = await ledgerOf();
  const id = accountIdentifier(alice);
  expect(toHex((await ledger.actor.account_identifier(account(alice))) as Uint8Array)).toBe(id);
  expect(await ledger.actor.send_dfx({ ...send(id, ICP), to: id })).toBe(3n);
  expect(await ledger.actor.account_balance_dfx({ account: id.slice(8) })).toEqual({ e8s: ICP });
  const damaged = id.replace(/^../u, (byte) => (byte === "00" ? "01" : "00"));
  await expect(ledger.actor.transfer(send(damaged, ICP))).rejects.toThrow(/Invalid account identifier: wrong checksum/);
  await expect(ledger.actor.send_dfx({ ...send(id, ICP), to: "zz" })).rejects.toThrow(/Invalid account identifier/);
  expect(await ledger.actor.account_balance({ account: new Uint8Array(5) })).toEqual({ e8s: 0n });
});

test("subaccounts are accounts of their own, and 32 bytes", async () => {
  const { ledger, alice, bob, give, balance } = await ledgerOf();
  const subaccount = new Uint8Array(32).fill(9);
  await ledger.actor.icrc1_transfer(transfer({ to: account(alice, subaccount), amount: 2n * ICP }));
  expect(await balance(alice)).toBe(0n);
  expect(await ledger.actor.icrc1_balance_of(account(alice, subaccount))).toBe(2n * ICP);
  const asAlice = ledger.as(alice).actor;
  await asAlice.icrc1_transfer(transfer({ to: account(bob), amount: ICP, from_subaccount: [subaccount] }));
  expect(await balance(bob)).toBe(ICP);
  expect(await ledger.actor.icrc1_balance_of(account(alice, new Uint8Array(32)))).toBe(await balance(alice));
  await give(alice, ICP);
  await expect(ledger.actor.icrc1_balance_of(account(alice, new Uint8Array(31)))).rejects.toThrow(/a subaccount has 32 bytes, got 31/);
});

test("refusals say what is there and what is expected", async () => {
  const { ledger, alice, bob, give } = await ledgerOf();
  await give(alice, ICP);
  const { actor } = ledger.as(alice);
  const to = account(bob);
  expect(await actor.icrc1_transfer(transfer({ to, amount: ICP }))).toEqual({ Err: { InsufficientFunds: { balance: ICP } } });
  expect(await actor.icrc1_transfer(transfer({ to, amount: 1n << 70n }))).toEqual({ Err: { InsufficientFunds: { balance: ICP } } });
  expect(await actor.icrc1_transfer(transfer({ to, amount: 1n, fee: [1n] }))).toEqual({ Err: { BadFee: { expected_fee: FEE } } });
  expect(await actor.transfer(send(accountIdentifier(bob), 1n, { fee: { e8s: 1n } }))).toEqual({
    Err: { BadFee: { expected_fee: { e8s: FEE } } },
  });
  expect(await actor.transfer(send(accountIdentifier(bob), ICP))).toEqual({ Err: { InsufficientFunds: { balance: { e8s: ICP } } } });
  await expect(actor.icrc1_transfer(transfer({ to, amount: 1n, memo: [new Uint8Array(33)] }))).rejects.toThrow(/memo field is too large/);
});

test("governance mints without a fee, and what is sent to its account is burnt", async () => {
  const { ledger, alice, balance, give } = await ledgerOf();
  const minting = accountIdentifier(GOVERNANCE);
  const mint = send(accountIdentifier(alice), 5n * ICP, { fee: { e8s: 0n } });
  expect(await ledger.as(GOVERNANCE).actor.transfer(mint)).toEqual({ Ok: 3n });
  expect(await balance(alice)).toBe(5n * ICP);
  const supply = (await ledger.actor.icrc1_total_supply()) as bigint;
  const { actor } = ledger.as(alice);
  expect(await actor.transfer(send(minting, ICP, { fee: { e8s: 0n } }))).toEqual({ Ok: 4n });
  expect(await ledger.actor.icrc1_total_supply()).toBe(supply - ICP);
  const [governance] = (await ledger.actor.icrc1_minting_account()) as [object];
  expect(await actor.icrc1_transfer(transfer({ to: governance, amount: 1n }))).toEqual({ Err: { BadBurn: { min_burn_amount: FEE } } });
  expect(await actor.icrc1_transfer(transfer({ to: governance, amount: ICP, fee: [FEE] }))).toEqual({
    Err: { BadFee: { expected_fee: 0n } },
  });
  await expect(actor.transfer(send(minting, 1n, { fee: { e8s: 0n } }))).rejects.toThrow(
    /Burns lower than 0.00010000 Token are not allowed/,
  );
  await give(alice, ICP);
});

test("the same transfer with the same time of creation is one, for a day", async () => {
  const { net, ledger, alice, balance } = await ledgerOf();
  const args = transfer({ to: account(alice), amount: ICP, created_at_time: [net.time] });
  expect(await ledger.actor.icrc1_transfer(args)).toEqual({ Ok: 3n });
  expect(await ledger.actor.icrc1_transfer(args)).toEqual({ Err: { Duplicate: { duplicate_of: 3n } } });
  expect(await ledger.actor.icrc1_transfer({ ...args, memo: [Uint8Array.of(1)] })).toEqual({ Ok: 4n });
  expect(await balance(alice)).toBe(2n * ICP);
  const future = { ...args, created_at_time: [net.time + 2n * MINUTE] };
  expect(await ledger.actor.icrc1_transfer(future)).toMatchObject({ Err: { CreatedInFuture: {} } });
  await net.advanceTime({ hours: 25 });
  expect(await ledger.actor.icrc1_transfer(args)).toEqual({ Err: { TooOld: null } });
  const legacy = send(accountIdentifier(alice), ICP, { created_at_time: [{ timestamp_nanos: net.time - 25n * 60n * MINUTE }] });
  expect(await ledger.actor.transfer(legacy)).toEqual({ Err: { TxTooOld: { allowed_window_nanos: 86_400_000_000_000n } } });
});

test("what one has approved the other may spend, fee included, until it expires", async () => {
  const { net, ledger, alice, bob, give, balance } = await ledgerOf();
  await give(alice, 10n * ICP);
  const [asAlice, asBob] = [ledger.as(alice).actor, ledger.as(bob).actor];
  const allowance = () => ledger.actor.icrc2_allowance({ account: account(alice), spender: account(bob) });
  const expires = net.time + 10n * MINUTE;
  expect(await asAlice.icrc2_approve(approval({ spender: account(bob), amount: 2n * ICP, expires_at: [expires] }))).toEqual({ Ok: 4n });
  expect(await allowance()).toEqual({ allowance: 2n * ICP, expires_at: [expires] });
  const from = { ...transfer({ from: account(alice), to: account(bob), amount: ICP }), spender_subaccount: [] };
  expect(await asBob.icrc2_transfer_from(from)).toEqual({ Ok: 5n });
  expect(await balance(bob)).toBe(ICP);
  expect(await balance(alice)).toBe(9n * ICP - 2n * FEE);
  expect(await asBob.icrc2_transfer_from(from)).toEqual({ Err: { InsufficientAllowance: { allowance: ICP - FEE } } });
  expect(await asAlice.icrc2_approve(approval({ spender: account(bob), amount: ICP, expected_allowance: [1n] }))).toEqual({
    Err: { AllowanceChanged: { current_allowance: ICP - FEE } },
  });
  const listed = await ledger.actor.get_allowances({ from_account_id: accountIdentifier(alice), prev_spender_id: [], take: [] });
  expect(listed).toEqual([
    {
      from_account_id: accountIdentifier(alice),
      to_spender_id: accountIdentifier(bob),
      allowance: { e8s: ICP - FEE },
      expires_at: [expires],
    },
  ]);
  await net.advanceTime({ minutes: 11 });
  expect(await allowance()).toEqual({ allowance: 0n, expires_at: [] });
  expect(await asBob.icrc2_transfer_from(from)).toEqual({ Err: { InsufficientAllowance: { allowance: 0n } } });
  expect(await asAlice.icrc2_approve(approval({ spender: account(bob), amount: ICP, expires_at: [net.time] }))).toMatchObject({
    Err: { Expired: {} },
  });
  await expect(asAlice.icrc2_approve(approval({ spender: account(alice), amount: 1n }))).rejects.toThrow(/self approval is not allowed/);
});

test("an approval is taken back by the spender's identifier", async () => {
  const { ledger, alice, bob, give } = await ledgerOf();
  await give(alice, ICP);
  const { actor } = ledger.as(alice);
  await actor.icrc2_approve(approval({ spender: account(bob), amount: 500n }));
  expect(await actor.remove_approval({ from_subaccount: [], spender: fromHex(accountIdentifier(bob)), fee: [] })).toEqual({ Ok: 5n });
  expect(await ledger.actor.icrc2_allowance({ account: account(alice), spender: account(bob) })).toEqual({ allowance: 0n, expires_at: [] });
});

test("blocks are chained by the hashes of their encodings, and the last is certified", async () => {
  const { net, ledger, alice, bob, give } = await ledgerOf();
  await give(alice, 3n * ICP);
  await ledger
    .as(alice)
    .actor.icrc2_approve(approval({ spender: account(bob), amount: ICP, expected_allowance: [0n], expires_at: [net.time + MINUTE] }));
  await ledger.as(bob).actor.icrc2_transfer_from({
    ...transfer({ from: account(alice), to: account(bob), amount: 1n, memo: [Uint8Array.of(1, 2)] }),
    spender_subaccount: [],
  });
  await ledger.as(alice).actor.transfer(send(accountIdentifier(GOVERNANCE), ICP, { fee: { e8s: 0n } }));
  const range = { start: 2n, length: 100n };
  const shown = (await ledger.actor.query_blocks(range)) as { chain_length: bigint; first_block_index: bigint; blocks: Block[] };
  const { blocks: encoded } = (await ledger.actor.query_encoded_blocks(range)) as { blocks: Uint8Array[] };
  expect(shown).toMatchObject({ chain_length: 7n, first_block_index: 2n });
  const operations = shown.blocks.map((block) => Object.keys(block.transaction.operation[0])[0]);
  expect(operations).toEqual(["Mint", "Transfer", "Approve", "Transfer", "Burn"]);
  for (let i = 1; i < encoded.length; i++) expect(toHex(shown.blocks[i]!.parent_hash[0]!)).toBe(toHex(sha256(encoded[i - 1]!)));
  const tip = (await ledger.actor.tip_of_chain()) as { certification: [Uint8Array]; tip_index: bigint };
  expect(tip.tip_index).toBe(6n);
  expect(await certifiedData(net, ledger.id, tip.certification[0])).toBe(toHex(sha256(encoded.at(-1)!)));
});

interface Block {
  readonly parent_hash: [Uint8Array];
  readonly transaction: { readonly operation: [object] };
}

test("a block's encoding is the official one", async () => {
  const { ledger } = await ledgerOf();
  const { blocks } = (await ledger.actor.query_encoded_blocks({ start: 2n, length: 1n })) as { blocks: Uint8Array[] };
  const { blocks: shown } = (await ledger.actor.query_blocks({ start: 2n, length: 1n })) as unknown as { blocks: Minted[] };
  const [{ parent_hash, timestamp }] = shown as [Minted];
  const id = accountIdentifier("2vxsx-fae");
  const nanos = varint(timestamp.timestamp_nanos);
  // Block { parent_hash: 1, timestamp: 2, transaction: 3 { mint: 2 { to: 2, amount: 3 }, memo: 4, created_at_time: 6 } }
  const mint = message(2, message(2, message(1, id)) + message(3, `08${varint(100_000_000n * ICP * 10n)}`));
  const transaction = message(3, mint + message(4, "") + message(6, `08${nanos}`));
  expect(toHex(blocks[0]!)).toBe(message(1, message(1, toHex(parent_hash[0]))) + message(2, `08${nanos}`) + transaction);
});

interface Minted {
  readonly parent_hash: [Uint8Array];
  readonly timestamp: { readonly timestamp_nanos: bigint };
}

function message(field: number, content: string): string {
  return varint(BigInt(field * 8 + 2)) + varint(BigInt(content.length / 2)) + content;
}

function varint(value: bigint): string {
  const byte = Number(value % 128n) + (value >= 128n ? 128 : 0);
  return byte.toString(16).padStart(2, "0") + (value >= 128n ? varint(value / 128n) : "");
}

test("an upgrade keeps balances, blocks and what is certified", async () => {
  const { net, ledger, alice, give, balance } = await ledgerOf();
  await give(alice, ICP);
  await ledger.upgrade(systemModule("ledger"), { args: [{ Upgrade: [] }] });
  expect(await balance(alice)).toBe(ICP);
  expect(await give(alice, ICP)).toEqual({ Ok: 4n });
  const tip = (await ledger.actor.tip_of_chain()) as { certification: [Uint8Array] };
  expect(await certifiedData(net, ledger.id, tip.certification[0])).toHaveLength(64);
});
