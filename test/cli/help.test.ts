/**
 * What `cannery` says of itself: to who asks for help, and to who mistypes.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

function cannery(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", MAIN, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

test("a command's help has its defaults as they are written, and examples", () => {
  const { code, out } = cannery("start", "--help");
  expect(code).toBe(0);
  expect(out.replace(/\s+/g, " ")).toContain("(default: application,nns,ii,fiduciary,testkeys)");
  expect(out).toMatch(/^Examples:\n {2}cannery start$/m);
  expect(out).not.toContain("default: false");
});

test("a mistyped option ends with code 2, and names the help of its command", () => {
  const { code, err } = cannery("stop", "--prot", "8000");
  expect(code).toBe(2);
  expect(err).toContain("unknown option '--prot'");
  expect(err).toContain("cannery stop --help");
});
