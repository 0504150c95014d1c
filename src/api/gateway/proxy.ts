/**
 * The public HTTPS interface as it is behind a gateway, which answers browsers' questions itself and marks what comes from the network as no page.
 *
 * Source: pocketic-server.md 8.1; dfinity/ic-gateway `src/routing/proxy.rs`.
 */
import { endpointAt, methodsOf } from "../http/endpoints.ts";
import type { HttpInterface } from "../http/handler.ts";
import { preflight } from "./cors.ts";

const ANSWERED = { "x-content-type-options": "nosniff", "x-frame-options": "DENY" };

export async function proxied(request: Request, path: string, api: HttpInterface): Promise<Response> {
  if (request.method === "OPTIONS") {
    const endpoint = endpointAt(path);
    if (endpoint !== null) return preflight(methodsOf(endpoint));
  }
  const answer = await api(request, path);
  if (answer.ok) for (const [name, value] of Object.entries(ANSWERED)) answer.headers.set(name, value);
  return answer;
}
