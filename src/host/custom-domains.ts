/**
 * Custom domains from a file that another program rewrites whenever it likes. It is looked at when somebody asks, so that an idle network does nothing.
 *
 * Source: icp-launcher.md 3.
 */
import { readFileSync, statSync } from "node:fs";
import { parseCustomDomains } from "../api/gateway/host.ts";

/** For `GatewayOptions.customDomain`. There may be no such file yet, or no longer. */
export function customDomainsOf(path: string): (host: string) => string | null {
  let domains: ReadonlyMap<string, string> = new Map();
  let version = "";
  return (host) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    const found = stat === undefined ? "" : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
    if (found !== version) {
      domains = found === "" ? new Map() : parseCustomDomains(readFileSync(path, "utf8"));
      version = found;
    }
    return domains.get(host) ?? null;
  };
}
