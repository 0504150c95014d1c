/**
 * Rules as a schedule: they answer the choices that they are about, and leave the others to the schedule beneath.
 *
 * The choices that rules make are deviations like any others: a run with faults replays from them, without the rules.
 */
import { assert } from "../../base/assert.ts";
import type { CanneryError } from "../../base/cannery-error.ts";
import { executionOption, LAWFUL_REJECTS, REQUEST_REJECTS } from "../../core/rules/open-outcomes.ts";
import type { Choice, ExecutionConcern, MessageConcern, Schedule } from "../../core/schedule/schedule.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import type { MessageTag } from "../../core/state/messages.ts";
import { principalText } from "../../core/state/principal.ts";
import { RejectCode } from "../../core/state/rejects.ts";
import { nanosOf } from "../duration.ts";
import { unlawful, type CallMatch, type Entry, type Fault, type FaultedCall, type Part } from "./rule.ts";

/** The network as rules see it. */
export interface Now {
  readonly round: number;
  readonly timeNanos: bigint;
  isSubnet(id: PrincipalId): boolean;
}

/** A rule that stands. */
export interface Standing {
  readonly rule: (CallMatch & Fault) | StandingSubnetFault;
  readonly isUnlawful: boolean;
  readonly from: PrincipalId | null;
  readonly to: PrincipalId | null;
  /** Calls that it has met. */
  met: number;
  /** Whose rule it is. */
  readonly owner: FaultSchedule;
  /** Messages that it holds back, and those that it has let go. */
  readonly held: Map<MessageTag, Hold>;
}

type StandingSubnetFault =
  | { readonly fault: "cutOff"; readonly subnet: PrincipalId }
  | { readonly fault: "slow"; readonly subnet: PrincipalId; readonly every: number };

interface Hold {
  isReleased: boolean;
  readonly untilRound: number;
  readonly untilNanos: bigint;
}

type Request = Pick<MessageConcern, "from" | "to" | "method" | "isUnbounded">;

export class FaultSchedule implements Schedule {
  readonly rules: Standing[] = [];
  /** Set when a rule met a call to which its fault never happens. */
  refusal: CanneryError | null = null;
  /** Of `meanwhile`: to be run after this step. */
  readonly toRun: { readonly standing: Standing; readonly tag: MessageTag; readonly run: () => Promise<unknown> }[] = [];
  private readonly inner: Schedule;
  private readonly now: () => Now;

  constructor(inner: Schedule, now: () => Now) {
    this.inner = inner;
    this.now = now;
  }

  get ordinary(): boolean {
    return this.rules.length === 0 && this.inner.ordinary;
  }

  get injects(): boolean {
    return this.rules.length > 0 || this.inner.injects === true;
  }

  /** Asked for everything while there are rules: one that meets what never happens must be told so. */
  get unlawful(): boolean {
    return this.rules.length > 0 || this.inner.unlawful === true;
  }

  /** Something is held back that no round will let go. */
  get isHolding(): boolean {
    if (this.rules.length === 0) return false;
    const now = this.now().timeNanos;
    const isHeld = ({ isReleased, untilRound, untilNanos }: Hold): boolean => !isReleased && (untilRound === Infinity || untilNanos > now);
    return this.rules.some(({ rule, held }) => rule.fault === "cutOff" || [...held.values()].some(isHeld));
  }

  /** Something waits until it is released by hand. */
  get isWithholding(): boolean {
    return this.rules.some(({ rule, held }) => rule.fault === "withhold" && [...held.values()].some(({ isReleased }) => !isReleased));
  }

  /** Lets go what waits for something to be done meanwhile. Returns how many messages. */
  releaseMeanwhile(): number {
    let count = 0;
    for (const standing of this.rules) if (standing.rule.fault === "meanwhile") count += this.release(standing);
    return count;
  }

  /** When what is held back for a time is let go, or `null`. */
  get nextReleaseNanos(): bigint | null {
    if (this.rules.length === 0) return null;
    const now = this.now().timeNanos;
    let first: bigint | null = null;
    for (const { held } of this.rules) {
      for (const { isReleased, untilNanos, untilRound } of held.values()) {
        if (isReleased || untilRound === Infinity || untilNanos <= now) continue;
        if (first === null || untilNanos < first) first = untilNanos;
      }
    }
    return first;
  }

  choose(choice: Choice, options: number, nth?: number): number {
    return this.byRule(choice) ?? this.beneath(choice, options, nth);
  }

