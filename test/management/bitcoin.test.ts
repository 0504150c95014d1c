/**
 * Canisters ask a Bitcoin chain: the small one that is shipped, one of the test's own, or none.
 */
import { IDL } from "@icp-sdk/core/candid";
import { bech32m } from "@scure/base";
import { describe, expect, test } from "vitest";
import { ask, asked, asking, rejectOf, user, type Asked } from "./support.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { ARGUMENT, RESULT } from "../../src/core/management/candid-types.ts";
import { BITCOIN_CANISTERS } from "../../src/core/management/bitcoin.ts";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { BitcoinRefusal, Cannery, regtestBitcoin, type BitcoinChain, type CanneryOptions, type RegtestBitcoin } from "../../src/index.ts";
import { scriptOf } from "../../src/network/bitcoin/address.ts";
import { readTransaction } from "../../src/network/bitcoin/transaction.ts";
import { allCycles } from "../support/all-cycles.ts";
import { ManagementWorld } from "../support/management-world.ts";
import { puppet } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

type Method = Extract<keyof typeof ARGUMENT, `bitcoin_${string}`>;
const METHODS = [
  "bitcoin_get_balance",
  "bitcoin_get_utxos",
  "bitcoin_get_block_headers",
  "bitcoin_send_transaction",
  "bitcoin_get_current_fee_percentiles",
] as const satisfies readonly Method[];

/** BIP173's example keys and BIP350's, for regtest. */
const [ANNA, BEN] = [1, 2].map((byte) => bech32m.encode("bcrt", [1, ...bech32m.toWords(new Uint8Array(32).fill(byte))]));
const REGTEST = { network: { regtest: null } };
const CYCLES = 10_000_000_000n;

const encode = (method: Method, value: object): Uint8Array =>
  IDL.encode(ARGUMENT[method] as unknown as IDL.Type[], [{ ...REGTEST, ...value }]);
const SAMPLE: Readonly<Record<Method, object>> = {
  bitcoin_get_balance: { address: ANNA, min_confirmations: [] },
  bitcoin_get_utxos: { address: ANNA, filter: [] },
  bitcoin_get_block_headers: { start_height: 0, end_height: [] },
  bitcoin_send_transaction: { transaction: Uint8Array.of(1) },
  bitcoin_get_current_fee_percentiles: {},
};

async function network(bitcoin?: BitcoinChain, options: CanneryOptions = {}) {
  const net = await Cannery.create({ checkInvariants: true, print: false, ...options, ...(bitcoin === undefined ? {} : { bitcoin }) });
  const canister = await net.install(puppet(), { name: "wallet" });
  const ask = async (method: Method, value: object, cycles = CYCLES): Promise<Asked> =>
    asked(await canister.call("run", asking(method, encode(method, value), { cycles })));
  return { net, canister, ask };
}

function valueOf<T>(method: Method, answer: Asked): T {
  if (answer.kind === "reject") throw new Error(`${answer.code}: ${answer.text}`);
  return IDL.decode(RESULT[method as keyof typeof RESULT] as unknown as IDL.Type[], answer.data)[0] as T;
}

interface Utxos {
  utxos: { outpoint: { txid: Uint8Array; vout: number }; value: bigint; height: number }[];
  tip_block_hash: Uint8Array;
  tip_height: number;
  next_page: [] | [Uint8Array];
}

/** A transaction without signatures, which nobody verifies. */
function payment(from: { txid: Uint8Array; vout: number }[], to: { address: string; satoshi: bigint }[]): Uint8Array {
  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const inputs = from.flatMap(({ txid, vout }) => [Buffer.from(txid), u32(vout), Buffer.from([0]), u32(0xffff_ffff)]);
  const outputs = to.flatMap(({ address, satoshi }) => {
    const script = scriptOf(address)!;
    return [Buffer.from(BigUint64Array.of(satoshi).buffer), Buffer.from([script.length]), Buffer.from(script)];
  });
  return new Uint8Array(Buffer.concat([u32(2), Buffer.from([from.length]), ...inputs, Buffer.from([to.length]), ...outputs, u32(0)]));
}

function coinOf(chain: RegtestBitcoin, address: string): { txid: Uint8Array; vout: number } {
  return chain.utxos(address, { minConfirmations: 0, page: null }).utxos[0];
}

