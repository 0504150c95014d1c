/**
 * Addresses of the server by a table: who answers which HTTP method.
 */
import { METHOD_NAME_ALL } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";
import { unescaped } from "../../api/http/endpoints.ts";
import type { InstanceResponse } from "../../api/pocketic/handler.ts";
import { empty } from "./wire.ts";

/** Gives the response to a request; `parameter` is what the address has in a place of the table's. */
type Answer<R> = (request: R, parameter: (name: string) => string) => InstanceResponse | Promise<InstanceResponse>;

/** By HTTP method; who may GET may HEAD. */
export type Handlers<R> = Readonly<Record<string, Answer<R>>>;

export class Router<R extends { readonly method: string }> {
  private readonly router = new TrieRouter<Handlers<R>>();

  constructor(table: Readonly<Record<string, Handlers<R>>>) {
    for (const [path, handlers] of Object.entries(table)) this.router.add(METHOD_NAME_ALL, path, handlers);
  }

  answer(path: string, request: R): InstanceResponse | Promise<InstanceResponse> {
    const [found] = this.router.match(METHOD_NAME_ALL, path)[0];
    if (found === undefined) return empty(404);
    const [handlers, parameters] = found;
    const answer = handlers[request.method === "HEAD" ? "GET" : request.method];
    if (answer !== undefined) return answer(request, (name) => unescaped(String(parameters[name as keyof typeof parameters])));
    const allowed = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
    return { status: 405, headers: { allow: allowed.join(",") }, body: "" };
  }
}
