/**
 * Plays a random run (`random-programs.ts`) and holds every law against it, after every action: the invariants of the state, the properties of
 * message execution, no cycle made or lost. At the end: everybody is answered, the properties of the whole trace are those found event by event, and the run
 * is repeated from its deviations, with every Wasm instance dropped in between.
 */
import assert from "node:assert/strict";
import { ReplaySchedule } from "../../src/core/schedule/recorder.ts";
import type { Schedule } from "../../src/core/schedule/schedule.ts";
import type { CanisterId, MessageId } from "../../src/core/state/ids.ts";
import { route } from "../../src/core/state/world.ts";
import { violationsOf } from "../../src/trace/properties.ts";
import { PropertyWatch } from "../../src/trace/property-watch.ts";
import { universalCanister } from "../universal/module.ts";
import { allCycles } from "./all-cycles.ts";
import { openCalls } from "./open-calls.ts";
import { CANISTERS, controllers, FULL, HOOKS, LIMITS, NOBODY, scheduleOf, type Action, type Run } from "./random-programs.ts";
import { ALICE, Scenario } from "./scenario.ts";

/** Throws where a law is broken. */
export function playLawfully(run: Run): void {
  const first = new Play(run, scheduleOf(run));
  first.play();
  first.checkEnd();
  const replay = new ReplaySchedule(first.scene.net.deviations());
  const second = new Play(run, replay, true);
  second.play();
  assert.equal(second.scene.net.digest(), first.scene.net.digest(), "a replay has the same state");
  assert.deepEqual(replay.unused, [], "a replay meets all deviations");
}

class Play {
  readonly scene: Scenario;
  private readonly run: Run;
  private readonly dropsInstances: boolean;
  private readonly canisters: readonly CanisterId[];
  private readonly submitted: MessageId[] = [];
  private readonly isRepeatable: boolean;
  private watch = new PropertyWatch();
  private seen = 0;
  /** Messages of the last rounds are numbered from here. */
  private lastTag = 0;
  private totalCycles: bigint;

  constructor(run: Run, schedule: Schedule, dropsInstances = false) {
    this.run = run;
    this.dropsInstances = dropsInstances;
    this.isRepeatable = schedule.ordinary || schedule instanceof ReplaySchedule;
    const subnets = [{ kind: "application" as const, name: "application" }, run.second];
    const limits = run.full ? { ...LIMITS, ...FULL } : LIMITS;
    this.scene = new Scenario({ subnets, latency: "mainnet", seed: BigInt(run.seed), limits }, { schedule });
    this.canisters = Array.from({ length: CANISTERS }, (_, i) =>
      this.scene.puppet({ subnet: i % 2, cycles: 10n ** 13n, hooks: HOOKS, bits: i === 2 ? 64 : 32 }),
    );
    for (const id of this.canisters) {
      this.scene.setSettings(id, controllers([ALICE, ...this.canisters]));
      this.scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: run.cycles });
    }
    this.totalCycles = allCycles(this.scene.net.state);
  }

  play(): void {
    const { scene } = this;
    for (const action of this.run.actions) {
      this.act(action);
      if (this.dropsInstances) scene.dropInstances();
      this.check();
    }
    for (let i = 0; i < 12; i++) {
      scene.rounds(6);
      this.check();
      scene.pass(60);
    }
    this.lastTag = scene.net.state.nextTag;
    scene.rounds(60);
    this.check();
  }

  /** What must hold after any step, beyond the invariants that the network itself checks. */
  private check(): void {
    const { scene } = this;
    const broken = this.watch.observe(scene.events.slice(this.seen));
    this.seen = scene.events.length;
    assert.deepEqual(broken, [], "the properties of message execution hold");
    assert.deepEqual(this.watch.openCalls(), openCalls(scene.net.state), "the calls without a response are those that have a callback");
    assert.equal(allCycles(scene.net.state), this.totalCycles, "no cycle is made or lost");
  }

  checkEnd(): void {
    const { scene } = this;
    for (const id of this.submitted) assert.doesNotMatch(scene.outcome(id), /^(received|processing)$/, "every user is answered");
    // Heartbeats may go on calling: what is open now was called lately.
    for (const tag of openCalls(scene.net.state)) assert.ok(tag >= this.lastTag, "every call is answered");
    assert.deepEqual(violationsOf(scene.events), this.watch.violations, "the whole trace has the properties that its events have");
  }

  private act(action: Action): void {
    const { scene } = this;
    switch (action.kind) {
      case "rounds":
        return scene.rounds(action.count);
      case "round":
        scene.events.push(...scene.net.step({ kind: "round", subnets: [scene.subnet(action.subnet)] }).events);
        return;
      case "pass":
        return scene.pass(action.seconds);
      case "goBack":
        return this.goBack();
      case "dropInstances":
        return scene.dropInstances();
      default:
        // Nobody is left of a deleted canister.
        if (this.exists(this.canisters[action.on])) this.actOn(this.canisters[action.on], action);
    }
  }

  private actOn(id: CanisterId, action: Extract<Action, { on: number }>): void {
    const { scene } = this;
    const everybody = [...this.canisters, NOBODY];
    switch (action.kind) {
      case "run": {
        const { messageId, answer } = scene.submit(id, "run", action.what.make(everybody));
        if (answer.kind === "accepted") this.submitted.push(messageId);
        return;
      }
      case "look":
      case "ask": {
        const before = allCycles(scene.net.state);
        scene.query(id, action.kind, action.what.make(everybody));
        assert.equal(allCycles(scene.net.state), before, "a query costs nothing");
        return;
      }
      case "stop_canister":
      case "start_canister":
        return void this.submitted.push(scene.ask(action.kind, id));
      case "delete":
        // See `allCycles`.
        if (this.run.second.costSchedule === "free") return;
        return void this.submitted.push(scene.ask("delete_canister", id));
      case "uninstall":
      case "reinstall":
      case "upgrade":
        return void this.submitted.push(scene.askInstall(id, action.kind, universalCanister(HOOKS, action.bits)));
      case "settings":
        return void this.submitted.push(scene.askSettings(id, action.what));
      case "addCycles":
        this.totalCycles += action.cycles;
        return void scene.net.step({ kind: "command", command: "addCycles", canister: id, cycles: action.cycles });
      case "setBalance":
        this.totalCycles += action.cycles - scene.canister(id).balanceCycles;
        return void scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: action.cycles });
    }
  }

  private exists(id: CanisterId): boolean {
    const { state } = this.scene.net;
    return state.subnets.get(route(state, id)!)!.canisters.has(id);
  }

  /** What was done in between is undone: the same rounds again lead to the same state. */
  private goBack(): void {
    const { net } = this.scene;
    const [snapshot, fork] = [net.snapshot(), net.fork()];
    const [start, watch] = [net.digest(), this.watch.copy()];
    for (const one of [fork, net]) {
      const own = watch.copy();
      for (let i = 0; i < 2; i++) own.observe(one.step({ kind: "round", subnets: null }).events);
      assert.deepEqual(own.violations, [], "the properties of message execution hold in a fork");
      assert.deepEqual(own.openCalls(), openCalls(one.state), "the calls without a response are those that have a callback, in a fork");
    }
    if (this.isRepeatable) assert.equal(fork.digest(), net.digest(), "a fork goes the same way");
    net.restore(snapshot);
    assert.equal(net.digest(), start, "a restored network is what it was");
  }
}
