/**
 * Faults by rule: what goes wrong, with which calls, how often.
 *
 * Everywhere `from` is who calls and `to` who is called, also where a rule is about the answer or about what the caller does after its `await`.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import { RejectCode } from "../../core/state/rejects.ts";
import { kindOf, refuseOtherWords, refuseUnknown, type FieldsOf } from "../given.ts";
import type { ModuleSource } from "../module-source.ts";
import { nanosOf, type Duration } from "../duration.ts";
import type { PrincipalLike } from "../principals.ts";

/** Which calls. What is left out is anything. */
export interface CallMatch {
  /** The management canister is `aaaaa-aa`. */
  readonly from?: PrincipalLike;
  /** Who is called. */
  readonly to?: PrincipalLike;
  /** Its name, or a pattern of names. */
  readonly method?: string | RegExp;
  /** Only the n-th of them, from 1. */
  readonly nth?: number;
  /** Only the first so many of them. */
  readonly times?: number;
  /** Only in this round of the network (`net.round`), or in those from the first to the last. */
  readonly round?: number | readonly [first: number, last: number];
  /** Only where this says so. */
  readonly when?: (call: FaultedCall) => boolean;
}

/** A call at the place where a fault may meet it. Principals are texts. */
export interface FaultedCall {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** It waits without a deadline. */
  readonly isUnbounded: boolean;
  /** Of the network. */
  readonly round: number;
  /** Virtual time, nanoseconds since the Unix epoch. */
  readonly timeNanos: bigint;
}

/** Where in a call: its request, or its answer. */
export type Part = "request" | "response";

/** Which code of a canister: of the callee, of the caller after its `await`, or what no call causes. */
export type Entry = "method" | "callback" | "heartbeat" | "timer" | "lowMemory";

/** What goes wrong with a call. */
export type Fault =
  /** The system rejects the request: SYS_TRANSIENT unless another code is asked for, and may be given there. */
  | { readonly fault: "reject"; readonly code?: RejectCode }
  /** `call_perform` refuses: a queue is full. */
  | { readonly fault: "refuseCall" }
  /** The callee has run, and its answer is lost: the caller gets SYS_UNKNOWN at its deadline. Bounded-wait calls only. */
  | { readonly fault: "loseResponse" }
  /** The request is lost: the caller gets SYS_UNKNOWN at its deadline. Bounded-wait calls only. */
  | { readonly fault: "loseRequest" }
  /** The message waits for so many rounds, for so much virtual time, or both. */
  | { readonly fault: "delay"; readonly part?: Part; readonly rounds?: number; readonly time?: Duration }
  /** The message waits until it is released. */
  | { readonly fault: "withhold"; readonly part?: Part }
  /** The message waits while this runs: until its promise is settled, or until nothing else in the network can go on. */
  | { readonly fault: "meanwhile"; readonly part?: Part; readonly run: () => Promise<unknown> }
  /** The execution ends at the instruction limit, or traps, after so many instructions (0 by default: at once). */
  | { readonly fault: "outOfInstructions" | "trap"; readonly entry?: Entry; readonly after?: number }
  /** The callee cannot pay for the execution. */
  | { readonly fault: "outOfCycles" }
  /** A message that `canister_inspect_message` refuses gets in. */
  | { readonly fault: "skipInspection" };

/** What goes wrong with a subnet, for as long as the rule stands. */
export type SubnetFault =
  /** Nothing goes from it to others, nor from them to it. */
  | { readonly fault: "cutOff"; readonly subnet: PrincipalLike | { readonly id: string } }
  /** It makes a round in every n-th round of the network. */
  | { readonly fault: "slow"; readonly subnet: PrincipalLike | { readonly id: string }; readonly every: number };

/** What goes wrong, and with what. */
export type FaultRule = (CallMatch & Fault) | SubnetFault;

/** What a controller does in the middle of a call. */
export interface Operation {
  /** Before the request, or before the answer; the request by default. */
  readonly part?: Part;
  /** For an upgrade or a reinstallation. */
  readonly module?: ModuleSource;
  /** Values for its installation, by its own Candid. */
  readonly args?: readonly unknown[];
}

