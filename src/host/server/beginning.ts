/**
 * How a served network begins: with the system canisters that its subnets have room for.
 *
 * The usual one is an image in the package, made when that is built: of a network with these very subnets and canisters, installed on that day. It
 * costs a few milliseconds; modules are read and compiled when their canister is called first. Others are installed when the network starts.
 */
import { namedSubnet } from "../../api/pocketic/topology.ts";
import type { SubnetRequest } from "../../core/genesis.ts";
import { readImage, writeImage } from "../../core/image.ts";
import type { CanisterId } from "../../core/state/ids.ts";
import type { NetworkState } from "../../core/state/network-state.ts";
import { Cannery } from "../../network/cannery.ts";
import { genesisConfig, type CanneryOptions } from "../../network/options.ts";
import { principalId } from "../../network/principals.ts";
import { CANDID_UI_RANGE, OWN_CANISTERS, SYSTEM_CANISTER_IDS } from "../../network/system/canisters.ts";
import { nodeHost } from "../node-host.ts";
import { packagedImage, systemModule, type SystemFiles } from "../system-modules.ts";
import type { FundedIdentity } from "./plan.ts";
import { FUNDED, installSystem } from "./system.ts";

/** What `icp`'s own local networks have, and ours if nothing else is said. */
export const USUAL_SUBNETS: readonly SubnetRequest[] = ["application", "nns", "ii", "fiduciary", "testkeys"].map(namedSubnet);

export interface Beginning {
  readonly subnets: readonly SubnetRequest[];
  /** Modules for system canisters, by path; ours otherwise. */
  readonly system: SystemFiles;
}

type Options = Omit<CanneryOptions, "subnets"> & { readonly timeNanos: bigint };

/** The network, and who owns something in it. */
export async function begin(beginning: Beginning, options: Options): Promise<{ net: Cannery; funded: readonly FundedIdentity[] }> {
  const all = { ...options, subnets: withCandidUi(beginning.subnets), host: nodeHost() };
  const image = isUsual(beginning) ? packagedImage() : null;
  const state = image === null ? null : stateIn(image, all);
  // A clock that is behind the image's day: nobody's time goes back.
  if (state === null || state.timeNanos > options.timeNanos) {
    const net = await Cannery.create(all);
    return { net, funded: await installSystem(net, beginning.system) };
  }
  const net = await Cannery.create({ ...all, begin: () => state });
  for (const name of OWN_CANISTERS) net.name(SYSTEM_CANISTER_IDS[name], name);
  await net.setTime(options.timeNanos);
  return { net, funded: FUNDED };
}

/** The usual network with its system canisters, as it is after their installation at this time. */
export async function genesisImage(timeNanos: bigint): Promise<Uint8Array> {
  const net = await Cannery.create({ host: nodeHost(), subnets: withCandidUi(USUAL_SUBNETS), timeNanos, trace: false, print: false });
  await installSystem(net, {});
  return writeImage(net.state);
}

function stateIn(image: Uint8Array<ArrayBuffer>, options: CanneryOptions): NetworkState {
  const names = new Map<CanisterId, (typeof OWN_CANISTERS)[number]>(
    OWN_CANISTERS.map((name) => [principalId(SYSTEM_CANISTER_IDS[name]), name]),
  );
  const { platform, modules } = nodeHost().environment;
  return readImage(image, genesisConfig(options), { platform, modules, uploaded: (id) => systemModule(names.get(id)!) });
}

function isUsual({ subnets, system }: Beginning): boolean {
  return JSON.stringify([subnets, system]) === JSON.stringify([USUAL_SUBNETS, {}]);
}

/** Where there is an NNS, the first application subnet has the ids around the Candid UI's, too. */
export function withCandidUi(subnets: readonly SubnetRequest[]): readonly SubnetRequest[] {
  if (!subnets.some(({ name }) => name === "nns")) return subnets;
  const first = subnets.findIndex(({ name }) => name === "application");
  return subnets.map((subnet, i) =>
    i === first ? { ...subnet, canisterRanges: [...(subnet.canisterRanges ?? []), CANDID_UI_RANGE] } : subnet,
  );
}
