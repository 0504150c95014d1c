/**
 * A page served by a canister, in headless Chromium, and an agent in that page.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { listen } from "../../src/host/server/listen.ts";
import { Cannery } from "../../src/index.ts";
import { hasChromium, launchChromium } from "../browser/chromium.ts";
import { built } from "../browser/site.ts";
import { installMotoko } from "../programs/motoko.ts";
import { responseOnly, serve, type Web } from "./site.ts";
import type {} from "./agent.page.ts";

test.skipIf(!hasChromium)("a certified page loads, and its agent calls canisters (skipped where there is no Chromium)", async () => {
  const input = fileURLToPath(new URL("agent.page.ts", import.meta.url));
  const { site } = await built({ build: { rolldownOptions: { input, output: { entryFileNames: "page.js" } } } });
  const net = await Cannery.create({ application: 1, subnets: [{ kind: "system", name: "nns" }], print: false });
  const web = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
  const counter = await net.install(loadGenerated("counter"), { subnet: net.subnets[0] });
  const html =
    '<!doctype html><title>Served</title><link rel="icon" href="data:,"><p>waits</p><script type="module" src="/page.js"></script>';
  await serve(web, [
    { url: "/", headers: [["Content-Type", "text/html"]], body: html },
    // In parts, as asset canisters do it with what is large.
    {
      url: "/page.js",
      headers: [["Content-Type", "text/javascript"]],
      body: site.get("page.js")!,
      streamedBy: 100_000,
      expression: responseOnly("content-type"),
    },
  ]);
  const server = await listen(net.fetch, { port: 0, bind: "127.0.0.1" });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(`http://${web.id.toText()}.localhost:${server.port}/`);
    await page.waitForFunction(() => document.querySelector("p")?.textContent === "loaded");
    expect(await page.title()).toBe("Served");
    const calls = await page.evaluate(
      ([id, network]) => globalThis.calls(id!, network!),
      [counter.id.toText(), `http://localhost:${server.port}`],
    );
    expect(calls).toEqual(["inc 1", "get 1", "inc 2", "get 2"]);
    expect(errors).toEqual([]);
    // What a browser shows of an address without a canister.
    const missing = await page.goto(`http://qjdve-lqaaa-aaaaa-aaaeq-cai.localhost:${server.port}/`);
    expect([missing!.status(), await page.textContent("h1")]).toEqual([404, "404 Canister not found"]);
  } finally {
    await browser.close();
    await server.close();
  }
});
