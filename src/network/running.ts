/**
 * A network that is live, as PocketIC's clients handle it: what an instance of that server does to its network (`api/pocketic/running-instance.ts`).
 */
import type { Progress } from "../api/pocketic/auto-progress.ts";
import type { RunningNetwork } from "../api/pocketic/running-instance.ts";
import { served } from "./served.ts";
import type { Session } from "./session.ts";

/** `session` is live already. */
export function runningNetwork(session: Session): RunningNetwork {
  const { core, driver, submissions } = session;
  // While its rounds are run by hand, its time stands still and the web is answered for it.
  const byHand = (isByHand: boolean): void => {
    session.isClockStopped = isByHand;
    driver.steps.outcalls.pause(isByHand);
    driver.setManual(isByHand);
  };
  const progress: Progress = {
    stop() {
      driver.setLive(null);
      byHand(true);
      return Promise.resolve();
    },
  };
  return {
    get state() {
      return core.state;
    },
    served: served(session),
    step: (input) => submissions.apply(input),
    digest: () => core.digest(),
    live(delayMilliseconds) {
      byHand(false);
      driver.setLive(delayMilliseconds === 0 ? {} : { delayMilliseconds });
      return progress;
    },
    progress,
  };
}