describe("without a chain", () => {
  test.each(METHODS)("%s is refused by name, and the cycles come back", (method) => {
    const scene = new Scenario();
    const answer = ask(scene, scene.puppet(), method, encode(method, SAMPLE[method]), { cycles: 77n });
    expect(answer).toMatchObject({
      code: 4,
      refunded: 77n,
      text: `No bitcoin canisters available.\n${method} needs a chain: create the network with { bitcoin: regtestBitcoin() }.`,
    });
  });

  test.each(METHODS)("%s: an argument that does not decode is not routed, a user may not ask", (method) => {
    const scene = new Scenario();
    expect(rejectOf(ask(scene, scene.puppet(), method, Uint8Array.of(1)))).toContain(
      `3: Unable to route management canister request ${method}: UserError(UserError { code: InvalidManagementPayload`,
    );
    const net = new ManagementWorld();
    const arg = encode(method, SAMPLE[method]);
    expect(user(net, method, arg)).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
    expect(net.error(method, arg)).toBe(`IC0504: ${method} cannot be called by a user.`);
    expect(net.error(method, Uint8Array.of(1), { from: net.create() })).toMatch(/^IC0408: /);
  });

  test.each(["bitcoin_get_successors", "bitcoin_send_transaction_internal"])("%s is for the Bitcoin canisters", (method) => {
    const scene = new Scenario({ subnets: [{ kind: "system", name: "bitcoin" }] });
    expect(rejectOf(ask(scene, scene.puppet(), method, new Uint8Array(0)))).toBe("4: Permission denied.");
    const net = new ManagementWorld();
    expect(net.error(method, new Uint8Array(0), { from: BITCOIN_CANISTERS[0] })).toBe(`IC0406: Cannery does not implement ${method}`);
    expect(user(net, method, new Uint8Array(0))).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
    expect(net.error(method, new Uint8Array(0))).toBe("IC0504: bitcoin_get_successors cannot be called by a user.");
  });
});

describe("balances and outputs", () => {
  test("what was mined, with as many confirmations as asked for [management-canister#ic-bitcoin_get_balance]", async () => {
    const chain = regtestBitcoin();
    const { ask } = await network(chain);
    const balance = async (minConfirmations: number, address = ANNA) =>
      valueOf<bigint>("bitcoin_get_balance", await ask("bitcoin_get_balance", { address, min_confirmations: [minConfirmations] }));
    expect(await balance(0)).toBe(0n);
    chain.mine({ to: ANNA, satoshi: 7n });
    chain.mine({ to: ANNA, satoshi: 5n });
    expect([await balance(0), await balance(1), await balance(2), await balance(3)]).toEqual([12n, 12n, 7n, 0n]);
    expect(await balance(0, BEN)).toBe(0n);
    const tooMany = await ask("bitcoin_get_balance", { address: ANNA, min_confirmations: [4] });
    expect(rejectOf(tooMany)).toBe("4: get_balance failed: The requested min_confirmations is too large. Given: 4, max supported: 3");
    chain.mine({ blocks: 200 });
    expect(rejectOf(await ask("bitcoin_get_balance", { address: ANNA, min_confirmations: [145] }))).toContain("max supported: 144");
    expect(rejectOf(await ask("bitcoin_get_balance", { address: "nowhere", min_confirmations: [] }))).toBe(
      "4: get_balance failed: Malformed address.",
    );
  });

  test("highest first, and in pages [management-canister#ic-bitcoin_get_utxos]", async () => {
    const chain = regtestBitcoin();
    const { ask } = await network(chain);
    const look = async (filter: object[]) => valueOf<Utxos>("bitcoin_get_utxos", await ask("bitcoin_get_utxos", { address: ANNA, filter }));
    chain.mine({ blocks: 1_001, to: ANNA, satoshi: 1n });
    const first = await look([]);
    expect([first.utxos.length, first.utxos[0].height, first.tip_height]).toEqual([1_000, 1_001, 1_001]);
    expect(toHex(Uint8Array.from(first.tip_block_hash).reverse())).toBe(chain.tipHash);
    // A block that comes between two pages does not show in the second.
    chain.mine({ to: ANNA });
    const second = await look([{ page: first.next_page[0] }]);
    expect(second.utxos.map(({ height, value }) => [height, value])).toEqual([[1, 1n]]);
    expect([second.tip_height, second.next_page]).toEqual([1_001, []]);
    expect((await look([])).tip_height).toBe(1_002);
    expect((await look([{ MinConfirmations: 100 }])).tip_height).toBe(903);
    expect(rejectOf(await ask("bitcoin_get_utxos", { address: ANNA, filter: [{ page: Uint8Array.of(1) }] }))).toBe(
      "4: get_utxos failed: The provided tip block hash 01 is unknown.",
    );
    const badPage = new Uint8Array([...Uint8Array.from(first.tip_block_hash), 1]);
    expect(rejectOf(await ask("bitcoin_get_utxos", { address: ANNA, filter: [{ page: badPage }] }))).toBe(
      "4: get_utxos failed: The provided page is malformed",
    );
  });
});

