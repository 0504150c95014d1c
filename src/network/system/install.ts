/**
 * Puts the system canisters into a network at their mainnet ids, with funded accounts: what a local network has at genesis.
 *
 * Source: icp-launcher.md 5 and 6. Replica: rs/pocket_ic_server/src/pocket_ic.rs, `deploy_cycles_minting`, `deploy_icp_token`,
 * `deploy_cycles_token` (c7c5005), for balances and the rate.
 */
import { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../../base/cannery-error.ts";
import type { Cannery } from "../cannery.ts";
import type { Canister } from "../canister.ts";
import type { Subnet } from "../options.ts";
import { principalId, principalOf, type PrincipalLike } from "../principals.ts";
import { route } from "../../core/state/world.ts";
import { principalText } from "../../core/state/principal.ts";
import { accountIdentifier } from "./account-id.ts";
import {
  assetPage,
  cmcInit,
  cyclesLedgerInit,
  ledgerInit,
  newSubnetType,
  rateUpdate,
  subnetsForEverybody,
  subnetsOfType,
} from "./arguments.ts";
import { CYCLES_LEDGER_INDEX, GOVERNANCE, NNS_ROOT, SYSTEM_CANISTER_IDS, type SystemCanister } from "./canisters.ts";

/** Bytes of a module by the canister that it is for. */
export type SystemModules = { readonly [K in SystemCanister]?: Uint8Array };

/** An account with tokens at the beginning. */
export interface Funded {
  readonly owner: PrincipalLike;
  readonly e8s?: bigint;
  readonly cycles?: bigint;
}

export interface SystemOptions {
  /** Besides the anonymous user and the usual test accounts. */
  readonly funded?: readonly Funded[];
  /** Whether Internet Identity is wanted: then its module must be given. */
  readonly internetIdentity?: boolean;
  /** The page that the Candid UI serves where it is our own: HTML, compressed by gzip. */
  readonly candidUiPage?: Uint8Array;
  /** Ten-thousandths of an XDR, and so of 1 T cycles, that one ICP is worth; 35,200 by default. */
  readonly xdrPermyriadPerIcp?: bigint;
}

const E8S_PER_ICP = 100_000_000n;
const TEST_ACCOUNT_E8S = 1_000_000_000n * E8S_PER_ICP;
/** Accounts of test keys that everybody has. Replica: rs/pocket_ic_server/src/pocket_ic.rs, `deploy_icp_token` (c7c5005). */
const TEST_ACCOUNTS = [
  "5b315d2f6702cb3a27d826161797d7b2c2e131cd312aece51d4d5574d1247087",
  "2b8fbde99de881f695f279d2a892b1137bfe81a42d7694e064b1be58701e1138",
];
/** Of the anonymous user on the cycles ledger, and of the canisters that pay. Replica: as above, `INITIAL_CYCLES`. */
const PLENTY_CYCLES = (1n << 127n) - 1n;
const DEFAULT_RATE = 35_200n;
/** Rates before this are older than the one that the canister begins with. Replica: rs/nns/cmc/src/lib.rs (c7c5005). */
const FIRST_RATE_SECONDS = 1_620_633_600n;

/** Candid of one `null`: no argument, for modules that take an optional one. */
const NOTHING = Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 1, 0x7f);
const ANONYMOUS = Principal.anonymous();
const principal = (text: string): Principal => Principal.fromText(text);

/**
 * Installs those canisters whose modules are given. Each goes to the subnet that owns its id: the NNS, the II subnet, and for the Candid UI one
 * with `CANDID_UI_RANGE`. The ledgers and the cycles minting canister need one another.
 */
