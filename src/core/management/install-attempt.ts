/**
 * What an installation of code does, on a copy of the canister's record, and of the memories under an epoch of their own: pre_upgrade on the old code, the
 * new module, `(start)`, then init or post_upgrade. Whether the copy is taken over, and when, is `installation.ts`'s.
 *
 * Source: management-canister.md 4 (order of checks and effects), wasm.md 4.5 and 7. Replica:
 * `rs/execution_environment/src/execution/{install_code,install,upgrade}.rs` (c7c5005).
 */
import { nextEpoch } from "../../base/epoch.ts";
import { userErrorOf, wasmModuleNotFound } from "../canister/errors.ts";
import { ExecutionState } from "../canister/execution-state.ts";
import { logCapacityBytes } from "../canister/log.ts";
import { commit, discard } from "../canister/outcome.ts";
import { run } from "../canister/run.ts";
import type { EntryPoint, Outcome, RunLimits } from "../canister/types.ts";
import type { CanisterState, HistoryEntry } from "../state/canister.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { Limits } from "../state/limits.ts";
import { CHUNK_BYTES } from "../state/memory-usage.ts";
import type { MessageTag } from "../state/messages.ts";
import type { UserError } from "../state/rejects.ts";
import type { PreparedModule } from "../wasm/module-info.ts";
import { type InstallAccount, type InstallPhase, type MethodContext } from "./call.ts";
import type { Decoded } from "./candid.ts";
import * as errors from "./code-errors.ts";
import { addChange } from "./history.ts";
import { createModule } from "./module-creation.ts";

export type InstallMode =
  | { readonly kind: "install" | "reinstall" }
  | { readonly kind: "upgrade"; readonly skipPreUpgrade: boolean; readonly persistence: "keep" | "replace" | null };

export interface Installation {
  readonly mode: InstallMode;
  /** The module's bytes, or what is wrong with the chunks they were to be made of. */
  readonly module: Decoded<Uint8Array>;
  /** Chunks that the module is put together from; 0 when it came whole. */
  readonly chunkCount: number;
  readonly arg: Uint8Array;
  readonly sender: PrincipalId;
  readonly origin: HistoryEntry["origin"];
  /** Of the call, for events. */
  readonly method: string;
  readonly tag: MessageTag;
}

/** An entry point that ran in an installation. */
export interface Phase {
  readonly entry: InstallPhase["entry"];
  readonly outcome: Pick<Outcome, "result" | "instructions" | "slices" | "pausedSlices" | "printed">;
}

/** The old or the new code's custom section that marks Motoko's enhanced orthogonal persistence. Source: management-canister.md 4. */
const ORTHOGONAL_PERSISTENCE = "enhanced-orthogonal-persistence";

function isOrthogonallyPersistent(module: PreparedModule): boolean {
  return module.info.customSections.some(({ name }) => name === ORTHOGONAL_PERSISTENCE);
}

type Created = ReturnType<typeof createModule>;

export class Attempt {
  private readonly context: MethodContext;
  private readonly installation: Installation;
  private readonly limits: Limits;
  /** The record as the installation changes it. What it shares with the canister's own it does not write. */
  readonly working: CanisterState;
  /** Used so far, of one budget for all phases. */
  instructions = 0;
  /** Of each slice that ended with a pause; and of the present one. One phase goes on in the slice in which the one before it ended. */
  readonly slices: number[] = [];
  private inSlice = 0;
  readonly phases: Phase[] = [];

  constructor(context: MethodContext, canister: CanisterState, installation: Installation, limits: Limits) {
    this.context = context;
    this.installation = installation;
    this.limits = limits;
    this.working = {
      ...canister,
      consumed: { ...canister.consumed },
      execution: canister.execution === null ? null : canister.execution.copy(nextEpoch()),
      log: canister.log.copy(canister.epoch),
    };
  }

  private get left(): number {
    return Math.max(0, this.limits.installCodeInstructions - this.instructions);
  }

