/**
 * `cannery stop`: ends a network that was started before, in the background or elsewhere.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { delay } from "../host/clock.ts";
import { isAlive } from "../host/process-mark.ts";
import { chosenNetwork, type WhichNetwork } from "./running.ts";

const PATIENCE_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 20;

export async function stop(which: WhichNetwork): Promise<void> {
  const network = chosenNetwork(which);
  process.kill(network.pid, "SIGINT");
  const keepAlive = setInterval(() => {}, PATIENCE_MILLISECONDS);
  for (let waited = 0; isAlive(network); waited += POLL_MILLISECONDS) {
    if (waited >= PATIENCE_MILLISECONDS) {
      clearInterval(keepAlive);
      throw new CanneryError("still-running", `process ${network.pid} was asked to stop, and still runs after 10 seconds`);
    }
    await delay(POLL_MILLISECONDS);
  }
  clearInterval(keepAlive);
  console.log(`Stopped ${network.url} (process ${network.pid})`);
}
