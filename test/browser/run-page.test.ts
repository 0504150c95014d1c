/**
 * A run as a page (`net.page`, `cannery trace --format html`), as somebody looks at it who was sent it: with and without scripts, by day and by night, wide
 * and narrow, with the keyboard, and with what hostile canisters and long runs put into it.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explorationOf } from "../../examples/bugs/programs.ts";
import { loadGenerated } from "../../examples/modules.ts";
import { Cannery, replay } from "../../src/index.ts";
import { hasChromium, launchChromium } from "./chromium.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

/** A call chain over two subnets with a reject and a trap, by somebody whose name is markup. */
async function richPage(): Promise<string> {
  const net = await Cannery.create({ application: 2, print: false });
  const [left, right] = net.subnets;
  const ledger = await net.install(loadGenerated("reentrancy-ledger"), { name: "ledger", subnet: right });
  const bank = await net.install(loadGenerated("reentrancy-bank"), { name: "bank", subnet: left, args: [ledger.id] });
  const account = bank.as(net.identity(HOSTILE)).actor;
  const since = net.trace.position;
  await account["deposit"]!(100n);
  await account["withdraw"]!(60n);
  await account["withdrawThenTrap"]!(1n).catch(() => null);
  return net.page({ since, title: `${HOSTILE}\u202e` });
}

async function failurePage(): Promise<string> {
  const { exploration } = await explorationOf("lost-response-retried", "buggy");
  const { counterexample } = await exploration.run();
  return replay(JSON.parse(JSON.stringify(counterexample!.run))).page();
}

async function longPage(messages: bigint): Promise<string> {
  const net = await Cannery.create({ print: false });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { name: "callee" });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { name: "caller" });
  await caller.actor["sequential"]!(callee.id, messages);
  return net.page();
}