describe("transactions [management-canister#ic-bitcoin_send_transaction]", () => {
  test("a payment is mined, its fee shows [management-canister#ic-bitcoin_get_current_fee_percentiles]", async () => {
    const chain = regtestBitcoin();
    const { ask } = await network(chain);
    chain.mine({ to: ANNA, satoshi: 100_000n });
    const percentiles = async () => [
      ...valueOf<BigUint64Array>("bitcoin_get_current_fee_percentiles", await ask("bitcoin_get_current_fee_percentiles", {})),
    ];
    expect(await percentiles()).toEqual([]);
    const transaction = payment([coinOf(chain, ANNA)], [{ address: BEN, satoshi: 98_000n }]);
    expect((await ask("bitcoin_send_transaction", { transaction })).kind).toBe("reply");
    expect(chain.balance(BEN, 0)).toBe(0n);
    expect(chain.mempool.length).toBe(1);
    chain.mine();
    expect([chain.balance(ANNA, 0), chain.balance(ANNA, 2), chain.balance(BEN, 0), chain.mempool.length]).toEqual([
      0n,
      100_000n,
      98_000n,
      0,
    ]);
    const { vbytes } = readTransaction(transaction)!;
    expect(await percentiles()).toEqual(Array.from({ length: 101 }, () => (2_000n * 1000n) / BigInt(vbytes)));
  });

  test("what is malformed, spent, unknown or pays no fee is refused", async () => {
    const chain = regtestBitcoin();
    const { ask } = await network(chain);
    chain.mine({ to: ANNA, satoshi: 100n });
    const coin = coinOf(chain, ANNA);
    const send = async (transaction: Uint8Array) => {
      const answer = await ask("bitcoin_send_transaction", { transaction });
      return answer.kind === "reply" ? "sent" : rejectOf(answer).replace("4: send_transaction failed: ", "");
    };
    const good = payment([coin], [{ address: BEN, satoshi: 99n }]);
    for (const bad of [Uint8Array.of(1), good.slice(0, -1), new Uint8Array([...good, 0]), payment([], [{ address: BEN, satoshi: 1n }])]) {
      expect(await send(bad)).toBe("Can't deserialize transaction because it's malformed.");
    }
    expect(await send(payment([coin], [{ address: BEN, satoshi: 100n }]))).toBe("The transaction pays no fee.");
    expect(await send(payment([{ ...coin, vout: 3 }], [{ address: BEN, satoshi: 1n }]))).toMatch(
      /^Output \w+ is not there, or spent already\.$/,
    );
    expect(await send(payment([coin, coin], [{ address: BEN, satoshi: 1n }]))).toMatch(/spent already/);
    expect(await send(good)).toBe("sent");
    expect(await send(good)).toMatch(/spent already/);
    chain.mine();
    expect(await send(good)).toMatch(/spent already/);
  });
});

