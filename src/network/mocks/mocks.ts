/**
 * Mock canisters of an in-process network: what their modules ask reaches the test's handlers, and what these decide enters the network as inputs, so
 * that a run with mocks repeats without them.
 *
 * A handler runs as soon as its mock has asked. One that returns a value has answered before the next round. One that returns a promise is given
 * a macrotask between two rounds: whatever needs nothing but the network and microtasks is so at the same place in every run. While it works on
 * something outside, virtual time stands still.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import type { MockEvent } from "../../core/events.ts";
import type { MockInput } from "../../core/inputs.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import type { NetworkState } from "../../core/state/network-state.ts";
import type { PendingCallId } from "../../core/state/pending-calls.ts";
import { kindOf } from "../given.ts";
import type { ModuleInterface } from "../module-interface.ts";
import type { AnyHandler, MockCall } from "./context.ts";
import { Invocation, type MockNetwork } from "./invocation.ts";
import { programOf, readAsk, type Ask } from "./protocol.ts";

/** A mock: what it is called by, who answers, and what it was called with. */
export interface MockDefinition {
  readonly candid: ModuleInterface;
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  readonly calls: readonly MockCall[];
}

/** As it was at some time; opaque. */
export interface MocksSnapshot {
  readonly definitions: ReadonlyMap<CanisterId, MockDefinition>;
  readonly callsMade: number;
}

export interface MocksOptions extends Omit<MockNetwork, "nextCall" | "touch"> {
  readonly state: () => NetworkState;
  /** The reason why the input was refused, or `null`. */
  readonly step: (input: MockInput) => string | null;
  /** Somebody has something for the network: it goes on soon. */
  readonly wake: () => void;
}

interface Definition extends MockDefinition {
  readonly handlers: Map<string, AnyHandler>;
  readonly calls: MockCall[];
}

export class Mocks {
  private readonly options: MocksOptions;
  private definitions = new Map<CanisterId, Definition>();
  /** What modules asked and nobody has looked at yet. */
  private asked: Asked[] = [];
  private readonly active = new Set<Invocation>();
  /** Calls under way from mocks, by their number. */
  private readonly calling = new Map<number, Invocation>();
  private callsMade = 0;
  /** Handlers have begun or gone on since the last turn, and what they do is not known before microtasks have run. */
  private isUnsettled = false;
  private isDispatching = false;
  private isLeftToInputs = false;
  private progressCount = 0;
  private waitingForProgress: (() => void)[] = [];
  private readonly network: MockNetwork;

  constructor(options: MocksOptions, from: MocksSnapshot | null) {
    this.options = options;
    this.network = {
      ...options,
      nextCall: (invocation) => {
        const number = ++this.callsMade;
        this.calling.set(number, invocation);
        return number;
      },
      touch: () => this.touch(),
    };
    if (from === null) return;
    this.take(from);
    this.askAgain();
  }

  // Definitions.

  define(id: CanisterId, candid: ModuleInterface, handlers: Readonly<Record<string, unknown>>): void {
    this.definitions.set(id, { candid, handlers: new Map(), calls: [] });
    this.setHandlers(id, handlers);
  }

  /** Adds handlers, or replaces them; refuses names that the description does not have. */
  setHandlers(id: CanisterId, handlers: Readonly<Record<string, unknown>>): void {
    const { candid, handlers: known } = this.definitionOf(id);
    if (typeof handlers !== "object" || handlers === null)
      throw new CanneryError("bad-mock", `handlers of a mock are an object of functions by method, {} for none; got ${kindOf(handlers)}`);
    for (const [name, handler] of Object.entries(handlers)) {
      if (handler === undefined) continue;
      const problem = !candid.methods.has(name)
        ? `has no method ${JSON.stringify(name)} in its Candid description; it has ${[...candid.methods.keys()].join(", ")}`
        : typeof handler !== "function"
          ? `needs a function for ${name}, got ${typeof handler}`
          : null;
      if (problem !== null) throw new CanneryError("bad-mock", `the mock ${this.options.nameOf(id)} ${problem}`);
      known.set(name, handler as AnyHandler);
    }
  }

  callsOf(id: CanisterId): MockCall[] {
    return this.definitionOf(id).calls;
  }

  private definitionOf(id: CanisterId): Definition {
    const found = this.definitions.get(id);
    if (found === undefined) throw new CanneryError("bad-mock", `${this.options.nameOf(id)} is no mock in this network as it is now`);
    return found;
  }

  isMock(id: PrincipalId): boolean {
    return this.definitions.has(id as CanisterId);
  }

  // What the network does.

  /** From now on the answers come as inputs: of a recorded run. */
  leaveToInputs(): void {
    this.isLeftToInputs = true;
  }

  onEvent(event: MockEvent): void {
    if (!this.isLeftToInputs) this.asked.push(event);
  }

  /** After a step: hands what was asked to the handlers. */
  dispatch(): void {
    if (this.isDispatching) return;
    this.isDispatching = true;
    try {
      for (let next = this.asked.shift(); next !== undefined; next = this.asked.shift())
        this.handle(next.canister, next, readAsk(next.data));
    } finally {
      this.isDispatching = false;
    }
  }

