/**
 * `cannery start`: a network that agents, browsers and other programs talk to over HTTP, until it is stopped.
 */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { CanneryError } from "../base/cannery-error.ts";
import type { SubnetRequest } from "../core/genesis.ts";
import type { ReadyNetwork } from "../host/server/plan.ts";
import type { SystemFiles } from "../host/system-modules.ts";
import { openConfigPort } from "../host/server/config-port.ts";
import { makeRunningFolder } from "../host/server/running.ts";
import { startNetwork } from "../host/server/start.ts";
import { writing } from "../host/writing.ts";
import { StopSignals } from "./stop-signals.ts";
import { untilStopped } from "./until-stopped.ts";
import { version } from "./version.ts";

export interface StartOptions {
  readonly port: number;
  readonly bind: string;
  /** Of a PocketIC server whose first instance the network is; 0 for any that is free. */
  readonly configPort?: number;
  readonly subnets: readonly SubnetRequest[];
  readonly profile: "instant" | "mainnet";
  readonly systemCanister: SystemFiles;
  readonly background: boolean;
  readonly json: boolean;
}

/** Told by the process that stays to the one that started it. */
type FromBackground =
  | { readonly kind: "ready"; readonly network: ReadyNetwork }
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

/** Set for the process that stays in the background: it reports to its parent, and this is the file that it prints to. */
const BACKGROUND = "CANNERY_BACKGROUND_LOG";

export async function start(options: StartOptions): Promise<void> {
  if (options.background) return startInBackground(options);
  const log = process.env[BACKGROUND] ?? null;
  const signals = new StopSignals({ hangUp: log === null ? "stops" : "ignored" });
  const report = (message: FromBackground): void => {
    if (log === null) return;
    process.send?.(message);
    process.disconnect?.();
  };
  try {
    const { port, bind, configPort, subnets, profile, json, systemCanister: system } = options;
    const gateway = { domains: null, customDomains: null, otherPort: "give another port with --port" };
    const network = await startNetwork({ port, bind, ...gateway, subnets, profile, system, prints: json ? "stderr" : "stdout", version });
    const config =
      configPort === undefined
        ? null
        : await openConfigPort(network, { bind, port: configPort, otherPort: "give another port with --config-port" });
    const ready: ReadyNetwork = config === null ? network.ready : { ...network.ready, configUrl: config.url };
    try {
      await untilStopped(network, { ready, log, signals }, () => {
        const howToStop = log === null ? "\nCtrl-C stops it; nothing is kept." : "";
        console.log(json ? jsonLine(ready, process.pid) : `${banner(ready)}${howToStop}`);
        report({ kind: "ready", network: ready });
      });
    } finally {
      await config?.close();
    }
  } catch (error) {
    if (error instanceof CanneryError) report({ kind: "refused", code: error.code, message: error.message });
    throw error;
  }
}

async function startInBackground({ json }: StartOptions): Promise<void> {
  const log = join(makeRunningFolder(), `${process.pid}.log`);
  const file = writing(log, () => openSync(log, "a", 0o600));
  const args = process.argv.slice(1).filter((arg) => arg !== "--background");
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ["ignore", file, file, "ipc"],
    env: { ...process.env, [BACKGROUND]: log },
  });
  const told = await new Promise<FromBackground>((resolve, reject) => {
    child.once("message", (message) => resolve(message as FromBackground));
    child.once("error", reject);
    child.once("exit", (code) => {
      const message = `the network ended with code ${code} before it was ready. What it said is in ${log}`;
      resolve({ kind: "refused", code: "start-failed", message });
    });
  });
  if (told.kind === "refused") throw new CanneryError(told.code, told.message);
  child.unref();
  if (child.connected) child.disconnect();
  console.log(
    json
      ? jsonLine(told.network, child.pid!)
      : `${banner(told.network)}\nIn the background as process ${child.pid}, until \`cannery stop\`; nothing is kept. It prints to ${log}`,
  );
}

function jsonLine({ url, rootKey, subnets, configUrl }: ReadyNetwork, pid: number): string {
  return JSON.stringify({ url, rootKey, pid, subnets, configUrl });
}

function banner({ url, rootKey, subnets, funded, configUrl }: ReadyNetwork): string {
  const lines = [
    `Cannery ${version}`,
    `  URL       ${url}`,
    `  root key  ${rootKey}`,
    ...(configUrl === undefined ? [] : [`  PocketIC  ${configUrl}`]),
    ...subnets.map(({ id, kind, name }, i) => `  ${i === 0 ? "subnets " : "        "}  ${id}  ${kind}${name === kind ? "" : ` (${name})`}`),
    ...funded.map(({ name, principal }, i) => `  ${i === 0 ? "funded  " : "        "}  ${principal}  ${name}`),
  ];
  return lines.join("\n");
}
