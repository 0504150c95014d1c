/**
 * Decodes one Candid value of one kind of type: a record of nat64 fields, exactly these. It is all that the System API
 * itself reads of Candid (`cost_http_request_v2`), inside a run, where the general decoder's leniency would be wrong:
 * the platform refuses every field and value beyond.
 *
 * Departure: what is wrong is told in other words than the Candid library's.
 */

const MAGIC = [0x44, 0x49, 0x44, 0x4c];
const RECORD = -20;
const NAT64 = -8;

/** Source: Candid specification, "Serialization" (field ids). */
function fieldId(name: string): number {
  let id = 0;
  for (let i = 0; i < name.length; i++) id = (Math.imul(id, 223) + name.charCodeAt(i)) >>> 0;
  return id;
}

/** The fields' values by name, or what is wrong. Field names are ASCII. */
export function decodeNat64Record<Name extends string>(bytes: Uint8Array, names: readonly Name[]): Record<Name, bigint> | string {
  const reader = new Reader(bytes);
  if (MAGIC.some((byte) => reader.byte() !== byte)) return "no DIDL at the beginning";
  const types = reader.leb();
  const records: number[][] = [];
  for (let t = 0; t < types && !reader.failed; t++) {
    if (reader.sleb() !== RECORD) return "a type other than a record";
    const ids: number[] = [];
    const count = reader.leb();
    for (let f = 0; f < count && !reader.failed; f++) {
      ids.push(reader.leb());
      if (reader.sleb() !== NAT64) return "a field that is not nat64";
    }
    records.push(ids);
  }
  if (reader.leb() !== 1) return "not exactly one value";
  const ids = records[reader.sleb()];
  if (reader.failed || ids === undefined) return "the value is not a record";
  const wanted = [...names].sort((a, b) => fieldId(a) - fieldId(b));
  if (ids.length !== wanted.length || ids.some((id, i) => id !== fieldId(wanted[i])))
    return `the record's fields are not ${names.join(", ")}`;
  const values = {} as Record<Name, bigint>;
  for (const name of wanted) values[name] = reader.nat64();
  if (reader.failed) return "it ends too early";
  return reader.atEnd ? values : "there are bytes behind the value";
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;
  /** Read beyond the end, or met a number that is too large. */
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  byte(): number {
    if (this.at < this.bytes.length) return this.bytes[this.at++];
    this.failed = true;
    return 0;
  }

  /** Unsigned LEB128 up to 2^35. */
  leb(): number {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  /** Signed LEB128. */
  sleb(): number {
    let value = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - 2 ** (7 * (i + 1));
    }
    this.failed = true;
    return 0;
  }

  nat64(): bigint {
    let value = 0n;
    for (let i = 0n; i < 64n; i += 8n) value |= BigInt(this.byte()) << i;
    return value;
  }
}
