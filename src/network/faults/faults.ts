/**
 * `net.faults`: what goes wrong in a network, by rule.
 *
 * A rule stands until it is lifted. What it does is a choice like any other: recorded, and repeated by replay without the rule.
 */
import type { PrincipalId } from "../../core/state/ids.ts";
import type { Limits } from "../../core/state/limits.ts";
import type { Canister } from "../canister.ts";
import { checkLimits } from "../options-check.ts";
import { principalId, type PrincipalLike } from "../principals.ts";
import { checkRule, type CallMatch, type Entry, type Fault, type FaultRule, type Operation, type Part, type SubnetFault } from "./rule.ts";
import type { FaultSchedule, Standing } from "./schedule.ts";
import type { RejectCode } from "../../core/state/rejects.ts";

/** A rule that stands. */
export interface StandingFault {
  /** Calls that it has met so far, whether or not it was meant for them (`nth`, `times`). */
  readonly met: number;
  /** Lets go what it holds back; returns how many messages. What comes later is held back again, until the rule is lifted. */
  release(): number;
  /** Ends the rule, and lets go what it holds back. */
  lift(): void;
}

/** What the faults of a network need of it. */
export interface FaultTarget {
  readonly schedule: FaultSchedule;
  /** Goes on, now that something may have been let go. */
  wake(): void;
  setLimits(limits: Partial<Limits>): void;
}

/** What goes wrong, by rule: each method lays down one, and what it gives ends it. All of it is what the platform may do, but for `unlawful`. */
export class Faults {
  private readonly target: FaultTarget;
  private readonly isUnlawful: boolean;

  constructor(target: FaultTarget, isUnlawful = false) {
    this.target = target;
    this.isUnlawful = isUnlawful;
  }

  /** The same faults without asking whether the platform ever has them: losing the answer to an unbounded-wait call, any reject code. */
  get unlawful(): Faults {
    return new Faults(this.target, true);
  }

  /** Lays down a rule as data; the methods below write it. */
  add(rule: FaultRule): StandingFault {
    checkRule(rule, this.isUnlawful);
    const { schedule } = this.target;
    const standing: Standing = {
      rule: standingRule(rule),
      isUnlawful: this.isUnlawful,
      ...parties(rule),
      met: 0,
      owner: schedule,
      held: new Map(),
    };
    schedule.rules.push(standing);
    const release = (): number => {
      const count = schedule.release(standing);
      this.target.wake();
      return count;
    };
    return {
      get met() {
        return standing.met;
      },
      release,
      lift: () => {
        const place = schedule.rules.indexOf(standing);
        if (place !== -1) schedule.rules.splice(place, 1);
        release();
      },
    };
  }

  /** Lifts all rules. */
  clear(): void {
    this.target.schedule.rules.length = 0;
    this.target.wake();
  }

  /** The system rejects the requests: SYS_TRANSIENT unless another code may be given there. */
  reject(calls: CallMatch, { code }: { readonly code?: RejectCode } = {}): StandingFault {
    return this.add({ ...calls, fault: "reject", ...(code === undefined ? {} : { code }) });
  }

  /** `call_perform` refuses: the queue to the callee is full. */
  refuseCall(calls: CallMatch): StandingFault {
    return this.add({ ...calls, fault: "refuseCall" });
  }

  /** The callee runs, its answer is lost: SYS_UNKNOWN at the deadline. */
  loseResponse(calls: CallMatch): StandingFault {
    return this.add({ ...calls, fault: "loseResponse" });
  }

  /** The request is lost: SYS_UNKNOWN at the deadline. */
  loseRequest(calls: CallMatch): StandingFault {
    return this.add({ ...calls, fault: "loseRequest" });
  }

  /** Requests (or answers) wait for so many rounds, for so much virtual time, or both. */
  delay(calls: CallMatch, how: Omit<Extract<Fault, { fault: "delay" }>, "fault">): StandingFault {
    return this.add({ ...calls, ...how, fault: "delay" });
  }

  /** Requests (or answers) wait until `release` or `lift`. */
  withhold(calls: CallMatch & { readonly part?: Part }): StandingFault {
    return this.add({ ...calls, fault: "withhold" });
  }

