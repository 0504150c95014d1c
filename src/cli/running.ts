/**
 * Which running network a command is about: the one on the port given; else the one started in this folder; else the only one there is.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { runningNetworks, type RunningNetwork } from "../host/server/running.ts";

export interface WhichNetwork {
  readonly port?: number;
}

export function chosenNetwork({ port }: WhichNetwork): RunningNetwork {
  const all = runningNetworks();
  if (all.length === 0) throw new CanneryError("not-running", "no network runs here. Start one: cannery start");
  const list = all.map((network) => `  --port ${network.port}  ${network.directory} (process ${network.pid})`).join("\n");
  if (port !== undefined) {
    const found = all.find((network) => network.port === port);
    if (found === undefined) throw new CanneryError("not-running", `no network of Cannery runs on port ${port}. There are\n${list}`);
    return found;
  }
  const here = all.filter(({ directory }) => directory === process.cwd());
  const candidates = here.length > 0 ? here : all;
  if (candidates.length === 1) return candidates[0]!;
  throw new CanneryError("which-network", `several networks run: say which one is meant.\n${list}`);
}
