/**
 * `cannery status`: the networks that run on this machine; `cannery ping`: whether one answers.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { runningNetworks } from "../host/server/running.ts";
import { chosenNetwork, type WhichNetwork } from "./running.ts";

export function status({ json }: { readonly json: boolean }): void {
  const networks = runningNetworks();
  if (json) return console.log(JSON.stringify(networks));
  if (networks.length === 0) return console.log("No network runs.");
  for (const { url, pid, directory, subnets, configUrl, log } of networks) {
    console.log(`${url}  process ${pid}, started in ${directory}`);
    for (const { id, kind, name } of subnets) console.log(`  ${id}  ${kind}${name === kind ? "" : ` (${name})`}`);
    if (configUrl !== undefined) console.log(`  as a PocketIC instance: ${configUrl}`);
    if (log !== null) console.log(`  prints to ${log}`);
  }
}

const PATIENCE_MILLISECONDS = 5_000;

/** Throws a `CanneryError` where there is no answer. */
export async function ping(which: WhichNetwork): Promise<void> {
  const { url } = chosenNetwork(which);
  const { HttpAgent } = await import("@icp-sdk/core/agent");
  const timed = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    fetch(input, { ...init, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  try {
    const agent = HttpAgent.createSync({ host: url, fetch: timed as typeof fetch, retryTimes: 0 });
    const { replica_health_status: health, impl_version: implementation } = await agent.status();
    console.log(`${url} is ${String(health)} (${String(implementation)})`);
  } catch (cause) {
    throw new CanneryError("no-answer", `${url} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
