/**
 * The image that served networks begin with: the same network as one whose system canisters were installed, then and later.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { beforeAll, expect, test } from "vitest";
import { GENESIS_TIME_NANOS } from "../../src/core/genesis.ts";
import { readImage } from "../../src/core/image.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import { ModuleCache } from "../../src/core/wasm/prepare.ts";
import { DEFAULT_SUBNETS, parseSubnets } from "../../src/cli/options.ts";
import { begin, genesisImage, USUAL_SUBNETS, withCandidUi } from "../../src/host/server/beginning.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/network/cannery.ts";
import { genesisConfig } from "../../src/network/options.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";

const HOUR_NANOS = 3_600_000_000_000n;
const Account = IDL.Record({ owner: IDL.Principal, subaccount: IDL.Opt(IDL.Vec(IDL.Nat8)) });

let image: Uint8Array<ArrayBuffer>;
let installed: Cannery;

beforeAll(async () => {
  image = new Uint8Array(await genesisImage(GENESIS_TIME_NANOS));
  const options = { timeNanos: GENESIS_TIME_NANOS, print: false } as const;
  // The sources have no image beside them: this installs.
  installed = (await begin({ subnets: USUAL_SUBNETS, system: {} }, options)).net;
});

/** From the image, with modules that nobody has prepared yet. `asked` gets the canisters whose module was read. */
async function fromImage(asked: string[] = []): Promise<Cannery> {
  const host = nodeHost();
  const modules = new ModuleCache();
  const environment = { ...host.environment, modules };
  const options = { subnets: withCandidUi(USUAL_SUBNETS), checkInvariants: true, print: false };
  const state = readImage(image, genesisConfig(options), {
    platform: environment.platform,
    modules,
    uploaded(canister) {
      asked.push(canister);
      return systemModule("ledger");
    },
  });
  return Cannery.create({ ...options, host: { ...host, environment }, begin: () => state });
}

test("it is the state after the installation, and reads no module", async () => {
  const asked: string[] = [];
  const net = await fromImage(asked);
  checkInvariants(net.state);
  expect(net.digest()).toBe(installed.digest());
  expect(asked).toEqual([]);
});

// Source: dfinity/icp-cli-network-launcher `src/main.rs` (of PocketIC 15.0.0), and PocketIC's topology.
test("its threshold keys are held by the subnets of the mainnet's ids, each for its fee; the command line has the same subnets", () => {
  const holders = [...installed.state.subnets.values()].map(({ config }) => config).filter(({ keyNames }) => keyNames.length > 0);
  const shown = holders.map(({ id, keyNames, nodeCount }) => [principalText(id).slice(0, 5), [...keyNames].sort(), nodeCount]);
  expect(new Set(shown)).toEqual(
    new Set([
      ["uzr34", ["key_1"], 34],
      ["pzp6e", ["key_1"], 34],
      ["fuqsr", ["dfx_test_key", "test_key_1"], 13],
    ]),
  );
  expect(parseSubnets(DEFAULT_SUBNETS)).toEqual(USUAL_SUBNETS);
});

test("it goes on as the installed one does: time, charges, calls", async () => {
  const asked: string[] = [];
  const nets = [await fromImage(asked), installed.fork()];
  const to = {
    to: { owner: Principal.fromText("aaaaa-aa"), subaccount: [] },
    amount: 5n,
    fee: [],
    memo: [],
    from_subaccount: [],
    created_at_time: [],
  };
  const Transfer = IDL.Record({
    ...{ to: Account, amount: IDL.Nat, fee: IDL.Opt(IDL.Nat), memo: IDL.Opt(IDL.Vec(IDL.Nat8)) },
    ...{ from_subaccount: IDL.Opt(IDL.Vec(IDL.Nat8)), created_at_time: IDL.Opt(IDL.Nat64) },
  });
  for (const net of nets) {
    await net.advanceTime(HOUR_NANOS);
    await net.tick(3);
  }
  expect(asked).toEqual([]);
  for (const net of nets) await net.canister(SYSTEM_CANISTER_IDS.ledger).call("icrc1_transfer", IDL.encode([Transfer], [to]));
  // Messages have numbers of their own, which are forgotten after five minutes.
  for (const net of nets) {
    await net.advanceTime(HOUR_NANOS);
    await net.tick();
  }
  const [began, went] = nets.map((net) => net.digest());
  expect(began).toBe(went);
  expect(asked).toHaveLength(1);
  expect(nets[0]!.time).toBeGreaterThanOrEqual(GENESIS_TIME_NANOS + 2n * HOUR_NANOS);
});

test("a snapshot of it keeps its pages while it goes on", async () => {
  const net = await fromImage();
  const before = net.snapshot();
  const digest = net.digest();
  await net
    .canister(SYSTEM_CANISTER_IDS.ledger)
    .call("icrc1_balance_of", IDL.encode([Account], [{ owner: Principal.anonymous(), subaccount: [] }]));
  expect(net.digest()).not.toBe(digest);
  net.restore(before);
  expect(net.digest()).toBe(digest);
});
