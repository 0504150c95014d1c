/**
 * Run files as they come after they were damaged, or changed by somebody who means well: some place of the JSON is taken away, repeated or replaced.
 */
import { Prng } from "../../src/base/prng.ts";
import type { RunFile } from "../../src/index.ts";

type Place = Record<string, unknown>;

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "x",
  "00",
  [],
  {},
  { nat: "5" },
  { nat: "x" },
  { bytes: "AAAA" },
  { bytes: "%%" },
  { before: "AA" },
];

export function mutatedRun(file: RunFile, seed: number): unknown {
  const prng = Prng.fromSeed(BigInt(seed));
  const copy = structuredClone(file) as unknown as Place;
  for (let times = 1 + prng.below(2); times > 0; times--) mutate(copy, prng);
  return copy;
}

function mutate(whole: Place, prng: Prng): void {
  let place = whole;
  for (;;) {
    const keys = Object.keys(place);
    if (keys.length === 0) return;
    const key = keys[prng.below(keys.length)]!;
    const inside = place[key];
    if (typeof inside === "object" && inside !== null && prng.below(6) > 0) place = inside as Place;
    else return change(place, key, prng);
  }
}

function change(place: Place, key: string, prng: Prng): void {
  const value = place[key];
  switch (prng.below(4)) {
    case 0:
      if (Array.isArray(place)) place.splice(Number(key), 1);
      else delete place[key];
      return;
    case 1:
      if (Array.isArray(place)) place.splice(Number(key), 0, structuredClone(value));
      else place[`${key}x`] = value;
      return;
    case 2:
      if (typeof value === "number") place[key] = value + 1;
      else if (typeof value === "string" && value !== "") place[key] = withOtherSign(value, prng);
      return;
    default:
      place[key] = VALUES[prng.below(VALUES.length)];
  }
}

function withOtherSign(text: string, prng: Prng): string {
  const at = prng.below(text.length);
  return `${text.slice(0, at)}${String.fromCharCode(33 + prng.below(90))}${text.slice(at + 1)}`;
}

/** What becomes of it: `null` when it is replayed, the code of the refusal otherwise. Anything else that is thrown is thrown on. */
export function outcomeOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    const { name, code } = error as { readonly name: string; readonly code: string };
    if (name !== "CanneryError") throw error;
    return code;
  }
}