/** Refuses at once what can never be. */
export function checkRule(rule: FaultRule, isUnlawful: boolean): void {
  const bad = (why: string): never => {
    throw new CanneryError("bad-fault", `the fault ${rule.fault} ${why}`);
  };
  if (typeof rule !== "object" || rule === null || !Object.hasOwn(FIELDS, rule.fault))
    throw new CanneryError("bad-fault", `a fault is an object with fault: one of ${Object.keys(FIELDS).join(", ")}; got ${kindOf(rule)}`);
  refuseUnknown(rule, FIELDS[rule.fault], `the fault ${rule.fault}`, "bad-fault");
  if (rule.fault === "cutOff") return;
  if (rule.fault === "slow") {
    if (!Number.isSafeInteger(rule.every) || rule.every < 2) bad(`takes every: a whole number from 2; got ${rule.every}`);
    return;
  }
  for (const key of ["nth", "times"] as const) {
    const count = rule[key];
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 1)) bad(`takes ${key}: a whole number from 1; got ${count}`);
  }
  checkMatch(rule, bad);
  if ("part" in rule && rule.part !== undefined)
    refuseOtherWords(rule.part, ["request", "response"], `part of the fault ${rule.fault}`, "bad-fault");
  if ("entry" in rule && rule.entry !== undefined)
    refuseOtherWords(rule.entry, Object.keys(ENTRIES), `entry of the fault ${rule.fault}`, "bad-fault");
  if (rule.fault === "delay" && rule.rounds === undefined && rule.time === undefined) bad("takes rounds, or time, or both");
  if (rule.fault === "delay" && rule.time !== undefined) nanosOf(rule.time); // refuses what is none
  if (rule.fault === "reject" && rule.code !== undefined && !Object.values<unknown>(RejectCode).includes(rule.code))
    bad(`takes code: a reject code, a number from 1 to 6; got ${kindOf(rule.code)}`);
  if (rule.fault === "meanwhile" && typeof rule.run !== "function") bad(`takes run: a function; got ${kindOf(rule.run)}`);
  if (rule.fault === "outOfInstructions" || rule.fault === "trap") {
    const { after = 0 } = rule;
    if (!Number.isSafeInteger(after) || after < 0) bad(`takes after: a number of instructions; got ${after}`);
  }
  if (rule.fault === "reject" && !isUnlawful) {
    const why = NEVER_REJECTED[rule.code ?? RejectCode.SYS_TRANSIENT];
    if (why !== undefined) throw unlawful(why);
  }
}

/** Refuses what no call ever matches. */
function checkMatch({ method, round, when }: CallMatch, bad: (why: string) => never): void {
  if (method !== undefined && typeof method !== "string" && typeof (method as { readonly test?: unknown }).test !== "function")
    bad(`takes method: a name or a pattern; got ${kindOf(method)}`);
  if (when !== undefined && typeof when !== "function") bad(`takes when: a function of the call; got ${kindOf(when)}`);
  const [first, last] = typeof round === "number" ? [round, round] : (round ?? [0, 0]);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first > last)
    bad(`takes round: a number, or the first and the last; got ${kindOf(round)}`);
}

const MATCH: FieldsOf<CallMatch> = { from: true, to: true, method: true, nth: true, times: true, round: true, when: true };
const EXECUTION = { ...MATCH, entry: true, after: true } as const;

/** What each fault is told by. */
const FIELDS: { readonly [F in FaultRule["fault"]]: FieldsOf<Extract<FaultRule, { fault: F }>> } = {
  reject: { ...MATCH, fault: true, code: true },
  refuseCall: { ...MATCH, fault: true },
  loseResponse: { ...MATCH, fault: true },
  loseRequest: { ...MATCH, fault: true },
  delay: { ...MATCH, fault: true, part: true, rounds: true, time: true },
  withhold: { ...MATCH, fault: true, part: true },
  meanwhile: { ...MATCH, fault: true, part: true, run: true },
  outOfInstructions: { ...EXECUTION, fault: true },
  trap: { ...EXECUTION, fault: true },
  outOfCycles: { ...MATCH, fault: true },
  skipInspection: { ...MATCH, fault: true },
  cutOff: { fault: true, subnet: true },
  slow: { fault: true, subnet: true, every: true },
};

const ENTRIES: Readonly<Record<Entry, true>> = { method: true, callback: true, heartbeat: true, timer: true, lowMemory: true };

/** Codes that the system gives to no request for a canister that is there. */
const NEVER_REJECTED: Readonly<Partial<Record<RejectCode, string>>> = {
  [RejectCode.SYS_FATAL]: "the system does not reject a call of a canister with SYS_FATAL",
  [RejectCode.DESTINATION_INVALID]:
    "the system rejects with DESTINATION_INVALID only what is for a canister that does not exist: delete the canister",
  [RejectCode.CANISTER_REJECT]: "CANISTER_REJECT is the callee's own: the system never gives it",
  [RejectCode.SYS_UNKNOWN]:
    "SYS_UNKNOWN comes at the deadline of a bounded-wait call whose request or answer was lost: use loseRequest or loseResponse",
};

/** A fault that the platform never has. */
export function unlawful(why: string): CanneryError {
  return new CanneryError("unlawful-fault", `${why}. To see what would follow all the same, ask for it by net.faults.unlawful`);
}
