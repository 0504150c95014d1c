/**
 * Pages for tests: what Vite builds, in memory, at addresses that only the browser's own router answers, so that no port is opened.
 */
import type { Browser, Page } from "playwright-core";
import { build, type InlineConfig, type Rolldown } from "vite";

const ORIGIN = "http://cannery.test/";
const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/** What a build gives, by file name. */
export type Site = ReadonlyMap<string, string | Uint8Array>;

export async function built(config: InlineConfig): Promise<{ readonly site: Site; readonly chunks: readonly Rolldown.OutputChunk[] }> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    ...config,
    build: { target: "es2023", ...config.build, write: false },
  });
  const { output } = (Array.isArray(result) ? result[0]! : result) as Rolldown.RolldownOutput;
  return {
    site: new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source])),
    chunks: output.filter((file) => file.type === "chunk"),
  };
}

/** Opens a page of the site. What goes wrong in it, and what it asks for in vain, ends up in `errors`. */
export async function open(browser: Browser, site: Site, path: string): Promise<{ readonly page: Page; readonly errors: string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.route("**", async (route) => {
    const address = new URL(route.request().url());
    const file = site.get(address.pathname.slice(1));
    if (file === undefined) {
      errors.push(`there is no ${address.href}`);
      return route.fulfill({ status: 404 });
    }
    const contentType = TYPES[address.pathname.split(".").at(-1)!] ?? "application/octet-stream";
    return route.fulfill({ contentType, body: typeof file === "string" ? file : Buffer.from(file) });
  });
  await page.goto(ORIGIN + path);
  return { page, errors };
}