  /** Everything up to the last checks. */
  perform(created: Created | null): UserError | null {
    const { working, installation } = this;
    const { mode } = installation;
    if (mode.kind === "install" && working.execution !== null) return errors.notEmpty(working.id);
    if (this.limits.rateLimiting && working.installCodeDebitInstructions > 0) return errors.installRateLimited(working.id);
    if (mode.kind === "upgrade") {
      if (working.execution === null) return userErrorOf(working.id, wasmModuleNotFound());
      const error = mode.skipPreUpgrade ? null : this.execute("preUpgrade", { kind: "preUpgrade" });
      if (error !== null) return error;
    }
    this.charge(CHUNK_BYTES * installation.chunkCount);
    if (installation.module.kind === "error") return installation.module.error;
    this.charge(created!.instructions);
    const replaced = this.replaceCode(created!);
    if (replaced !== null) return replaced;

    if (mode.kind !== "upgrade") {
      working.certifiedData = new Uint8Array(0);
      working.log.clear();
    }
    working.globalTimerNanos = 0n;
    working.version++;
    working.installedNanos = this.context.world.state.timeNanos;
    const moduleHash = working.execution!.module.hash;
    addChange(this.context.world, working, installation.origin, { kind: "codeDeployment", mode: mode.kind, moduleHash });
    const entry: EntryPoint & { readonly kind: "init" | "postUpgrade" } = {
      kind: mode.kind === "upgrade" ? "postUpgrade" : "init",
      arg: installation.arg,
    };
    return this.execute("start", { kind: "start" }) ?? this.execute(entry.kind, entry);
  }

  private charge(instructions: number): void {
    this.instructions = Math.min(this.instructions + instructions, this.limits.installCodeInstructions);
    this.inSlice += instructions;
  }

  /** New code, and of the old memories what the mode keeps. */
  private replaceCode(created: Created): UserError | null {
    const { working, installation } = this;
    const { mode } = installation;
    const old = working.execution;
    const keep: { heap?: ExecutionState["heap"]; stable?: ExecutionState["stable"] } = {};
    if (mode.kind === "upgrade" && old !== null) {
      if (mode.persistence === null && isOrthogonallyPersistent(old.module)) return errors.missingUpgradeOption();
      if (mode.persistence === "keep") {
        if (created.module !== null && !isOrthogonallyPersistent(created.module)) return errors.invalidUpgradeOption();
        keep.heap = old.heap;
      }
      keep.stable = old.stable;
    }
    if (created.module === null) return created.error;
    working.execution = ExecutionState.create(created.module, nextEpoch(), keep);
    return null;
  }

  /** Runs one entry point, if the module has it, and takes over what it did. */
  private execute(entry: InstallPhase["entry"], point: EntryPoint): UserError | null {
    const { world, subnet, tools } = this.context;
    const { working, installation } = this;
    const state = working.execution!;
    if (!hasEntry(state.module, entry)) return null;
    const phase: InstallPhase = { entry, caller: installation.sender };
    let account!: InstallAccount;
    const makeView = (): InstallAccount["view"] => {
      account = tools.installAccount(world, subnet, working, phase);
      return account.view;
    };
    const outcome = run(world.pool, state, point, makeView, installLimits(this.limits, entry, this.left));
    this.instructions += outcome.instructions;
    let left = outcome.instructions;
    for (const paused of outcome.pausedSlices) {
      this.slices.push(this.inSlice + paused);
      this.inSlice = 0;
      left -= paused;
    }
    this.inSlice += Math.max(0, left);
    working.log.append(outcome.logs, logCapacityBytes(working.settings));
    this.phases.push({ entry, outcome });
    if (outcome.result.kind === "trap") {
      discard(outcome);
      return outcome.result.error;
    }
    commit(outcome);
    account.apply(working);
    if (outcome.certifiedData !== null) working.certifiedData = outcome.certifiedData;
    if (outcome.globalTimerNanos !== null) working.globalTimerNanos = outcome.globalTimerNanos;
    return null;
  }
}

const ENTRY_EXPORTS = { preUpgrade: "canister_pre_upgrade", init: "canister_init", postUpgrade: "canister_post_upgrade" } as const;

function hasEntry(module: PreparedModule, entry: InstallPhase["entry"]): boolean {
  return entry === "start" ? module.info.hasStart : module.info.systemExports.has(ENTRY_EXPORTS[entry]);
}

const PAGES_PER_GIB = 262_144;
/** Stable pages of one execution: 8 GiB in init and the upgrade hooks, 2 GiB in start. Source: wasm.md 5.1. */
const STABLE_PAGES = { preUpgrade: 8, init: 8, postUpgrade: 8, start: 2 } as const;

function installLimits(limits: Limits, entry: InstallPhase["entry"], instructions: number): RunLimits {
  const stablePages = STABLE_PAGES[entry] * PAGES_PER_GIB;
  return {
    instructions,
    reportedInstructions: limits.installCodeInstructions,
    sliceInstructions: Math.min(instructions, limits.installCodeSliceInstructions),
    stackBytes: limits.stackBytes,
    // No phase can answer or call: these limits are never reached.
    replyBytes: 0,
    requestBytes: 0,
    stablePagesAccessed: stablePages,
    stablePagesDirtied: stablePages,
  };
}
