/** Motoko's memory: each garbage collector, both kinds of persistence, upgrades over three versions of a program, stable regions. */
import { describe, expect, test } from "vitest";
import type { Canister } from "../../src/index.ts";
import { network, refusal } from "../support/network.ts";
import { installMotoko, motoko, type Service } from "./motoko.ts";

type Collector = Service<"churn" | "checksum" | "heap">;
type Ledger = Service<"add" | "state" | "trapNextUpgrade">;

/** What `checksum` finds after `churn(count)` when its last ten rows are kept: from each row down to the first. */
function checksumAfter(count: bigint): bigint {
  let sum = 0n;
  for (let key = 0n; key < 10n; key++)
    for (let row = 0n; row <= key; row++) for (let j = 0n; j < 1000n; j++) sum += (count - 10n + row) * j + 2n ** 40n + key;
  return sum;
}

describe.each([
  { collector: "classic-copying", isCompact: true },
  { collector: "classic-marking", isCompact: true },
  { collector: "classic-generational", isCompact: false },
  { collector: "classic-incremental", isCompact: false },
  { collector: "enhanced", isCompact: false },
])("the collector $collector", ({ collector, isCompact }) => {
  test("keeps what can be reached, makes room of the rest, and an upgrade keeps the same", async () => {
    const net = await network();
    const canister = await installMotoko<Collector>(net, `collector-${collector}`);
    for (let i = 0; i < 2; i++) await canister.actor.churn(200n);
    const { live, allocated } = (await canister.actor.heap()) as { live: bigint; allocated: bigint };
    expect(await canister.actor.checksum()).toBe(checksumAfter(200n));
    expect(allocated).toBeGreaterThan(80_000_000n);
    // Ten rows are 400 kB with compact numbers in 4 bytes, and more on the 64-bit heap. Collectors that work in steps are behind by some.
    expect(live).toBeLessThan(isCompact ? 500_000n : 64_000_000n);
    await canister.upgrade(motoko(`collector-${collector}`));
    expect(await canister.actor.checksum()).toBe(checksumAfter(200n));
    await canister.actor.churn(20n);
    expect(await canister.actor.checksum()).toBe(checksumAfter(20n));
  });
});

async function ledger(version: string): Promise<Canister<Ledger>> {
  const canister = await installMotoko<Ledger>(await network(), version);
  await canister.actor.add(7n);
  return canister;
}

