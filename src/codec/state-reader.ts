/**
 * Reads the canonical byte form that `state-digest.ts` writes back into plain data: records, arrays, maps, primitives and bytes.
 *
 * What the form does not tell apart stays so: sets and queues come back as arrays, sorted maps as maps in the order of their keys.
 * Bytes are views of what is read.
 */
import { InvariantBroken } from "../base/assert.ts";
import { decodeUtf8Lossy } from "../base/utf8.ts";
import { Tag } from "./state-digest.ts";

export class StateReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const tag = this.bytes[this.at++];
    switch (tag) {
      case Tag.null:
        return null;
      case Tag.false:
        return false;
      case Tag.true:
        return true;
      case Tag.number:
        return this.view.getFloat64(this.take(8));
      case Tag.u64:
        return this.view.getBigUint64(this.take(8));
      case Tag.u128: {
        const at = this.take(16);
        return (this.view.getBigUint64(at) << 64n) | this.view.getBigUint64(at + 8);
      }
      case Tag.integer: {
        const text = this.value() as string;
        return text.startsWith("-") ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
      }
      case Tag.bytes: {
        const length = this.length();
        const at = this.take(length);
        return this.bytes.subarray(at, at + length);
      }
      case Tag.text:
        return this.text();
      case Tag.list:
        return Array.from({ length: this.length() }, () => this.value());
      case Tag.record: {
        const record: Record<string, unknown> = {};
        for (let left = this.length(); left > 0; left--) record[this.value() as string] = this.value();
        return record;
      }
      case Tag.map: {
        const map = new Map<unknown, unknown>();
        for (let left = this.length(); left > 0; left--) map.set(this.value(), this.value());
        return map;
      }
      default:
        throw new InvariantBroken(`byte ${this.at - 1} of a state begins no value: ${tag}`);
    }
  }

  private text(): string {
    const length = this.length();
    const at = this.take(length);
    return decodeUtf8Lossy(this.bytes.subarray(at, at + length));
  }

  private length(): number {
    return this.view.getUint32(this.take(4));
  }

  private take(bytes: number): number {
    const at = this.at;
    this.at += bytes;
    if (this.at > this.bytes.length) throw new InvariantBroken("a state ends in the middle of a value");
    return at;
  }
}
