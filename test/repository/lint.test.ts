/** The lint rules of this repository hold: an offender for each, and a neighbour that is allowed. */
import { ESLint } from "eslint";
import { expect, test } from "vitest";

const eslint = new ESLint({
  cwd: new URL("../..", import.meta.url).pathname,
  overrideConfig: {
    // The texts below are in no file, so there are no types to ask for.
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      "@typescript-eslint/no-floating-promises": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "off",
      "@typescript-eslint/require-array-sort-compare": "off",
    },
  },
});

async function offences(filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath });
  return result!.messages.map(({ ruleId, message }) => `${ruleId ?? "parser"}: ${message}`);
}

const HIDDEN_INPUTS = [
  "export const now = Date.now();",
  "export const now = new Date();",
  "export const die = Math.random();",
  "export const angle = Math.sin(1);",
  "export const order = 'a'.localeCompare('b');",
  "export const text = new Intl.NumberFormat();",
  "export const weak = new WeakRef({});",
  "export const home = process.env;",
  "console.log('here');",
  "setTimeout(() => undefined, 1);",
  "export const global = globalThis;",
  "export const module = new WebAssembly.Module(new Uint8Array());",
  "for (const key in {}) void key;",
  "export async function later() {}",
  "export const later = Promise.resolve();",
  "export const later = async () => await null;",
  'import { readFileSync } from "node:fs"; export { readFileSync };',
  'import { parse } from "yaml"; export { parse };',
];

test.each(HIDDEN_INPUTS)("the core is refused %s", async (text) => {
  expect((await offences("src/core/state/offender.ts", text))[0]).toMatch(/^no-restricted-/);
});

test("the core may have what is the same everywhere", async () => {
  const text = `import { Principal } from "@icp-sdk/core/principal";
    const cache = new WeakMap<object, number>();
    export const most = [3, 1].sort((a, b) => a - b).concat(Math.max(1, 2), cache.get(Principal) ?? 0);`;
  expect(await offences("src/core/state/neighbour.ts", text)).toEqual([]);
});

test("the faces may wait, and still have no clock, no chance and nothing of Node", async () => {
  expect(await offences("src/network/face.ts", "export async function wait(of: Promise<void>) { await of; }")).toEqual([]);
  for (const text of ["export const now = Date.now();", "export const die = Math.random();", 'export * from "node:fs";']) {
    expect((await offences("src/network/face.ts", text))[0]).toMatch(/^no-restricted-/);
  }
});

test("only the engine of src/host knows WebAssembly", async () => {
  const text = "export const valid = WebAssembly.validate(new Uint8Array());";
  expect(await offences("src/host/engine.ts", text)).toEqual([]);
  expect(await offences("src/host/other.ts", text)).toHaveLength(1);
  expect(await offences("src/cli/other.ts", text)).toHaveLength(1);
});

test.each([
  ["src/base/a.ts", "../core/network.ts"],
  ["src/core/state/a.ts", "../rules/turn.ts"],
  ["src/core/rules/a.ts", "../schedule/rounds.ts"],
  ["src/core/rules/a.ts", "../network.ts"],
  ["src/core/network.ts", "../trace/draw.ts"],
  ["src/network/a.ts", "../host/engine.ts"],
  ["src/host/a.ts", "../index.ts"],
])("%s may not import %s, the other way round is fine", async (from, to) => {
  const [offence, ...more] = await offences(from, `import { x } from "${to}"; export { x };`);
  expect(offence).toMatch(/^cannery\/layers: .* may not import/);
  expect(more).toEqual([]);
  const target = new URL(to, `file:///${from}`).pathname.slice(1);
  const back = "../".repeat(target.split("/").length - 1) + from;
  expect(await offences(target, `import { x } from "${back}"; export { x };`)).toEqual([]);
});

test("inside the core types may come from anywhere, outside they may not", async () => {
  expect(await offences("src/core/state/a.ts", 'import type { Turn } from "../rules/turn.ts"; export type { Turn };')).toEqual([]);
  expect(await offences("src/core/a.ts", 'import type { Row } from "../trace/rows.ts"; export type { Row };')).toHaveLength(1);
});

test("a folder without a place in the order is refused until it gets one", async () => {
  expect(await offences("src/core/network.ts", 'import { x } from "./rumours/x.ts"; export { x };')).toEqual([
    expect.stringContaining("core/rumours has no place"),
  ]);
});

test("a test that does not run, runs alone or sleeps is refused", async () => {
  for (const text of ["setTimeout(() => undefined, 5);", "test.only('a', () => {});", "describe.skip('a', () => {});", "it.todo('a');"]) {
    expect(await offences("test/offender.test.ts", text)).toHaveLength(1);
  }
});
