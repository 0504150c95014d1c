/** Types in a module's sections: of values, tables, memories and globals, with the limits that hold for each. */
import type { GlobalType, MemoryType, TableType } from "./module.ts";
import { EXTERNREF, FUNCREF, I32, V128, type ValueType } from "./opcodes.ts";
import { malformed, type ByteReader } from "./reader.ts";

const MAX_TABLE_ENTRIES = 10_000_000;

export function readValueType(reader: ByteReader): ValueType {
  const type = reader.byte();
  if ((type >= V128 && type <= I32) || type === FUNCREF || type === EXTERNREF) return type;
  malformed("invalid value type", reader.position - 1);
}

export function readTableType(reader: ByteReader): TableType {
  const at = reader.position;
  const element = reader.byte();
  if (element !== FUNCREF && element !== EXTERNREF) malformed("malformed reference type", at);
  const flags = reader.byte();
  if (flags & 0x02) malformed("shared tables require the shared-everything-threads proposal", reader.position - 1);
  if (flags & ~0x05) malformed("invalid table resizable limits flags", reader.position - 1);
  const table64 = (flags & 4) !== 0;
  const minimum = table64 ? Number(reader.u64()) : reader.u32();
  if (flags & 1) {
    const maximum = table64 ? Number(reader.u64()) : reader.u32();
    if (minimum > maximum) reader.fail("size minimum must not be greater than maximum");
  }
  if (minimum > MAX_TABLE_ENTRIES) reader.fail("minimum table size is out of bounds");
  return { element, table64, minimum };
}

export function readMemoryType(reader: ByteReader): MemoryType {
  const flags = reader.byte();
  if (flags & 0x02) malformed("threads must be enabled for shared memories", reader.position - 1);
  if (flags & ~0x05) malformed("invalid memory limits flags", reader.position - 1);
  const memory64 = (flags & 4) !== 0;
  const minimum = memory64 ? Number(reader.u64()) : reader.u32();
  const maximum = flags & 1 ? (memory64 ? Number(reader.u64()) : reader.u32()) : null;
  const limit = memory64 ? 2 ** 48 : 65536;
  if (maximum !== null && minimum > maximum) reader.fail("size minimum must not be greater than maximum");
  if (minimum > limit || (maximum !== null && maximum > limit)) {
    reader.fail(memory64 ? "memory size must be at most 2**48 pages" : "memory size must be at most 65536 pages (4GiB)");
  }
  return { memory64, minimum, maximum };
}

export function readGlobalType(reader: ByteReader): GlobalType {
  const type = readValueType(reader);
  const mutable = reader.byte();
  if (mutable > 1) {
    malformed(mutable & 2 ? "shared globals require the shared-everything-threads proposal" : "malformed mutability", reader.position - 1);
  }
  return { type, mutable: mutable === 1 };
}
