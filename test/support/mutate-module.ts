/**
 * Broken Wasm modules: `mutateModule` damages a module as a file is damaged (bits, cuts, insertions) and as an attacker would (sections cut, doubled
 * and moved, huge counts, overlong numbers, sizes that still fit what they enclose); `checkModule` says what must hold of any bytes.
 */
import { Prng } from "../../src/base/prng.ts";
import { EXPORT } from "../../src/core/wasm/abi.ts";
import type { PreparedModule } from "../../src/core/wasm/module-info.ts";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { ByteReader } from "../../src/core/wasm/reader.ts";
import { ByteWriter } from "../../src/core/wasm/writer.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { Subject, type Ran } from "./rewritten.ts";

interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

const HEADER = 8;
const CODE = 10;
const MAX_U32 = [0xff, 0xff, 0xff, 0xff, 0x0f];

/** A damaged copy; equal bytes and an equal generator give an equal copy. */
export function mutateModule(bytes: Uint8Array, prng: Prng): Uint8Array {
  let mutated = bytes;
  for (let times = prng.below(3) < 2 ? 1 : 2 + prng.below(3); times > 0; times--) mutated = mutateOnce(mutated, prng);
  return mutated;
}

function mutateOnce(bytes: Uint8Array, prng: Prng): Uint8Array {
  const sections = sectionsOf(bytes);
  // Damage that keeps the sizes around it right gets further than damage that does not.
  if (sections === null || sections.length === 0 || prng.below(4) === 0) return mutateBytes(bytes, HEADER, prng);
  const at = prng.below(sections.length);
  const section = sections[at]!;
  switch (prng.below(10)) {
    case 0:
      sections.splice(at, 1);
      break;
    case 1:
      sections.splice(prng.below(sections.length + 1), 0, section);
      break;
    case 2:
      sections.splice(at, 1);
      sections.splice(prng.below(sections.length + 1), 0, section);
      break;
    case 3:
      sections[at] = { ...section, id: prng.below(16) };
      break;
    case 4:
    case 5:
      sections[at] = { ...section, content: mutateNumber(section.content, prng) };
      break;
    default: {
      const code = sections.findIndex(({ id }) => id === CODE);
      if (code >= 0 && prng.below(2) === 0) sections[code] = { id: CODE, content: mutateBody(sections[code]!.content, prng) };
      else sections[at] = { ...section, content: mutateBytes(section.content, 0, prng) };
    }
  }
  return assembled(bytes, sections);
}

