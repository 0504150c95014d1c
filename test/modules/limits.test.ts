/**
 * Every limit of a module, at it and one beyond, by a real `install_code`: what is refused has the platform's code and text, is charged, and
 * leaves the canister as it was.
 */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/core/wasm/writer.ts";
import {
  decode,
  encode,
  id as idRecord,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
  text,
} from "../support/management-world.ts";
import { wat } from "../support/wat.ts";

const MIB = 1024 * 1024;
const net = new ManagementWorld();
const OLD = wat(`(module (memory 1) (global (mut i32) (i32.const 7)) (data (i32.const 0) "old")
  (func (export "canister_update old")) (func (export "canister_post_upgrade") unreachable))`);
const canister = net.create({ amount: 10n ** 18n });
net.install(canister, OLD);
const empty = net.create({ amount: 10n ** 18n });

/** What a failed installation must leave, by itself and as `canister_status` tells it. */
function everything(): unknown {
  const { execution, version, history, certifiedData, globalTimerNanos, settings, status } = net.canister(canister);
  const heap = new Uint8Array(3);
  execution!.heap.read(0, heap, 0, 3);
  return structuredClone({
    told: told(),
    module: execution!.module.hash,
    heap: Buffer.from(heap).toString(),
    stamps: [execution!.heap.stamp, execution!.stable.stamp, execution!.globalsStamp],
    kept: { version, history: history.entries.length, certifiedData, globalTimerNanos, settings, status },
  });
}

/** `canister_status` without what the attempt cost. */
function told(): unknown {
  const reply = net.reply("canister_status", encode("canister_id", idRecord(canister)));
  const status = decode<Record<string, unknown>>("canister_status", reply);
  return { ...status, cycles: 0n, balance: [] };
}

const TOOLCHAIN =
  "If you are running this canister in a test environment (e.g., dfx), make sure the test environment is up to date. Otherwise, this is likely an error with the compiler/CDK toolchain being used to build the canister. Please report the error to IC devs on the forum: https://forum.dfinity.org and include which language/CDK was used to create the canister.";
const DOCUMENTATION = "https://internetcomputer.org/docs/current/references/execution-errors#wasm-module-";

/**
 * Refused in an upgrade and in a first installation with this reason behind the canister's name, and with this advice: by default the one for
 * mistakes of toolchains.
 */
function refused(module: Uint8Array, reason: string | RegExp, advice = TOOLCHAIN): void {
  const before = everything();
  const shown = text(net.install(canister, module, { mode: { upgrade: [] } }));
  const said = shown.replace(`Error from Canister ${principalText(canister)}: `, "");
  if (typeof reason === "string") expect(said).toBe(advice === "" ? reason : `${reason}.\n${advice}`);
  else expect(said).toMatch(reason);
  expect(everything()).toEqual(before);
  expect(text(net.install(empty, module))).toBe(shown.replace(principalText(canister), principalText(empty)));
  expect(net.canister(empty).execution).toBe(null);
}

const invalid = (reason: string): string => `IC0505: Canister's Wasm module is not valid: ${reason}`;
const advice = (suggestion: string, anchor: string): string => `${suggestion} See documentation: ${DOCUMENTATION}${anchor}`;

/** Can be installed, on a canister of its own. */
function accepted(module: Uint8Array): void {
  const id = net.create({ amount: 10n ** 18n });
  expect(text(net.install(id, module))).toMatch(/^reply/);
  net.reply("uninstall_code", encode("uninstall_code", { canister_id: principal(id), ...NO_VERSION }));
}

const BREAK_UP = "Try breaking large functions up into multiple smaller functions.";
const SHRINK = "using tools like `ic-wasm` or splitting the logic across multiple canisters.";

const anyway = (source: string): Uint8Array =>
  wat(source, { check: false, features: { multi_memory: true, exceptions: true, threads: true } });
const many = (count: number, each: string | ((i: number) => string)): string =>
  Array.from({ length: count }, (_, i) => (typeof each === "string" ? each : each(i))).join(" ");

const EMPTY = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function withSection(id: number, write: (content: ByteWriter) => void, base: Uint8Array = EMPTY): Uint8Array {
  const content = new ByteWriter();
  write(content);
  const out = new ByteWriter(base.length + content.length + 16);
  out.copy(base);
  out.section(id, content);
  return out.done();
}