describe.each([
  { kind: "enhanced", suffix: "" },
  { kind: "classical", suffix: "-classic" },
])("upgrades with $kind persistence", ({ kind, suffix }) => {
  const module = (name: string): Uint8Array => motoko(`${name}${suffix}`);

  test("stable variables stay, transient ones begin anew", async () => {
    const canister = await ledger(`ledger-v1${suffix}`);
    expect(await canister.actor.state()).toEqual({ total: 7n, name: "changed", cache: 1n });
    await canister.upgrade(module("ledger-v1"));
    expect(await canister.actor.state()).toEqual({ total: 7n, name: "changed", cache: 0n });
  });

  test("a wider type and a new variable fit; hooks run before and after", async () => {
    const canister = await ledger(`ledger-v1${suffix}`);
    await canister.upgrade(module("ledger-v2"));
    expect(await canister.actor.state()).toEqual({ total: 7n, name: "changed", cache: 0n, added: 6n, preUpgrades: 0n });
    await canister.actor.add(-10n);
    await canister.upgrade(module("ledger-v2"));
    expect(await canister.actor.state()).toEqual({ total: -3n, name: "changed", cache: 0n, added: 7n, preUpgrades: 1n });
  });

  test("a migration makes new variables of old ones", async () => {
    const canister = await ledger(`ledger-v1${suffix}`);
    await canister.upgrade(module("ledger-v2"));
    await canister.upgrade(module("ledger-v3"));
    expect(await canister.actor.state()).toEqual([7n, 6n]);
  });

  test("a migration of what is not there traps, and the old version goes on", async () => {
    const canister = await ledger(`ledger-v1${suffix}`);
    expect(await refusal(canister.upgrade(module("ledger-v3")))).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("'stable variable `added` of type `var Nat` expected but not found'") as string,
    });
    expect(await canister.actor.state()).toEqual({ total: 7n, name: "changed", cache: 1n });
  });

  test("a trap in preupgrade stops the upgrade; skipped, what it would have saved is lost", async () => {
    const canister = await ledger(`ledger-v2${suffix}`);
    await canister.actor.trapNextUpgrade();
    expect(await refusal(canister.upgrade(module("ledger-v2")))).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("'not ready to be upgraded'") as string,
    });
    expect(await canister.actor.state()).toMatchObject({ total: 7n, preUpgrades: 0n });
    await canister.upgrade(module("ledger-v2"), { skipPreUpgrade: true });
    expect(await canister.actor.state()).toMatchObject({ total: 0n, name: "other" });
  });

  test("an incompatible type: the enhanced persistence refuses it, the classical one forgets", async () => {
    const canister = await ledger(`ledger-v1${suffix}`);
    const upgrade = canister.upgrade(module("ledger-incompatible"));
    if (kind === "enhanced") {
      expect(await refusal(upgrade)).toMatchObject({
        errorCode: "IC0503",
        rejectMessage: expect.stringContaining("'RTS error: Memory-incompatible program upgrade'") as string,
      });
      expect(await canister.actor.state()).toEqual({ total: 7n, name: "changed", cache: 1n });
    } else {
      await upgrade;
      expect(await canister.actor.state()).toBe("");
    }
  });
});

test("from one persistence to the other: only forward, and only by a compiler that was told so; never back", async () => {
  const classical = await ledger("ledger-v1-classic");
  expect(await refusal(classical.upgrade(motoko("ledger-v2")))).toMatchObject({
    errorCode: "IC0503",
    rejectMessage: expect.stringContaining("Detected implicit upgrade from classical orthogonal persistence") as string,
  });
  expect(await classical.actor.state()).toMatchObject({ total: 7n });
  const enhanced = await ledger("ledger-v1");
  expect(await refusal(enhanced.upgrade(motoko("ledger-v2-classic")))).toMatchObject({
    errorCode: "IC0504",
    rejectMessage: expect.stringContaining("requires that the new canister module supports enhanced orthogonal persistence") as string,
  });
  expect(await enhanced.actor.state()).toMatchObject({ total: 7n });
});

test("regions: bodies of megabytes through an upgrade, growth without a write, and their edge", async () => {
  const net = await network();
  const storage = await installMotoko<Service<"put" | "get" | "sizes" | "far" | "outside">>(net, "storage");
  const body = (size: number, step: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * step) & 255);
  expect(await storage.actor.put(body(1_900_000, 3))).toBe(0n);
  expect(await storage.actor.put(body(100_000, 5))).toBe(1n);
  await storage.upgrade(motoko("storage"));
  expect(Buffer.from(body(1_900_000, 3)).equals(Buffer.from((await storage.actor.get(0n)) as Uint8Array))).toBe(true);
  expect(Buffer.from(body(100_000, 5)).equals(Buffer.from((await storage.actor.get(1n)) as Uint8Array))).toBe(true);
  expect(await storage.actor.sizes()).toMatchObject({ index: 1n, bodies: 31n });
  expect(await storage.actor.far(60_000n)).toEqual({ before: 0n, last: 42 }); // 3.7 GiB, of which two pages are written
  const { stable_memory_size: stable } = (await storage.status()).raw["memory_metrics"] as Record<string, bigint>;
  expect(stable).toBeGreaterThan(60_000n * 65_536n);
  expect(await refusal(storage.actor.outside())).toMatchObject({
    errorCode: "IC0503",
    rejectMessage: expect.stringContaining("'Region error: offset out of bounds'") as string,
  });
});
