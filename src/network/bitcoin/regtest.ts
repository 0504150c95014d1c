/**
 * A small Bitcoin chain for tests, of the regression test network: blocks are mined when they are asked for. Headers, hashes and transactions are
 * Bitcoin's own; scripts and signatures are not verified, which the platform's Bitcoin canister does not do either.
 *
 * Source: interface spec, "The IC Bitcoin API"; management-canister.md 10.
 */
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { CanneryError } from "../../base/cannery-error.ts";
import type { BitcoinHeaders, BitcoinUtxo, BitcoinUtxos } from "../../core/state/pending-calls.ts";
import { scriptOf } from "./address.ts";
import { BitcoinRefusal, type BitcoinChain } from "./chain.ts";
import { coinbase, doubleSha256, readTransaction, u32, type Transaction } from "./transaction.ts";

/** Source: interface spec, "IC method bitcoin_get_utxos". */
const MAX_CONFIRMATIONS = 144;
/** Of one answer. Ours: the limit of the Bitcoin canister, below the specification's 10,000. */
const MAX_UTXOS = 1_000;
const MAX_HEADERS = 100;
const FEE_TRANSACTIONS = 10_000;

const GENESIS_TIME = 1_296_688_602;
const GENESIS_MERKLE_ROOT = fromHex("3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a");
const GENESIS_NONCE = 2;
/** The easiest: every second header does. */
const BITS = 0x207f_ffff;
const REWARD_SATOSHI = 5_000_000_000n;
/** Anybody can spend it. */
const NOBODY = Uint8Array.of(0x51);
const BLOCK_SECONDS = 600;

interface Block {
  readonly header: Uint8Array;
  /** In the order of hashing. */
  readonly hash: Uint8Array;
  /** Fee rates of its transactions, millisatoshi per vbyte, without the coinbase. */
  readonly feeRates: readonly bigint[];
}

interface Coin extends BitcoinUtxo {
  readonly script: string;
  /** Height of the block that spends it. */
  spentAt: number | null;
}

/** What is mined. */
export interface MineOptions {
  /** How many blocks; 1 by default. */
  readonly blocks?: number;
  /** Who gets the new coins; nobody by default. */
  readonly to?: string;
  /** Of each block; 50 bitcoins by default. */
  readonly satoshi?: bigint;
}

/** A chain of this process: blocks come when the test mines them, and sent transactions wait until then. */
export class RegtestBitcoin implements BitcoinChain {
  readonly network = "regtest";
  private readonly blocks: Block[] = [];
  private readonly coins = new Map<string, Coin>();
  private readonly byScript = new Map<string, Coin[]>();
  private waiting: { readonly transaction: Transaction; readonly fee: bigint }[] = [];
  /** Coins that waiting transactions spend. */
  private claimed = new Set<string>();

  constructor() {
    this.append(headerOf(new Uint8Array(32), GENESIS_MERKLE_ROOT, GENESIS_TIME, GENESIS_NONCE), []);
  }

  /** Of the tip; the first block has height 0. */
  get height(): number {
    return this.blocks.length - 1;
  }

  /** Hex, as block explorers print it. */
  get tipHash(): string {
    return toHex(this.tip.hash.slice().reverse());
  }

  private get tip(): Block {
    return this.blocks.at(-1)!;
  }

  /** Transactions that were sent and wait for a block, by id as explorers print it. */
  get mempool(): readonly string[] {
    return this.waiting.map(({ transaction }) => toHex(transaction.txid.slice().reverse()));
  }

  /** Adds blocks; the first takes the transactions that wait. */
  mine({ blocks = 1, to, satoshi = REWARD_SATOSHI }: MineOptions = {}): void {
    const script = to === undefined ? NOBODY : scriptOf(to);
    if (script === null) throw new CanneryError("bad-options", `${JSON.stringify(to)} is no address of Bitcoin's regtest network`);
    if (!Number.isSafeInteger(blocks) || blocks < 0) throw new CanneryError("bad-options", `cannot mine ${blocks} blocks`);
    for (let i = 0; i < blocks; i++) this.mineOne(script, satoshi);
  }

  private mineOne(script: Uint8Array, satoshi: bigint): void {
    const height = this.height + 1;
    const taken = this.waiting;
    this.waiting = [];
    this.claimed = new Set();
    const fees = taken.reduce((sum, { fee }) => sum + fee, 0n);
    const first = readTransaction(coinbase(height, [{ satoshi: satoshi + fees, script }]))!;
    const transactions = [first, ...taken.map(({ transaction }) => transaction)];
    const root = merkleRoot(transactions.map(({ txid }) => txid));
    const time = GENESIS_TIME + height * BLOCK_SECONDS;
    let nonce = 0;
    let header = headerOf(this.tip.hash, root, time, nonce);
    // The target: the highest bit of the hash, read backwards, is zero.
    while (doubleSha256(header)[31]! >= 0x80) header = headerOf(this.tip.hash, root, time, ++nonce);
    this.append(
      header,
      taken.map(({ transaction, fee }) => (fee * 1000n) / BigInt(transaction.vbytes)),
    );
    for (const transaction of transactions) this.apply(transaction, height);
  }

  private append(header: Uint8Array, feeRates: readonly bigint[]): void {
    this.blocks.push({ header, hash: doubleSha256(header), feeRates });
  }

  private apply({ txid, inputs, outputs }: Transaction, height: number): void {
    for (const outpoint of inputs) {
      const coin = this.coins.get(keyOf(outpoint));
      if (coin !== undefined) coin.spentAt = height;
    }
    outputs.forEach(({ satoshi, script }, vout) => {
      const coin: Coin = { txid, vout, satoshi, height, script: toHex(script), spentAt: null };
      this.coins.set(keyOf(coin), coin);
      const known = this.byScript.get(coin.script);
      if (known === undefined) this.byScript.set(coin.script, [coin]);
      else known.push(coin);
    });
  }