  private handle(canister: CanisterId, place: Place, ask: Ask): void {
    this.progressCount++;
    if ("method" in ask) {
      const definition = this.definitions.get(canister);
      if (definition === undefined)
        return this.giveProgram(place, trapping(`nobody stands behind the mock ${this.options.nameOf(canister)} any more`));
      const invocation = new Invocation(this.network, canister, definition, ask);
      invocation.asks.push(place);
      this.active.add(invocation);
      if (invocation.run() === "settled") this.flushOne(invocation);
      else this.isUnsettled = true;
      return;
    }
    const invocation = this.calling.get(ask.call);
    this.calling.delete(ask.call);
    if (invocation === undefined) {
      const why =
        "its handler had called another canister when the network was put back to this time; JavaScript cannot go back into a function";
      return this.giveProgram(place, trapping(`the mock ${this.options.nameOf(canister)} cannot go on: ${why}`));
    }
    invocation.asks.push(place);
    invocation.onOutcome(ask);
    if (invocation.isDone) this.flushOne(invocation);
    else this.isUnsettled = true;
  }

  /** What a mock answers in a query, at once. */
  query(canister: CanisterId, payload: Uint8Array): Uint8Array | null {
    const ask = readAsk(payload);
    const definition = this.definitions.get(canister);
    if (definition === undefined || ask.kind !== "query") return null;
    const invocation = new Invocation(this.network, canister, definition, ask);
    invocation.run();
    return programOf(invocation.takeSteps());
  }

  /** Gives the network what handlers have decided. Called where microtasks have run since the last step. */
  flush(): void {
    this.dispatch();
    this.isUnsettled = false;
    for (const invocation of [...this.active]) this.flushOne(invocation);
  }

  private flushOne(invocation: Invocation): void {
    const { asks } = invocation;
    if (invocation.isReady && asks.length > 0) this.giveProgram(asks.shift()!, programOf(invocation.takeSteps()));
    // One place to go on from is enough; each holds a slot of the mock's queue.
    if (!invocation.isDone && invocation.openCalls > 0) for (const place of asks.splice(1)) this.giveProgram(place, NOTHING);
    if (!invocation.isDone || invocation.isReady) return;
    // Calls that nobody waits for any more: their outcomes need no reaction.
    for (const place of asks.splice(0)) this.giveProgram(place, NOTHING);
    if (invocation.openCalls === 0) this.active.delete(invocation);
  }

  private giveProgram({ subnet, call }: Place, program: Uint8Array): void {
    const refused = this.options.step({ kind: "mock", subnet, call, program });
    if (refused !== null) throw new CanneryError("mock-refused", refused);
  }

  private touch(): void {
    this.progressCount++;
    for (const resolve of this.waitingForProgress.splice(0)) resolve();
    this.options.wake();
  }

  // Who drives the network asks this.

  /** Whether handlers need a macrotask before the next round. */
  get needsTurn(): boolean {
    return this.isUnsettled;
  }

  /** Whether a handler works on something outside the network, so that time stands still. */
  get isBusy(): boolean {
    for (const invocation of this.active) if (invocation.isWaitedFor && invocation.openCalls === 0) return true;
    return false;
  }

  /** Open calls of mocks' modules whose handlers are never to answer. */
  get stalledCount(): number {
    let count = 0;
    for (const invocation of this.active) count += invocation.stalledAsks;
    return count;
  }

  /** Whether any handler could still answer. */
  get isAnybodyWaitedFor(): boolean {
    for (const invocation of this.active) if (invocation.isWaitedFor) return true;
    return false;
  }

  /** Counts whatever handlers do. */
  get progressed(): number {
    return this.progressCount;
  }

  /** Resolves when a handler has something for the network. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.waitingForProgress.push(resolve));
  }

  /** Handlers that are waited for, as people know them. */
  get unanswered(): readonly string[] {
    return [...this.active].flatMap((invocation) => (invocation.isWaitedFor ? [invocation.what] : []));
  }

  // Other times.

  snapshot(): MocksSnapshot {
    return { definitions: copied(this.definitions), callsMade: this.callsMade };
  }

  /** The state was replaced: handlers that were at work concern nobody any more, and those that were asked in it are asked again. */
  restored(snapshot: MocksSnapshot): void {
    for (const invocation of this.active) invocation.abandon();
    this.active.clear();
    this.calling.clear();
    this.asked = [];
    this.isUnsettled = false;
    this.take(snapshot);
    this.askAgain();
  }

  /** Every mock that waits for its handler asks once more, in the next turn. */
  private askAgain(): void {
    const state = this.options.state();
    for (const subnet of state.subnetOrder) {
      for (const { id, request, origin, arrived } of [...state.subnets.get(subnet)!.pendingCalls.values()]) {
        if (request.kind === "mock" && arrived === null)
          this.asked.push({ canister: origin.canister, subnet, call: id, data: request.payload });
      }
    }
  }

  private take({ definitions, callsMade }: MocksSnapshot): void {
    this.definitions = copied(definitions);
    this.callsMade = callsMade;
  }
}

type Asked = Pick<MockEvent, "canister" | "subnet" | "call" | "data">;

/** Where a mock waits for its answer. */
interface Place {
  readonly subnet: SubnetId;
  readonly call: PendingCallId;
}

const NOTHING = new Uint8Array();

function trapping(text: string): Uint8Array {
  return programOf([{ kind: "trap", text }]);
}

function copied(definitions: ReadonlyMap<CanisterId, MockDefinition>): Map<CanisterId, Definition> {
  return new Map(
    [...definitions].map(([id, { candid, handlers, calls }]) => [id, { candid, handlers: new Map(handlers), calls: [...calls] }]),
  );
}
