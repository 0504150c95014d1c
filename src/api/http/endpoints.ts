/**
 * The addresses of the public HTTPS interface: what each offers, in which versions, and by which HTTP methods.
 *
 * Source: interface spec, https-interface#http-interface; http-interface.md 1. Replica: routers of `rs/http_endpoints/public/src` (c7c5005).
 */
import { METHOD_NAME_ALL } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

export type Endpoint =
  | { readonly kind: "status" }
  | {
      readonly kind: "call" | "query" | "read_state";
      readonly version: 2 | 3 | 4;
      readonly target: "canister" | "subnet";
      /** As it stands in the address. */
      readonly id: string;
    };

type Kind = "call" | "query" | "read_state";

const VERSIONS: readonly (readonly [target: "canister" | "subnet", kind: Kind, versions: readonly (2 | 3 | 4)[]])[] = [
  ["canister", "call", [2, 3, 4]],
  ["subnet", "call", [4]],
  ["canister", "query", [2, 3]],
  ["subnet", "query", [3]],
  ["canister", "read_state", [2, 3]],
  ["subnet", "read_state", [2, 3]],
];

/** Each address, with `:id` for what an endpoint is about. */
export const ADDRESSES: ReadonlyMap<string, (id: string) => Endpoint> = new Map([
  ["/api/v2/status", (): Endpoint => ({ kind: "status" })],
  ...VERSIONS.flatMap(([target, kind, versions]) =>
    versions.map(
      (version) => [`/api/v${version}/${target}/:id/${kind}`, (id: string): Endpoint => ({ kind, version, target, id })] as const,
    ),
  ),
]);

const router = new TrieRouter<(id: string) => Endpoint>();
for (const [address, endpoint] of ADDRESSES) router.add(METHOD_NAME_ALL, address, endpoint);

/** What is at a path; `null` when nothing is. */
export function endpointAt(path: string): Endpoint | null {
  const [found] = router.match(METHOD_NAME_ALL, path)[0];
  if (found === undefined) return null;
  const [endpoint, parameters] = found;
  return endpoint(unescaped(String(parameters["id"] ?? "")));
}

/** Who may GET may HEAD, which is how the platform's routers have it. */
export function methodsOf({ kind }: Endpoint): readonly string[] {
  return kind === "status" ? ["GET", "HEAD"] : ["POST"];
}

/** A part of a path, as it was meant; as it is where it was not escaped rightly. */
export function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
