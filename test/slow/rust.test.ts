/**
 * A canister in Rust (ic-cdk, ic-stable-structures) on Cannery: stable structures over an upgrade of a large heap, and what an await can
 * do to a program. Built here by cargo; without a toolchain for wasm32-unknown-unknown the tests are skipped (`test/rust/build.ts`).
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Canister, Cannery, CanneryOptions } from "../../src/index.ts";
import { VAULT, buildRust, rustToolchain } from "../rust/build.ts";
import { network, refusal } from "../support/network.ts";

type Vault = Record<
  | "deposit"
  | "withdraw"
  | "withdraw_careless"
  | "withdraw_trapping"
  | "balance"
  | "paid"
  | "try_pay"
  | "wait_for_slow"
  | "reset"
  | "fill"
  | "facts",
  (...args: unknown[]) => Promise<unknown>
>;

const toolchain = rustToolchain();
const isMissing = toolchain === null && process.env["CI"] !== "true";

describe.skipIf(isMissing)("a canister in Rust (skipped without a toolchain for wasm32-unknown-unknown)", () => {
  let wasm: Uint8Array;
  beforeAll(async () => {
    if (toolchain === null) throw new Error("no Rust toolchain for wasm32-unknown-unknown: see test/rust/build.ts");
    wasm = await buildRust(VAULT, toolchain);
  });

  async function vaultAndLedger(options: CanneryOptions = {}): Promise<{ net: Cannery; vault: Canister<Vault>; ledger: Canister<Vault> }> {
    const net = await network({ application: 2, ...options });
    const ledger = await net.install<Vault>(wasm, { name: "ledger", subnet: net.subnets[1]! });
    const vault = await net.install<Vault>(wasm, { name: "vault", env: { "PUBLIC_CANISTER_ID:ledger": ledger } });
    await vault.actor.deposit(100n);
    return { net, vault, ledger };
  }

  test("stable structures stay over an upgrade of a large heap, which begins anew", async () => {
    const net = await network();
    const vault = await net.install<Vault>(wasm, { name: "vault" });
    for (let i = 0; i < 8; i++) await vault.actor.fill(10, 1_000_000); // 80 MB in stable memory and as much on the heap
    const before = (await vault.actor.facts()) as Record<"records" | "bytes" | "heap", bigint>;
    expect(before).toEqual({ records: 80n, bytes: 8n * 45n * 1_000_000n, heap: 80n });
    const memory = async (): Promise<Record<string, bigint>> => (await vault.status()).raw["memory_metrics"] as Record<string, bigint>;
    const old = await memory();
    expect(old["wasm_memory_size"]!).toBeGreaterThan(80_000_000n);
    expect(old["stable_memory_size"]!).toBeGreaterThan(80_000_000n);
    await vault.upgrade(wasm);
    expect(await vault.actor.facts()).toEqual({ ...before, heap: 0n });
    expect((await memory())["wasm_memory_size"]!).toBeLessThan(10_000_000n);
    expect((await memory())["stable_memory_size"]).toBe(old["stable_memory_size"]);
  });

  test("without a guard two withdrawals at once both succeed; with one, one of them", async () => {
    const { vault, ledger } = await vaultAndLedger();
    expect(await Promise.all([vault.actor.withdraw_careless(80n), vault.actor.withdraw_careless(80n)])).toEqual([{ Ok: 20n }, { Ok: 20n }]);
    expect(await ledger.actor.paid()).toBe(160n); // of a balance of 100

    const careful = await vaultAndLedger();
    expect(await Promise.all([careful.vault.actor.withdraw(80n), careful.vault.actor.withdraw(80n)])).toEqual([
      { Ok: 20n },
      { Err: "a withdrawal is under way" },
    ]);
    expect(await careful.ledger.actor.paid()).toBe(80n);
  });

  test("after a trap a turn that is dropped is free again; one given back by hand is lost", async () => {
    const { vault } = await vaultAndLedger();
    expect(await refusal(vault.actor.withdraw_trapping(1n, false))).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("with a turn that is dropped") as string,
    });
    expect(await vault.actor.withdraw(10n)).toEqual({ Ok: 90n });
    expect(await refusal(vault.actor.withdraw_trapping(1n, true))).toMatchObject({ errorCode: "IC0503" });
    expect(await vault.actor.withdraw(10n)).toEqual({ Err: "a withdrawal is under way" });
    await vault.actor.reset();
    expect(await vault.actor.withdraw(10n)).toEqual({ Ok: 80n });
  });

  test("a guard refuses before the method runs", async () => {
    const { net, vault } = await vaultAndLedger();
    expect(await refusal(vault.as(net.identity("mallory")).actor.reset())).toMatchObject({
      rejectCode: 4,
      rejectMessage: "only controllers may do this",
    });
  });

  test("a refused payment comes back; only a reject of the system itself says for sure that nothing ran", async () => {
    const { vault, ledger } = await vaultAndLedger();
    await ledger.stop();
    expect(await vault.actor.withdraw(80n)).toMatchObject({ Err: expect.stringContaining("is stopped") as string });
    expect(await vault.actor.balance()).toBe(100n);
    expect(await vault.actor.try_pay(1n, 30)).toMatch(/^call rejected: 5 - .* is stopped/);
    await ledger.delete();
    expect(await vault.actor.try_pay(1n, 30)).toBe("not paid");
  });

  test("a bounded wait over a slow way ends with an unknown outcome: here the ledger was paid", async () => {
    const { net, vault, ledger } = await vaultAndLedger({
      latency: { name: "slow", roundNanos: 1_000_000_000n, hopRounds: { min: 6, max: 6 } },
    });
    expect(await vault.actor.try_pay(5n, 60)).toBe("paid");
    expect(await vault.actor.try_pay(5n, 9)).toBe("unknown");
    await net.settle();
    expect(await ledger.actor.paid()).toBe(10n);
  });

  test("an unbounded wait holds up a stop for as long as the callee pleases; a bounded one does not", async () => {
    const waiting = async (timeout: number[]): Promise<{ net: Cannery; vault: Canister<Vault> }> => {
      const { net, vault } = await vaultAndLedger({ latency: "mainnet" });
      vault.submit("wait_for_slow", 600, timeout);
      await net.tick(10);
      return { net, vault };
    };
    const bounded = await waiting([20]);
    const start = bounded.net.time;
    await bounded.vault.stop();
    expect(bounded.net.time - start).toBeLessThan(40_000_000_000n);

    const { net, vault } = await waiting([]);
    expect(await refusal(vault.stop())).toMatchObject({ errorCode: "IC0206", rejectMessage: "Stop canister request timed out" });
    expect((await vault.status()).status).toBe("stopping"); // five minutes later, and it takes no calls meanwhile
    expect(await refusal(vault.actor.deposit(1n))).toMatchObject({ errorCode: "IC0509" });
    await net.settle();
    expect((await vault.status()).status).toBe("stopped");
  });

  test("a trap names the functions it happened in", async () => {
    const { vault } = await vaultAndLedger();
    const error = await refusal(vault.actor.withdraw_trapping(1n, false));
    // With types in angle brackets or without: newer compilers write more into names.
    expect(error["rejectMessage"]).toMatch(/Canister Backtrace:\nic_cdk::api::trap(::<&str>)?\n.*\nic_cdk::call::callback\n/s);
  });
});
