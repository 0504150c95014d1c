/**
 * Which canister an address names: by its host, its parameter `canisterId`, or the page that the request comes from.
 *
 * Source: pocketic-server.md 8.1, icp-launcher.md 1.3 and 3; dfinity/ic-gateway `src/routing/domain.rs` and `middleware/validate.rs`. What stands for a
 * canister is not part of the gateway's specification.
 */
import type { PrincipalId } from "../../core/state/ids.ts";
import { InvalidPrincipal, parsePrincipal } from "../../core/state/principal.ts";
import { GatewayFailure } from "./failure.ts";

export interface Hosts {
  /** Canisters are at `<id>.<domain>`, besides `<id>.localhost`; `null`: at `<id>.<whatever>`. */
  readonly domains: readonly string[] | null;
  /** The id of the canister behind a host that is none of these. */
  customDomain(host: string): string | null;
}

export interface Resolved {
  /** `null`: the address names none. */
  readonly canister: PrincipalId | null;
  /** The answer is passed on unverified. */
  readonly isRaw: boolean;
}

/** Always served: the addresses of this machine. */
const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

/** Throws a `GatewayFailure` for a host that is not served, and for a `canisterId` that is none. */
export function resolve(url: URL, referer: string | null, hosts: Hosts): Resolved {
  const host = url.hostname.replace(/\.$/, "");
  const byHost = ofHost(host, hosts);
  const custom = byHost?.canister == null ? hosts.customDomain(host) : null;
  if (custom !== null) return { canister: parsePrincipal(custom), isRaw: false };
  if (byHost === null) throw new GatewayFailure("client_unknown_domain", `The domain ${host} is not served by this gateway.`);
  return { canister: byHost.canister ?? ofParameter(url) ?? ofReferer(referer), isRaw: byHost.isRaw };
}

/** `null` when the host is not served. */
function ofHost(host: string, { domains }: Hosts): Resolved | null {
  const all = [...LOCAL, ...(domains ?? [])];
  if (all.includes(host)) return { canister: null, isRaw: false };
  const domain = all.find((name) => host.endsWith(`.${name}`));
  if (domain === undefined) return domains === null ? { canister: ofLabel(host), isRaw: false } : null;
  const labels = host.slice(0, -domain.length - 1).split(".");
  const isRaw = labels.length === 2 && labels[1] === "raw";
  return labels.length === 1 || isRaw ? { canister: ofLabel(labels[0]!), isRaw } : null;
}

/** The first label, of which the part behind the last `--` counts. */
function ofLabel(host: string): PrincipalId | null {
  return principalOrNull(host.split(".")[0]!.split("--").at(-1)!);
}

function ofParameter(url: URL): PrincipalId | null {
  const text = url.searchParams.get("canisterId");
  if (text === null) return null;
  try {
    return parsePrincipal(text);
  } catch (error) {
    if (!(error instanceof InvalidPrincipal)) throw error;
    throw new GatewayFailure("canister_id_incorrect", error.message);
  }
}

function ofReferer(referer: string | null): PrincipalId | null {
  if (referer === null || !URL.canParse(referer)) return null;
  const url = new URL(referer);
  const parameter = url.searchParams.get("canisterId");
  return principalOrNull(url.hostname.split(".")[0]!) ?? (parameter === null ? null : principalOrNull(parameter));
}

function principalOrNull(text: string): PrincipalId | null {
  try {
    return parsePrincipal(text);
  } catch (error) {
    if (!(error instanceof InvalidPrincipal)) throw error;
    return null; // which is the question
  }
}

/** Lines `host:canister id`, as icp writes them; lines of another form say nothing. Source: icp-launcher.md 3. */
export function parseCustomDomains(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").map((line) => line.trim().toLowerCase().split(":"));
  return new Map(
    lines.flatMap(([host, id, ...more]) => (id !== undefined && more.length === 0 && principalOrNull(id) !== null ? [[host!, id]] : [])),
  );
}