function custom(name: string, bytes: number, base: Uint8Array = EMPTY): Uint8Array {
  return withSection(0, (content) => {
    content.name(name);
    content.copy(new Uint8Array(bytes));
  }, base); // prettier-ignore
}

/** Functions whose bodies are so many bytes of `nop` with an end. */
function nops(...lengths: readonly number[]): Uint8Array {
  const typed = withSection(3, (out) => {
    out.u32(lengths.length);
    out.copy(new Uint8Array(lengths.length));
  }, withSection(1, (out) => out.copy(Uint8Array.of(1, 0x60, 0, 0)))); // prettier-ignore
  return withSection(10, (out) => {
    out.u32(lengths.length);
    for (const length of lengths) {
      out.u32(length + 2);
      out.byte(0);
      out.copy(new Uint8Array(length).fill(1));
      out.byte(0x0b);
    }
  }, typed); // prettier-ignore
}

describe("size and encoding [canister-interface#system-api-module]", () => {
  test("100 MiB unpacked", () => {
    // Around the content: the section's id 1, its size 4, its name 2.
    const sized = (bytes: number): Uint8Array => new Uint8Array(gzipSync(custom("x", bytes - EMPTY.length - 1 - 4 - 2), { level: 1 }));
    accepted(sized(100 * MIB));
    refused(
      sized(100 * MIB + 1),
      invalid("Wasm module size of 104857601 exceeds the maximum allowed size of 104857600."),
      advice(`Try shrinking the module ${SHRINK}`, "too-large"),
    );
  });

  test("an announced size that is wrong", () => {
    const packed = new Uint8Array(gzipSync(OLD));
    new DataView(packed.buffer).setUint32(packed.length - 4, OLD.length + 1, true);
    refused(
      packed,
      invalid(`Failed to decode wasm module: specified uncompressed size ${OLD.length + 1} does not match extracted size ${OLD.length}`),
    );
  });

  test("neither Wasm nor gzip", () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), EMPTY.slice(0, 3), Uint8Array.from(Buffer.from("(module)"))]) {
      refused(bytes, invalid("Failed to decode wasm module: unsupported canister module format"));
    }
  });
});

describe("code [canister-interface#system-api-module]", () => {
  test("12 MiB of code", () => {
    // The number of functions takes 2 bytes; around each function's instructions are 5: its size 3, its locals 1, its end 1.
    const lengths = Array.from({ length: 200 }, () => Math.floor((12 * MIB - 2) / 200) - 5);
    const rest = 12 * MIB - 2 - lengths.reduce((sum, length) => sum + length + 5, 0);
    lengths[0]! += rest;
    accepted(nops(...lengths));
    lengths[0]!++;
    refused(
      nops(...lengths),
      invalid("Wasm module code section size of 12582913 exceeds the maximum allowed size of 12582912."),
      advice(`Try shrinking the module code section ${SHRINK}`, "code-section-too-large"),
    );
  });

  test("50,000 functions", () => {
    accepted(wat(`(module ${many(50_000, "(func)")})`));
    refused(
      wat(`(module ${many(50_001, "(func)")})`),
      invalid("Wasm module defined 50001 functions which exceeds the maximum number allowed 50000."),
      advice("Try spliting this canister into multiple canisters.", "too-many-functions"),
    );
  });

  test("a function's complexity, which its size cannot exceed alone", () => {
    accepted(nops(999_999));
    const calls = (count: number): Uint8Array => wat(`(module (func) (func ${many(count, "call 0")}))`);
    // 50 each, and the end.
    accepted(calls(19_999));
    refused(
      calls(20_000),
      invalid("Wasm module contains a function at index 1 with complexity 1000001 which exceeds the maximum complexity allowed 1000000."),
      advice(BREAK_UP, "function-complexity-too-high"),
    );
    refused(
      nops(1_000_000),
      invalid("Wasm module contains a function at index 0 with complexity 1000001 which exceeds the maximum complexity allowed 1000000."),
      advice(BREAK_UP, "function-complexity-too-high"),
    );
  });

  test("a function's name of 1 MiB", () => {
    const named = (bytes: number): Uint8Array => {
      const names = new ByteWriter();
      names.u32(1);
      names.u32(0);
      names.u32(bytes);
      names.copy(new Uint8Array(bytes).fill(0x61));
      return withSection(0, (content) => {
        content.name("name");
        content.byte(1);
        content.sized(names);
      }, nops(1)); // prettier-ignore
    };
    accepted(named(MIB));
    refused(
      named(MIB + 1),
      invalid(
        `Wasm module contains a function at index 0 with name '${"a".repeat(100)}...' of size 1048577 bytes that exceeds the maximum allowed size of 1048576 bytes.`,
      ),
      advice("Try using shorter function names.", "function-name-too-large"),
    );
  });

  test("instructions that write tables", () => {
    const table = "(table 1 funcref) (elem $e func)";
    for (const [name, body] of [
      ["table.set", "i32.const 0 ref.null func table.set 0"],
      ["table.grow", "ref.null func i32.const 0 table.grow 0 drop"],
      ["table.fill", "i32.const 0 ref.null func i32.const 0 table.fill 0"],
      ["table.copy", "i32.const 0 i32.const 0 i32.const 0 table.copy 0 0"],
      ["table.init", "i32.const 0 i32.const 0 i32.const 0 table.init $e"],
    ]) {
      refused(
        wat(`(module ${table} (func ${body}))`),
        invalid(`Wasm module contains a function at index 0 with unsupported instruction ${name}.`),
      );
    }
  });

  test("features that are off, and code that is wrong", () => {
    const validation =
      /^IC0505: Canister's Wasm module is not valid: Wasmtime failed to validate wasm module wasmtime::Module::validate\(\) failed with /;
    for (const source of [
      "(module (memory 1) (memory 1))",
      "(module (memory 1 2 shared))",
      "(module (tag) (func))",
      "(module (func i32.add drop))",
      "(module (func (result i32) f32.const 1))",
      "(module (memory 65537))",
      '(module (func (export "a")) (func (export "a")))',
      '(module (import "ic0" "msg_reply" (func)) (start 1) (func (param i32)))',
    ]) {
      refused(anyway(source), validation);
    }
  });
});

