/**
 * Puts the system canisters into a network at their mainnet ids, with funded accounts: what a local network has at genesis.
 *
 * Source: icp-launcher.md 5 and 6. Replica: rs/pocket_ic_server/src/pocket_ic.rs, `deploy_cycles_minting`, `deploy_icp_token`,
 * `deploy_cycles_token` (c7c5005), for balances and the rate.
 */
import { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../../base/cannery-error.ts";
import { route } from "../../core/state/world.ts";
import { principalText } from "../../core/state/principal.ts";
import type { Cannery } from "../cannery.ts";
import type { Canister } from "../canister.ts";
import type { Subnet } from "../options.ts";
import { principalId } from "../principals.ts";
import { assetPage } from "./arguments.ts";
import { GOVERNANCE, NNS_ROOT, SYSTEM_CANISTER_IDS, type SystemCanister } from "./canisters.ts";
import {
  candidUi,
  conversionRate,
  cyclesLedger,
  cyclesMinting,
  DEFAULT_RATE,
  defaultSubnets,
  fiduciarySubnets,
  internetIdentity,
  internetIdentityFrontend,
  ledger,
  registry,
  type CmcCall,
  type Funded,
  type SystemInstallation,
} from "./plan.ts";

/** Bytes of a module by the canister that it is for. */
export type SystemModules = { readonly [K in SystemCanister]?: Uint8Array };

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

/**
 * Installs those canisters whose modules are given. Each goes to the subnet that owns its id: the NNS, the II subnet, and for the Candid UI one
 * with `CANDID_UI_RANGE`. The ledgers and the cycles minting canister need one another.
 */
export async function installSystemCanisters(net: Cannery, modules: SystemModules, options: SystemOptions = {}): Promise<void> {
  const { funded = [] } = options;
  if (options.internetIdentity === true && modules["internet-identity"] === undefined) {
    throw new CanneryError(
      "no-internet-identity",
      "Internet Identity does not come with Cannery. Download its module, internet_identity_dev.wasm.gz, from https://github.com/dfinity/internet-identity/releases and give its path: --system-canister internet-identity=PATH",
    );
  }
  await install(net, modules, ledger(funded));
  await install(net, modules, cyclesLedger(funded));
  const cmc = await install(net, modules, cyclesMinting({ withCyclesLedger: true }));
  if (cmc !== null) await configureCmc(net, cmc, options.xdrPermyriadPerIcp ?? DEFAULT_RATE);
  const ui = await install(net, modules, candidUi());
  if (ui !== null && options.candidUiPage !== undefined) await ui.call("store", assetPage(options.candidUiPage), { sender: NNS_ROOT });
  await install(net, modules, registry(net.state));
  await install(net, modules, internetIdentity());
}

/** The pages of Internet Identity, where its module is given: they are told under which port of this machine a gateway serves them. */
export async function installInternetIdentityFrontend(net: Cannery, modules: SystemModules, gatewayPort: number): Promise<void> {
  await install(net, modules, internetIdentityFrontend(gatewayPort));
}

/** The rate, and where canisters may be created: on ordinary application subnets by everybody, on the fiduciary one by asking for its type. */
async function configureCmc(net: Cannery, cmc: Canister, rate: bigint): Promise<void> {
  const govern = ({ method, arg }: CmcCall): Promise<Uint8Array> => cmc.call(method, arg, { sender: GOVERNANCE });
  const named = (name: string): Principal[] =>
    net.subnets.filter((subnet) => subnet.kind === "application" && subnet.name === name).map(({ id }) => Principal.fromText(id));
  await govern(conversionRate(net.time, rate));
  await govern(defaultSubnets(named("application")));
  const fiduciary = named("fiduciary");
  if (fiduciary.length === 0) return;
  for (const call of fiduciarySubnets(fiduciary)) await govern(call);
}

async function install(net: Cannery, modules: SystemModules, { name, cycles, arg }: SystemInstallation): Promise<Canister | null> {
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
  const onNns = name === "ledger" || name === "cmc" || name === "registry";
  throw new CanneryError(
    "no-such-subnet",
    `${name} is installed at ${id}, and no subnet of this network owns that id: it needs ${name === "candid-ui" ? "a subnet with the canisterRanges of CANDID_UI_RANGE" : onNns ? "an nns subnet" : "an ii subnet"}`,
  );
}
