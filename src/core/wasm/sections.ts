/** The sections of a module: their ids, their order, where each begins and ends. What is in them is looked at in `decode.ts`. */
import { ByteReader, malformed } from "./reader.ts";

export const SectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Place of each section id in the order that a module must keep. */
export const ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Walks the section headers; what the sections are is looked at later. Stops after the code section's header when `untilCode` is set. */
export function sections(bytes: Uint8Array, untilCode = false): Section[] {
  const reader = new ByteReader(bytes);
  if (bytes.length < 8) malformed("unexpected end-of-file", bytes.length);
  for (const [i, expected] of [0x00, 0x61, 0x73, 0x6d].entries()) {
    if (bytes[i] !== expected) malformed("magic header not detected: bad magic number", 0);
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) malformed("unknown binary version", 4);
  reader.skip(8);
  const found: Section[] = [];
  while (!reader.atEnd) {
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.position;
    if (size > bytes.length - start) malformed("unexpected end-of-file", bytes.length);
    found.push({ id, start, end: start + size });
    if (untilCode && id === SectionId.code) break;
    reader.skip(size);
  }
  return found;
}

/** Size of the code section's content; 0 without one. */
export function codeSectionBytes(bytes: Uint8Array): number {
  const code = sections(bytes, true).find((section) => section.id === SectionId.code);
  return code === undefined ? 0 : code.end - code.start;
}
