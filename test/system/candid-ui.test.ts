/**
 * The Candid UI: a page at its mainnet id, that calls methods of other canisters.
 */
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { checkCandidUi } from "../../scripts/candid-ui.ts";
import { candidUiPage } from "../../src/host/system-modules.ts";
import { GOVERNANCE, SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { accountIdentifier } from "../../src/network/system/account-id.ts";
import { hasChromium, launchChromium } from "../browser/chromium.ts";
import { newNetwork } from "../support/system-network.ts";

test("the page is built from today's sources", () => {
  expect(checkCandidUi()).toEqual([]);
});

test("nobody but the root canister may change it", async () => {
  const net = await newNetwork(["candid-ui"], { candidUiPage: candidUiPage() });
  const ui = net.canister(SYSTEM_CANISTER_IDS["candid-ui"]);
  await expect(ui.as(net.identity("mallory")).actor.clear({})).rejects.toThrow(/Commit permission/);
  await expect(ui.as("2vxsx-fae").actor.clear({})).rejects.toThrow(/Commit permission/);
  expect(await ui.as(net.identity("mallory")).actor.list({ start: [], length: [] })).toMatchObject([{ key: "/index.html" }]);
});

describe.skipIf(!hasChromium)("in Chromium", () => {
  test("it shows the methods of a canister and calls them", async () => {
    const net = await newNetwork(["ledger", "candid-ui"], { candidUiPage: candidUiPage(), time: new Date() });
    const ui = net.canister(SYSTEM_CANISTER_IDS["candid-ui"]);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.route("**", async (route) => {
        const request = route.request();
        const { pathname, search } = new URL(request.url());
        if (!pathname.startsWith("/api/")) {
          const asked = {
            method: "GET",
            url: pathname + search,
            headers: [["accept-encoding", "gzip"]],
            body: new Uint8Array(),
            certificate_version: [2],
          };
          const { status_code, body } = (await ui.actor.http_request(asked)) as { status_code: number; body: Uint8Array };
          return route.fulfill({ status: status_code, contentType: "text/html", body: gunzipSync(body) });
        }
        const body = request.postDataBuffer();
        const answer = await net.fetch(request.url(), {
          method: request.method(),
          headers: { "content-type": "application/cbor" },
          ...(body === null ? {} : { body: new Uint8Array(body) }),
        });
        return route.fulfill({
          status: answer.status,
          contentType: answer.headers.get("content-type") ?? "text/plain",
          body: Buffer.from(await answer.arrayBuffer()),
        });
      });
      await page.goto(`http://${ui.toString()}.localhost/?id=${SYSTEM_CANISTER_IDS.ledger}`);
      const run = async (method: string, argument: string): Promise<string> => {
        const form = page.locator(`form[data-method="${method}"]`);
        await form.locator("textarea").fill(argument);
        await form.locator("button").click();
        const answer = form.locator("pre:not(:text-is('…')):not(:empty)");
        await answer.waitFor();
        return (await answer.textContent())!;
      };
      expect(await run("icrc1_symbol", "()")).toBe('"ICP"');
      const account = `(record { owner = principal "2vxsx-fae"; subaccount = null })`;
      expect(await run("icrc1_balance_of", account)).toBe("100000000000000000");
      // Anonymous users have ICP on such a network, and may send it.
      const to = [...Buffer.from(accountIdentifier(GOVERNANCE), "hex")].join("; ");
      const burn = `(record { memo = 0; amount = record { e8s = 10_000 }; fee = record { e8s = 0 }; from_subaccount = null; to = vec { ${to} }; created_at_time = null })`;
      expect(await run("transfer", burn)).toContain("Ok");
      expect(await run("transfer", "(1)")).toMatch(/record/u);
    } finally {
      await browser.close();
    }
  });
});