export async function installSystemCanisters(net: Cannery, modules: SystemModules, options: SystemOptions = {}): Promise<void> {
  const { funded = [], internetIdentity = false } = options;
  if (internetIdentity && modules["internet-identity"] === undefined) {
    throw new CanneryError(
      "no-internet-identity",
      "Internet Identity does not come with Cannery. Download its module, internet_identity_dev.wasm.gz, from https://github.com/dfinity/internet-identity/releases and give its path: --system-canister internet-identity=PATH",
    );
  }
  const mintingAccount = accountIdentifier(GOVERNANCE);
  await install(net, modules, "ledger", {
    arg: ledgerInit(principal(GOVERNANCE), mintingAccount, [
      ...[...TEST_ACCOUNTS, accountIdentifier(ANONYMOUS)].map((account) => [account, TEST_ACCOUNT_E8S] as const),
      ...funded.map(({ owner, e8s = 0n }) => [accountIdentifier(owner), e8s] as const),
    ]),
  });
  await install(net, modules, "cycles-ledger", {
    cycles: PLENTY_CYCLES,
    arg: cyclesLedgerInit(principal(CYCLES_LEDGER_INDEX), [
      [ANONYMOUS, PLENTY_CYCLES],
      ...funded.map(({ owner, cycles = 0n }) => [principalOf(principalId(owner)), cycles] as const),
    ]),
  });
  const cmc = await install(net, modules, "cmc", {
    cycles: PLENTY_CYCLES,
    arg: cmcInit({
      ledger: principal(SYSTEM_CANISTER_IDS.ledger),
      governance: principal(GOVERNANCE),
      mintingAccount,
      cyclesLedger: principal(SYSTEM_CANISTER_IDS["cycles-ledger"]),
    }),
  });
  if (cmc !== null) await configureCmc(net, cmc, options.xdrPermyriadPerIcp ?? DEFAULT_RATE);
  const candidUi = await install(net, modules, "candid-ui", { arg: NOTHING });
  if (candidUi !== null && options.candidUiPage !== undefined)
    await candidUi.call("store", assetPage(options.candidUiPage), { sender: NNS_ROOT });
  await install(net, modules, "internet-identity", { cycles: PLENTY_CYCLES, arg: NOTHING });
}

/** The rate, and where canisters may be created: on ordinary application subnets by everybody, on the fiduciary one by asking for its type. */
async function configureCmc(net: Cannery, cmc: Canister, rate: bigint): Promise<void> {
  const govern = (method: string, arg: Uint8Array): Promise<Uint8Array> => cmc.call(method, arg, { sender: GOVERNANCE });
  const now = net.time / 1_000_000_000n;
  await govern("set_icp_xdr_conversion_rate", rateUpdate(now > FIRST_RATE_SECONDS ? now : FIRST_RATE_SECONDS + 1n, rate));
  const named = (name: string): Principal[] =>
    net.subnets.filter((subnet) => subnet.kind === "application" && subnet.name === name).map(({ id }) => principal(id));
  await govern("set_authorized_subnetwork_list", subnetsForEverybody(named("application")));
  const fiduciary = named("fiduciary");
  if (fiduciary.length === 0) return;
  await govern("update_subnet_type", newSubnetType("fiduciary"));
  await govern("change_subnet_type_assignment", subnetsOfType("fiduciary", fiduciary));
}

async function install(
  net: Cannery,
  modules: SystemModules,
  name: SystemCanister,
  { cycles, arg }: { readonly cycles?: bigint; readonly arg?: Uint8Array },
): Promise<Canister | null> {
  const module = modules[name];
  if (module === undefined) return null;
  const id = SYSTEM_CANISTER_IDS[name];
  return net.install(module, {
    id,
    subnet: owner(net, name),
    name,
    sender: NNS_ROOT,
    ...(cycles === undefined ? {} : { cycles }),
    ...(arg === undefined ? {} : { arg }),
  });
}

function owner(net: Cannery, name: SystemCanister): Subnet {
  const id = SYSTEM_CANISTER_IDS[name];
  const subnet = route(net.state, principalId(id));
  const found = net.subnets.find((candidate) => subnet !== null && candidate.id === principalText(subnet));
  if (found !== undefined) return found;
  const needed = { ledger: "an nns subnet", cmc: "an nns subnet", "cycles-ledger": "an ii subnet", "internet-identity": "an ii subnet" };
  throw new CanneryError(
    "no-such-subnet",
    `${name} is installed at ${id}, and no subnet of this network owns that id: it needs ${name === "candid-ui" ? "a subnet with the canisterRanges of CANDID_UI_RANGE" : needed[name]}`,
  );
}
