/**
 * The PocketIC server as a process: its port file, its time to live, its end.
 *
 * Source: pocketic-server.md 1. Replica: `start` and `terminate` in `rs/pocket_ic_server/src/main.rs` (c7c5005).
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CanneryError } from "../../base/cannery-error.ts";
import { Instances } from "./instances.ts";
import { WorkerPool } from "./pool.ts";
import { HTTP, PicServer } from "./server.ts";

export interface PicServerOptions {
  readonly ipAddress: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly portFile: string | null;
  /** Seconds without a request after which the server ends. */
  readonly ttlSeconds: number;
  /** Seconds after which it ends in any case, with code 124; `null`: never. */
  readonly hardTtlSeconds: number | null;
}

const CHECK_MILLISECONDS = 1000;
const HARD_EXIT_CODE = 124;

/** Resolves when the server listens; the process ends by itself. Nothing happens when the port file is there: another server is. */
export async function servePocketIc(options: PicServerOptions): Promise<void> {
  const { portFile } = options;
  const file = portFile === null ? null : newFile(portFile);
  if (portFile !== null && file === null) return;
  const pool = new WorkerPool((line) => void process.stderr.write(`${line}\n`));
  const server = new PicServer(new Instances(pool));
  const http = createServer(HTTP, (request, response) => void server.serve(request, response));
  let isEnding = false;
  const removePortFile = (): void => {
    if (portFile !== null) rmSync(portFile, { force: true });
  };
  const end = async (code: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    http.close();
    await server.stop();
    http.closeAllConnections();
    await pool.end();
    removePortFile();
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void end(0));
  // Whoever started the server may not read what it prints any more.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  try {
    await listening(http, options);
  } catch (error) {
    removePortFile();
    throw error;
  }
  const { port } = http.address() as AddressInfo;
  if (file !== null) {
    // In one piece: clients read it while it is written.
    writeSync(file, `${port}\n`);
    closeSync(file);
  }
  console.log(`The PocketIC server is listening on port ${port}`);
  const { ttlSeconds, hardTtlSeconds } = options;
  setInterval(() => server.idleMilliseconds > ttlSeconds * 1000 && void end(0), CHECK_MILLISECONDS);
  if (hardTtlSeconds !== null) {
    setTimeout(() => {
      removePortFile();
      process.exit(HARD_EXIT_CODE);
    }, hardTtlSeconds * 1000);
  }
  pool.prewarm();
}

function newFile(path: string): number | null {
  try {
    return openSync(path, "wx", 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return null;
    throw new CanneryError("port-file", `The port file ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function listening(http: Server, { ipAddress, port }: PicServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error) =>
      reject(
        new CanneryError("address-taken", `Failed to bind PocketIC server to address ${ipAddress}:${port}: ${error.message}`, {
          cause: error,
        }),
      ),
    );
    http.listen(port, ipAddress, resolve);
  });
}
