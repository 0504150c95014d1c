/**
 * Bodies that never come back: told with their place by `cannery explore`, which ends with code 1; told by programs that explore themselves.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporaryFolder("endless");

/** A body with this loop, in the second run or later. */
function fileWith(name: string, loop: string, end = "export default exploration;"): string {
  const file = join(folder, `${name}.mts`);
  writeFileSync(
    file,
    `const { explore } = await import(${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)});
const settled = async () => 5;
const spin = () => { for (;;) Math.random(); };
const exploration = explore({
  patience: { millis: 500 },
  body: async ({ pick }) => {
    if (pick("what it does", ["ends", "loops"]) === "loops") ${loop};
  },
});
${end}
`,
  );
  return file;
}

function node(...args: string[]): {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
} {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 150_000,
    killSignal: "SIGKILL",
  });
  return { code: status, signal, out: stdout, err: stderr };
}

test("a synchronous loop: the run, its seed, where the body is, how to repeat it, and code 1", () => {
  const file = fileWith("loop", "spin()");
  const { code, out, err } = node(join(root, "src/cli/main.ts"), "explore", file, "--seed", "3");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(out).toMatch(/^the body ends: it does not come back: for 0\.5 seconds it has let nothing else run/u);
  expect(out).toMatch(/It is\n +at spin \(.*loop\.mts:3:\d+\)\n +at body \(.*loop\.mts:7:\d+\)/u);
  expect(out).toMatch(/had chosen, in this run:\n +- what it does: loops\n/u);
  expect(out).toMatch(/To repeat it: cannery explore .*loop\.mts --seed \d+ --runs 1 \(found by /u);
});

test("a loop of promises that are settled already, as JSON", () => {
  const { code, out } = node(join(root, "src/cli/main.ts"), "explore", fileWith("promises", "for (;;) await settled()"), "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    ended: "failure",
    counterexample: {
      failure: { kind: "endless", name: "the body ends" },
      deviations: [{ kind: "pick", chose: "1: loops" }],
      run: null,
    },
  });
});

test("a program of one's own is told on standard error, and goes on: its end is its own", () => {
  const file = fileWith(
    "own",
    "while (!globalThis.told) Math.random()",
    "process.on('exit', () => console.log('ended'));\nawait exploration.run({ runs: 20, onStuck: ({ frames }) => { globalThis.told = true; console.log(frames.length > 0); } });",
  );
  expect(node(file)).toMatchObject({ code: 0, out: "true\nended\n" });
});
