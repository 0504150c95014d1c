/**
 * Custom domains from a file that another program rewrites whenever it likes. It is read when somebody asks, so that an idle network does nothing.
 *
 * Source: icp-launcher.md 3.
 */
import { readFileSync } from "node:fs";
import { parseCustomDomains } from "../api/gateway/host.ts";

/** For so long what was read last counts. */
const FRESH_MILLISECONDS = 500;

/** For `GatewayOptions.customDomain`. There may be no such file yet, or no longer. */
export function customDomainsOf(path: string): (host: string) => string | null {
  let domains: ReadonlyMap<string, string> = new Map();
  let readAt = -Infinity;
  return (host) => {
    const now = performance.now();
    if (now - readAt > FRESH_MILLISECONDS) {
      domains = parseCustomDomains(textOf(path));
      readAt = now;
    }
    return domains.get(host) ?? null;
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
