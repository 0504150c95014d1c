/**
 * A run of puppets on the core alone: every kind of message, long executions, traps, deadlines, timers, upgrades, limits met, and a schedule that
 * deviates. Its digest is pinned in `determinism.test.ts`.
 */
import { Prng } from "../../src/base/prng.ts";
import type { Schedule } from "../../src/core/schedule/schedule.ts";
import * as does from "../support/puppet.ts";
import { program, puppet } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";

const LIMITS = {
  messageInstructions: 20_000_000,
  sliceInstructions: 2_000_000,
  installCodeSliceInstructions: 2_000_000,
  roundInstructions: 6_000_000,
  messageOverheadInstructions: 100_000,
  canisterOverheadInstructions: 100_000,
  installCodeInstructions: 300_000_000,
  queueCapacity: 5,
  streamMessages: 8,
};

/** A quarter of all choices is not the ordinary one. */
function deviating(seed: bigint): Schedule {
  const prng = Prng.fromSeed(seed);
  return { ordinary: false, choose: (_choice, options) => (prng.ratio(1, 4) ? prng.below(options) : 0) };
}

/** Digests after each part. `dropInstances` drops every live Wasm instance in between, which must change nothing. */
export function puppets(dropInstances = false): string[] {
  const scene = new Scenario({ ...subnets(2), latency: "mainnet", seed: 42n, limits: LIMITS }, { schedule: deviating(7n) });
  const hooks = ["heartbeat", "global_timer"] as const;
  const [a, b, c, d] = [0, 0, 1, 1].map((subnet) => scene.puppet({ subnet, hooks, cycles: 200_000_000_000n }));
  const digests: string[] = [];
  const part = (count: number): void => {
    for (let i = 0; i < count; i++) {
      if (dropInstances) scene.dropInstances();
      scene.rounds();
    }
    digests.push(scene.net.digest());
  };

  const leaf = program(does.accept(500n), does.note("l"), does.reply("leaf"));
  const nested = (callee: typeof a) => does.call(callee!, { arg: leaf, cycles: 1_000n, ...does.passOn, onCleanup: does.note("c") });
  for (const [from, to] of [
    [a, b],
    [b, c],
    [c, d],
    [d, a],
  ] as const) {
    scene.start(from!, program(does.note("s"), nested(to!)));
    scene.start(
      from!,
      does.call(to!, {
        arg: nested(from!),
        timeout: 3,
        times: 7,
        onReply: program(does.note("r"), does.trap("late")),
        onCleanup: does.note("x"),
      }),
    );
  }
  part(6);
  scene.start(a!, program(does.grow(2), does.spin(700_000), does.noteStable("long"), does.reply("long")));
  scene.start(c!, program(does.note("t"), does.setHook("global_timer", nested(b!)), does.setTimer(1n), does.reply()));
  scene.start(d!, program(does.note("lost"), does.unreachable));
  part(5);
  scene.start(b!, does.call(d!, { method: "missing", ...does.passOn }));
  scene.askInstall(b!, "upgrade", puppet(...hooks));
  scene.askInstall(d!, "reinstall", puppet());
  scene.ask("stop_canister", a!);
  part(4);
  scene.pass(400);
  scene.ask("start_canister", a!);
  part(12);
  return digests;
}
