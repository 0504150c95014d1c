/**
 * Canisters written in TypeScript with Azle, on Cannery: a module of several megabytes made from Rust, with a JavaScript engine inside.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Canister, Cannery } from "../../src/index.ts";
import { buildAzle, type AzleCanister } from "../azle/build.ts";
import { network, refusal } from "../support/network.ts";

const NOTES = `
import { call, IDL, msgCaller, postUpgrade, query, setTimer, StableBTreeMap, stableJson, trap, update } from "azle";

/** As they are: the default, JSON, costs 50,000 instructions a byte. */
const bytes = { toBytes: (value: Uint8Array) => value, fromBytes: (value: Uint8Array) => value };

export default class {
  notes = new StableBTreeMap<number, Uint8Array>(0, stableJson, bytes);
  words = new StableBTreeMap<string, { text: string; by: string; length: bigint }>(1);
  heap: Uint8Array[] = [];
  fired = 0;
  upgraded = false;

  @postUpgrade([])
  after(): void { this.upgraded = true; }

  @update([IDL.Text, IDL.Text])
  put(key: string, text: string): void {
    this.words.insert(key, { text, by: msgCaller().toText(), length: BigInt(text.length) });
  }

  @query([IDL.Text], IDL.Opt(IDL.Record({ text: IDL.Text, by: IDL.Text, length: IDL.Nat })))
  get(key: string) {
    const found = this.words.get(key);
    return found === undefined ? [] : [found];
  }

  /** Keeps bytes in stable memory and as many on the heap. */
  @update([IDL.Nat32, IDL.Nat32])
  fill(count: number, size: number): void {
    for (let i = 0; i < count; i++) {
      this.notes.insert(Number(this.notes.len()), new Uint8Array(size).fill(i));
      this.heap.push(new Uint8Array(size).fill(i));
    }
  }

  @query([], IDL.Record({ words: IDL.Nat64, notes: IDL.Nat64, heap: IDL.Nat32, fired: IDL.Nat32, upgraded: IDL.Bool }))
  facts() { return { words: this.words.len(), notes: this.notes.len(), heap: this.heap.length, fired: this.fired, upgraded: this.upgraded }; }

  /** Traps after a write. */
  @update([])
  crash(): void {
    this.words.insert("lost", { text: "lost", by: "", length: 0n });
    this.fired = 1000;
    trap("on purpose");
  }

  @update([])
  throws(): void { throw new Error("an exception"); }

  @update([IDL.Nat32])
  later(seconds: number): void { setTimer(seconds, () => { this.fired += 1; }); }

  /** Asks another canister like this one, and says what came of it. */
  @update([IDL.Principal, IDL.Text], IDL.Text)
  async ask(other: any, method: string): Promise<string> {
    try {
      const type = IDL.Record({ words: IDL.Nat64, notes: IDL.Nat64, heap: IDL.Nat32, fired: IDL.Nat32, upgraded: IDL.Bool });
      const { words } = await call<undefined, { words: bigint }>(other, method, { returnIdlType: type });
      return "words: " + words;
    } catch (error: any) {
      return error.type + " " + error.rejectCode + " " + error.rejectMessage;
    }
  }
}
`;

let notes: AzleCanister;
beforeAll(async () => {
  notes = await buildAzle(NOTES, "notes");
});

async function installed(): Promise<{ net: Cannery; canister: Canister }> {
  const net = await network({ application: 2 });
  return { net, canister: await net.install(notes.wasm, { name: "notes" }) };
}

async function memory(canister: Canister): Promise<{ wasm: bigint; stable: bigint }> {
  const metrics = (await canister.status()).raw["memory_metrics"] as Record<"wasm_memory_size" | "stable_memory_size", bigint>;
  return { wasm: metrics.wasm_memory_size, stable: metrics.stable_memory_size };
}

describe("a canister in TypeScript", () => {
  test("answers updates and queries with the types of its own interface", async () => {
    const { net, canister } = await installed();
    await canister.as(net.identity("ann")).actor["put"]!("greeting", "hello");
    expect(await canister.actor["get"]!("greeting")).toEqual([{ text: "hello", by: net.identity("ann").principal.toText(), length: 5n }]);
    expect(await canister.actor["get"]!("nothing")).toEqual([]);
  });

  test("traps and exceptions reach the caller, and what was written before is gone", async () => {
    const { canister } = await installed();
    expect(await refusal(canister.actor["crash"]!())).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("on purpose") as string,
    });
    expect(await refusal(canister.actor["throws"]!())).toMatchObject({
      errorCode: "IC0503",
      rejectMessage: expect.stringContaining("an exception") as string,
    });
    expect(await canister.actor["facts"]!()).toMatchObject({ words: 0n, fired: 0 });
  });

  test("calls another canister across subnets, and catches what it is refused with", async () => {
    const { net, canister } = await installed();
    const other = await net.install(notes.wasm, { name: "other", subnet: net.subnets[1]! });
    await other.actor["put"]!("a", "b");
    expect(await canister.actor["ask"]!(other.id, "facts")).toBe("words: 1");
    expect(await canister.actor["ask"]!(other.id, "crash")).toMatch(/^CallRejected 5 IC0503: Error from Canister .*on purpose/s);
    expect(await canister.actor["ask"]!(other.id, "nothing")).toMatch(/^CallRejected 5 IC0536: Error from Canister/);
  });

  test("timers", async () => {
    const { net, canister } = await installed();
    await canister.actor["later"]!(60);
    await net.settle();
    expect(await canister.actor["facts"]!()).toMatchObject({ fired: 1 });
  });

  test("stable structures stay over an upgrade of a large heap, which begins anew", async () => {
    const { canister } = await installed();
    await canister.actor["put"]!("kept", "over the upgrade");
    for (let i = 0; i < 4; i++) await canister.actor["fill"]!(4, 1_000_000);
    expect(await canister.actor["facts"]!()).toMatchObject({ notes: 16n, heap: 16 });
    const before = await memory(canister);
    expect(before.wasm).toBeGreaterThan(16_000_000n);
    expect(before.stable).toBeGreaterThan(16_000_000n);
    await canister.upgrade(notes.wasm);
    expect(await canister.actor["facts"]!()).toEqual({ words: 1n, notes: 16n, heap: 0, fired: 0, upgraded: true });
    expect(await canister.actor["get"]!("kept")).toMatchObject([{ text: "over the upgrade" }]);
    const after = await memory(canister);
    expect(after.stable).toBe(before.stable);
    expect(before.wasm - after.wasm).toBeGreaterThan(16_000_000n);
  });
});

test("a program that does not build says why", async () => {
  await expect(buildAzle(`import { nothing } from "azle"; export default nothing + (;`)).rejects.toThrow(/Unexpected ";"/);
});
