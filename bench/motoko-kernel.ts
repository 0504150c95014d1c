/**
 * The Motoko kernel (`examples/kernels/motoko-kernel.mo`), as written and rewritten: a host with as much of the System API as it
 * needs, in JavaScript, the same for both. A message costs a handful of calls of it and milliseconds of the canister's own code.
 */
import { PREFIX_BYTES } from "../src/core/wasm/abi.ts";
import type { HostFunction } from "../src/core/wasm/engine.ts";
import { IC0 } from "../src/core/wasm/ic0.ts";
import { loadGenerated } from "../examples/modules.ts";
import { RawProgram, RewrittenProgram, type Program } from "./programs.ts";

/** Portions of work in one message, and the checksum they must give (`examples/kernels/README.md`). */
const PORTIONS = 10;
const CHECKSUM = "223601033";

const MAGIC = [0x44, 0x49, 0x44, 0x4c];
const NAT = 0x7d;

/** The System API for one canister that answers one method. All numbers; widths are the adapters' concern. */
class KernelHost {
  /** The heap; its place in memory and its size change. */
  heap: () => Uint8Array = () => new Uint8Array();
  private readonly arg = Uint8Array.of(...MAGIC, 0, 1, NAT, PORTIONS);
  private stable = new Uint8Array(0);
  private reply: number[] = [];

  readonly functions: Readonly<Record<string, (...args: number[]) => number>> = {
    msg_arg_data_size: () => this.arg.length,
    msg_arg_data_copy: (to, from, size) => this.copyOut(this.arg, to!, from!, size!),
    msg_caller_size: () => 1,
    msg_caller_copy: (to, from, size) => this.copyOut(Uint8Array.of(4), to!, from!, size!),
    canister_self_size: () => 10,
    canister_self_copy: (to, from, size) => this.copyOut(new Uint8Array(10).fill(1), to!, from!, size!),
    canister_status: () => 1,
    is_controller: () => 1,
    time: () => 1,
    performance_counter: () => 1,
    global_timer_set: () => 0,
    msg_reply_data_append: (from, size) => {
      this.reply.push(...this.heap().subarray(from, from! + size!));
      return 0;
    },
    msg_reply: () => 0,
    stable64_size: () => this.stable.length / 65536,
    stable64_grow: (pages) => {
      const before = this.stable;
      this.stable = new Uint8Array(before.length + pages! * 65536);
      this.stable.set(before);
      return before.length / 65536;
    },
    stable64_read: (to, from, size) => this.copyOut(this.stable, to!, from!, size!),
    stable64_write: (to, from, size) => {
      this.stable.set(this.heap().subarray(from, from! + size!), to);
      return 0;
    },
    trap: (from, size) => {
      throw new Error(`the Motoko kernel trapped: ${new TextDecoder().decode(this.heap().slice(from, from! + size!))}`);
    },
  };

  private copyOut(source: Uint8Array, to: number, from: number, size: number): number {
    this.heap().set(source.subarray(from, from + size), to);
    return 0;
  }

  named(name: string): (...args: number[]) => number {
    return (
      this.functions[name] ??
      (() => {
        throw new Error(`the Motoko kernel calls ic0.${name}, which the bench does not have`);
      })
    );
  }

  /** Forgets the last reply. */
  clear(): void {
    this.reply = [];
  }

  /** The nat that was replied. */
  result(): string {
    const bytes = this.reply.slice(MAGIC.length + 3);
    return bytes.reduceRight((sum, byte) => sum * 128n + BigInt(byte & 0x7f), 0n).toString();
  }
}

/** What an unchanged module imports: 64-bit numbers are BigInts. */
function rawImports(host: KernelHost, wasm64: boolean): Record<string, (...args: (number | bigint)[]) => number | bigint> {
  const imports: Record<string, (...args: (number | bigint)[]) => number | bigint> = {};
  for (const { name, result } of IC0.values()) {
    const call = host.named(name);
    const isWide = result === "l" || (result === "I" && wasm64);
    imports[name] = (...args) => {
      const value = call(...args.map((arg) => (typeof arg === "bigint" ? Number(arg) : arg >>> 0)));
      return isWide ? BigInt(value) : value;
    };
  }
  return imports;
}

/** What a rewritten module imports: 64-bit numbers are two words, low first. */
function loweredImports(host: KernelHost, returnHigh: (high: number) => void): Record<string, HostFunction> {
  const imports: Record<string, HostFunction> = {};
  for (const { name, params, result } of IC0.values()) {
    const call = host.named(name);
    imports[name] = (...words) => {
      let at = 0;
      const next = (): number => words[at++]! >>> 0;
      const value = call(...[...params].map((letter) => (letter === "l" || letter === "E" ? next() + next() * 2 ** 32 : next())));
      if (result !== "l") return value;
      returnHigh(Math.floor(value / 2 ** 32));
      return value | 0;
    };
  }
  return imports;
}

class MotokoProgram implements Program {
  private readonly host: KernelHost;
  private readonly message: () => void;

  constructor(host: KernelHost, message: () => void) {
    this.host = host;
    this.message = message;
  }

  run(): void {
    this.host.clear();
    this.message();
    if (this.result() !== CHECKSUM) throw new Error(`the Motoko kernel gives ${this.result()}, expected ${CHECKSUM}`);
  }

  result(): string {
    return this.host.result();
  }
}

function raw(wasm: Uint8Array, wasm64: boolean): Program {
  const host = new KernelHost();
  let memory: WebAssembly.Memory | null = null;
  host.heap = () => new Uint8Array(memory === null ? new ArrayBuffer(0) : memory.buffer);
  const program = new RawProgram(wasm, { ic0: rawImports(host, wasm64) as WebAssembly.ModuleImports });
  const { exports } = program.instance;
  memory = exports["mem"] as WebAssembly.Memory;
  (exports["canister_init"] as () => void)();
  return new MotokoProgram(host, () => program.run());
}

function rewritten(wasm: Uint8Array): Program {
  const host = new KernelHost();
  let program: RewrittenProgram | null = null;
  host.heap = () => new Uint8Array(program!.instance.memory.buffer, PREFIX_BYTES);
  program = new RewrittenProgram(wasm, (returnHigh) => loweredImports(host, returnHigh));
  program.call(program.instance.functions["canister_init"]!);
  return new MotokoProgram(host, () => program.run());
}

interface Pair {
  readonly rewritten: Program;
  readonly raw: Program;
}

/** `motoko64` is null where the engine knows no 64-bit memory. */
export function motokoKernels(): { readonly motoko: Pair; readonly motoko64: Pair | null; readonly motokoOver32: Pair } {
  const wasm32 = loadGenerated("kernels-motoko-kernel-wasm32");
  const wasm64 = loadGenerated("kernels-motoko-kernel");
  const knows64 = WebAssembly.validate(wasm64 as Uint8Array<ArrayBuffer>);
  return {
    motoko: { rewritten: rewritten(wasm32), raw: raw(wasm32, false) },
    motoko64: knows64 ? { rewritten: rewritten(wasm64), raw: raw(wasm64, true) } : null,
    motokoOver32: { rewritten: rewritten(wasm64), raw: raw(wasm32, false) },
  };
}
