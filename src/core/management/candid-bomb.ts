/**
 * Arguments that are small as bytes and endless as values: vectors of elements that take no byte (`vec null`). The Candid library would build them;
 * the platform's decoder has a quota. No type of the management canister has such a vector, so an argument that announces one is refused.
 *
 * Source: Candid specification, "Binary format" (type table). Replica: `decoder_config` in `rs/types/management_canister_types` (c7c5005).
 */
import { decodeLeb128, decodeSignedLeb128 } from "../../codec/leb128.ts";

const MAGIC_BYTES = 4;
/** Type constructors, and the primitive types that take no byte. */
const [OPT, VEC, RECORD, VARIANT, FUNC, SERVICE, NULL, RESERVED] = [-18, -19, -20, -21, -22, -23, -1, -16];

/** Of a vector the element, of a record the fields; of anything else nothing, as its values take at least a byte. */
type Entry = { readonly kind: "vec" | "record" | "other"; readonly parts: readonly number[] };

/** Whether the type table has a vector of elements that take no byte. Bytes that are no Candid are left to the decoder. */
export function hasVectorOfNothing(bytes: Uint8Array): boolean {
  try {
    const table = new TableReader(bytes).read();
    const known = new Map<number, boolean>();
    return table.some(({ kind, parts }) => kind === "vec" && takesNoByte(table, parts[0], known));
  } catch (thrown) {
    // The table ends too early, or is nested too deeply to be looked at: the decoder says so too.
    if (thrown instanceof RangeError) return false;
    throw thrown;
  }
}

/** A record that contains itself has no value; while it is being looked at it counts as empty. */
function takesNoByte(table: readonly Entry[], type: number, known: Map<number, boolean>): boolean {
  if (type === NULL || type === RESERVED) return true;
  const entry = table[type];
  if (entry === undefined || entry.kind !== "record") return false;
  const answer = known.get(type);
  if (answer !== undefined) return answer;
  known.set(type, true);
  const empty = entry.parts.every((part) => takesNoByte(table, part, known));
  known.set(type, empty);
  return empty;
}

class TableReader {
  private readonly bytes: Uint8Array;
  private at = MAGIC_BYTES;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(): Entry[] {
    const table: Entry[] = [];
    for (let left = this.unsigned(); left > 0; left--) table.push(this.entry());
    return table;
  }

  private entry(): Entry {
    const constructor = this.signed();
    switch (constructor) {
      case VEC:
        return { kind: "vec", parts: [this.signed()] };
      case RECORD:
        return { kind: "record", parts: this.fields() };
      case VARIANT:
        this.fields();
        break;
      case OPT:
        this.signed();
        break;
      case FUNC:
        this.types();
        this.types();
        this.skip(this.unsigned());
        break;
      case SERVICE:
        for (let left = this.unsigned(); left > 0; left--) {
          this.skip(this.unsigned());
          this.signed();
        }
        break;
      default:
        // A type of the future says how long it is.
        this.skip(this.unsigned());
    }
    return { kind: "other", parts: [] };
  }

  private fields(): number[] {
    const types: number[] = [];
    for (let left = this.unsigned(); left > 0; left--) {
      this.unsigned();
      types.push(this.signed());
    }
    return types;
  }

  private types(): void {
    for (let left = this.unsigned(); left > 0; left--) this.signed();
  }

  private skip(count: number): void {
    this.at += count;
  }

  private unsigned(): number {
    const { value, end } = decodeLeb128(this.bytes, this.at);
    this.at = end;
    return Number(value);
  }

  private signed(): number {
    const { value, end } = decodeSignedLeb128(this.bytes, this.at);
    this.at = end;
    return Number(value);
  }
}
