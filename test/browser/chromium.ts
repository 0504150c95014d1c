/**
 * A headless Chromium for tests: the machine's own, driven by playwright-core, which brings none and downloads none. `CHROMIUM` names another program.
 */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const executablePath =
  process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** A missing browser is a failure in CI; elsewhere the tests that need it are skipped by name. */
export const hasChromium = executablePath !== undefined || process.env.CI === "true";

export async function launchChromium(): Promise<Browser> {
  if (executablePath === undefined)
    throw new Error("there is no Chromium on this machine: install the package chromium, or name a program in CHROMIUM");
  // As root, in containers, Chromium's own sandbox cannot be had; the pages are ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
