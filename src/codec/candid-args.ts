/**
 * Argument lists of fixed types, to Candid bytes and back, with what does not depend on the values done once.
 *
 * A Candid message is a head (type table and argument types) and the values. The library builds or reads the head anew for
 * each message, and reading it copies the rest of the message for every number in it: milliseconds for a module of a
 * megabyte. Here our own head is made once, and the heads that come in are kept with the types they stand for.
 *
 * Source: Candid specification, "Binary Format".
 */
import { IDL, PipeArrayBuffer } from "@icp-sdk/core/candid";
import { concat } from "../base/bytes.ts";

/** A head that came in: what it says of the values behind it. */
interface KnownHead {
  readonly head: Uint8Array;
  readonly types: readonly IDL.Type[];
}

/** Heads kept per list of types: a canister writes one, clients of several languages write several. */
const MAX_KNOWN_HEADS = 4;

export class CandidArgs {
  readonly types: readonly IDL.Type[];
  private ownHead: Uint8Array | null = null;
  private readonly known: KnownHead[] = [];
  /** References carry types that are compared with a cache that only the library resets: those go its way. */
  private readonly hasReferences: boolean;

  private readonly arranged: (head: Uint8Array) => Uint8Array;

  /** `arranged` gives our own messages another head, which means the same. */
  constructor(types: readonly IDL.Type[], arranged: (head: Uint8Array) => Uint8Array = (head) => head) {
    this.types = types;
    this.arranged = arranged;
    this.hasReferences = types.some((type) => holdsReference(type));
  }

  /** What our own messages begin with. */
  get head(): Uint8Array {
    this.ownHead ??= this.arranged(headOf(this.types));
    return this.ownHead;
  }

  /** Throws the library's error for a value of another type; the number of values must be right. */
  encode(values: readonly unknown[]): Uint8Array {
    return concat(
      this.head,
      ...this.types.map((type, i) => {
        type.covariant(values[i]);
        return type.encodeValue(values[i]);
      }),
    );
  }

  /** Throws the library's error for bytes that are no such message. */
  decode(bytes: Uint8Array): unknown[] {
    // The library's reader takes the whole underlying buffer, whatever part of it the array is.
    const whole = bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length ? bytes : bytes.slice();
    for (const { head, types } of this.known) {
      if (startsWith(whole, head)) return this.decodeValues(whole, head.length, types) ?? IDL.decode([...this.types], whole);
    }
    return this.hasReferences ? IDL.decode([...this.types], whole) : this.decodeAndLearn(whole);
  }

  /** `null` when this does not end well: then the library judges, with its own words. */
  private decodeValues(bytes: Uint8Array, offset: number, wireTypes: readonly IDL.Type[]): unknown[] | null {
    const pipe = new PipeArrayBuffer(bytes);
    pipe.read(offset);
    try {
      const values = this.types.map((type, i) => type.decodeValue(pipe, wireTypes[i]!));
      for (const type of wireTypes.slice(this.types.length)) type.decodeValue(pipe, type);
      return pipe.end ? values : null;
    } catch {
      return null; // the library decodes the same bytes again, and throws
    }
  }

  private decodeAndLearn(bytes: Uint8Array): unknown[] {
    const wireTypes: IDL.Type[] = [];
    let offset = 0;
    let left = bytes.length;
    // Stand-ins that note the types and places which the library found.
    const spies = this.types.map((type) => {
      const decodeValue = (pipe: PipeArrayBuffer, wireType: IDL.Type): unknown => {
        if (wireTypes.length === 0) offset = bytes.length - pipe.byteLength;
        wireTypes.push(wireType);
        const value: unknown = type.decodeValue(pipe, wireType);
        left = pipe.byteLength;
        return value;
      };
      return Object.create(type, { decodeValue: { value: decodeValue } }) as IDL.Type;
    });
    const values = IDL.decode(spies, bytes);
    // A message with more values than we read is not kept: the types of the others were not seen.
    if (this.types.length > 0 && left === 0 && !wireTypes.some((type) => holdsReference(type))) {
      if (this.known.length >= MAX_KNOWN_HEADS) this.known.shift();
      this.known.push({ head: bytes.slice(0, offset), types: wireTypes });
    }
    return values;
  }
}

/** Everything before the values: the library's own encoding of stand-ins that have the types and write no values. */
function headOf(types: readonly IDL.Type[]): Uint8Array {
  const none = { covariant: { value: () => true }, encodeValue: { value: () => new Uint8Array() } };
  const standIns = types.map((type) => Object.create(type, none) as IDL.Type);
  return IDL.encode(
    standIns,
    types.map(() => null),
  );
}

function holdsReference(type: IDL.Type, seen = new Set<IDL.Type>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  if (type instanceof IDL.FuncClass || type instanceof IDL.ServiceClass) return true;
  if (type instanceof IDL.RecClass) return holdsReference(type.getType()!, seen);
  if (type instanceof IDL.OptClass || type instanceof IDL.VecClass) return holdsReference((type as IDL.OptClass<unknown>)._type, seen);
  if (type instanceof IDL.RecordClass || type instanceof IDL.VariantClass)
    return type._fields.some(([, field]) => holdsReference(field, seen));
  return false;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
