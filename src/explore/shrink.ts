/**
 * The fewest deviations with which a run still fails in the same way: delta debugging (Zeller and Hildebrandt, 2002), and then one by one until none can
 * be left out.
 */
import type { Deviation } from "../core/schedule/recorder.ts";

export interface Shrinking<D> {
  readonly deviations: readonly D[];
  /** Runs it took. */
  readonly runs: number;
}

/** `fails` runs the body with these deviations. `budget` runs at most. */
export async function shrink<D>(
  deviations: readonly D[],
  fails: (some: readonly D[]) => Promise<boolean>,
  budget: number,
): Promise<Shrinking<D>> {
  let kept = deviations;
  let runs = 0;
  const still = async (some: readonly D[]): Promise<boolean> => {
    runs++;
    return fails(some);
  };
  for (let parts = 1; kept.length > 0 && runs < budget;) {
    const size = Math.ceil(kept.length / parts);
    let smaller: readonly D[] | null = null;
    // The later ones first: what happens early often makes what follows possible.
    for (let end = kept.length; end > 0 && smaller === null && runs < budget; end -= size) {
      const rest = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)];
      if (await still(rest)) smaller = rest;
    }
    if (smaller !== null) {
      kept = smaller;
      parts = Math.max(1, Math.min(parts - 1, kept.length));
    } else if (size === 1) break;
    else parts = Math.min(parts * 2, kept.length);
  }
  return { deviations: kept, runs };
}

/** What a body does when it goes on at once, and a canister that takes no message yet, as deviations name it. */
const AT_ONCE = "0 rounds";
const NOT_YET = "none";

/**
 * The same with a body that never waits for rounds, and with messages held for half, a quarter … as long, as the rounds are fewer then. Leaving out alone
 * does not come there: without a choice the body waits for the network.
 */
export function* hurried(deviations: readonly Deviation[]): Generator<readonly Deviation[]> {
  const waits = ({ kind, chose }: Deviation): boolean => kind === "turn" && chose !== AT_ONCE;
  const holds = ({ kind, chose }: Deviation): boolean => kind === "message" && chose === NOT_YET;
  if (!deviations.some(waits)) return;
  const sooner = deviations.map((one) => (waits(one) ? { ...one, chose: AT_ONCE } : one));
  yield sooner;
  for (let most = sooner.filter(holds).length >> 1; most > 0; most >>= 1) {
    let held = 0;
    yield sooner.filter((one) => !holds(one) || held++ < most);
  }
}