  private byRule(choice: Choice): number | null {
    if (this.rules.length === 0) return null;
    switch (choice.kind) {
      case "rejectRequest": {
        const met = this.meet(choice.message, ["reject"], (standing) => this.rejectRefusal(standing, choice.message));
        return met === null ? null : REQUEST_REJECTS.indexOf(rejectCodeOf(met));
      }
      case "loseRequest":
      case "loseResponse": {
        const { kind, message } = choice;
        const call = message.message === "response" ? { ...message, from: message.to, to: message.from } : message;
        return this.meet(call, [kind], (standing) => this.lossRefusal(standing, call)) === null ? null : 1;
      }
      case "refuseCall":
        return this.meet(choice.message, ["refuseCall"]) === null ? null : 1;
      case "inspect":
        return this.meet(choice.message, ["skipInspection"]) === null ? null : 1;
      case "execution":
        return this.endOf(choice.execution);
      case "message":
        return this.withoutHeld(choice);
      case "link":
        return this.rules.some(({ rule }) => rule.fault === "cutOff" && (rule.subnet === choice.from || rule.subnet === choice.to))
          ? 1
          : null;
      case "subnetRound": {
        const { round } = this.now();
        return this.rules.some(({ rule }) => rule.fault === "slow" && rule.subnet === choice.subnet && round % rule.every !== 0) ? 1 : null;
      }
      case "canister":
      case "ingress":
      case "hop":
      case "pendingAnswer":
      case "pick":
      case "turn":
      case "time":
        return null;
    }
  }

  /** The schedule beneath is asked only what it would be asked without rules. */
  private beneath(choice: Choice, options: number, nth: number | undefined): number {
    const { inner } = this;
    if (inner.ordinary || this.rules.length === 0) return inner.ordinary ? 0 : inner.choose(choice, options, nth);
    if (inner.unlawful === true) return inner.choose(choice, options, nth);
    if ((choice.kind === "loseRequest" || choice.kind === "loseResponse") && choice.message.isUnbounded === true) return 0;
    if (choice.kind === "rejectRequest") {
      const lawful = choice.message.isUnbounded === true && inner.injects === true ? LAWFUL_REJECTS.unbounded : LAWFUL_REJECTS.bounded;
      return inner.choose(choice, 1 + lawful, nth);
    }
    return inner.choose(choice, options, nth);
  }

  /** The first rule of these faults that is about this call, and is not refused for it. */
  private meet(call: Request, faults: readonly Fault["fault"][], refusalOf?: (standing: Standing) => CanneryError | null): Fault | null {
    for (const standing of this.rules) {
      const { rule } = standing;
      if (rule.fault === "cutOff" || rule.fault === "slow" || !faults.includes(rule.fault)) continue;
      if (!this.isAbout(standing, rule, call) || !this.takes(standing, rule)) continue;
      const refusal = refusalOf?.(standing) ?? null;
      if (refusal === null) return rule;
      this.refusal ??= refusal;
    }
    return null;
  }

  private isAbout({ from, to }: Standing, { method, round, when }: CallMatch, call: Request): boolean {
    const now = this.now();
    const callee = now.isSubnet(call.to) ? ("" as PrincipalId) : call.to;
    if ((from !== null && from !== call.from) || (to !== null && to !== callee)) return false;
    if (typeof method === "string" ? method !== call.method : method !== undefined && !method.test(call.method)) return false;
    if (typeof round === "number" && round !== now.round) return false;
    if (typeof round === "object" && (now.round < round[0] || now.round > round[1])) return false;
    return when === undefined || when(faulted(call, callee, now));
  }

  /** Counts the call, and says whether it is one of those that are meant. */
  private takes(standing: Standing, { nth, times }: CallMatch): boolean {
    standing.met++;
    return nth === undefined ? standing.met <= (times ?? Infinity) : standing.met === nth;
  }

  private rejectRefusal({ rule, isUnlawful }: Standing, { isUnbounded }: Request): CanneryError | null {
    const code = rule.fault === "reject" ? rejectCodeOf(rule) : null;
    if (isUnlawful || isUnbounded === true || code !== RejectCode.CANISTER_ERROR) return null;
    return unlawful(
      "the system rejects a bounded-wait call of a running canister with SYS_TRANSIENT only: to see CANISTER_ERROR, stop the canister",
    );
  }

  private lossRefusal({ isUnlawful }: Standing, { isUnbounded, from, to, method }: Request): CanneryError | null {
    if (isUnlawful || isUnbounded !== true) return null;
    return unlawful(
      `${principalText(from)} calls ${principalText(to)}.${method} with unbounded wait, and of such a call neither the request nor the answer is ever lost: the platform delivers both, however late. Call with a timeout (bounded wait), or delay the answer`,
    );
  }

  private endOf({ canister, entry, from, method }: ExecutionConcern): number | null {
    const kind = ENTRIES[entry];
    if (kind === undefined) return null;
    const call = kind === "callback" ? { from: canister, to: from, method } : { from, to: canister, method };
    for (const standing of this.rules) {
      const { rule } = standing;
      const cutsOff = rule.fault === "outOfInstructions" || rule.fault === "trap";
      if (!cutsOff && (rule.fault !== "outOfCycles" || kind === "callback")) continue;
      if (cutsOff && (rule.entry ?? "method") !== kind) continue;
      if (!this.isAbout(standing, rule, call) || !this.takes(standing, rule)) continue;
      return executionOption(rule.fault === "outOfCycles" ? { kind: "outOfCycles" } : { kind: rule.fault, after: rule.after ?? 0 });
    }
    return null;
  }

