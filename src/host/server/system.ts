/**
 * The system canisters of a served network: those that its subnets have room for, with modules of ours or of the user.
 */
import { existsSync, readFileSync } from "node:fs";
import { CanneryError } from "../../base/cannery-error.ts";
import type { Cannery } from "../../network/cannery.ts";
import { OWN_CANISTERS, SYSTEM_CANISTER_IDS, type SystemCanister } from "../../network/system/canisters.ts";
import { installInternetIdentityFrontend, installSystemCanisters, type SystemModules } from "../../network/system/install.ts";
import { route } from "../../core/state/world.ts";
import { principalId } from "../../network/principals.ts";
import { candidUiPage, systemModule, type SystemFiles } from "../system-modules.ts";
import type { FundedIdentity } from "./plan.ts";

/** Everybody is this user without an identity. Source: icp-launcher.md 5. */
export const FUNDED: readonly FundedIdentity[] = [{ name: "anonymous: ICP and cycles", principal: "2vxsx-fae" }];

/** Gives who owns something now. */
export async function installSystem(net: Cannery, files: SystemFiles): Promise<readonly FundedIdentity[]> {
  const hasRoom = (name: SystemCanister): boolean => route(net.state, principalId(SYSTEM_CANISTER_IDS[name])) !== null;
  const own = OWN_CANISTERS.filter((name) => files[name] === undefined && hasRoom(name));
  const modules: SystemModules = {
    ...Object.fromEntries(own.map((name) => [name, systemModule(name)])),
    ...Object.fromEntries(Object.entries(files).map(([name, path]) => [name, read(name, path)])),
  };
  await installSystemCanisters(net, modules, files["candid-ui"] === undefined ? { candidUiPage: candidUiPage() } : {});
  return modules.ledger === undefined ? [] : FUNDED;
}

/** What has to know the port under which it is reached. */
export async function installBehindGateway(net: Cannery, files: SystemFiles, port: number): Promise<void> {
  const name = "internet-identity-frontend";
  const path = files[name];
  if (path !== undefined) await installInternetIdentityFrontend(net, { [name]: read(name, path) }, port);
}

/** Where the pages of Internet Identity are in local networks that `icp` starts. */
const IDENTITY_HOST = "id.ai.localhost";

/**
 * Canisters by host. `icp` names that of Internet Identity's pages among the others; a network that it did not start (`null`) has the same one. In older
 * releases, and in a network without those pages, one canister is both.
 */
export function customDomain(net: Cannery, named: ((host: string) => string | null) | null): (host: string) => string | null {
  const { "internet-identity": backend, "internet-identity-frontend": frontend } = SYSTEM_CANISTER_IDS;
  const exists = (id: string): boolean => {
    const subnet = route(net.state, principalId(id));
    return subnet !== null && net.state.subnets.get(subnet)!.canisters.has(principalId(id));
  };
  const own = (host: string): string | null => (host === IDENTITY_HOST && exists(backend) ? frontend : null);
  return (host) => {
    const id = (named ?? own)(host);
    return id === frontend && !exists(frontend) ? backend : id;
  };
}

function read(name: string, path: string): Uint8Array {
  if (existsSync(path)) return new Uint8Array(readFileSync(path));
  throw new CanneryError("file-missing", `There is no file ${path} for the system canister ${name}.`);
}
