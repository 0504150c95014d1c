/**
 * Composite queries: a query that asks other canisters of its subnet, evaluated whole by one replica on one state.
 *
 * Evaluation is a depth-first walk of the call graph. Each context works on its own copy of its canister: what its method changed is seen by its
 * callbacks, and by nobody else; a call to any canister, the caller itself included, starts from the network's state. A context that has answered
 * is forgotten with the calls it still wanted to make.
 *
 * Source: interface spec, "Composite queries"; messaging.md 8. Replica:
 * `rs/execution_environment/src/query_handler/{query_context,query_call_graph}.rs` (c7c5005); calls of the management canister are newer (spec 0.66.0).
 * Departure: there is no limit in wall-clock time (IC0528), which could not be replayed; the instruction limit bounds the work.
 */
import { assert } from "../../base/assert.ts";
import { cleanupFailed } from "../canister/errors.ts";
import type { ExecutionState } from "../canister/execution-state.ts";
import { commit, detach, discard } from "../canister/outcome.ts";
import { run } from "../canister/run.ts";
import type { EntryPoint, Outcome, OutgoingCall } from "../canister/types.ts";
import type { QueryInput } from "../inputs.ts";
import type { ExecutionView } from "../rules/execution-view.ts";
import type { ExecutionKind } from "../rules/execution-kinds.ts";
import type { CallContext, CallOrigin, CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type CallbackId, type CallContextId, type MessageId, type PrincipalId } from "../state/ids.ts";
import type { Limits } from "../state/limits.ts";
import type { ResponsePayload } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, RejectCode, rejectCodeOf, type UserError } from "../state/rejects.ts";
import { ellipsizeReject } from "../state/reject-text.ts";
import { emitPrinted, limitsOf, type World } from "../state/world.ts";
import { findQueryMethod, type Callable } from "./callable.ts";
import { queryLimits } from "./query-limits.ts";
import type { QueryExecution } from "./query-statistics.ts";
import type { QueryTools } from "./query-tools.ts";

/** What a user's query ends with. */
export type QueryResult =
  | { readonly kind: "reply"; readonly data: Uint8Array; readonly instructions: number }
  | { readonly kind: "reject"; readonly message: string }
  | { readonly kind: "error"; readonly error: UserError };

type Found = Extract<Callable, { kind: "callable" }>;
type Result = Exclude<Outcome["result"], { kind: "none" }>;

/** The root method is of kind `composite_query`. */
export function evaluateCompositeQuery(world: World, subnet: SubnetState, found: Found, input: QueryInput, tools: QueryTools): Evaluated {
  const graph = new CallGraph(world, subnet, input, tools);
  const result = graph.evaluate(found);
  return { result, executions: graph.executions };
}

export interface Evaluated {
  readonly result: QueryResult;
  /** The methods that ran, nested ones too; callbacks are not counted. */
  readonly executions: readonly QueryExecution[];
}

/** Source: interface spec, "Query call"; the context did not answer and nothing is left that could make it. */
export function didNotRespond(id: PrincipalId): UserError {
  return { code: ErrorCode.CanisterDidNotReply, description: `Canister ${principalText(id)} did not produce a response` };
}

/** A context that waits for calls. */
interface Pending {
  readonly context: CallContext;
  /** Record of the canister as this context has it: the fees of its calls are taken. */
  readonly canister: CanisterState;
  /** Code and memories with this context's changes. */
  readonly state: ExecutionState;
  /** Calls that are not executed yet, in order. */
  calls: OutgoingCall[];
  /** The call whose answer is awaited. */
  current: OutgoingCall | null;
}

/** Aborts the whole query. */
class Aborted extends Error {
  readonly error: UserError;
  constructor(error: UserError) {
    super(error.description);
    this.error = error;
  }
}

class CallGraph {
  private readonly world: World;
  private readonly subnet: SubnetState;
  private readonly input: QueryInput;
  private readonly tools: QueryTools;
  private readonly limits: Limits;
  /** Of the whole tree. */
  private instructionsLeft: number;
  private nextContextId = 1;
  readonly executions: QueryExecution[] = [];

  constructor(world: World, subnet: SubnetState, input: QueryInput, tools: QueryTools) {
    this.world = world;
    this.subnet = subnet;
    this.input = input;
    this.tools = tools;
    this.limits = limitsOf(world, subnet);
    this.instructionsLeft = this.limits.queryTreeInstructions;
  }

  evaluate(found: Found): QueryResult {
    const { sender, senderInfo, method, arg } = this.input;
    const origin: CallOrigin = { kind: "ingress", user: sender, messageId: "" as MessageId, method, tag: 0 };
    const root = this.enter(found, this.newContext(origin, sender, senderInfo), arg);
    if (root.kind === "answered") return this.resultOf(root.result);
    try {
      return this.resultOf(this.walk(root.pending));
    } catch (thrown) {
      if (thrown instanceof Aborted) return { kind: "error", error: thrown.error };
      throw thrown;
    }
  }

