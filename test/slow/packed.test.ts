/**
 * The package as npm installs it, in a page: what a newcomer's bundler finds in the tarball.
 */
import { execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../browser/chromium.ts";
import { built, open } from "../browser/site.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Of `npm pack --json`. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe.skipIf(!hasChromium)("the packed tarball, installed in an empty folder (skipped where there is no Chromium)", () => {
  const project = temporaryFolder("packed");
  let packed: Packed;
  beforeAll(() => {
    const run = (command: string, args: readonly string[], cwd: string): string =>
      execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    run(process.execPath, ["--import", "tsx", "scripts/build.ts"], root);
    [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root)) as [Packed];
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "newcomer", private: true, type: "module" }));
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", join(project, packed.filename)], project);
    cpSync(join(project, "node_modules/cannery/generated/motoko/counter.wasm.gz"), join(project, "counter.wasm.gz"));
  });

  /** Text of the page's first `<pre>`, once it is not empty. */
  async function shown(page: string): Promise<string | null> {
    const { site } = await built({ root: join(project, page), base: "./" });
    const browser = await launchChromium();
    try {
      const opened = await open(browser, site, "index.html");
      const isDone = opened.page.waitForFunction(() => !["", "…"].includes(document.querySelector("pre")?.textContent ?? ""));
      await Promise.race([isDone, opened.page.waitForEvent("pageerror")]);
      expect(opened.errors).toEqual([]);
      return await opened.page.textContent("pre");
    } finally {
      await browser.close();
    }
  }

  test("it has what programs read when they run, nothing of tests and the bench, and a size", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of ["dist/genesis.image", "dist/cli/main.js", "dist/cli/network-thread.js", "generated/system/icp-ledger.wasm.gz"])
      expect(paths).toContain(path);
    expect(paths.filter((path) => /kernels|stand-in|manifest\.json|\.sources|^(src|test|bench|scripts)\//.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(5_500_000);
  });

  test("its commands start a network, call it and stop it", () => {
    const env = { ...process.env, CANNERY_RUNNING_DIR: join(project, "running") };
    const cannery = (...args: string[]): string =>
      execFileSync(process.execPath, [join(project, "node_modules/cannery/dist/cli/main.js"), ...args], {
        cwd: project,
        env,
        encoding: "utf8",
      });
    const { url } = JSON.parse(cannery("start", "--background", "--json", "--port", "0")) as { readonly url: string };
    expect(cannery("ping")).toContain(url);
    expect(cannery("call", "ryjl3-tyaaa-aaaaa-aaaba-cai", "icrc1_symbol")).toBe('("ICP")\n');
    cannery("stop");
  });

  test("its own example", async () => {
    expect(await shown("node_modules/cannery/examples/in-a-tab")).toMatch(/^3 succeeded, 0 rejected\n\nuser/u);
  });

  test.for(["cannery", "cannery/browser"])("a page of one's own that imports %s", async (name) => {
    const script = `
      import { Cannery, CanneryError } from "${name}";
      const net = await Cannery.create();
      const counter = await net.install(new URL("counter.wasm.gz", import.meta.url));
      const refusal = await net.install("counter.wasm").catch((error) => error instanceof CanneryError && error.code);
      document.querySelector("pre").textContent = counter.name.slice(0, 7) + " " + refusal;`;
    writeFileSync(join(project, "index.html"), `<!doctype html><pre></pre><script type="module">${script}</script>`);
    expect(await shown(".")).toBe("counter no-files");
  });
});
