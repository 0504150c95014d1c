/**
 * One call of a mock canister: its handler at work, from the call that came in to the answer.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import type { CanisterId, PrincipalId } from "../../core/state/ids.ts";
import { principalText } from "../../core/state/principal.ts";
import type { SubnetId } from "../../core/state/ids.ts";
import type { PendingCallId } from "../../core/state/pending-calls.ts";
import { CanneryCallError } from "../call-error.ts";
import type { MethodCodec } from "../method-codec.ts";
import { EMPTY_CANDID, type ModuleInterface } from "../module-interface.ts";
import { principalId, principalOf, type PrincipalLike } from "../principals.ts";
import type { AnyHandler, MockCall, MockCallOptions, MockContext, MockOutcome } from "./context.ts";
import type { Ask, Step } from "./protocol.ts";

/** What handlers need of the network. */
export interface MockNetwork {
  readonly nameOf: (id: PrincipalId) => string;
  readonly interfaceOf: (id: CanisterId) => ModuleInterface | null;
  readonly timeNanos: () => bigint;
  /** A number for a call of this invocation. */
  readonly nextCall: (invocation: Invocation) => number;
  /** The invocation has something for the network. */
  readonly touch: () => void;
}

export interface Handled {
  readonly candid: ModuleInterface;
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** Where the call is recorded. */
  readonly calls: MockCall[];
}

type Start = Extract<Ask, { kind: "start" | "query" }>;
type CallOutcome = Exclude<Ask, Start>;

interface OpenCall {
  readonly callee: PrincipalId;
  readonly method: string;
  resolve(data: Uint8Array): void;
  reject(error: CanneryCallError): void;
}

/** What ends a handler on purpose. Looked at by its field, as classes differ between realms. */
interface Ending extends Error {
  readonly canneryMock: "reject" | "trap";
}

export class Invocation {
  /** Where the module waits for what to do next. */
  readonly asks: { readonly subnet: SubnetId; readonly call: PendingCallId }[] = [];
  private readonly network: MockNetwork;
  private readonly canister: CanisterId;
  private readonly handled: Handled;
  private readonly start: Start;
  private readonly codec: MethodCodec | undefined;
  private readonly open = new Map<number, OpenCall>();
  private steps: Step[] = [];
  private state: "running" | "stalled" | "done" | "abandoned" = "running";
  private readonly record: { -readonly [K in keyof MockCall]: MockCall[K] };

  constructor(network: MockNetwork, canister: CanisterId, handled: Handled, start: Start) {
    this.network = network;
    this.canister = canister;
    this.handled = handled;
    this.start = start;
    this.codec = handled.candid.methods.get(start.method);
    this.record = {
      method: start.method,
      args: [],
      caller: principalOf(start.caller),
      time: network.timeNanos(),
      cycles: start.availableCycles,
      accepted: 0n,
      isQuery: start.kind === "query",
      outcome: { kind: "pending" },
      ended: null,
    };
  }

  /** The call as people know it. */
  get what(): string {
    return `${this.network.nameOf(this.canister)}.${this.start.method}`;
  }

  get isDone(): boolean {
    return this.state === "done";
  }

  /** There is something to do that ends the handler's turn: an answer, or a call. What only goes with it (cycles, lines) waits for one. */
  get isReady(): boolean {
    return this.steps.some(({ kind }) => kind !== "accept" && kind !== "print");
  }

  get openCalls(): number {
    return this.open.size;
  }

  /** The module waits, and the handler is at work. */
  get isWaitedFor(): boolean {
    return this.state === "running" && this.asks.length > 0;
  }

  /** Questions of the module that stay open, as the handler is never to answer, and whoever called the mock gives up by itself. */
  get stalledAsks(): number {
    return this.state === "stalled" && this.start.deadlineNanos > 0n ? this.asks.length : 0;
  }

  takeSteps(): readonly Step[] {
    const steps = this.steps;
    this.steps = [];
    return steps;
  }

  /** Nobody waits for the handler any more. */
  abandon(): void {
    this.state = "abandoned";
  }

  /** Runs the handler: `settled` when it has answered. */
  run(): "settled" | "waits" {
    const { calls, handlers } = this.handled;
    calls.push(this.record);
    const handler = handlers.get(this.start.method);
    if (handler === undefined) {
      this.fail(
        ending(
          "trap",
          `the mock ${this.network.nameOf(this.canister)} has no handler for ${this.start.method}: give it to net.mock, or to mock.on`,
        ),
      );
      return "settled";
    }
    let result: unknown;
    try {
      this.record.args = this.codec!.decodeArgs(this.start.arg);
      result = handler(...this.record.args, this.context());
    } catch (thrown) {
      this.fail(thrown);
      return "settled";
    }
    if (!isThenable(result)) {
      this.finish(result);
      return "settled";
    }
    if (this.start.kind === "query") {
      result.then(undefined, () => undefined); // its outcome concerns nobody: the query fails now
      this.fail(ending("trap", `the handler of ${this.what} gave a promise, and a query is answered at once: give a value`));
      return "settled";
    }
    result.then(
      (value) => this.settle(() => this.finish(value)),
      (thrown: unknown) => this.settle(() => this.fail(thrown)),
    );
    return "waits";
  }

