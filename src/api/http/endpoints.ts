/**
 * The addresses of the public HTTPS interface: what each offers, in which versions, and by which HTTP methods.
 *
 * Source: interface spec, https-interface#http-interface; http-interface.md 1. Replica: routers of `rs/http_endpoints/public/src` (c7c5005).
 */

export type Endpoint =
  | { readonly kind: "status" }
  | {
      readonly kind: "call" | "query" | "read_state";
      readonly version: 2 | 3 | 4;
      readonly target: "canister" | "subnet";
      /** As it stands in the address. */
      readonly id: string;
    };

const VERSIONS: Readonly<Record<string, readonly number[]>> = {
  "canister/call": [2, 3, 4],
  "subnet/call": [4],
  "canister/query": [2, 3],
  "subnet/query": [3],
  "canister/read_state": [2, 3],
  "subnet/read_state": [2, 3],
};

/** What is at a path; `null` when nothing is. */
export function endpointAt(path: string): Endpoint | null {
  if (path === "/api/v2/status") return { kind: "status" };
  const parts = /^\/api\/v([234])\/(canister|subnet)\/([^/]+)\/(call|query|read_state)$/.exec(path);
  if (parts === null) return null;
  const [, number, target, id, kind] = parts as unknown as [string, string, "canister" | "subnet", string, "call" | "query" | "read_state"];
  const version = Number(number) as 2 | 3 | 4;
  return VERSIONS[`${target}/${kind}`]!.includes(version) ? { kind, version, target, id: unescaped(id) } : null;
}

/** Who may GET may HEAD, which is how the platform's routers have it. */
export function methodsOf({ kind }: Endpoint): readonly string[] {
  return kind === "status" ? ["GET", "HEAD"] : ["POST"];
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