  /** The requests (or answers) wait while this runs: in the middle of the call, whatever it is. */
  meanwhile(calls: CallMatch & { readonly part?: Part }, run: () => Promise<unknown>): StandingFault {
    return this.add({ ...calls, fault: "meanwhile", run });
  }

  /** The canister is stopped in the middle of the call. A stop ends when the calls that are open have been answered. */
  stop(calls: CallMatch & Operation, canister: Operated): StandingFault {
    return this.meanwhile(partOf(calls), () => canister.stop());
  }

  /** A stopped canister is started in the middle of the call. */
  start(calls: CallMatch & Operation, canister: Operated): StandingFault {
    return this.meanwhile(partOf(calls), () => canister.start());
  }

  /** The canister is upgraded in the middle of the call, without being stopped. */
  upgrade(calls: CallMatch & Required<Pick<Operation, "module">> & Operation, canister: Operated): StandingFault {
    const { module, args } = calls;
    return this.meanwhile(partOf(calls), () => canister.upgrade(module, args === undefined ? {} : { args }));
  }

  /** The canister is reinstalled in the middle of the call: its memory is gone. */
  reinstall(calls: CallMatch & Required<Pick<Operation, "module">> & Operation, canister: Operated): StandingFault {
    const { module, args } = calls;
    return this.meanwhile(partOf(calls), () => canister.reinstall(module, args === undefined ? {} : { args }));
  }

  /** The execution ends at the instruction limit after so many instructions; of the caller after its `await` with `entry: "callback"`. */
  outOfInstructions(calls: CallMatch, how: { readonly entry?: Entry; readonly after?: number } = {}): StandingFault {
    return this.add({ ...calls, ...how, fault: "outOfInstructions" });
  }

  /** The execution traps after so many instructions, at once by default; of the caller after its `await` with `entry: "callback"`. */
  trap(calls: CallMatch, how: { readonly entry?: Entry; readonly after?: number } = {}): StandingFault {
    return this.add({ ...calls, ...how, fault: "trap" });
  }

  /** The callee cannot pay for executing the call. */
  outOfCycles(calls: CallMatch): StandingFault {
    return this.add({ ...calls, fault: "outOfCycles" });
  }

  /** Users' calls that `canister_inspect_message` refuses get in. */
  skipInspection(calls: CallMatch): StandingFault {
    return this.add({ ...calls, fault: "skipInspection" });
  }

  /** Nothing goes from the subnet to others, nor from them to it, until the rule is lifted. */
  cutOff(subnet: SubnetLike): StandingFault {
    return this.add({ fault: "cutOff", subnet });
  }

  /** The subnet makes a round only in every n-th round of the network. */
  slow(subnet: SubnetLike, every: number): StandingFault {
    return this.add({ fault: "slow", subnet, every });
  }

  /** Subnets have so little room from now on: memory of canisters, of messages, whatever `Limits` has. It stays until it is set again. */
  pressure(limits: Partial<Limits>): void {
    checkLimits(limits);
    this.target.setLimits(limits);
  }
}

type SubnetLike = SubnetFault["subnet"];

/** A canister as far as a controller operates it. */
type Operated = Pick<Canister<any>, "stop" | "start" | "upgrade" | "reinstall">;

function partOf({ module: _module, args: _args, ...calls }: CallMatch & Operation): CallMatch & { readonly part?: Part } {
  return calls;
}

function standingRule(rule: FaultRule): Standing["rule"] {
  if (rule.fault !== "cutOff" && rule.fault !== "slow") return rule;
  const { subnet } = rule;
  const id = principalId(
    typeof subnet === "object" && "id" in subnet && typeof subnet.id === "string" ? subnet.id : (subnet as PrincipalLike),
  );
  return { ...rule, subnet: id };
}

function parties(rule: FaultRule): Pick<Standing, "from" | "to"> {
  if (rule.fault === "cutOff" || rule.fault === "slow") return { from: null, to: null };
  const idOf = (who: PrincipalLike | undefined): PrincipalId | null => (who === undefined ? null : principalId(who));
  return { from: idOf(rule.from), to: idOf(rule.to) };
}
