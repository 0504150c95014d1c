/**
 * Requests per second to a network behind a socket, with 1 client and with 50, over what a bare server of Node gives that answers with the same bytes:
 * `httpUpdateCallsPerSecond`, each call with its certificate (`/api/v4/…/call`), and `httpQueriesPerSecond`, each with a node's signature.
 *
 * `httpUpdateMilliseconds` is one update call of an agent on the server's side: the CPU time of the server. What the agent needs to check it comes besides:
 * `httpUpdateMillisecondsOfAgent` is the whole call.
 */
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Cbor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { loadGenerated } from "../examples/modules.ts";
import { install } from "../test/start/management.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded, timedAsync } from "./measure.ts";
import { serving, type Serving } from "./served-process.ts";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const NOTHING = IDL.encode([], []);
const EXPIRY_NANOS = 240_000_000_000n;

type Ask = (n: number) => { readonly path: string; readonly body: Uint8Array };

/** Envelopes of the anonymous user, who signs nothing: so that the client costs little. */
function asks(canister: Principal): { readonly update: Ask; readonly query: Ask } {
  const envelope = (fields: object, n: number): Uint8Array => {
    const ingress_expiry = BigInt(Date.now()) * 1_000_000n + EXPIRY_NANOS;
    const nonce = new Uint8Array(8);
    new DataView(nonce.buffer).setFloat64(0, n);
    return Cbor.encode({
      content: {
        ...fields,
        sender: Principal.anonymous().toUint8Array(),
        canister_id: canister.toUint8Array(),
        arg: NOTHING,
        ingress_expiry,
        nonce,
      },
    });
  };
  const at = (version: number, what: string): string => `/api/v${version}/canister/${canister.toText()}/${what}`;
  return {
    update: (n) => ({ path: at(4, "call"), body: envelope({ request_type: "call", method_name: "inc" }, n) }),
    query: (n) => ({ path: at(3, "query"), body: envelope({ request_type: "query", method_name: "get" }, n) }),
  };
}

/** Status and body. */
function post(port: number, agent: Agent, { path, body }: ReturnType<Ask>): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/cbor", "content-length": body.length };
    const asked = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(parts) }));
    });
    asked.once("error", reject);
    asked.end(body);
  });
}

interface Load {
  readonly port: number;
  readonly ask: Ask;
  readonly clients: number;
}

let asked = 0;

/** Requests per second in one stretch. */
async function stretch({ port, ask, clients }: Load, requests: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  // Made before, as clients' work is not what is timed.
  const bodies = Array.from({ length: requests }, () => ask(asked++));
  const client = async (): Promise<void> => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const { status, body: answer } = await post(port, agent, body);
      if (status !== 200) throw new Error(`status ${status}: ${answer.toString()}`);
    }
  };
  const milliseconds = await timedAsync(() => Promise.all(Array.from({ length: clients }, client)));
  agent.destroy();
  return (requests / milliseconds) * 1000;
}

/** A server that reads a request and answers with these bytes. */
async function bareServer(answer: Buffer): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((incoming, response) => {
    incoming
      .on("data", () => {})
      .on("end", () => response.writeHead(200, { "content-type": "application/cbor", "content-length": answer.length }).end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

async function rates(name: string, port: number, ask: Ask, { isQuick, progress }: FigureOptions): Promise<Results> {
  const results: Record<string, number> = {};
  const { body } = await post(port, new Agent(), ask(asked++));
  const bare = await bareServer(body);
  for (const clients of [1, 50]) {
    const requests = (name === "httpQueries" ? 400 : 100) * (clients === 1 ? 1 : 4);
    const network: number[] = [];
    const baseline: number[] = [];
    await stretch({ port, ask, clients }, requests);
    for (let turn = 0; turn < (isQuick ? 2 : 9); turn++) {
      network.push(await stretch({ port, ask, clients }, requests));
      baseline.push(await stretch({ port: bare.port, ask, clients }, requests));
    }
    const suffix = clients === 1 ? "" : `Of${clients}`;
    results[`${name}PerSecond${suffix}`] = rounded(median(network));
    results[`${name}OverBareServer${suffix}`] = rounded(median(network) / median(baseline));
    progress(`  ${name}, ${clients} at a time: ${median(network).toFixed(0)} a second, a bare server ${median(baseline).toFixed(0)}`);
  }
  bare.close();
  return results;
}

async function latency(agent: HttpAgent, canister: Principal, server: Serving, { isQuick, progress }: FigureOptions): Promise<Results> {
  const once = (): Promise<unknown> => agent.update(canister, { methodName: "inc", arg: NOTHING });
  for (let i = 0; i < (isQuick ? 10 : 50); i++) await once();
  const whole: number[] = [];
  const before = server.cpuMilliseconds();
  const calls = isQuick ? 20 : 100;
  for (let i = 0; i < calls; i++) whole.push(await timedAsync(once));
  const after = server.cpuMilliseconds();
  const served = before === null || after === null ? NaN : (after - before) / calls;
  progress(`  an update call of an agent ${median(whole).toFixed(1)} ms, of which the server's CPU ${served.toFixed(1)} ms`);
  return { httpUpdateMilliseconds: rounded(served), httpUpdateMillisecondsOfAgent: rounded(median(whole)) };
}

async function measure(options: FigureOptions): Promise<Results> {
  const server = await serving([MAIN, "start", "--json", "--port", "0", "--subnets", "application"]);
  try {
    const { url } = JSON.parse(server.line) as { readonly url: string };
    const agent = await HttpAgent.create({ host: url, shouldFetchRootKey: true });
    const first = (await (await fetch(`${url}/_/topology`)).json()) as {
      readonly default_effective_canister_id: { readonly canister_id: string };
    };
    const effective = Principal.fromUint8Array(Buffer.from(first.default_effective_canister_id.canister_id, "base64")).toText();
    const canister = await install(agent, effective, loadGenerated("counter"));
    const port = Number(new URL(url).port);
    const { update, query } = asks(canister);
    return {
      ...(await latency(agent, canister, server, options)),
      ...(await rates("httpUpdateCalls", port, update, options)),
      ...(await rates("httpQueries", port, query, options)),
    };
  } finally {
    await server.stop();
  }
}

export const http: Figure = {
  name: "httpUpdateMilliseconds",
  aim: { kind: "at most", value: 10, of: (results) => results["httpUpdateMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