/** One change of bytes behind the first `from`. */
function mutateBytes(bytes: Uint8Array, from: number, prng: Prng): Uint8Array {
  if (bytes.length <= from) return concat(bytes, Uint8Array.of(prng.below(256)));
  const at = from + prng.below(bytes.length - from);
  const length = Math.min(1 + prng.below(8), bytes.length - at);
  switch (prng.below(7)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return concat(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return concat(bytes.subarray(0, at + length), bytes.subarray(at));
    case 3:
      return concat(bytes.subarray(0, at), Uint8Array.from(MAX_U32), bytes.subarray(at + length));
    case 4:
      return concat(bytes.subarray(0, at), Uint8Array.of(prng.below(256)), bytes.subarray(at));
    default: {
      const copy = bytes.slice();
      copy[at] = prng.below(2) === 0 ? prng.below(256) : copy[at]! ^ (1 << prng.below(8));
      return copy;
    }
  }
}

/** Writes the number that may stand at some place in another way: huge, off by one, or overlong. */
function mutateNumber(content: Uint8Array, prng: Prng): Uint8Array {
  if (content.length === 0) return Uint8Array.from(MAX_U32);
  const at = prng.below(3) === 0 ? 0 : prng.below(content.length);
  let end = at;
  while (end < content.length - 1 && content[end]! >= 0x80) end++;
  const number = content.slice(at, end + 1);
  const last = number.length - 1;
  switch (prng.below(5)) {
    case 0:
      return concat(content.subarray(0, at), Uint8Array.from(MAX_U32), content.subarray(end + 1));
    case 1:
      number[0] = (number[0]! & 0x80) | ((number[0]! + 1) & 0x7f);
      return concat(content.subarray(0, at), number, content.subarray(end + 1));
    case 2:
      number[0] = (number[0]! & 0x80) | ((number[0]! - 1) & 0x7f);
      return concat(content.subarray(0, at), number, content.subarray(end + 1));
    default: {
      // Redundant bytes: allowed up to the number's width, malformed beyond.
      number[last] = number[last]! | 0x80;
      const more = new Uint8Array(1 + prng.below(10)).fill(0x80);
      more[more.length - 1] = 0;
      return concat(content.subarray(0, at), number, more, content.subarray(end + 1));
    }
  }
}

/** Damages one function's body and puts its size right again. */
function mutateBody(content: Uint8Array, prng: Prng): Uint8Array {
  const bodies: Uint8Array[] = [];
  try {
    const reader = new ByteReader(content);
    for (let n = reader.u32(); n > 0; n--) bodies.push(reader.take(reader.u32()));
  } catch {
    return mutateBytes(content, 0, prng);
  }
  if (bodies.length === 0) return mutateBytes(content, 0, prng);
  const at = prng.below(bodies.length);
  bodies[at] = mutateBytes(bodies[at]!, 0, prng);
  const out = new ByteWriter();
  out.u32(bodies.length);
  for (const body of bodies) {
    out.u32(body.length);
    out.copy(body);
  }
  return out.done();
}

/** `null` where the bytes are no sequence of sections. */
function sectionsOf(bytes: Uint8Array): Section[] | null {
  if (bytes.length < HEADER) return null;
  const found: Section[] = [];
  const reader = new ByteReader(bytes, HEADER);
  try {
    while (!reader.atEnd) {
      const id = reader.byte();
      found.push({ id, content: reader.take(reader.u32()) });
    }
  } catch {
    return null;
  }
  return found;
}

function assembled(bytes: Uint8Array, sections: readonly Section[]): Uint8Array {
  const out = new ByteWriter();
  out.copy(bytes, 0, HEADER);
  for (const { id, content } of sections) {
    out.byte(id);
    out.u32(content.length);
    out.copy(content);
  }
  return out.done();
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Instructions a module that was accepted may use in each of its entry points here. */
const LIMIT = 20_000;

/** What our validator refuses although V8 takes it: proposals the platform has switched off, and limits V8 has not. */
const SWITCHED_OFF = new RegExp(
  [
    "illegal opcode",
    "exceptions proposal",
    "gc proposal",
    "malformed reference type",
    "invalid block type",
    "invalid value type",
    "multiple memories|multi-memory|invalid memory limits flags|memop alignment|alignment must not be larger",
    "extended constants|non-constant operator|locally defined global",
    "invalid table resizable limits|threads must be enabled|shared-everything",
    "count exceeds limit|exceeds limit of",
    "malformed section id",
    "undeclared function reference",
    "table size is out of bounds",
  ].join("|"),
);

/**
 * Throws when the bytes are treated as no bytes may be. They are either refused with a reason, or the module compiles and runs in both
 * variants alike, and the engine takes the original for valid as well.
 */
export function checkModule(bytes: Uint8Array): "accepted" | "refused" {
  const result = prepareModule(bytes, nodePlatform);
  if (isRefusal(result)) {
    const { kind, description, instructions } = result;
    must(["invalid", "instrumentation", "engine"].includes(kind), `an unknown kind of refusal: ${kind}`);
    must(description.length > 20, `a refusal without a reason: ${description}`);
    must(instructions >= 20_000_000 + 6_000 * bytes.length, `a refusal that costs ${instructions} only`);
    const disputed = description.startsWith("Wasmtime failed") && WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>);
    must(!disputed || SWITCHED_OFF.test(description), `the engine takes for valid what we refuse: ${description}`);
    return "refused";
  }
  const module = result.info.wasm64 || isGzip(bytes) ? null : bytes;
  must(
    module === null || WebAssembly.validate(module as Uint8Array<ArrayBuffer>) || usesTable64(module),
    "the engine refuses what we accept",
  );
  const [fast, exact] = (["fast", "exact"] as const).map((variant) => runAll(result, variant));
  must(JSON.stringify(fast) === JSON.stringify(exact), `the variants differ: ${JSON.stringify({ fast, exact })}`);
  return "accepted";
}

function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f;
}

/** Older engines know no table of 64 bits, and say so. */
function usesTable64(bytes: Uint8Array): boolean {
  try {
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    return false;
  } catch (error) {
    return /table.*(64|limits)|memory64/i.test(String(error));
  }
}

/** How each entry point of a module ends. */
function runAll(module: PreparedModule, variant: "fast" | "exact"): unknown[] {
  const subject = new Subject(module, variant);
  return Object.keys(subject.instance.functions)
    .filter((name) => name.startsWith("canister_") || name === EXPORT.start)
    .map((name) => [name, shown(subject.run(name, { limit: LIMIT, stackBytes: 1 << 16 }), variant)]);
}

/** What both variants must say: the count where the fast one knows it, the trap as far as both tell it. */
function shown({ ending, used }: Ran, variant: "fast" | "exact"): unknown {
  if (ending.kind !== "trap") return [ending.kind, used];
  if (variant === "exact" && ending.code === 3) return ["trap", "null or wrong signature", 0];
  return ["trap", ending.code === 0 ? ending.trap : "", ending.code];
}