  private resultOf(result: Result): QueryResult {
    switch (result.kind) {
      case "reply":
        return { kind: "reply", data: result.data, instructions: this.limits.queryTreeInstructions - this.instructionsLeft };
      case "reject":
        return { kind: "reject", message: result.message };
      case "trap":
        return { kind: "error", error: result.error };
    }
  }

  /** Depth first, one call at a time; the answer of a context goes to the one below it on the stack. */
  private walk(root: Pending): Result {
    const stack: Pending[] = [root];
    let answer: Result | null = null;
    for (;;) {
      const top = stack.at(-1);
      if (top === undefined) {
        assert(answer !== null, "the root context has an answer when the walk ends");
        return answer;
      }
      this.checkLimits(stack.length - 1);
      if (answer !== null) {
        const call = top.current;
        assert(call !== null, "an answer belongs to a call");
        top.current = null;
        const result = this.executeCallback(top, call, payloadOf(answer));
        answer = result;
        if (result !== null) stack.pop();
        continue;
      }
      const call = top.calls.shift();
      if (call === undefined) {
        answer = trap(didNotRespond(top.canister.id));
        stack.pop();
        continue;
      }
      top.current = call;
      if (this.isManagement(call.callee)) {
        top.current = null;
        const result = this.executeCallback(top, call, this.askManagement(top, call));
        answer = result;
        if (result !== null) stack.pop();
        continue;
      }
      const entered = this.call(top, call);
      if (entered.kind === "pending") stack.push(entered.pending);
      else answer = entered.result;
    }
  }

  /** Between executions; a limit that is passed ends the whole query. Source: messaging.md 8. */
  private checkLimits(ancestors: number): void {
    if (ancestors >= this.limits.compositeQueryDepth) {
      throw new Aborted({ code: ErrorCode.QueryCallGraphTooDeep, description: "Composite query calls exceeded the maximum call depth." });
    }
    if (this.instructionsLeft <= 0) {
      const description = "Composite query calls exceeded the instruction limit.";
      throw new Aborted({ code: ErrorCode.QueryCallGraphTotalInstructionLimitExceeded, description });
    }
  }

  /** A call to a canister of this subnet; others are not there. */
  private call(from: Pending, call: OutgoingCall): Entered {
    const found = findQueryMethod(this.subnet, call.callee, call.method);
    if (found.kind === "error") return { kind: "answered", result: trap(found.error) };
    const origin: CallOrigin = {
      kind: "canister",
      canister: from.canister.id,
      callbackId: 0 as CallbackId,
      deadline: 0,
      method: call.method,
      tag: 0,
    };
    const entered = this.enter(found, this.newContext(origin, from.canister.id, null), call.arg);
    this.instructionsLeft -= this.limits.compositeCallInstructions;
    return entered;
  }

  /** Runs a method in a context of its own. */
  private enter({ canister, execution, exported: method }: Found, context: CallContext, arg: Uint8Array): Entered {
    // The certificate is the root target's; a nested call back to it has it too.
    const dataCertificate =
      canister.id === this.input.receiver ? this.tools.dataCertificate(this.world, this.subnet, canister, this.input) : null;
    const record: CanisterState = { ...canister, consumed: { ...canister.consumed } };
    const { outcome, view } = this.execute(
      execution,
      { kind: "compositeQuery", method, arg },
      "method",
      "composite",
      record,
      context,
      dataCertificate,
    );
    const responseBytes = outcome.result.kind === "reply" ? outcome.result.data.length : 0;
    const counts = { calls: 1, instructions: outcome.instructions, requestBytes: arg.length, responseBytes };
    this.executions.push({ canister: canister.id, counts });
    if (outcome.result.kind !== "none") {
      discard(outcome);
      return { kind: "answered", result: outcome.result };
    }
    const { state } = detach(outcome);
    view.applyTo(record);
    return { kind: "pending", pending: { context, canister: record, state, calls: this.inOrder(outcome.calls), current: null } };
  }

  /** Runs the callback of an answered call; `null` while the context goes on. */
  private executeCallback(pending: Pending, call: OutgoingCall, payload: ResponsePayload): Result | null {
    const { state, canister, context } = pending;
    const entry: EntryPoint =
      payload.kind === "data"
        ? { kind: "replyCallback", closure: call.onReply, data: payload.data, composite: true }
        : { kind: "rejectCallback", closure: call.onReject, code: payload.code, message: payload.message, composite: true };
    const { outcome, view, limit } = this.execute(state, entry, "callback", "compositeCallback", canister, context, null);
    switch (outcome.result.kind) {
      case "reply":
      case "reject":
        discard(outcome);
        return outcome.result;
      case "none":
        commit(outcome);
        view.applyTo(canister);
        pending.calls.push(...this.inOrder(outcome.calls));
        return pending.calls.length > 0 ? null : trap(didNotRespond(canister.id));
      case "trap": {
        discard(outcome);
        const error = this.cleanUp(pending, call, payload, outcome.result.error, limit - outcome.instructions);
        // Other calls of this context go on, and the trap is told nobody.
        return pending.calls.length > 0 ? null : trap(error);
      }
    }
  }

