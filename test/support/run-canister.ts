/**
 * One canister without a network: a module from text, its state, and runs of its entry points with a `FakeView`.
 */
import { assert } from "../../src/base/assert.ts";
import { nextEpoch } from "../../src/base/epoch.ts";
import { ExecutionState } from "../../src/core/canister/execution-state.ts";
import { InstancePool } from "../../src/core/canister/instances.ts";
import { commit, discard } from "../../src/core/canister/outcome.ts";
import { run } from "../../src/core/canister/run.ts";
import type { EntryPoint, Outcome, RunLimits, RunResult } from "../../src/core/canister/types.ts";
import type { PreparedModule } from "../../src/core/wasm/module-info.ts";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { FakeView, testLimits } from "./fake-view.ts";

export const NO_ARG = new Uint8Array(0);

/** A module from its binary; fails the test when the platform would refuse it. */
export function preparedModule(binary: Uint8Array): PreparedModule {
  const prepared = prepareModule(binary, nodePlatform);
  assert(!isRefusal(prepared), `the module is refused: ${JSON.stringify(prepared)}`);
  return prepared;
}

export function newPool(limits: { readonly instances?: number; readonly bytes?: number } = {}): InstancePool {
  return new InstancePool(nodePlatform.engine, limits);
}

export class TestCanister {
  pool: InstancePool;
  state: ExecutionState;
  /** Fields of the views that runs get. */
  view: Partial<FakeView> = {};
  limits: RunLimits = testLimits();

  constructor(module: PreparedModule, pool: InstancePool = newPool()) {
    this.pool = pool;
    this.state = ExecutionState.create(module, nextEpoch());
  }

  /** Another module, with the memories that outlive the old one. */
  install(module: PreparedModule, keep: Parameters<typeof ExecutionState.create>[2] = {}): void {
    this.state = ExecutionState.create(module, nextEpoch(), keep);
  }

  /** Runs without settling. */
  start(entry: EntryPoint): Outcome {
    return run(this.pool, this.state, entry, () => new FakeView(this.view), this.limits);
  }

  /** Runs and commits, or discards what cannot be committed. */
  execute(entry: EntryPoint): Outcome {
    const outcome = this.start(entry);
    if (outcome.result.kind === "trap" || !COMMITTED.has(entry.kind)) discard(outcome);
    else commit(outcome);
    return outcome;
  }

  update(method: string, arg: Uint8Array = NO_ARG): Outcome {
    return this.execute({ kind: "update", method, arg });
  }

  query(method: string, arg: Uint8Array = NO_ARG): Outcome {
    return this.execute({ kind: "query", method, arg });
  }

  heap(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.state.heap.read(offset, bytes, 0, length);
    return bytes;
  }

  stable(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.state.stable.read(offset, bytes, 0, length);
    return bytes;
  }

  /** Of everything a canister's code holds. */
  digest(): string {
    const { heap, stable, globals } = this.state;
    return [heap.digest(nodePlatform.sha256), stable.digest(nodePlatform.sha256), globals]
      .map((part) => Buffer.from(part).toString("hex"))
      .join("/");
  }
}

const COMMITTED: ReadonlySet<EntryPoint["kind"]> = new Set([
  "start",
  "init",
  "postUpgrade",
  "preUpgrade",
  "update",
  "replyCallback",
  "rejectCallback",
  "cleanup",
  "heartbeat",
  "globalTimer",
  "lowWasmMemory",
]);

/** The reply as text; fails the test when there is none. */
export function replied(outcome: Outcome): string {
  assert(outcome.result.kind === "reply", `a reply is expected, not ${shown(outcome.result)}`);
  return Buffer.from(outcome.result.data).toString();
}

/** The reply's bytes; fails the test when there is none. */
export function replyBytes(outcome: Outcome): Uint8Array {
  assert(outcome.result.kind === "reply", `a reply is expected, not ${shown(outcome.result)}`);
  return outcome.result.data;
}

/** The text of the trap; fails the test when there is none. */
export function trapText(outcome: Outcome): string {
  assert(outcome.result.kind === "trap", `a trap is expected, not ${shown(outcome.result)}`);
  return outcome.result.error.description;
}

/** The trap as `IC0504: text`, without the canister's name and without help. */
export function trapReason(outcome: Outcome): string {
  assert(outcome.result.kind === "trap", `a trap is expected, not ${shown(outcome.result)}`);
  const { code, description } = outcome.result.error;
  return `IC0${code}: ${description.replace(/^Error from Canister [^:]*: /, "").replace(/\.\n[^\n]*$/, "")}`;
}

function shown(result: RunResult): string {
  return result.kind === "trap" ? result.error.description : JSON.stringify(result);
}
