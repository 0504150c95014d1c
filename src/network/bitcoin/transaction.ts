/**
 * Bitcoin transactions as bytes: reading them, their ids and sizes, and writing those without witnesses.
 *
 * Source: Bitcoin developer reference, "Raw transaction format"; BIP141 (witnesses, virtual size).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../../base/bytes.ts";

export interface Outpoint {
  /** In the order of hashing: block explorers print it backwards. */
  readonly txid: Uint8Array;
  readonly vout: number;
}

export interface Output {
  readonly satoshi: bigint;
  readonly script: Uint8Array;
}

export interface Transaction {
  readonly txid: Uint8Array;
  readonly inputs: readonly Outpoint[];
  readonly outputs: readonly Output[];
  /** Rounded up. */
  readonly vbytes: number;
}

export function doubleSha256(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

class Malformed extends Error {}

class Reader {
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }
  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new Malformed();
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }
  peek(): number | undefined {
    return this.bytes[this.at];
  }
  u32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }
  u64(): bigint {
    this.take(8);
    return this.view.getBigUint64(this.at - 8, true);
  }
  /** A length of one, three, five or nine bytes. */
  size(): number {
    const [first] = this.take(1);
    if (first! < 0xfd) return first!;
    const bytes = this.take(first === 0xfd ? 2 : first === 0xfe ? 4 : 8);
    const size = Number(bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
    if (size > this.bytes.length) throw new Malformed();
    return size;
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.size() }, read);
  }
}

/** `null` when the bytes are no transaction. */
export function readTransaction(bytes: Uint8Array): Transaction | null {
  try {
    return read(bytes);
  } catch (thrown) {
    if (thrown instanceof Malformed) return null;
    throw thrown;
  }
}

function read(bytes: Uint8Array): Transaction | null {
  const reader = new Reader(bytes);
  const version = reader.take(4);
  const hasWitnesses = reader.peek() === 0;
  // Marker and flag stand where the number of inputs would, which is never zero.
  if (hasWitnesses && reader.take(2)[1] !== 1) return null;
  const bodyStart = reader.at;
  const inputs = reader.list(() => {
    const outpoint = { txid: reader.take(32), vout: reader.u32() };
    reader.take(reader.size());
    reader.u32();
    return outpoint;
  });
  const outputs = reader.list(() => ({ satoshi: reader.u64(), script: reader.take(reader.size()) }));
  const body = bytes.slice(bodyStart, reader.at);
  if (hasWitnesses) for (const _ of inputs) reader.list(() => reader.take(reader.size()));
  const lockTime = reader.take(4);
  if (!reader.isAtEnd || inputs.length === 0 || outputs.length === 0) return null;
  const stripped = concat(version, body, lockTime);
  return { txid: doubleSha256(stripped), inputs, outputs, vbytes: Math.ceil((stripped.length * 3 + bytes.length) / 4) };
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** The transaction that brings new coins into a block. */
export function coinbase(height: number, outputs: readonly Output[]): Uint8Array {
  const script = concat(Uint8Array.of(4), u32(height));
  const input = concat(new Uint8Array(32), u32(0xffff_ffff), Uint8Array.of(script.length), script, u32(0xffff_ffff));
  const written = outputs.map(({ satoshi, script: to }) => concat(u64(satoshi), Uint8Array.of(to.length), to));
  return concat(u32(2), Uint8Array.of(1), input, Uint8Array.of(outputs.length), ...written, u32(0));
}
