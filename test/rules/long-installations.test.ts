/**
 * Installations of more than a slice: they last over rounds, one at a time, and nothing shows before the last.
 *
 * Source: scheduling.md 2 (step 8), 2.1, 3.1.
 */
import { describe, expect, test } from "vitest";
import type { GenesisConfig } from "../../src/core/genesis.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { burn, note, print, program, puppet, reply, setHook, spin, trap } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";
import { allCycles } from "../support/all-cycles.ts";

const SLICE = 20_000_000;
const CONFIG: Partial<GenesisConfig> = {
  limits: {
    messageInstructions: 200_000_000,
    installCodeInstructions: 400_000_000,
    sliceInstructions: SLICE,
    installCodeSliceInstructions: SLICE,
    roundInstructions: 2 * SLICE,
    messageOverheadInstructions: 10_000,
    canisterOverheadInstructions: 10_000,
    canistersPerRoundOverheadInstructions: 60,
  },
};
/** So many slices, a little less. */
const slices = (count: number) => spin(Math.floor(((count - 0.5) * SLICE) / 10));
const WASM = puppet();

function upgrade(scene: Scenario, id: CanisterId, arg: Uint8Array) {
  return scene.askInstall(id, "upgrade", WASM, arg);
}

describe("an installation of several slices [replica: install_code time slicing]", () => {
  test("ends in the round of its last slice; until then others see the old code and state, and messages wait", () => {
    const scene = new Scenario(CONFIG);
    const id = scene.puppet();
    scene.run(id, program(note("old"), reply()));
    const { version } = scene.canister(id);
    const end = upgrade(scene, id, program(note("new"), slices(4)));
    scene.rounds();
    expect(scene.outcome(end)).toBe("processing");
    const message = scene.start(id, program(note("m"), reply("m")));
    let rounds = 1;
    while (scene.outcome(end) === "processing") {
      expect([scene.journal(id), scene.canister(id).version, scene.outcome(message)]).toEqual([
        "old",
        version,
        rounds === 1 ? "unknown" : "received",
      ]);
      scene.rounds();
      rounds++;
    }
    // The compilation of the module is part of the first slices.
    expect(rounds).toBeGreaterThanOrEqual(4);
    expect(rounds).toBeLessThanOrEqual(6);
    expect(scene.outcome(end)).not.toMatch(/^IC/);
    scene.await(message);
    expect([scene.journal(id), scene.canister(id).version]).toEqual(["newm", version + 2]);
  });

  test("phases go on in the slice in which the one before ended", () => {
    const scene = new Scenario(CONFIG);
    const id = scene.puppet();
    scene.run(id, program(setHook("pre_upgrade", slices(2)), reply()));
    const end = upgrade(scene, id, slices(2));
    scene.rounds();
    const { slices: paused, phases } = heldInstallation(scene, id);
    const [pre, post] = phases.map(({ outcome }) => outcome);
    expect([pre.slices, post.slices]).toEqual([2, 2]);
    // Between the two lies the compilation, which no pause interrupts.
    expect(paused).toEqual([pre.pausedSlices[0], expect.any(Number)]);
    expect(paused[1]).toBeGreaterThan(pre.instructions - pre.pausedSlices[0] + post.pausedSlices[0]);
    scene.rounds(paused.length - 1);
    expect(scene.outcome(end)).toBe("processing");
    scene.rounds();
    expect(scene.canister(id).paused).toBe(null);
    expect(scene.outcome(end)).toBe("DIDL\0\0");
  });

  test("another installation waits, other calls and other canisters do not", () => {
    const scene = new Scenario(CONFIG);
    const [a, b, c] = [scene.puppet(), scene.puppet(), scene.puppet()];
    const first = upgrade(scene, a, slices(4));
    scene.rounds();
    const second = upgrade(scene, b, note("new"));
    const stop = scene.ask("stop_canister", c);
    const own = scene.ask("stop_canister", a);
    scene.rounds();
    expect([second, stop, own].map((id) => scene.outcome(id))).toEqual(["received", "DIDL\0\0", "received"]);
    scene.await(first);
    scene.await(second);
    scene.await(own);
    expect(scene.canister(a).status.kind).toBe("stopped");
  });

  test("one that fails in a late slice changes nothing but the log, is charged, and is told with the whole limit", () => {
    const scene = new Scenario(CONFIG);
    const id = scene.puppet();
    scene.run(id, program(note("old"), reply()));
    const { balanceCycles, version } = scene.canister(id);
    const failed = upgrade(scene, id, program(note("new"), print("logged"), slices(3), trap("late")));
    scene.await(failed);
    expect(scene.outcome(failed)).toMatch(/^IC0503: .*'late'/);
    const after = scene.canister(id);
    expect([scene.journal(id), after.version, after.paused]).toEqual(["old", version, null]);
    expect(after.log.records.map(({ content }) => new TextDecoder().decode(content)).at(0)).toBe("logged");
    expect(balanceCycles - after.balanceCycles).toBeGreaterThan(3n * BigInt(SLICE) - BigInt(SLICE));

    const endless = upgrade(scene, id, spin(Number.MAX_SAFE_INTEGER));
    scene.await(endless);
    expect(scene.outcome(endless)).toContain("exceeded the limit of 400000000 instructions for single message execution");
  });

  test("cycles: burned ones are taken at its end, fees of messages that came meanwhile too, nothing is lost", () => {
    const scene = new Scenario(CONFIG);
    const id = scene.puppet();
    const before = allCycles(scene.net.state);
    const end = upgrade(scene, id, program(burn(1_000_000n), slices(3)));
    scene.rounds();
    const { balanceCycles } = scene.canister(id);
    const message = scene.start(id, reply("m"));
    scene.rounds();
    expect(scene.canister(id).balanceCycles).toBe(balanceCycles);
    expect(scene.canister(id).postponedIngressCycles).toBeGreaterThan(0n);
    scene.await(end);
    scene.await(message);
    expect(scene.canister(id).postponedIngressCycles).toBe(0n);
    expect(scene.canister(id).consumed.burnedCycles).toBe(1_000_000n);
    expect(allCycles(scene.net.state)).toBe(before);
  });

  test("forks and snapshots in the middle of it go on alike", () => {
    const scene = new Scenario(CONFIG);
    const id = scene.puppet();
    const end = upgrade(scene, id, program(note("new"), slices(4)));
    scene.rounds(2);
    const fork = scene.net.fork();
    const snapshot = scene.net.snapshot();
    scene.await(end);
    scene.run(id, program(note("m"), reply()));
    expect(scene.journal(id)).toBe("newm");
    scene.net.restore(snapshot);
    expect(scene.net.digest()).toBe(fork.digest());
    scene.dropInstances();
    scene.await(end);
    expect(scene.journal(id)).toBe("new");
  });
});

function heldInstallation(scene: Scenario, id: CanisterId) {
  const { paused } = scene.canister(id);
  if (paused?.kind !== "installation" || paused.held === null) throw new Error("no installation is held");
  return paused.held;
}
