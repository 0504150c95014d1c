import { expect, test } from "vitest";
import { checkGenerated, readManifest } from "../scripts/motoko/manifest.ts";
import { COLLECTIONS, EXAMPLES } from "../scripts/motoko/programs.ts";
import { generatedNames, loadGenerated } from "./modules.ts";

test("the compiled programs are those of today's sources and compiler", () => {
  expect(COLLECTIONS.flatMap(checkGenerated)).toEqual([]);
});

test("every compiled example is a module that carries its own interface", () => {
  const { modules } = readManifest(EXAMPLES);
  expect(generatedNames()).toEqual(Object.keys(modules).sort());
  for (const name of generatedNames()) {
    const module = new WebAssembly.Module(withoutCode(loadGenerated(name)));
    const visibility = modules[name]!.publicMetadata.includes("candid:service") ? "public" : "private";
    const [section] = WebAssembly.Module.customSections(module, `icp:${visibility} candid:service`);
    const constructor = /^service : \(.*\) -> /m; // the compiler's text of an actor class names its init arguments, the section does not
    if (constructor.test(modules[name]!.candid)) expect(section, name).toBeDefined();
    else expect(new TextDecoder().decode(section).trim(), name).toBe(modules[name]!.candid);
  }
});

test("an unknown name is refused with the names there are", () => {
  expect(() => loadGenerated("parallel-calls")).toThrow(/no generated module parallel-calls; there are: .*parallel-calls-callee/);
});

/** Header and custom sections only: the rest is 64-bit, which Node 20 cannot compile. */
function withoutCode(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = [...wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at]!;
    let size = 0;
    let cursor = at + 1;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = wasm[cursor++]!;
      size |= (byte & 0x7f) << shift;
    }
    if (id === 0) kept.push(...wasm.subarray(at, cursor + size));
    at = cursor + size;
  }
  return Uint8Array.from(kept);
}