describe("globals, tables, memories [canister-interface#system-api-module]", () => {
  test("1,000 globals, of numbers and vectors", () => {
    accepted(wat(`(module ${many(999, "(global i32 (i32.const 0))")} (global v128 (v128.const i64x2 0 0)))`));
    refused(
      wat(`(module ${many(1001, "(global i32 (i32.const 0))")})`),
      invalid("Wasm module defined 1001 globals which exceeds the maximum number allowed 1000."),
      advice("Try collecting multiple globals into a single structured which can be stored on the heap.", "too-many-globals"),
    );
    refused(
      wat("(module (global funcref (ref.null func)))"),
      /^IC0505: .*Wasm module has an invalid global section\. Unsupported global type: /,
    );
  });

  test("one table of 1,000,000 functions", () => {
    accepted(wat("(module (table 1000000 funcref))"));
    accepted(wat("(module (table i64 1000000 funcref))", { check: false }));
    const engine = /^IC0521: Canister encountered a Wasm engine error: Failed to instantiate module: /;
    refused(wat("(module (table 1000001 funcref))"), engine);
    refused(wat("(module (table 1 funcref) (table 1 funcref))"), engine);
    refused(wat("(module (func $f) (table 1 funcref) (elem (i32.const 1) $f))"), engine);
    refused(
      wat("(module (table 1 externref))"),
      invalid("Wasm module has an invalid table section. Table element type must be funcref, got externref"),
    );
  });

  test("declared memory: more than the heap may have is cut, more than there is to begin with is refused", () => {
    accepted(wat("(module (memory 1 65536))"));
    accepted(wat("(module (memory i64 1 1000000))", { check: false }));
    refused(
      wat("(module (memory i64 98305))", { check: false }),
      invalid(
        "Wasm module declares an initial Wasm64 heap memory size of 98305 pages which exceeds the maximum allowed size of 98304 pages.",
      ),
      advice("Try reducing the initial Wasm64 heap memory size.", "initial-wasm64-memory-too-large"),
    );
    // Cannery's own limit, which is lower: spec/departures.md.
    refused(wat("(module (memory 65521))"), /^IC0521: .*Cannery's largest heap is 65520 pages/);
  });

  test("active data must fit the memory as it is declared", () => {
    const data = (at: string, memory = "1"): Uint8Array => wat(`(module (memory ${memory}) (data (${at}) "four"))`, { check: false });
    accepted(data("i32.const 65532"));
    accepted(data("i64.const 65532", "i64 1"));
    const reason = "IC0505: Could not instrument wasm module of canister: Wasm module has invalid data segment of 4 bytes at 65533";
    refused(data("i32.const 65533"), reason);
    refused(data("i64.const 65533", "i64 1"), reason);
  });
});

describe("imports [canister-interface#system-api-imports]", () => {
  const section = "Wasm module has an invalid import section. ";

  test("functions come from ic0, by name and type", () => {
    refused(
      wat('(module (import "ic0" "no_such" (func)))'),
      invalid(`${section}Module imports function 'no_such' from 'ic0' that is not exported by the runtime.`),
    );
    refused(
      wat('(module (import "env" "msg_reply" (func)))'),
      invalid(`${section}Module imports function "msg_reply" from "env", expected to be imported from one of ["ic0"] instead.`),
    );
    refused(
      wat('(module (import "ic0" "msg_reply" (func (param i32))))'),
      invalid("Wasm module has an invalid function signature. Expected input params [] for 'msg_reply', got [I32]."),
    );
    refused(
      wat('(module (import "ic0" "time" (func (result i32))))'),
      invalid("Wasm module has an invalid function signature. Expected return type [I64] for 'time', got [I32]."),
    );
  });

  test("a 64-bit module has the common functions alone", () => {
    for (const name of ["stable_size", "stable_grow", "msg_cycles_available", "canister_cycle_balance", "call_cycles_add"]) {
      refused(
        wat(`(module (import "ic0" "${name}" (func)) (memory i64 1))`, { check: false }),
        invalid(`${section}Module imports function '${name}' from 'ic0' that is not exported by the runtime.`),
      );
    }
  });

  test("nothing else can be imported", () => {
    refused(wat('(module (import "env" "g" (global i32)))'), invalid(`${section}Importing globals is not allowed.`));
    refused(wat('(module (import "other" "memory" (memory 1)))'), invalid(`${section}Only memory imported from env.memory is allowed.`));
    refused(
      wat('(module (import "other" "table" (table 1 funcref)))'),
      invalid(`${section}Only tables imported from env.table are allowed.`),
    );
    const engine = /^IC0521: Canister encountered a Wasm engine error: Failed to instantiate module: unknown import/;
    refused(wat('(module (import "env" "memory" (memory 1)))'), engine);
    refused(wat('(module (import "env" "table" (table 1 funcref)))'), engine);
  });
});

describe("exports [canister-interface#entry-points]", () => {
  const section = "Wasm module has an invalid export section. ";

  test("1,000 methods, of whatever kind", () => {
    const kinds = ["update", "query", "composite_query"];
    const methods = (count: number): Uint8Array =>
      wat(`(module (func $f) ${many(count, (i) => `(export "canister_${kinds[i % 3]} ${i}" (func $f))`)})`);
    accepted(methods(1000));
    refused(
      methods(1001),
      invalid(
        "The number of exported functions called `canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>` is 1001 which exceeds 1000.",
      ),
      advice("Try combining multiple endpoints into a single endpoint.", "exports-too-many-methods"),
    );
  });

  test("names of 20,000 bytes in all", () => {
    const named = (bytes: number): Uint8Array => wat(`(module (func (export "canister_query ${"n".repeat(bytes)}")))`);
    accepted(named(20_000));
    refused(
      named(20_001),
      invalid(
        "The sum of `<name>` lengths in exported functions called `canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>` is 20001 which exceeds the allowed limit of 20000.",
      ),
      advice("Try using shorter method names.", "sum-of-exported-name-lengths-too-large"),
    );
  });

  test("one name, one kind", () => {
    for (const [left, right] of [["update", "query"], ["query", "composite_query"], ["composite_query", "update"]]) {
      refused(
        wat(`(module (func $f) (export "canister_${left} m" (func $f)) (export "canister_${right} m" (func $f)))`),
        invalid("Duplicate function 'm' exported multiple times with different call types: update, query, or composite_query."),
        advice("Try defining different versions of the function for each call type, e.g. `m_update`, `m_query`, etc.", "duplicate-exports"),
      );
    } // prettier-ignore
  });

  test("canister_ is reserved, for functions", () => {
    for (const name of ["canister_foo", "canister_update", "canister_query", "canister_", "canister_inits", "canister_on_low_memory"]) {
      refused(
        wat(`(module (func (export "${name}")))`),
        invalid(`${section}Exporting reserved function '${name}' with "canister_" prefix`),
      );
    }
    accepted(wat('(module (memory (export "canister_foo") 1) (global (export "canister_update") i32 (i32.const 0)))'));
    accepted(
      wat(
        '(module (func (export "canister")) (func (export "x canister_update y") (param i32)) (func (export "canister_update  two  spaces ")))',
      ),
    );
  });

  test("the platform's own names, for anything", () => {
    for (const name of [
      "canister counter_instructions",
      "canister_start",
      "canister counter_dirty_pages",
      "canister counter_accessed_pages",
    ]) {
      refused(
        wat(`(module (global (export "${name}") i32 (i32.const 0)))`),
        invalid(`${section}Exporting reserved symbol ${name} not allowed.`),
      );
    }
    for (const name of ["stable_memory", "stable_bytemap_memory"]) {
      refused(wat(`(module (func (export "${name}")))`), invalid(`${section}Exporting reserved symbol ${name} not allowed.`));
    }
  });

  test("entry points take and give nothing", () => {
    const hooks = "init inspect_message pre_upgrade post_upgrade heartbeat global_timer on_low_wasm_memory".split(" ");
    for (const name of [...hooks, "update m", "query m", "composite_query m"].map((rest) => `canister_${rest}`)) {
      refused(
        wat(`(module (func (export "${name}") (param i64)))`),
        invalid(`Wasm module has an invalid function signature. Expected input params [] for '${name}', got [I64].`),
      );
      refused(
        wat(`(module (func (export "${name}") (result i32) i32.const 0))`),
        invalid(`Wasm module has an invalid function signature. Expected return type [] for '${name}', got [I32].`),
      );
    }
  });

  test("the start function runs at installation, and a trap in it undoes that", () => {
    accepted(wat("(module (memory 1) (start $s) (func $s i32.const 0 i32.const 1 i32.store))"));
    refused(wat("(module (start $s) (func $s unreachable))"), /^IC0502: Canister trapped: unreachable/);
  });
});

describe("custom sections [canister-interface#system-api-module]", () => {
  const section = "Wasm module has an invalid custom section. ";
  const sections = (...named: readonly (readonly [string, number])[]): Uint8Array =>
    named.reduce<Uint8Array>((base, [name, bytes]) => custom(name, bytes, base), EMPTY);

  test("16 of the platform's, any number of others", () => {
    const numbered = (count: number): (readonly [string, number])[] =>
      Array.from({ length: count }, (_, i) => [`icp:${i % 2 === 0 ? "public" : "private"} ${i}`, 1] as const);
    accepted(sections(...numbered(16), ...Array.from({ length: 40 }, () => ["other", 10] as const)));
    refused(sections(...numbered(17)), invalid("Wasm module defined 17 custom sections which exceeds the maximum number allowed 16."));
  });

  test("1 MiB in all, names included", () => {
    accepted(sections(["icp:public abc", MIB - 3], ["other", 2 * MIB]));
    refused(
      sections(["icp:public abc", MIB - 4], ["icp:private d", 1]),
      invalid(
        `${section}Invalid custom sections: total size of the custom sections exceeds the maximum allowed: size 1048577 bytes, allowed 1048576 bytes`,
      ),
    );
  });

  test("names: public or private, then a space, each once", () => {
    accepted(sections(["icp:public ", 1], ["icp:private two words", 1]));
    refused(sections(["icp:public x", 1], ["icp:private x", 1]), invalid(`${section}Invalid custom section: name x already exists`));
    for (const name of ["icp:public", "icp:private"]) {
      refused(sections([name, 1]), invalid(`${section}'icp:' section names must have a space after the public/private scope`));
    }
    for (const name of ["icp:", "icp:secret x", "icp:publicx y"]) {
      refused(
        sections([name, 1]),
        invalid(`${section}Invalid custom section: Custom section '${name}' has no public/private scope defined.`),
      );
    }
  });
});
