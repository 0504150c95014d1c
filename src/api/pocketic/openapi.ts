/**
 * The server's description of itself, `/api.json`: what there is to ask, and by which HTTP methods. Ours: without the shapes of bodies, which the real
 * server derives from its types.
 *
 * Replica: `serve_api` in `rs/pocket_ic_server/src/main.rs` (c7c5005).
 */
import { ADDRESSES, methodsOf } from "../http/endpoints.ts";
import { READ_GET, READ_POST, UPDATE } from "./operations.ts";

/** An address, with `:name` for what differs, and its HTTP methods. */
type Address = readonly [path: string, methods: readonly string[]];

/** Below an instance's own path. */
const OF_INSTANCES: readonly Address[] = [
  ...Object.keys(READ_GET).map((name): Address => [`/read/${name}`, ["GET"]]),
  ...Object.keys(READ_POST).map((name): Address => [`/read/${name}`, ["POST"]]),
  ...Object.keys(UPDATE).map((name): Address => [`/update/${name}`, ["POST"]]),
  ...[...ADDRESSES].map(([path, endpoint]): Address => [path.replace(":id", ":principal"), methodsOf(endpoint(""))]),
  ["/_/dashboard", ["GET"]],
  ["/_/topology", ["GET"]],
  ["/auto_progress", ["GET", "POST"]],
  ["/stop_progress", ["POST"]],
];

export function openApi(ofServer: readonly Address[]): object {
  const addresses = [...ofServer, ...OF_INSTANCES.map(([path, methods]): Address => [`/instances/:id${path}`, methods])];
  return {
    openapi: "3.1.0",
    info: { title: "", description: "PocketIC server API", version: "" },
    paths: Object.fromEntries(addresses.map(([path, methods]) => [path.replace(/:(\w+)/g, "{$1}"), pathItem(path, methods)])),
  };
}

function pathItem(path: string, methods: readonly string[]): object {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ in: "path", name, required: true, schema: { type: "string" } }));
  const operation = { ...(parameters.length === 0 ? {} : { parameters }), responses: {} };
  return Object.fromEntries(methods.filter((method) => method !== "HEAD").map((method) => [method.toLowerCase(), operation]));
}
