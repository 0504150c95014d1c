/**
 * Random networks, programs for the universal canister, operators and schedules, for `play-programs.ts`. Everything is told as text, so that
 * what a failing run did can be read.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import fc from "fast-check";
import { fromHex } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import type { SubnetRequest } from "../../src/core/genesis.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import { ORDINARY, type Schedule } from "../../src/core/schedule/schedule.ts";
import { MANAGEMENT_CANISTER, type CanisterId } from "../../src/core/state/ids.ts";
import type { Limits } from "../../src/core/state/limits.ts";
import * as does from "../universal/program.ts";
import { program, type Program } from "../universal/program.ts";

/** Small enough that every limit is met. */
export const LIMITS: Partial<Limits> = {
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

/** Subnets on which every allocation is beyond the threshold for reservations. */
export const FULL: Partial<Limits> = { subnetMemoryBytes: 2n ** 34n, subnetMemoryReservationThresholdBytes: 0n };

export const HOOKS = ["heartbeat", "global_timer", "on_low_wasm_memory"] as const;
/** Canisters that exist from the start; the number after them is one that never does. */
export const CANISTERS = 4;
export const NOBODY = "ffffffffffe0ffff0101" as CanisterId;

/** A program in terms of canisters by number, made when these exist. */
export class Planned {
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
const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

const simple: fc.Arbitrary<Planned> = fc.oneof(
  weighted(
    4,
    step("reply", nothing, () => does.reply("r")),
  ),
  weighted(
    1,
    step("reject", nothing, () => does.reject("no")),
  ),
  weighted(
    1,
    step("trap", nothing, () => does.trap()),
  ),
  weighted(
    1,
    step("unreachable", nothing, () => does.unreachable),
  ),
  weighted(2, step("accept", fc.bigInt(0n, 10n ** 10n), does.accept)),
  weighted(1, step("grow", fc.constantFrom(1, 3), does.grow)),
  weighted(1, step("growStable", fc.constant(1), does.growStable)),
  weighted(2, step("spin", fc.constantFrom(1_000, 300_000, 900_000), does.spin)),
  weighted(1, step("burn", fc.bigInt(0n, 10n ** 9n), does.burn)),
  weighted(
    2,
    step("note", nothing, () => does.note("n")),
  ),
  weighted(
    1,
    step("noteStable", nothing, () => does.noteStable("s")),
  ),
  weighted(
    1,
    step("print", nothing, () => does.print("p")),
  ),
  weighted(
    1,
    step("certify", nothing, () => does.certify("c")),
  ),
  weighted(1, step("setTimer", fc.constant(1n), does.setTimer)),
  weighted(1, step("badCallbacks", fc.constant(2), does.badCallbacks)),
);

/** Management calls of a canister: about any of them, by any of them, as all control each other. */
const MANAGEMENT = [
  "raw_rand",
  "deposit_cycles",
  "canister_status",
  "stop_canister",
  "start_canister",
  "uninstall_code",
  "create_canister",
] as const;

function managementArgument(method: (typeof MANAGEMENT)[number], target: CanisterId): Uint8Array {
  const canister_id = Principal.fromUint8Array(fromHex(target));
  switch (method) {
    case "raw_rand":
      return IDL.encode([], []);
    case "create_canister":
      return IDL.encode(ARGUMENT.create_canister as unknown as IDL.Type[], [{ settings: [], sender_canister_version: [] }]);
    case "uninstall_code":
      return IDL.encode(ARGUMENT.uninstall_code as unknown as IDL.Type[], [{ canister_id, sender_canister_version: [] }]);
    default:
      return IDL.encode(ARGUMENT.canister_id as unknown as IDL.Type[], [{ canister_id }]);
  }
}

const timeout = fc.constantFrom(undefined, undefined, 0, 1, 30);
const cycles = fc.constantFrom(0n, 0n, 10n ** 9n, 10n ** 10n);

const { planned } = fc.letrec<{ planned: Planned; call: Planned; management: Planned; hook: Planned }>((tie) => ({
  planned: fc
    .array(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        weighted(6, simple),
        weighted(6, tie("call")),
        weighted(1, tie("management")),
        weighted(2, tie("hook")),
      ),
      { maxLength: 4 },
    )
    .map((parts) => {
      const make = (canisters: readonly CanisterId[]) => program(...parts.map((part) => part.make(canisters)));
      return new Planned(`{${parts.map((part) => part.text).join(" ")}}`, make);
    }),
  call: fc
    .record({
      to: fc.nat(CANISTERS),
      arg: fc.tuple(tie("planned"), fc.boolean()).map(([what, replies]) => {
        return new Planned(`${what.text}${replies ? " reply" : ""}`, (all) =>
          program(what.make(all), replies ? does.reply("r") : does.NOTHING),
        );
      }),
      method: fc.constantFrom("run", "run", "run", "look", "ask", "missing"),
      cycles,
      timeout,
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
  management: fc
    .record({ method: fc.constantFrom(...MANAGEMENT), about: fc.nat(CANISTERS), cycles, timeout, then: tie("planned") })
    .map(({ method, about, cycles, timeout, then }) => {
      const text = `call(aaaaa-aa.${method} of ${about} ${cycles}c ${timeout}s reply=${then.text})`;
      return new Planned(text, (all) => {
        const onReply = then.make(all);
        return does.call(MANAGEMENT_CANISTER, {
          method,
          arg: managementArgument(method, all[about]!),
          cycles,
          timeout,
          onReply,
          onReject: onReply,
        });
      });
    }),
  hook: fc
    .tuple(fc.constantFrom(...HOOKS, "pre_upgrade" as const), tie("planned"))
    .map(([hook, what]) => new Planned(`${hook}=${what.text}`, (all) => does.setHook(hook, what.make(all)))),
}));

/** Settings an operator may change. */
const SETTINGS = fc.constantFrom<Record<string, unknown>>(
  { wasm_memory_limit: 500_000n, wasm_memory_threshold: 100_000n },
  { wasm_memory_limit: 10n ** 9n, wasm_memory_threshold: 0n },
  { freezing_threshold: 10n ** 8n },
  { freezing_threshold: 0n },
  { minimum_incoming_canister_call_cycles: 10n ** 9n },
  { compute_allocation: 20n },
  { compute_allocation: 0n },
  { memory_allocation: 2n ** 24n },
  { reserved_cycles_limit: 0n },
);

const canister = fc.nat(CANISTERS - 1);

export const action = fc.oneof(
  weighted(10, fc.record({ kind: fc.constant("run" as const), on: canister, what: planned })),
  weighted(6, fc.record({ kind: fc.constant("rounds" as const), count: fc.integer({ min: 1, max: 4 }) })),
  weighted(2, fc.record({ kind: fc.constant("pass" as const), seconds: fc.constantFrom(1, 7, 40, 301) })),
  weighted(1, fc.record({ kind: fc.constantFrom("look" as const, "ask" as const), on: canister, what: planned })),
  weighted(1, fc.record({ kind: fc.constant("round" as const), subnet: fc.nat(1) })),
  weighted(
    3,
    fc.record({
      kind: fc.constantFrom(
        "stop_canister" as const,
        "start_canister" as const,
        "uninstall" as const,
        "reinstall" as const,
        "upgrade" as const,
      ),
      on: canister,
      bits: fc.constantFrom(32 as const, 64 as const),
    }),
  ),
  weighted(1, fc.record({ kind: fc.constant("delete" as const), on: canister })),
  weighted(2, fc.record({ kind: fc.constant("settings" as const), on: canister, what: SETTINGS })),
  weighted(1, fc.record({ kind: fc.constant("addCycles" as const), on: canister, cycles: fc.constantFrom(1n, 10n ** 12n) })),
  weighted(1, fc.record({ kind: fc.constant("setBalance" as const), on: canister, cycles: fc.constantFrom(0n, 10n ** 8n, 10n ** 10n) })),
  weighted(1, fc.constant({ kind: "goBack" as const })),
  weighted(1, fc.constant({ kind: "dropInstances" as const })),
);
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** The second subnet; the first one is an ordinary application subnet. */
const SECOND = fc.constantFrom<SubnetRequest>(
  { kind: "application", name: "application" },
  { kind: "application", name: "large", nodeCount: 34 },
  { kind: "application", name: "free", costSchedule: "free" },
  { kind: "system", name: "system" },
);

export const run = fc.record({
  actions: fc.array(action, { minLength: 3, maxLength: 16 }),
  /** Of the network, and of the schedule unless that is the ordinary one. */
  seed: fc.nat(1_000_000),
  ordinary: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
  second: SECOND,
  /** What each canister begins with. */
  cycles: fc.constantFrom(30_000_000_000n, 30_000_000_000n, 2_000_000_000_000n),
  /** So full that allocating memory reserves cycles. */
  full: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
});
export type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

/** A quarter of all choices is not the ordinary one. */
export function scheduleOf({ seed, ordinary }: Run): Schedule {
  if (ordinary) return ORDINARY;
  const prng = Prng.fromSeed(BigInt(seed));
  return { ordinary: false, choose: (_choice, options) => (prng.ratio(1, 4) ? prng.below(options) : 0) };
}

/** Everybody controls everybody. */
export function controllers(ids: readonly string[]): Record<string, unknown> {
  return { controllers: ids.map((id) => Principal.fromUint8Array(fromHex(id))) };
}
