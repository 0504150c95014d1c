/**
 * The fewest deviations with which a run still fails in the same way: delta debugging (Zeller and Hildebrandt, 2002), and then one by one until none can
 * be left out.
 */
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