  /** The callback's changes are gone; the cleanup sees what was before. It has what the callback has left of its limit. */
  private cleanUp(pending: Pending, call: OutgoingCall, payload: ResponsePayload, error: UserError, instructions: number): UserError {
    if (call.onCleanup === null) return error;
    const { state, canister, context } = pending;
    const code = payload.kind === "data" ? 0 : payload.code;
    const entry: EntryPoint = { kind: "cleanup", closure: call.onCleanup, code, composite: true };
    const { outcome, view } = this.execute(state, entry, "callback", "compositeCallback", canister, context, null, instructions);
    if (outcome.result.kind === "trap") {
      discard(outcome);
      return cleanupFailed(canister.id, error, outcome.result.error);
    }
    commit(outcome);
    view.applyTo(canister);
    return error;
  }

  private execute(
    state: ExecutionState,
    entry: EntryPoint,
    part: "method" | "callback",
    kind: ExecutionKind,
    canister: CanisterState,
    context: CallContext,
    dataCertificate: (() => Uint8Array) | null,
    instructions: number = Math.min(this.limits.queryInstructions, Math.max(0, this.instructionsLeft)),
  ): { readonly outcome: Outcome; readonly view: ExecutionView; readonly limit: number } {
    const { world, subnet, tools } = this;
    const makeView = (): ExecutionView => tools.view({ world, subnet, canister, kind, context, dataCertificate });
    const outcome = run(world.pool, state, entry, makeView, queryLimits(this.limits, part, instructions));
    this.instructionsLeft -= outcome.instructions;
    context.instructions += outcome.instructions;
    emitPrinted(world, subnet, canister.id, outcome.printed);
    return { outcome, view: outcome.view as ExecutionView, limit: instructions };
  }

  /**
   * The calls of one execution in the order in which they leave the output queues: destinations by id, one call of each in turn. Calls of the
   * management canister are in the queue towards the own subnet.
   */
  private inOrder(calls: readonly OutgoingCall[]): OutgoingCall[] {
    if (calls.length < 2) return [...calls];
    const queues = new Map<PrincipalId, OutgoingCall[]>();
    for (const call of calls) {
      const destination = call.callee === MANAGEMENT_CANISTER ? this.subnet.config.id : call.callee;
      const queue = queues.get(destination);
      if (queue === undefined) queues.set(destination, [call]);
      else queue.push(call);
    }
    const waiting = [...queues.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, queue]) => queue);
    const ordered: OutgoingCall[] = [];
    for (let turn = 0; ordered.length < calls.length; turn++) {
      for (const queue of waiting) if (turn < queue.length) ordered.push(queue[turn]);
    }
    return ordered;
  }

  private isManagement(callee: PrincipalId): boolean {
    return callee === MANAGEMENT_CANISTER;
  }

  /** Executed at once on the own subnet; no level of depth. */
  private askManagement(from: Pending, call: OutgoingCall): ResponsePayload {
    this.instructionsLeft -= this.limits.compositeCallInstructions;
    return this.tools.managementQueryFromCanister(this.world, this.subnet, from.canister, call.method, call.arg);
  }

  private newContext(origin: CallOrigin, caller: PrincipalId, callerInfo: CallContext["callerInfo"]): CallContext {
    return {
      epoch: this.subnet.epoch,
      id: this.nextContextId++ as CallContextId,
      origin,
      caller,
      callerInfo,
      callTree: { depth: 0, startNanos: this.world.state.timeNanos },
      createdNanos: this.world.state.timeNanos,
      responded: false,
      deleted: false,
      availableCycles: 0n,
      instructions: 0,
      openCallbacks: 0,
    };
  }
}

type Entered = { readonly kind: "answered"; readonly result: Result } | { readonly kind: "pending"; readonly pending: Pending };

function trap(error: UserError): Result {
  return { kind: "trap", error };
}

/** What the calling canister gets: of a failure the description alone. */
function payloadOf(result: Result): ResponsePayload {
  switch (result.kind) {
    case "reply":
      return { kind: "data", data: result.data };
    case "reject":
      return { kind: "reject", code: RejectCode.CANISTER_REJECT, message: ellipsizeReject(result.message) };
    case "trap":
      return { kind: "reject", code: rejectCodeOf(result.error.code), message: ellipsizeReject(result.error.description) };
  }
}