test("headers are Bitcoin's: each names the one before, by its hash, and has done its work [management-canister#ic-bitcoin_get_block_headers]", async () => {
  const chain = regtestBitcoin();
  expect(chain.tipHash).toBe("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
  const { ask } = await network(chain);
  chain.mine({ blocks: 150, to: ANNA });
  const look = async (start_height: number, end_height: number[]) => ask("bitcoin_get_block_headers", { start_height, end_height });
  const listed = valueOf<{ tip_height: number; block_headers: Uint8Array[] }>("bitcoin_get_block_headers", await look(0, []));
  expect([listed.tip_height, listed.block_headers.length]).toEqual([150, 100]);
  const { createHash } = await import("node:crypto");
  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  for (let i = 1; i < 100; i++) {
    const hash = sha(sha(Uint8Array.from(listed.block_headers[i - 1])));
    expect(listed.block_headers[i].length).toBe(80);
    expect(toHex(Uint8Array.from(listed.block_headers[i]).slice(4, 36))).toBe(hash.toString("hex"));
    expect(hash[31]).toBeLessThan(0x80);
  }
  const failed = async (...range: Parameters<typeof look>) => rejectOf(await look(...range)).replace("4: get_block_headers failed: ", "");
  expect(await failed(5, [4])).toMatch(/^The requested start_height is larger than the requested end_height\./);
  expect(await failed(151, [])).toMatch(/^The requested start_height is larger than the height of the chain\./);
  expect(await failed(0, [151])).toMatch(/^The requested end_height is larger than the height of the chain\./);
});

describe("cycles and networks", () => {
  test("the published base is taken, the rest comes back; too few and all come back", async () => {
    const { ask } = await network(regtestBitcoin());
    const taken = async (method: Method, value = SAMPLE[method]) => CYCLES - (await ask(method, value)).refunded;
    expect(await taken("bitcoin_get_balance")).toBe(4_000_000n);
    expect(await taken("bitcoin_get_current_fee_percentiles")).toBe(4_000_000n);
    expect(await taken("bitcoin_get_utxos")).toBe(20_000_000n);
    expect(await taken("bitcoin_get_block_headers")).toBe(20_000_000n);
    expect(await taken("bitcoin_send_transaction", { transaction: new Uint8Array(10) })).toBe(2_080_000_000n);
    const poor = await ask("bitcoin_get_balance", SAMPLE.bitcoin_get_balance, 39_999_999n);
    expect(poor).toMatchObject({ code: 5, refunded: 39_999_999n, text: "Received 39999999 cycles. 40000000 cycles are required." });
  });

  test("a chain answers for its own network only", async () => {
    const { ask } = await network(regtestBitcoin());
    const of = async (name: string) =>
      rejectOf(await ask("bitcoin_get_balance", { ...SAMPLE.bitcoin_get_balance, network: { [name]: null } }));
    expect(await of("testnet")).toBe("5: Network must be regtest. Found testnet");
    expect(await of("Mainnet")).toBe("4: No bitcoin canisters available.");
  });

  test("a chain of the test's own, with prices of mainnet; its refusals reach the canister, its bugs the test", async () => {
    const chain: BitcoinChain = {
      network: "mainnet",
      balance: (address) => {
        if (address === "bug") throw new Error("a bug of the chain");
        return BigInt(address.length);
      },
      utxos: () => {
        throw new BitcoinRefusal("the node is down");
      },
      feePercentiles: () => [1n],
      blockHeaders: () => ({ tipHeight: 0, headers: [] }),
      sendTransaction: () => undefined,
    };
    const { ask } = await network(chain);
    const mainnet = { network: { mainnet: null } };
    const answer = await ask("bitcoin_get_balance", { ...mainnet, address: "abc", min_confirmations: [] });
    expect([valueOf("bitcoin_get_balance", answer), answer.refunded]).toEqual([3n, CYCLES - 10_000_000n]);
    expect(rejectOf(await ask("bitcoin_get_utxos", { ...mainnet, ...SAMPLE.bitcoin_get_utxos }))).toBe(
      "4: get_utxos failed: the node is down",
    );
    await expect(ask("bitcoin_get_balance", { ...mainnet, address: "bug", min_confirmations: [] })).rejects.toThrow("a bug of the chain");
  });

  test("the Bitcoin canister's own id leads to the chain, unless a canister is there", async () => {
    const testnet = BITCOIN_CANISTERS[1];
    const chain = regtestBitcoin();
    chain.mine({ to: ANNA, satoshi: 9n });
    const { canister, net } = await network(chain, {
      subnets: [
        { kind: "application", name: "application" },
        { kind: "system", name: "bitcoin" },
      ],
    });
    const direct = async (method: string) =>
      asked(
        await canister.call(
          "run",
          asking(method, encode("bitcoin_get_balance", SAMPLE.bitcoin_get_balance), { cycles: CYCLES, callee: testnet }),
        ),
      );
    expect(valueOf("bitcoin_get_balance", await direct("bitcoin_get_balance"))).toBe(9n);
    expect(rejectOf(await direct("get_config"))).toMatch(/^3: Canister g4xu7-jiaaa-aaaan-aaaaq-cai not found/);
    await net.install(puppet(), { id: "g4xu7-jiaaa-aaaan-aaaaq-cai", subnet: net.subnets[1] });
    expect(rejectOf(await direct("bitcoin_get_balance"))).toMatch(/has no update method 'bitcoin_get_balance'/);
  });
});

describe("answers are inputs", () => {
  const question = encode("bitcoin_get_balance", SAMPLE.bitcoin_get_balance);

  test("the canister waits for one, and what does not fit is refused", () => {
    const scene = new Scenario({ bitcoin: "regtest" });
    const from = scene.puppet();
    const cycles = allCycles(scene.net.state);
    const message = scene.start(from, asking("bitcoin_get_balance", question, { cycles: CYCLES }));
    scene.rounds(5);
    expect(scene.outcome(message)).toBe("processing");
    const event = scene.events.find(({ kind }) => kind === "bitcoin");
    expect(event).toMatchObject({ canister: from, question: { method: "bitcoin_get_balance", address: ANNA, minConfirmations: 0 } });
    const subnet = scene.subnet(0);
    const give = (answer: object, call = 0, to = subnet) =>
      scene.net.step({ kind: "bitcoin", subnet: to, call, answer: answer as never }).answer;
    const why = (answer: ReturnType<typeof give>) => (answer?.kind === "refused" ? answer.error.description : answer?.kind);
    const balance = { method: "bitcoin_get_balance", satoshi: 5n };
    expect(why(give(balance, 0, "0e" as PrincipalId))).toMatch(/^There is no subnet/);
    expect(why(give(balance, 2))).toMatch(/^No question 2 to Bitcoin waits/);
    expect(why(give({ method: "bitcoin_send_transaction" }))).toBe(
      "Question 0 to Bitcoin is bitcoin_get_balance, and the answer is one to bitcoin_send_transaction.",
    );
    const before = scene.net.digest();
    expect(why(give(balance))).toBe("accepted");
    expect(scene.net.digest()).not.toBe(before);
    expect(why(give(balance))).toMatch(/answered already/);
    const end = scene.await(message);
    if (end.kind === "rejected") throw new Error(end.message);
    expect(valueOf("bitcoin_get_balance", asked(end.data))).toBe(5n);
    expect(allCycles(scene.net.state)).toBeLessThanOrEqual(cycles);
  });

  test("the drawing shows the question", async () => {
    const { net, ask } = await network(regtestBitcoin());
    await ask("bitcoin_get_balance", SAMPLE.bitcoin_get_balance);
    expect(net.draw()).toContain("bitcoin_get_balance");
  });
});

describe("addresses", () => {
  test("of every kind", () => {
    expect(toHex(scriptOf("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn")!)).toBe("76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac");
    expect(toHex(scriptOf("2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc")!)).toBe("a9144e9f39ca4688ff102128ea4ccda34105324305b087");
    expect(toHex(scriptOf("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")!)).toBe("0014751e76e8199196d454941c45d1b3a323f1433bd6");
    expect(toHex(scriptOf(ANNA)!)).toBe(`5120${"01".repeat(32)}`);
  });

  test("of other networks, or broken, there is none", () => {
    const others = [
      "",
      "a",
      "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
      "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
      ANNA.slice(0, -1),
      `${ANNA}q`,
    ];
    for (const address of others) expect(scriptOf(address)).toBeNull();
  });

  test("witnesses do not count for the id, and count a quarter for the size", () => {
    const legacy = payment([{ txid: fromHex("11".repeat(32)), vout: 0 }], [{ address: ANNA, satoshi: 1n }]);
    const segwit = new Uint8Array([...legacy.slice(0, 4), 0, 1, ...legacy.slice(4, -4), 1, 4, 9, 9, 9, 9, ...legacy.slice(-4)]);
    const [a, b] = [readTransaction(legacy)!, readTransaction(segwit)!];
    expect(toHex(b.txid)).toBe(toHex(a.txid));
    expect([a.vbytes, b.vbytes]).toEqual([legacy.length, legacy.length + 2]);
  });
});
