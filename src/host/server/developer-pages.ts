/**
 * What local networks show besides the platform's interface, under every name: which subnets there are, and a page about the canisters.
 *
 * Tools find subnets by the first. Source: pocketic-server.md 8.1, 9; icp-cli `crates/icp-cli/tests/common/context.rs`.
 */
import { dashboard } from "../../api/pocketic/dashboard.ts";
import { writeJson } from "../../api/pocketic/json.ts";
import { defaultEffectiveCanisterId, specOf, topologyJson } from "../../api/pocketic/topology.ts";
import type { NetworkState } from "../../core/state/network-state.ts";
import { nodePlatform } from "../platform-node.ts";

type Handler = (request: Request) => Promise<Response>;

const CORS = { "access-control-allow-origin": "*" };

export function withDeveloperPages(network: { readonly state: NetworkState }, handler: Handler): Handler {
  const pages: Readonly<Record<string, () => Response>> = {
    "/_/topology": () => answer("application/json", topologyOf(network.state)),
    "/_/dashboard": () => answer("text/html; charset=utf-8", dashboard(network)),
  };
  return async (request) => {
    const page = request.method === "GET" ? pages[new URL(request.url).pathname] : undefined;
    return page === undefined ? handler(request) : page();
  };
}

function topologyOf(state: NetworkState): string {
  const specs = state.subnetOrder.map((id) => specOf(state.subnets.get(id)!.config));
  return writeJson(topologyJson(state, specs, defaultEffectiveCanisterId(state, specs), nodePlatform.sha256));
}

function answer(type: string, body: string): Response {
  return new Response(body, { headers: { ...CORS, "content-type": type } });
}
