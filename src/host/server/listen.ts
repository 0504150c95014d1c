/**
 * A handler of requests behind a socket of this machine. Holds no rule: what is answered, the handler says.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CanneryError } from "../../base/cannery-error.ts";
import { MAX_HEADER_BYTES } from "../http-limits.ts";
import { ownerOfPort } from "./port-owner.ts";

export interface Listening {
  readonly port: number;
  /** As clients write it. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly bind: string;
  /** How another port is given, for whoever finds this one taken. */
  readonly otherPort?: string;
  /** The thread does nothing else: what Node has for a response, which costs more than our answers, may be replaced there. */
  readonly isOwnThread?: boolean;
}

const LOOPBACK_4 = "127.0.0.1";
const LOOPBACK_6 = "::1";
/** This machine by the other family of addresses: which of them `localhost` is, differs. */
const OTHER_FAMILY: Readonly<Record<string, string>> = { [LOOPBACK_4]: LOOPBACK_6, [LOOPBACK_6]: LOOPBACK_4 };
/** Connections that are not used stay open for so long: clients keep pools, and one closed under a request is an error for them. */
const KEEP_ALIVE_MILLISECONDS = 120_000;
/** Of a port that is free for both families of addresses. */
const MAX_TRIES = 20;

/** Rejects with a `CanneryError` (`port-taken`, `bad-address`) when the address cannot be listened on. */
export function listen(handler: (request: Request) => Promise<Response>, options: ListenOptions): Promise<Listening> {
  return listenWith(listenerOf(handler, options.isOwnThread === true), options);
}

/** The same for a function of Node's own requests. */
export async function listenWith(listener: RequestListener, options: ListenOptions): Promise<Listening> {
  for (let tries = 1; ; tries++) {
    const servers = [await open(listener, options)];
    const { port } = servers[0]!.address() as AddressInfo;
    const close = async (): Promise<void> => void (await Promise.all(servers.map(closed)));
    const other = OTHER_FAMILY[options.bind];
    if (other !== undefined) {
      try {
        servers.push(await open(listener, { ...options, bind: other, port }));
      } catch (error) {
        const isTaken = error instanceof CanneryError && error.code === "port-taken";
        if (isTaken) await close();
        if (isTaken && options.port === 0 && tries < MAX_TRIES) continue;
        // A machine without that family is fine.
        if (isTaken) throw error;
      }
    }
    return { port, url: urlOf(options.bind, port), close };
  }
}

/** What turns Node's requests into the web's is loaded with the first one: with it comes all of Node's `fetch`. */
function listenerOf(handler: (request: Request) => Promise<Response>, isOwnThread: boolean): RequestListener {
  let listener: RequestListener | null = null;
  let loading: Promise<RequestListener> | null = null;
  const load = async (): Promise<RequestListener> => {
    const { getRequestListener } = await import("@hono/node-server");
    // Handlers take one argument: `fetch` functions would take the library's second one for options.
    return (listener = getRequestListener((request) => handler(request), { overrideGlobalObjects: isOwnThread }) as RequestListener);
  };
  return (request, response) => {
    if (listener !== null) return listener(request, response);
    void (loading ??= load()).then((loaded) => loaded(request, response));
  };
}

/** An address that stands for all is reached by the machine's own. */
function urlOf(bind: string, port: number): string {
  if (bind === "0.0.0.0" || bind === "::" || bind === LOOPBACK_4 || bind === LOOPBACK_6) return `http://localhost:${port}`;
  return `http://${bind.includes(":") ? `[${bind}]` : bind}:${port}`;
}

function open(listener: RequestListener, options: ListenOptions): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS, maxHeaderSize: MAX_HEADER_BYTES }, listener);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(error, options)));
    server.listen({ port: options.port, host: options.bind, exclusive: true }, () => resolve(server));
  });
}

function refusal(error: NodeJS.ErrnoException, { bind: host, port, otherPort = "give another port" }: ListenOptions): Error {
  const cause = { cause: error };
  if (error.code === "EADDRINUSE") {
    const owner = ownerOfPort(port);
    const by = owner === null ? "by another program" : `by ${owner}`;
    return new CanneryError("port-taken", `port ${port} of ${host} is taken ${by}. Stop that, or ${otherPort}.`, cause);
  }
  if (error.code === "EACCES")
    return new CanneryError("bad-address", `port ${port} of ${host} may not be listened on: ${error.message}`, cause);
  return new CanneryError("bad-address", `${host} cannot be listened on: ${error.message}`, cause);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