  // Messages that wait.

  /** The first message that does not wait; the schedule beneath chooses among these. */
  private withoutHeld({ candidates, ...choice }: Extract<Choice, { kind: "message" }>): number | null {
    const free = candidates.filter((message) => !this.isHeld(message));
    if (free.length === candidates.length) return null;
    if (free.length === 0) return candidates.length;
    const chosen = this.inner.ordinary ? 0 : this.inner.choose({ ...choice, candidates: free }, free.length + 1);
    return chosen === free.length ? candidates.length : candidates.indexOf(free[chosen]!);
  }

  private isHeld(message: MessageConcern): boolean {
    const part: Part = message.message === "response" ? "response" : "request";
    const call = part === "response" ? { ...message, from: message.to, to: message.from } : message;
    const now = this.now();
    const { tag } = message;
    assert(tag !== undefined, "messages in queues have tags");
    let isHeld = false;
    for (const standing of this.rules) {
      const { rule, held } = standing;
      if ((rule.fault !== "delay" && rule.fault !== "withhold" && rule.fault !== "meanwhile") || (rule.part ?? "request") !== part)
        continue;
      let hold = held.get(tag);
      if (hold === undefined) {
        if (!this.isAbout(standing, rule, call)) continue;
        const isMeant = this.takes(standing, rule);
        const untilRound = rule.fault !== "delay" ? Infinity : now.round + (rule.rounds ?? 0);
        const untilNanos = rule.fault === "delay" && rule.time !== undefined ? now.timeNanos + nanosOf(rule.time) : 0n;
        held.set(tag, (hold = { isReleased: !isMeant, untilRound, untilNanos }));
        if (isMeant && rule.fault === "meanwhile") this.toRun.push({ standing, tag, run: rule.run });
      }
      hold.isReleased ||= now.round >= hold.untilRound && now.timeNanos >= hold.untilNanos;
      isHeld ||= !hold.isReleased;
    }
    return isHeld;
  }

  /** Lets go what a rule holds back: all of it, or one message. Returns how many. */
  release({ held }: Standing, tag: MessageTag | null = null): number {
    let count = 0;
    for (const [one, hold] of held) {
      if (hold.isReleased || (tag !== null && tag !== one)) continue;
      hold.isReleased = true;
      count++;
    }
    return count;
  }

  /** The rules as they stand, to come back to. */
  snapshot(): FaultSnapshot {
    return this.rules.map((standing) => ({ standing, met: standing.met, held: copyOf(standing.held) }));
  }

  restore(snapshot: FaultSnapshot): void {
    this.rules.length = 0;
    for (const { standing: known, met, held } of snapshot) {
      // Handles of a network work on its own rules, not on those of a fork that goes back to its snapshot.
      const standing = known.owner === this ? known : { ...known, owner: this, held: new Map<MessageTag, Hold>() };
      standing.met = met;
      standing.held.clear();
      for (const [tag, hold] of copyOf(held)) standing.held.set(tag, hold);
      this.rules.push(standing);
    }
    this.toRun.length = 0;
    this.refusal = null;
  }

  /** The same rules for a network that goes on by itself. */
  fork(now: () => Now): FaultSchedule {
    const fork = new FaultSchedule(this.inner, now);
    for (const standing of this.rules) fork.rules.push({ ...standing, owner: fork, held: copyOf(standing.held) });
    return fork;
  }
}

export type FaultSnapshot = readonly { readonly standing: Standing; readonly met: number; readonly held: Standing["held"] }[];

function copyOf(held: Standing["held"]): Standing["held"] {
  return new Map([...held].map(([tag, hold]) => [tag, { ...hold }]));
}

function rejectCodeOf(rule: Fault): RejectCode {
  return rule.fault === "reject" ? (rule.code ?? RejectCode.SYS_TRANSIENT) : RejectCode.SYS_TRANSIENT;
}

function faulted({ from, method, isUnbounded }: Request, to: PrincipalId, { round, timeNanos }: Now): FaultedCall {
  return { from: principalText(from), to: principalText(to), method, isUnbounded: isUnbounded === true, round, timeNanos };
}

const ENTRIES: Readonly<Partial<Record<ExecutionConcern["entry"], Entry>>> = {
  update: "method",
  replicatedQuery: "method",
  replyCallback: "callback",
  rejectCallback: "callback",
  heartbeat: "heartbeat",
  globalTimer: "timer",
  lowWasmMemory: "lowMemory",
};
