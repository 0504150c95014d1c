/**
 * Random programs on canisters of two subnets, random operators, random schedules: whatever happens, every invariant holds after every
 * step, no cycle is made or lost, every call is answered, and the run is repeated from its deviations.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { ReplaySchedule } from "../../src/core/schedule/recorder.ts";
import { ORDINARY, type Schedule } from "../../src/core/schedule/schedule.ts";
import type { CanisterId, MessageId } from "../../src/core/state/ids.ts";
import type { Limits } from "../../src/core/state/limits.ts";
import { allCycles } from "../support/all-cycles.ts";
import * as does from "../support/puppet.ts";
import { program, puppet, type Program } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";

/** Small enough that every limit is met. */
const LIMITS: Partial<Limits> = {
  messageInstructions: 20_000_000,
  queryInstructions: 20_000_000,
  installCodeInstructions: 300_000_000,
  sliceInstructions: 2_000_000,
  installCodeSliceInstructions: 2_000_000,
  roundInstructions: 6_000_000,
  messageOverheadInstructions: 100_000,
  canisterOverheadInstructions: 100_000,
  canistersPerRoundOverheadInstructions: 100,
  queueCapacity: 4,
  streamMessages: 6,
  guaranteedMessageMemoryBytes: 2 ** 26,
  bestEffortMessageMemoryBytes: 1_000,
  ingressPerBlock: 3,
};

const HOOKS = ["heartbeat", "global_timer", "on_low_wasm_memory"] as const;

/** A program in terms of canisters by number, made when these exist; told as text when a run fails. */
class Planned {
  readonly text: string;
  readonly make: (canisters: readonly CanisterId[]) => Program;

  constructor(text: string, make: (canisters: readonly CanisterId[]) => Program) {
    this.text = text;
    this.make = make;
  }

  [fc.toStringMethod](): string {
    return this.text;
  }
}

function step<T>(name: string, of: fc.Arbitrary<T>, make: (value: T) => Program): fc.Arbitrary<Planned> {
  return of.map((value) => new Planned(value === undefined ? name : `${name}(${String(value)})`, () => make(value)));
}

const nothing = fc.constant(undefined);
const simple: fc.Arbitrary<Planned> = fc.oneof(
  { weight: 4, arbitrary: step("reply", nothing, () => does.reply("r")) },
  { weight: 1, arbitrary: step("reject", nothing, () => does.reject("no")) },
  { weight: 1, arbitrary: step("trap", nothing, () => does.trap()) },
  { weight: 1, arbitrary: step("unreachable", nothing, () => does.unreachable) },
  { weight: 2, arbitrary: step("accept", fc.bigInt(0n, 10n ** 10n), does.accept) },
  { weight: 1, arbitrary: step("grow", fc.constantFrom(1, 3), does.grow) },
  { weight: 1, arbitrary: step("growStable", fc.constant(1), does.growStable) },
  { weight: 2, arbitrary: step("spin", fc.constantFrom(1_000, 300_000, 900_000), does.spin) },
  { weight: 1, arbitrary: step("burn", fc.bigInt(0n, 10n ** 9n), does.burn) },
  { weight: 2, arbitrary: step("note", nothing, () => does.note("n")) },
  { weight: 1, arbitrary: step("noteStable", nothing, () => does.noteStable("s")) },
  { weight: 1, arbitrary: step("print", nothing, () => does.print("p")) },
  { weight: 1, arbitrary: step("setTimer", fc.constant(1n), does.setTimer) },
  { weight: 1, arbitrary: step("badCallbacks", fc.constant(2), does.badCallbacks) },
);

