/**
 * The Candid interface of a module, read from its own custom sections: `candid:service` and `candid:args`, public or private.
 * Motoko, Rust and TypeScript toolchains all write them, so no generated file is needed at run time.
 */
import type { IDL } from "@icp-sdk/core/candid";
import { CanneryError } from "../base/cannery-error.ts";
import { toHex } from "../base/bytes.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { DidError, type DidProgram } from "../codec/did/ast.ts";
import { parseDid, parseInitArgs } from "../codec/did/did.ts";
import { argsToIdl, toIdl } from "../codec/did/to-idl.ts";
import type { Environment } from "../core/network.ts";
import type { Platform } from "../core/wasm/engine.ts";
import type { PreparedModule } from "../core/wasm/module-info.ts";
import { ArgsCodec, MethodCodec } from "./method-codec.ts";

export interface ModuleInterface {
  /** Text of the service description. */
  readonly candid: string;
  /** In the order of the text. */
  readonly methods: ReadonlyMap<string, MethodCodec>;
  /** `null` when the module does not say what it is installed with. */
  readonly initArgs: ArgsCodec | null;
}

/** The Candid message of no values: `()`. */
export const EMPTY_CANDID = Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0);

/** Names of custom sections after `icp:public ` or `icp:private `. */
const SERVICE = "candid:service";
const ARGS = "candid:args";

/** Throws a `CanneryError` when the text is no Candid description of a service. `where` names its origin. */
export function interfaceOfCandid(candid: string, args: string | null, where: string): ModuleInterface {
  try {
    const program = parseDid(candid);
    const idl = toIdl(program);
    const methods = new Map<string, MethodCodec>();
    for (const [name, method] of idl.methods) methods.set(name, new MethodCodec(name, method));
    return { candid, methods, initArgs: initArgsOf(program, idl.initArgs, args) };
  } catch (cause) {
    if (!(cause instanceof DidError)) throw cause;
    throw new CanneryError("bad-candid", `the Candid description of ${where} cannot be used: ${cause.message}`, { cause });
  }
}

function initArgsOf(program: DidProgram, ofService: readonly IDL.Type[], args: string | null): ArgsCodec | null {
  if (args !== null) {
    const parsed = parseInitArgs(args, program);
    return new ArgsCodec(argsToIdl(parsed.args, parsed.definitions));
  }
  return program.service?.initArgs == null ? null : new ArgsCodec(ofService);
}

const ofModule = new WeakMap<PreparedModule, ModuleInterface | null>();

/** Of an installed module; `null` when it carries no description. Made once per module. */
export function interfaceOfModule(module: PreparedModule, where: string): ModuleInterface | null {
  let known = ofModule.get(module);
  if (known === undefined) {
    const section = (name: string): string | null => textOf(module.info.customSections.find((one) => one.name === name)?.content ?? null);
    const candid = section(SERVICE);
    known = candid === null ? null : interfaceOfCandid(candid, section(ARGS), where);
    ofModule.set(module, known);
  }
  return known;
}

const ofUpload = new WeakMap<Uint8Array, ModuleInterface | null>();

/** Of bytes to be installed; found again for the same array, and for the same content as long as the module is kept. */
export function interfaceOfUpload(
  bytes: Uint8Array,
  environment: Pick<Environment, "platform" | "modules">,
  where: string,
): ModuleInterface | null {
  let known = ofUpload.get(bytes);
  if (known === undefined) {
    const { platform, modules } = environment;
    const prepared = modules.get(toHex(platform.sha256(bytes)));
    known = prepared === null ? interfaceOfBytes(bytes, platform, where) : interfaceOfModule(prepared, where);
    ofUpload.set(bytes, known);
  }
  return known;
}

/** Of a module that is not installed yet, compressed or not; `null` when it carries no description, or is no module. */
export function interfaceOfBytes(bytes: Uint8Array, platform: Pick<Platform, "gunzip">, where: string): ModuleInterface | null {
  const sections = customSections(isGzip(bytes) ? platform.gunzip(bytes, MAX_MODULE_BYTES) : bytes);
  const section = (name: string): string | null =>
    textOf(sections.get(`icp:public ${name}`) ?? sections.get(`icp:private ${name}`) ?? null);
  const candid = section(SERVICE);
  return candid === null ? null : interfaceOfCandid(candid, section(ARGS), where);
}

/** Bytes. Source: wasm.md, "Limits" (uncompressed module). */
const MAX_MODULE_BYTES = 100 * 2 ** 20;

function textOf(content: Uint8Array | null): string | null {
  return content === null ? null : decodeUtf8(content);
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export function isWasm(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

/**
 * Custom sections by name; ends silently where the bytes are no module any more: installing judges that, with the platform's words.
 * Source: WebAssembly core specification, "Modules" and "Custom Section" (binary format).
 */
function customSections(bytes: Uint8Array): Map<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>();
  if (!isWasm(bytes)) return sections;
  let offset = 8;
  while (offset < bytes.length) {
    const id = bytes[offset]!;
    const size = readU32(bytes, offset + 1);
    if (size === null || size.end + size.value > bytes.length) return sections;
    const end = size.end + size.value;
    if (id === 0) {
      const name = readU32(bytes, size.end);
      if (name === null || name.end + name.value > end) return sections;
      const text = decodeUtf8(bytes.subarray(name.end, name.end + name.value));
      if (text !== null) sections.set(text, bytes.subarray(name.end + name.value, end));
    }
    offset = end;
  }
  return sections;
}

function readU32(bytes: Uint8Array, offset: number): { value: number; end: number } | null {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[offset++];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: offset };
  }
  return null;
}
