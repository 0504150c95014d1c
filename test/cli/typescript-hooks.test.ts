/**
 * TypeScript files in a Node that does not read them, by what the project has.
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** What Node gets for a file of a project with these packages; `null` when it is left to Node. The others are there too, and have nothing in them. */
async function loaded(packages: readonly string[]): Promise<string | null> {
  const project = temporaryFolder("types");
  for (const name of ["typescript", "esbuild", "vite", "vitest"]) {
    const place = join(project, "node_modules", name);
    mkdirSync(join(project, "node_modules"), { recursive: true });
    if (packages.includes(name)) symlinkSync(join(modules, name), place);
    else if (name === "vite" && packages.includes("vitest")) continue;
    else {
      mkdirSync(place);
      writeFileSync(join(place, "index.js"), "module.exports = {};\n");
    }
  }
  const file = join(project, "bank.ts");
  writeFileSync(file, "export const balance: number = 5 as number;\n");
  vi.resetModules();
  const { initialize, load } = await import("../../src/cli/typescript-hooks.ts");
  initialize(file);
  const context = { conditions: [], format: undefined, importAttributes: {} };
  const left = { format: "left", source: null, shortCircuit: true } as never;
  const { format, source } = await load(pathToFileURL(file).href, context as never, () => left);
  return format === "module" ? (source as string) : null;
}

test.for([
  { of: "TypeScript", packages: ["typescript"] },
  { of: "esbuild, beside a TypeScript without an interface for programs", packages: ["esbuild"] },
  { of: "Vite", packages: ["vite"] },
  { of: "Vite, which only Vitest sees", packages: ["vitest"] },
])("types are taken off, with a source map, by $of", async ({ packages }) => {
  const source = await loaded(packages);
  expect(source).toMatch(/^(?:export )?(?:const|var) balance = 5;/mu);
  expect(source).toContain("sourceMappingURL=data:application/json;");
});

test("where there is none of them, it is left to Node", async () => {
  expect(await loaded([])).toBe(null);
});
