/**
 * What is where below an instance's own path, and by which HTTP methods: known without the instance, as a request is told what is wrong with itself
 * before anybody looks for the instance.
 *
 * Source: pocketic-server.md 2, 5, 6, 8, 9. Replica: the routers in `rs/pocket_ic_server/src/state_api/routes.rs` (c7c5005).
 */
import { endpointAt, methodsOf } from "../http/endpoints.ts";
import { autoProgressConfig } from "./config.ts";
import { dashboard } from "./dashboard.ts";
import { OperationFailed } from "./failure.ts";
import type { InstanceHandler, InstanceRequest, InstanceResponse } from "./handler.ts";
import { READ_GET, READ_POST, UPDATE, type Operation } from "./operations.ts";
import { answered, Html, jsonOf } from "./responses.ts";

/** Throws what is wrong with the request; the function that comes back does what it asks, and gives JSON, or a page. */
type Take = (request: InstanceRequest) => (handler: InstanceHandler) => unknown;

export type Route =
  /** `ofDeleted`: what is still answered for an instance that was there. */
  | { readonly kind: "run"; readonly take: Take; readonly ofDeleted?: false | null }
  /** An endpoint of the public HTTPS interface. */
  | { readonly kind: "api" };

export type Routes = Readonly<Record<string, Route>>;

/** By HTTP method; `null` when nothing is at the path. Every path may end with a slash. */
export function routesAt(pathAsWritten: string): Routes | null {
  const path = pathAsWritten.replace(/\/$/, "");
  const endpoint = endpointAt(path);
  if (endpoint !== null) return Object.fromEntries(methodsOf(endpoint).map((method) => [method, { kind: "api" }]));
  const [, room = "", name = "", ...more] = path.split("/");
  if (more.length > 0) return null;
  switch (room) {
    case "read":
      if (Object.hasOwn(READ_GET, name)) return gets(({ instance }) => READ_GET[name]!(instance));
      return Object.hasOwn(READ_POST, name) ? { POST: operation(READ_POST[name]!) } : null;
    case "update":
      return Object.hasOwn(UPDATE, name) ? { POST: operation(UPDATE[name]!) } : null;
    case "_":
      if (name === "topology") return gets((handler) => handler.topology());
      return name === "dashboard" ? gets(({ instance }) => new Html(dashboard(instance))) : null;
    case "auto_progress":
      return name === "" ? { ...gets((handler) => handler.isProgressing, false), POST: START_PROGRESS } : null;
    case "stop_progress":
      return name === "" ? { POST: { kind: "run", take: () => (handler) => handler.stopProgress(), ofDeleted: null } } : null;
    default:
      return null;
  }
}

const START_PROGRESS: Route = {
  kind: "run",
  take(request) {
    const { artificialDelayMs } = autoProgressConfig(jsonOf(request), "body");
    return (handler) => handler.startProgress(artificialDelayMs);
  },
  ofDeleted: null,
};

/** Who may GET may HEAD. */
function gets(run: (handler: InstanceHandler) => unknown, ofDeleted?: false): Routes {
  const route: Route = { kind: "run", take: () => run, ...(ofDeleted === undefined ? {} : { ofDeleted }) };
  return { GET: route, HEAD: route };
}

function operation(of: Operation): Route {
  return {
    kind: "run",
    take(request) {
      const run = of(jsonOf(request), request.stored);
      return ({ instance }) => run(instance);
    },
  };
}

/** A path or a method that is not there. */
export function noRoute(routes: Routes | null): InstanceResponse {
  return routes === null
    ? { status: 404, headers: {}, body: "" }
    : { status: 405, headers: { allow: Object.keys(routes).join(",") }, body: "" };
}

/** A request for an instance that is not there. */
export async function withoutInstance(request: InstanceRequest, wasThere: boolean): Promise<InstanceResponse> {
  const routes = routesAt(request.path);
  const route = routes?.[request.method];
  if (route === undefined) return noRoute(routes);
  const message = `UpdateError { message: ${JSON.stringify(wasThere ? "Instance was deleted" : "Instance not found")} }`;
  if (route.kind === "api") return { status: 400, headers: { "content-type": "text/plain; charset=utf-8" }, body: message };
  return answered(() => {
    route.take(request);
    if (wasThere && route.ofDeleted !== undefined) return route.ofDeleted;
    throw new OperationFailed(message);
  });
}