describe.skipIf(!hasChromium)("in Chromium (skipped where there is none)", () => {
  let browser: Browser;
  let rich: string;
  let failure: string;
  beforeAll(async () => {
    [browser, rich, failure] = await Promise.all([launchChromium(), richPage(), failurePage()]);
  });
  afterAll(() => browser?.close());

  async function open(html: string, options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly errors: string[] }> {
    const page = await browser.newPage(options);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => errors.push(`asks for ${request.url()}`));
    page.on("console", (message) => errors.push(message.text()));
    await page.setContent(html);
    return { page, errors };
  }

  /** The texts of the rows that are in the picture. */
  const shown = (page: Page): Promise<string[]> =>
    page.evaluate(() =>
      [...document.querySelectorAll(".row:not(.gone)")].map(
        (row) => `${row.classList[1]} ${row.querySelector(".label")?.textContent ?? ""}`,
      ),
    );

  test("loads nothing, runs nothing of what a name says, and shows it as it is", async () => {
    const { page, errors } = await open(rich);
    expect(errors).toEqual([]);
    expect(await page.title()).toBe(`${HOSTILE}\\u{202e}`);
    expect(await page.evaluate(() => document.images.length)).toBe(0);
    expect(await page.textContent(".lane text")).toContain("<img src=x");
    await page.close();
  });

  test("lanes by subnet, calls with arguments, answers, traps: each with a shape of its own", async () => {
    const { page } = await open(rich);
    expect(await page.locator(".group").allTextContents()).toEqual([
      expect.stringContaining("users"),
      expect.stringContaining("subnet 0"),
      expect.stringContaining("subnet 1"),
    ]);
    const rows = await shown(page);
    expect(rows).toEqual(expect.arrayContaining(["call deposit(100)", "reply reply 100", "trap trap, cleanup ran", "reject reject 5"]));
    const shapeOf = (kind: string): Promise<string | null> =>
      page.evaluate((kind) => {
        const row = document.querySelector(`.row.${kind}`)!;
        const head = row.querySelector(".full, .open, .bar")!;
        return `${head.tagName} ${head.getAttribute("d")?.replace(/^M[-\d.]+ [-\d.]+/u, "")} ${getComputedStyle(row.querySelector(".line") ?? head).strokeDasharray}`;
      }, kind);
    const shapes = await Promise.all(["call", "reply", "reject", "trap", "run"].map(shapeOf));
    expect(new Set(shapes).size).toBe(5);
    await page.close();
  });

  test("a failure: what broke, the choices that broke it in the list and in the picture, and where it ended", async () => {
    const { page, errors } = await open(failure);
    expect(await page.textContent("h1")).toContain("it is paid once");
    expect(await page.locator("header li").allTextContents()).toEqual(["the answer of ledger to sender, pay: lost on its way"]);
    expect(await shown(page)).toEqual(expect.arrayContaining(["lost reply", "fault lost on its way", "reject reject 6"]));
    expect(await page.textContent(".end")).toContain("it is paid once");
    const current = (): Promise<string | null> => page.locator("[aria-current] .label").textContent();
    await page.locator("header li a").click();
    expect(await current()).toBe("lost on its way");
    await page.keyboard.press("ArrowDown");
    expect(await current()).not.toBe("lost on its way");
    await page.keyboard.press("c");
    expect(await current()).toBe("lost on its way");
    expect(errors).toEqual([]);
    await page.close();
  });

  test("without scripts it is the whole picture, and rows lead to their details", async () => {
    const { page } = await open(rich, { javaScriptEnabled: false });
    expect(await page.locator("article").filter({ visible: true }).count()).toBe(0);
    await page.locator(".row.call").first().click();
    const details = page.locator("article").filter({ visible: true });
    expect(await details.textContent()).toMatch(/deposit.*\(100 : nat\).*instructions/su);
    expect(await page.locator(".tools").isVisible()).toBe(false);
    await page.close();
  });

  test("arrows step through messages and along a call; what is shown goes with it, for screen readers too", async () => {
    const { page } = await open(rich);
    const current = (): Promise<string | undefined> =>
      page.evaluate(() => document.querySelector(".row[aria-current] .label")?.textContent ?? undefined);
    for (const [key, label] of [
      ["ArrowDown", "deposit(100)"],
      ["ArrowDown", "reply 100"],
      ["ArrowUp", "deposit(100)"],
      ["End", "reject 5"],
      ["ArrowLeft", "trap, cleanup ran"],
    ] as const) {
      await page.keyboard.press(key);
      expect(await current()).toBe(label);
    }
    expect(await page.textContent("aside[aria-live] article.on")).toContain("a mistake after the payment");
    await page.keyboard.press("Escape");
    expect(await page.locator("article.on").count()).toBe(0);
    await page.close();
  });

  test("search and canisters leave only what is asked for, and the gaps close", async () => {
    const { page } = await open(rich);
    const height = (): Promise<number> => page.evaluate(() => document.querySelector(".piece")!.getBoundingClientRect().height);
    const before = await height();
    await page.keyboard.press("/");
    await page.keyboard.type("a mistake");
    expect(await shown(page)).toEqual(["call withdrawThenTrap(1)", "reply reply", "trap trap, cleanup ran", "reject reject 5"]);
    expect(await page.textContent("output")).toMatch(/^4 of \d+ steps$/u);
    expect(await height()).toBeLessThan(before / 3);
    await page.keyboard.press("Escape");
    await page.locator("fieldset label", { hasText: "ledger" }).click();
    const rows = await shown(page);
    expect(rows.some((row) => row.includes("pay("))).toBe(true);
    expect(rows.some((row) => row.includes("deposit("))).toBe(false);
    await page.close();
  });

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
    ["dark", 390],
  ] as const)("%s, %i wide: the page stays in its window, and texts stand out from what is behind them", async (colorScheme, width) => {
    const { page } = await open(rich, { colorScheme, viewport: { width, height: 800 } });
    await page.keyboard.press("ArrowDown");
    const seen = await page.evaluate(() => {
      const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
      /** Relative luminance, as the accessibility guidelines count it. */
      const luminance = (color: string): number => {
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((c) =>
          c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const back = luminance(getComputedStyle(document.body).backgroundColor);
      const contrasts = [...document.querySelectorAll(".row.call, .row.reply, .row.reject, .row.trap, .note, .when")].map((node) => {
        const { color, fill } = getComputedStyle(node);
        const front = luminance(node.classList.contains("row") ? color : fill);
        return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      });
      const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;
      const panel = document.querySelector("aside")!.getBoundingClientRect();
      return {
        contrast: Math.min(...contrasts),
        overflow: [scrollWidth - clientWidth, scrollHeight - clientHeight],
        panel: panel.right <= clientWidth,
      };
    });
    expect(seen.contrast).toBeGreaterThan(4.5);
    expect(seen).toMatchObject({ overflow: [0, 0], panel: true });
    await page.close();
  });

  test("three thousand steps: drawn piece by piece, searched and stepped through", async () => {
    const { page, errors } = await open(await longPage(750n));
    const count = await page.locator(".row").count();
    expect(count).toBeGreaterThan(3_000);
    expect(await page.locator(".piece").count()).toBe(Math.ceil(count / 150));
    await page.keyboard.press("End");
    expect(await page.locator(".row[aria-current]").getAttribute("id")).toBe(`row-s${count}`);
    expect(await page.evaluate(() => document.querySelector("main")!.scrollTop)).toBeGreaterThan(10_000);
    await page.fill("input[type=search]", "sequential");
    expect(await page.textContent("output")).toMatch(new RegExp(`of ${count} steps$`, "u"));
    expect(errors).toEqual([]);
    await page.close();
  });
});
