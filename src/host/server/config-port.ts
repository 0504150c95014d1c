/**
 * A server of PocketIC's REST API in front of a served network, which is its first instance: tools move a running network's time by it, or give canisters
 * cycles. Clients may make instances of their own beside it.
 *
 * What that takes is loaded with the first request. Source: icp-launcher.md 2 (`config_port`, `instance_id`).
 */
import type { RequestListener } from "node:http";
import type { WorkerPool } from "../pocketic/pool.ts";
import type { PicServer } from "../pocketic/server.ts";
import { listenWith, type ListenOptions } from "./listen.ts";
import type { ServedNetworkThread } from "./start.ts";

export interface ConfigPort {
  readonly port: number;
  /** Of the network among the server's instances. */
  readonly url: string;
  close(): Promise<void>;
}

/** Number of the served network among the server's instances. */
export const SERVED_INSTANCE = 0;

interface Loaded {
  readonly server: PicServer;
  readonly pool: WorkerPool;
}

/** Rejects with a `CanneryError` (`port-taken`, `bad-address`) when the address cannot be listened on, and the network is stopped then. */
export async function openConfigPort(network: ServedNetworkThread, options: ListenOptions): Promise<ConfigPort> {
  let loading: Promise<Loaded> | null = null;
  const listener: RequestListener = (request, response) => {
    void (loading ??= load(network)).then(({ server }) => server.serve(request, response));
  };
  const listening = await listenWith(listener, options).catch(async (error: unknown) => {
    await network.stop();
    throw error;
  });
  const close = async (): Promise<void> => {
    const loaded = await loading;
    await loaded?.server.stop();
    await loaded?.pool.end();
    // Whoever deleted the instance is told before its connection ends.
    await new Promise((resolve) => setImmediate(resolve));
    await listening.close();
  };
  return { port: listening.port, url: `${listening.url}/instances/${SERVED_INSTANCE}`, close };
}

async function load(network: ServedNetworkThread): Promise<Loaded> {
  const [{ PicServer }, { Instances }, { WorkerPool }] = await Promise.all([
    import("../pocketic/server.ts"),
    import("../pocketic/instances.ts"),
    import("../pocketic/pool.ts"),
  ]);
  const pool = new WorkerPool((line) => void process.stderr.write(`${line}\n`));
  const instances = new Instances(pool);
  instances.add(network);
  return { server: new PicServer(instances), pool };
}