const { planned } = fc.letrec<{ planned: Planned; call: Planned; hook: Planned }>((tie) => ({
  planned: fc
    .array(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 3, arbitrary: simple },
        { weight: 3, arbitrary: tie("call") },
        { weight: 1, arbitrary: tie("hook") },
      ),
      { maxLength: 4 },
    )
    .map((parts) => {
      const make = (canisters: readonly CanisterId[]) => program(...parts.map((part) => part.make(canisters)));
      return new Planned(`{${parts.map((part) => part.text).join(" ")}}`, make);
    }),
  call: fc
    .record({
      to: fc.nat(4),
      arg: fc.tuple(tie("planned"), fc.constantFrom("", "reply")).map(([what, end]) => {
        return new Planned(`${what.text} ${end}`, (all) => program(what.make(all), end === "" ? does.NOTHING : does.reply("r")));
      }),
      method: fc.constantFrom("run", "run", "run", "look", "missing"),
      cycles: fc.constantFrom(0n, 0n, 10n ** 9n, 10n ** 10n),
      timeout: fc.constantFrom(undefined, undefined, 0, 1, 30),
      onReply: tie("planned"),
      onReject: tie("planned"),
      onCleanup: fc.option(tie("planned"), { nil: undefined }),
      times: fc.constantFrom(1, 1, 1, 3, 6),
    })
    .map(({ to, arg, onReply, onReject, onCleanup, ...rest }) => {
      const { method, cycles, timeout, times } = rest;
      const text = `call(${to}.${method} x${times} ${cycles}c ${timeout}s ${arg.text} reply=${onReply.text} reject=${onReject.text} cleanup=${onCleanup?.text})`;
      return new Planned(text, (all) => {
        const inner = { arg: arg.make(all), onReply: onReply.make(all), onReject: onReject.make(all), onCleanup: onCleanup?.make(all) };
        return does.call(all[to]!, { ...rest, ...inner });
      });
    }),
  hook: fc
    .tuple(fc.constantFrom(...HOOKS), tie("planned"))
    .map(([hook, what]) => new Planned(`${hook}=${what.text}`, (all) => does.setHook(hook, what.make(all)))),
}));

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("run" as const), on: fc.nat(3), what: planned }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("rounds" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(1, 7, 40, 301) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "stop_canister" as const,
        "start_canister" as const,
        "uninstall" as const,
        "reinstall" as const,
        "upgrade" as const,
      ),
      on: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("settings" as const),
      on: fc.nat(3),
      what: fc.constantFrom<Record<string, unknown>>(
        { wasm_memory_limit: 500_000n, wasm_memory_threshold: 100_000n },
        { wasm_memory_limit: 10n ** 9n, wasm_memory_threshold: 0n },
        { freezing_threshold: 10n ** 8n },
        { freezing_threshold: 0n },
        { minimum_incoming_canister_call_cycles: 10n ** 9n },
        { compute_allocation: 20n },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "goBack" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "dropInstances" as const }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function randomSchedule(seed: number): Schedule {
  if (seed === 0) return ORDINARY;
  const prng = Prng.fromSeed(BigInt(seed));
  return { ordinary: false, choose: (_choice, options) => (prng.ratio(1, 4) ? prng.below(options) : 0) };
}

function play(actions: readonly Action[], schedule: Schedule, seed: number) {
  const scene = new Scenario({ ...subnets(2), latency: "mainnet", seed: BigInt(seed), limits: LIMITS }, { schedule });
  const canisters = [0, 0, 1, 1].map((subnet) => scene.puppet({ subnet, cycles: 30_000_000_000n, hooks: HOOKS }));
  const everybody = [...canisters, "ffffffffffe0ffff0101" as CanisterId];
  const total = allCycles(scene.net.state);
  const submitted: MessageId[] = [];
  const check = (): void => expect(allCycles(scene.net.state)).toBe(total);
  for (const one of actions) {
    act(scene, one, everybody, submitted, schedule.ordinary || schedule instanceof ReplaySchedule);
    check();
  }
  for (let i = 0; i < 12; i++) {
    scene.rounds(6);
    check();
    scene.pass(60);
  }
  const { nextTag } = scene.net.state;
  scene.rounds(60);
  check();
  return { scene, canisters, submitted, nextTag };
}

function act(scene: Scenario, one: Action, everybody: readonly CanisterId[], submitted: MessageId[], repeats: boolean): void {
  switch (one.kind) {
    case "run": {
      const { messageId, answer } = scene.submit(everybody[one.on]!, "run", one.what.make(everybody));
      if (answer.kind === "accepted") submitted.push(messageId);
      return;
    }
    case "rounds":
      return scene.rounds(one.count);
    case "pass":
      return scene.pass(one.seconds);
    case "stop_canister":
    case "start_canister":
      submitted.push(scene.ask(one.kind, everybody[one.on]!));
      return;
    case "uninstall":
    case "reinstall":
    case "upgrade":
      submitted.push(scene.askInstall(everybody[one.on]!, one.kind, puppet(...HOOKS)));
      return;
    case "settings":
      submitted.push(scene.askSettings(everybody[one.on]!, one.what));
      return;
    case "goBack": {
      // What was done in between is undone: the same rounds again lead to the same state.
      const [snapshot, fork] = [scene.net.snapshot(), scene.net.fork()];
      const start = scene.net.digest();
      for (const net of [fork, scene.net]) for (let i = 0; i < 2; i++) net.step({ kind: "round", subnets: null });
      if (repeats) expect(fork.digest()).toBe(scene.net.digest());
      scene.net.restore(snapshot);
      expect(scene.net.digest()).toBe(start);
      return;
    }
    case "dropInstances":
      return scene.dropInstances();
  }
}

test("random programs, operators and schedules are lawful", () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 3, maxLength: 14 }), fc.nat(1_000_000), (actions, seed) => {
      const { scene, canisters, submitted, nextTag } = play(actions, randomSchedule(seed % 3 === 0 ? 0 : seed), seed);
      // Heartbeats may go on calling: what is open now was called lately.
      for (const id of canisters) {
        for (const callback of scene.canister(id).callbacks.values()) expect(callback.requestTag).toBeGreaterThanOrEqual(nextTag);
      }
      for (const id of submitted) expect(scene.outcome(id)).not.toMatch(/^(received|processing)$/);
      const replay = new ReplaySchedule(scene.net.deviations());
      expect(play(actions, replay, seed).scene.net.digest()).toBe(scene.net.digest());
      expect(replay.unused).toEqual([]);
    }),
    { numRuns: Number(process.env.RUNS ?? 25) },
  );
});