  // What canisters ask.

  balance(address: string, minConfirmations: number): bigint {
    const height = this.heightWith(minConfirmations);
    return this.coinsAt(address, height).reduce((sum, { satoshi }) => sum + satoshi, 0n);
  }

  utxos(
    address: string,
    { minConfirmations, page }: { readonly minConfirmations: number; readonly page: Uint8Array | null },
  ): BitcoinUtxos {
    const height = page === null ? this.heightWith(minConfirmations) : this.heightOfPage(page);
    const all = this.coinsAt(address, height);
    const from = page === null ? 0 : all.findIndex((coin) => keyOf(coin) === toHex(page.subarray(32)));
    if (from < 0) throw new BitcoinRefusal("The provided page is malformed");
    const next = all[from + MAX_UTXOS];
    return {
      utxos: all.slice(from, from + MAX_UTXOS).map(({ txid, vout, satoshi, height: at }) => ({ txid, vout, satoshi, height: at })),
      tipBlockHash: this.blocks[height]!.hash,
      tipHeight: height,
      nextPage: next === undefined ? null : concat(this.blocks[height]!.hash, fromHex(keyOf(next))),
    };
  }

  feePercentiles(): readonly bigint[] {
    const rates: bigint[] = [];
    for (let at = this.height; at >= 0 && rates.length < FEE_TRANSACTIONS; at--) rates.push(...this.blocks[at]!.feeRates);
    const sorted = rates.slice(0, FEE_TRANSACTIONS).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    if (sorted.length === 0) return [];
    // The nearest rank, and the smallest as the 0th percentile.
    return Array.from({ length: 101 }, (_, percent) => sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1]!);
  }

  blockHeaders(startHeight: number, endHeight: number | null): BitcoinHeaders {
    if (endHeight !== null && startHeight > endHeight) {
      throw new BitcoinRefusal(
        `The requested start_height is larger than the requested end_height. start_height: ${startHeight}, end_height: ${endHeight}`,
      );
    }
    for (const [name, height] of [
      ["start_height", startHeight],
      ["end_height", endHeight ?? 0],
    ] as const) {
      if (height > this.height) {
        throw new BitcoinRefusal(
          `The requested ${name} is larger than the height of the chain. Requested: ${height}, height of chain: ${this.height}`,
        );
      }
    }
    const end = Math.min(endHeight ?? this.height, startHeight + MAX_HEADERS - 1);
    return { tipHeight: this.height, headers: this.blocks.slice(startHeight, end + 1).map(({ header }) => header) };
  }

  sendTransaction(bytes: Uint8Array): void {
    const transaction = readTransaction(bytes);
    if (transaction === null) throw new BitcoinRefusal("Can't deserialize transaction because it's malformed.");
    const keys = transaction.inputs.map(keyOf);
    let fee = 0n;
    for (const key of keys) {
      const coin = this.coins.get(key);
      if (coin === undefined || coin.spentAt !== null || this.claimed.has(key) || keys.indexOf(key) !== keys.lastIndexOf(key)) {
        throw new BitcoinRefusal(`Output ${key} is not there, or spent already.`);
      }
      fee += coin.satoshi;
    }
    for (const { satoshi } of transaction.outputs) fee -= satoshi;
    if (fee <= 0n) throw new BitcoinRefusal("The transaction pays no fee.");
    this.waiting.push({ transaction, fee });
    for (const key of keys) this.claimed.add(key);
  }

  /** Height of the highest block with so many confirmations. */
  private heightWith(minConfirmations: number): number {
    const max = Math.min(MAX_CONFIRMATIONS, this.blocks.length);
    if (minConfirmations > max) {
      throw new BitcoinRefusal(`The requested min_confirmations is too large. Given: ${minConfirmations}, max supported: ${max}`);
    }
    return this.height - Math.max(0, minConfirmations - 1);
  }

  private heightOfPage(page: Uint8Array): number {
    const hash = toHex(page.subarray(0, 32));
    const height = this.blocks.findIndex((block) => toHex(block.hash) === hash);
    if (height < 0) throw new BitcoinRefusal(`The provided tip block hash ${hash} is unknown.`);
    return height;
  }

  /** Unspent as of a height, highest first. */
  private coinsAt(address: string, height: number): readonly Coin[] {
    const script = scriptOf(address);
    if (script === null) throw new BitcoinRefusal("Malformed address.");
    const coins = this.byScript.get(toHex(script)) ?? [];
    return coins
      .filter((coin) => coin.height <= height && (coin.spentAt === null || coin.spentAt > height))
      .sort((a, b) => b.height - a.height || (keyOf(a) < keyOf(b) ? -1 : 1));
  }
}

/** A chain that has nothing but its first block. */
export function regtestBitcoin(): RegtestBitcoin {
  return new RegtestBitcoin();
}

function keyOf({ txid, vout }: { readonly txid: Uint8Array; readonly vout: number }): string {
  return toHex(concat(txid, u32(vout)));
}

function headerOf(before: Uint8Array, root: Uint8Array, time: number, nonce: number): Uint8Array {
  return concat(u32(1), before, root, u32(time), u32(BITS), u32(nonce));
}

/** Pairs are hashed, an odd one with itself. */
function merkleRoot(txids: readonly Uint8Array[]): Uint8Array {
  let level = [...txids];
  while (level.length > 1) {
    level = level.flatMap((left, i) => (i % 2 === 0 ? [doubleSha256(concat(left, level[i + 1] ?? left))] : []));
  }
  return level[0]!;
}
