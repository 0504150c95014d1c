/**
 * Options of an exploration that cannot be: refused before the first run.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { kindOf, refuseOtherWords, refuseUnknown, refuseUnlessWhole, type FieldsOf } from "../network/given.ts";
import type { Body, Written } from "./options.ts";
import { STRATEGY_NAMES } from "./strategies/portfolio.ts";
import { WEATHERS } from "./strategies/weather.ts";

const FIELDS: FieldsOf<Written<unknown>> = {
  body: true,
  network: true,
  setup: true,
  invariants: true,
  eventually: true,
  builtIn: true,
  strategy: true,
  weather: true,
  seed: true,
  runs: true,
  time: true,
  saturation: true,
  shard: true,
  bound: true,
  rest: true,
  steps: true,
  patience: true,
  file: true,
  onProgress: true,
  onStuck: true,
  signal: true,
  width: true,
  command: true,
};

const BUILT_IN: FieldsOf<NonNullable<Written<unknown>["builtIn"]>> = { answers: true, cycles: true, callbackTraps: true };

export function checkExploration<S>(body: Body<S>, options: Partial<Written<S>>): void {
  if (typeof body !== "function")
    throw new CanneryError(
      "bad-options",
      `explore takes a body, a function: explore(async ({ net }) => { … }), or explore({ body, … }); got ${kindOf(body)}`,
    );
  refuseUnknown(options, FIELDS, "options of explore");
  const { setup, invariants = {}, eventually = {}, builtIn = {}, strategy, weather, seed, runs, saturation, shard } = options;
  if (setup !== undefined) refuseOthersThanFunctions({ setup }, "explore");
  refuseOthersThanFunctions(invariants, "invariants");
  refuseOthersThanFunctions(eventually, "eventually");
  refuseUnknown(builtIn, BUILT_IN, "builtIn");
  if (strategy !== undefined) refuseOtherWords(strategy, STRATEGY_NAMES, "strategy");
  if (weather !== undefined && (typeof weather !== "object" || weather === null))
    refuseOtherWords(weather, Object.keys(WEATHERS), "weather, unless it is a record of kinds,");
  if (seed !== undefined) refuseUnlessWhole(seed, "a seed");
  if (runs !== undefined && runs !== Infinity) refuseUnlessWhole(runs, "runs");
  if (saturation !== undefined && saturation !== Infinity) refuseUnlessWhole(saturation, "saturation", 1);
  if (shard === undefined) return;
  refuseUnlessWhole(shard.index, "the index of a shard");
  refuseUnlessWhole(shard.count, "the count of shards", shard.index + 1);
}

function refuseOthersThanFunctions(given: object, where: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new CanneryError("bad-options", `${where} is an object of functions by name; got ${kindOf(given)}`);
  for (const [name, one] of Object.entries(given)) {
    if (typeof one !== "function") throw new CanneryError("bad-options", `${name} of ${where} is a function; got ${kindOf(one)}`);
  }
}