  /** A call of the handler has ended. */
  onOutcome(outcome: CallOutcome): void {
    const call = this.open.get(outcome.call);
    if (call === undefined) return;
    this.open.delete(outcome.call);
    if (outcome.kind === "replied") return call.resolve(outcome.data);
    const [code, message] =
      outcome.kind === "rejected"
        ? [outcome.code, outcome.message]
        : [2, "the call could not be made: the queue is full, or the mock has too few cycles"];
    call.reject(
      new CanneryCallError({
        rejectCode: code,
        rejectMessage: message,
        errorCode: null,
        canister: principalText(call.callee),
        method: call.method,
        callPath: [],
        what: `${this.network.nameOf(call.callee)}.${call.method}`,
      }),
    );
  }

  private settle(end: () => void): void {
    if (this.state !== "running") return;
    end();
    this.network.touch();
  }

  private finish(value: unknown): void {
    let data: Uint8Array;
    try {
      data = this.codec!.encodeResult(value, this.network.nameOf(this.canister));
    } catch (thrown) {
      return this.fail(thrown);
    }
    this.end({ kind: "reply", data }, { kind: "replied", value });
  }

  private fail(thrown: unknown): void {
    const message = thrown instanceof Error || isError(thrown) ? thrown.message : String(thrown);
    const kind = (thrown as Partial<Ending> | null)?.canneryMock ?? "trap";
    this.end({ kind, text: message }, { kind: kind === "reject" ? "rejected" : "trapped", message });
  }

  private end(step: Step, outcome: MockOutcome): void {
    this.state = "done";
    this.record.outcome = outcome;
    this.record.ended = this.handled.calls.reduce((last, { ended }) => Math.max(last, ended ?? 0), 0) + 1;
    // A trap undoes what was decided together with it.
    if (step.kind === "trap") this.record.accepted -= this.undone();
    this.steps.push(step);
  }

  /** Cycles whose acceptance is in the same execution as what is decided now. */
  private undone(): bigint {
    return this.steps.reduce((sum, step) => (step.kind === "accept" ? sum + step.cycles : sum), 0n);
  }

  // What handlers see.

  private context(): MockContext {
    const invocation = this;
    const { network, start, record } = this;
    return {
      caller: record.caller,
      canister: principalOf(this.canister),
      method: start.method,
      bytes: start.arg,
      deadline: start.deadlineNanos === 0n ? null : start.deadlineNanos,
      isQuery: record.isQuery,
      get time() {
        return network.timeNanos();
      },
      get available() {
        return record.cycles - record.accepted;
      },
      accept: (most) => this.accept(most),
      call: (canister, method, args, options) => this.call(canister, method, args ?? [], options ?? {}),
      callRaw: (canister, method, arg, options) => this.callRaw(principalId(canister), method, arg ?? EMPTY_CANDID, options ?? {}),
      reject: (message) => {
        throw ending("reject", message);
      },
      trap: (message) => {
        throw ending("trap", message);
      },
      stall() {
        if (record.isQuery) throw ending("trap", `${invocation.what} is a query, which is answered at once: it cannot stall`);
        invocation.state = "stalled";
        record.outcome = { kind: "stalled" };
        record.accepted -= invocation.undone();
        network.touch();
        return new Promise<never>(() => undefined);
      },
      print: (text) => void this.steps.push({ kind: "print", text }),
    };
  }

  private accept(most = this.record.cycles): bigint {
    this.mustRun("accept cycles");
    const left = this.record.cycles - this.record.accepted;
    const cycles = most < left ? most : left;
    if (cycles <= 0n) return 0n;
    this.record.accepted += cycles;
    this.steps.push({ kind: "accept", cycles });
    return cycles;
  }

  private async call(canister: PrincipalLike, method: string, args: readonly unknown[], options: MockCallOptions): Promise<unknown> {
    const callee = principalId(canister);
    const known = this.network.interfaceOf(callee as CanisterId);
    const name = this.network.nameOf(callee);
    const codec = known?.methods.get(method);
    if (known !== null && codec === undefined) {
      throw new CanneryError(
        "no-such-method",
        `${name} has no method ${JSON.stringify(method)}; it has ${[...known.methods.keys()].join(", ")}`,
      );
    }
    const reply = await this.callRaw(callee, method, codec?.encode(args, name) ?? EMPTY_CANDID, options);
    return codec === undefined ? reply : codec.decode(reply, name);
  }

  private callRaw(
    callee: PrincipalId,
    method: string,
    arg: Uint8Array,
    { cycles = 0n, timeoutSeconds = 0 }: MockCallOptions,
  ): Promise<Uint8Array> {
    this.mustRun(`call ${this.network.nameOf(callee)}.${method}`);
    if (this.record.isQuery) throw ending("trap", `${this.what} is a query: its handler cannot call others`);
    const call = this.network.nextCall(this);
    this.steps.push({ kind: "call", call, callee, method, arg, cycles, timeoutSeconds });
    this.network.touch();
    return new Promise((resolve, reject) => this.open.set(call, { callee, method, resolve, reject }));
  }

  private mustRun(what: string): void {
    if (this.state === "running") return;
    throw new CanneryError("bad-mock", `the handler of ${this.what} has ended, and cannot ${what} any more`);
  }
}

function ending(kind: Ending["canneryMock"], message: string): Ending {
  return Object.assign(new Error(message), { canneryMock: kind });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** An error of any realm. */
function isError(value: unknown): value is { readonly message: string } {
  return typeof value === "object" && value !== null && "message" in value && typeof value.message === "string";
}
