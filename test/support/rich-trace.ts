/** A run in which every kind of message execution happens, for tests of what is checked of traces. */
import type { NetworkEvent } from "../../src/core/events.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import * as does from "../universal/program.ts";
import { call, program, reply } from "../universal/program.ts";
import { Scenario, subnets } from "./scenario.ts";

/** Small, so that executions take several rounds. */
const LIMITS = {
  messageInstructions: 20_000_000,
  sliceInstructions: 1_000_000,
  installCodeSliceInstructions: 1_000_000,
  roundInstructions: 2_000_000,
  messageOverheadInstructions: 1_000,
  canisterOverheadInstructions: 1_000,
  canistersPerRoundOverheadInstructions: 100,
};
const NOBODY = "ffffffffffe0ffff0101" as CanisterId;

/** Two subnets, two canisters each; unbounded and bounded waits, cycles, traps, a callback that traps, long executions, an uninstallation. */
export function richTrace(): NetworkEvent[] {
  const scene = new Scenario({ ...subnets(2), latency: "mainnet", limits: LIMITS });
  const [a, b, c, d] = [0, 0, 1, 1].map((subnet) => scene.puppet({ subnet, hooks: ["heartbeat"] }));
  const pays = program(does.accept(300n), reply("paid"));
  const inner = call(c, { arg: pays, cycles: 500n, onReply: reply("inner") });
  scene.start(a, program(call(b, { arg: inner, cycles: 1_000n, times: 3 }), call(c, { arg: pays, cycles: 700n, times: 2 }), reply()));
  // Long, with others behind it.
  scene.start(b, program(does.spin(900_000), call(c, { arg: does.spin(900_000), onReject: reply() })));
  for (let i = 0; i < 3; i++) scene.start(b, reply("after"));
  scene.rounds(12);
  // A trap after accepting; a callback that traps and cleans up; a call that goes nowhere.
  scene.start(a, call(b, { arg: program(does.accept(50n), does.trap()), cycles: 90n, onReject: reply() }));
  scene.start(a, call(b, { arg: reply(), onReply: does.trap(), onCleanup: does.note("c") }));
  scene.start(a, call(NOBODY, { cycles: 40n, onReject: reply() }));
  scene.rounds(6);
  // Bounded waits: answered in time, and given up while the callee goes on.
  scene.start(a, call(c, { arg: pays, cycles: 400n, timeout: 100, onReply: reply() }));
  scene.start(a, call(c, { arg: call(b, { arg: reply(), onReply: pays }), cycles: 600n, timeout: 5, onReject: reply() }));
  scene.rounds(12);
  // Uninstalled with an open call.
  scene.start(d, call(a, { arg: pays, cycles: 800n }));
  scene.rounds(1);
  scene.uninstall(d);
  scene.rounds(12);
  return scene.events;
}
