/**
 * What a network in process consists of behind its public face: the core, who drives it, its trace, and the names of its
 * participants. Canisters and the face itself work on this.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { NO_BYTES } from "../base/bytes.ts";
import type { NetworkEvent } from "../core/events.ts";
import type { CommandInput } from "../core/inputs.ts";
import type { CanisterState } from "../core/state/canister.ts";
import type { CanisterId, PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import { route } from "../core/state/world.ts";
import type { TracedMessage } from "../trace/messages.ts";
import { CanneryCallError, type CallOutcome } from "./call-error.ts";
import type { InstallArguments } from "./canister.ts";
import type { Core } from "./core.ts";
import type { FaultSchedule } from "./faults/schedule.ts";
import { Driver } from "./driver.ts";
import type { Submissions } from "./submissions.ts";
import type { CallRequest, SubmittedCall } from "./open-calls.ts";
import type { Host } from "./host.ts";
import { installRequest, type InstallMode } from "./management.ts";
import { EMPTY_CANDID, interfaceOfUpload, interfaceOfModule, type ModuleInterface } from "./module-interface.ts";
import { loadModule, type ModuleSource } from "./module-source.ts";
import { Mocks, type MocksSnapshot } from "./mocks/mocks.ts";
import { Names } from "./names.ts";
import type { BitcoinChain } from "./bitcoin/chain.ts";
import type { OutcallPolicy } from "./outcalls.ts";
import { principalId } from "./principals.ts";
import { waitingText, whoWaits } from "./quiet.ts";
import type { TraceLog } from "./trace-log.ts";
import { TraceView } from "./trace-view.ts";

/** Custom section by which a module says that its heap outlives upgrades. Source: management-canister.md 4. */
const ORTHOGONAL_PERSISTENCE = "enhanced-orthogonal-persistence";

export interface SessionOptions {
  readonly core: Core;
  readonly host: Host;
  readonly log: TraceLog;
  readonly names: Names;
  readonly submitted: number;
  readonly callBudgetRounds: number;
  readonly bitcoin: BitcoinChain | null;
  readonly outcalls: OutcallPolicy;
  readonly mockPatienceMs: number;
  /** Mocks of the network that this one is forked from. */
  readonly mocks: MocksSnapshot | null;
  readonly faults: FaultSchedule;
  onEvent(event: NetworkEvent): void;
}

export class Session {
  readonly core: Core;
  readonly host: Host;
  readonly driver: Driver;
  readonly submissions: Submissions;
  readonly faults: FaultSchedule;
  readonly trace: TraceView;
  readonly mocks: Mocks;
  names: Names;
  /** Its time does not follow the host's clock, whoever asks. */
  isClockStopped = false;
  /** Descriptions given by hand, for modules that carry none. */
  private readonly described = new Map<CanisterId, ModuleInterface>();

  constructor(options: SessionOptions) {
    this.core = options.core;
    this.host = options.host;
    this.faults = options.faults;
    this.names = options.names;
    this.trace = new TraceView(options.log);
    const { core } = options;
    this.mocks = new Mocks(
      {
        state: () => core.state,
        timeNanos: () => core.state.timeNanos,
        nameOf: (id) => this.nameOf(id),
        interfaceOf: (id) => this.interfaceOf(id),
        step: (input) => this.driver.steps.answerFromOutside(input),
        wake: () => this.driver.mockProgressed(),
      },
      options.mocks,
    );
    core.mockQueries = (canister, payload) => this.mocks.query(canister, payload);
    this.driver = new Driver({ ...options, mocks: this.mocks, whoWaits: () => this.whoWaits() });
    this.submissions = this.driver.submissions;
  }

  /** The name of a principal for people, or its text. */
  nameOf(id: PrincipalId): string {
    return this.names.get(id) ?? this.subnetName(id) ?? principalText(id);
  }

  /** Its name with its id, where it has one. */
  private whoIs(id: CanisterId): string {
    const [name, text] = [this.nameOf(id), principalText(id)];
    return name === text ? text : `${name} (${text})`;
  }

  /** A canister's record; refuses when there is none. To be read only. */
  canisterState(id: CanisterId): CanisterState {
    const canister = this.findCanister(id);
    if (canister === undefined) throw new CanneryError("no-such-canister", `there is no canister ${this.whoIs(id)} in this network`);
    return canister;
  }

  private findCanister(id: CanisterId): CanisterState | undefined {
    const { state } = this.core;
    const subnet = route(state, id);
    return subnet === null ? undefined : state.subnets.get(subnet)?.canisters.get(id);
  }

  /** Gives a canister's Candid by hand; it goes before what the module says. */
  describe(id: CanisterId, given: ModuleInterface): void {
    this.described.set(id, given);
  }

  /**
   * The Candid interface of the code that a canister has now. `null` where there is no canister or no code: what a call of it
   * gets, the platform says. Refuses when the code has no description.
   */
  interfaceOf(id: CanisterId): ModuleInterface | null {
    const given = this.described.get(id);
    if (given !== undefined) return given;
    const execution = this.findCanister(id)?.execution ?? null;
    if (execution === null) return null;
    const found = interfaceOfModule(execution.module, this.nameOf(id));
    if (found === null) {
      throw new CanneryError(
        "no-candid",
        `the module of ${this.nameOf(id)} carries no Candid description (custom section candid:service), so it has no actor: call its methods with bytes, canister.call("method", bytes), or give its description, net.canister(id, { candid })`,
      );
    }
    return found;
  }

  submit(request: CallRequest): SubmittedCall {
    return this.submissions.call(request);
  }

  /** An update call: the raw reply, or a `CanneryCallError`. */
  async execute(request: CallRequest): Promise<Uint8Array> {
    const call = this.submissions.call(request);
    // Waiting here, and not in the driver, makes the error's stack lead to the caller.
    const outcome = await call.answered;
    return outcome.kind === "replied" ? outcome.data : this.fail(outcome, request, call);
  }

  async replyOf(call: SubmittedCall): Promise<Uint8Array> {
    const outcome = await call.answered;
    return outcome.kind === "replied" ? outcome.data : this.fail(outcome, call.request, call);
  }

  /** A query: the raw reply, or a `CanneryCallError`. */
  async ask(request: CallRequest): Promise<Uint8Array> {
    const outcome = await this.submissions.query(request);
    return outcome.kind === "replied" ? outcome.data : this.fail(outcome, request, null);
  }

  /** A query that leaves no trace: the raw reply, or a `CanneryCallError`. */
  look(request: CallRequest): Uint8Array {
    const outcome = this.submissions.look(request);
    return outcome.kind === "replied" ? outcome.data : this.fail(outcome, request, null);
  }

  command(command: CommandInput): void {
    const answer = this.driver.command(command);
    if (answer?.kind === "refused")
      throw new CanneryError(
        "command-refused",
        `${command.command}${"canister" in command ? ` of ${this.nameOf(command.canister)}` : ""}: ${answer.error.description}`,
      );
  }

  async installCode(
    id: CanisterId,
    mode: InstallMode,
    module: ModuleSource,
    options: InstallArguments,
    sender: PrincipalId,
  ): Promise<void> {
    const { bytes } = await loadModule(module, this.host);
    await this.installBytes(id, mode, bytes, options, sender);
  }

  async installBytes(id: CanisterId, mode: InstallMode, bytes: Uint8Array, options: InstallArguments, sender: PrincipalId): Promise<void> {
    const name = this.nameOf(id);
    const arg = this.installArgument(bytes, options, name, mode.kind);
    const by = options.sender === undefined ? sender : principalId(options.sender);
    await this.execute(installRequest(by, id, this.completed(mode, id), bytes, arg));
  }

  private installArgument(bytes: Uint8Array, options: InstallArguments, name: string, mode: InstallMode["kind"]): Uint8Array {
    if (options.arg !== undefined) return options.arg;
    const described = interfaceOfUpload(bytes, this.host.environment, `the module of ${name}`);
    const codec = described?.initArgs ?? null;
    if (options.args !== undefined) {
      if (codec !== null) return codec.encode(options.args, () => `installing ${name}`);
      throw new CanneryError(
        "no-candid",
        `the module of ${name} does not say what it is installed with (custom section candid:args): give the argument as bytes, { arg }`,
      );
    }
    // Modules without Candid read their argument in their own way: none is no bytes.
    if (described === null) return NO_BYTES;
    if (codec !== null && !codec.takesNothing && mode !== "upgrade") {
      throw new CanneryError("candid-argument", `installing ${name} takes arguments ${codec.text}: give them as { args: [...] }`);
    }
    return EMPTY_CANDID;
  }

  private completed(mode: InstallMode, id: CanisterId): InstallMode {
    if (mode.kind !== "upgrade" || mode.wasmMemoryPersistence !== null) return mode;
    const sections = this.canisterState(id).execution?.module.info.customSections ?? [];
    const keeps = sections.some((section) => section.name === ORTHOGONAL_PERSISTENCE);
    return keeps ? { ...mode, wasmMemoryPersistence: "keep" } : mode;
  }

  /** What is waited for, a line each. */
  whoWaits(): string {
    const { state } = this.core;
    return waitingText(whoWaits(state), state.timeNanos, (id) => this.nameOf(id));
  }

  private fail(outcome: Exclude<CallOutcome, { kind: "replied" }>, request: CallRequest, call: SubmittedCall | null): never {
    if (outcome.kind === "abandoned") throw outcome.error;
    throw new CanneryCallError({
      rejectCode: outcome.code,
      rejectMessage: outcome.message,
      errorCode: outcome.errorCode,
      canister: principalText(request.receiver),
      method: request.method,
      what:
        request.about === undefined
          ? `${this.nameOf(request.receiver)}.${request.method}`
          : `${request.method} of ${this.nameOf(request.about)}`,
      callPath: this.failurePath(request, call),
    });
  }

  /** From the sender along the calls whose reject was passed on, to the one where it began. */
  private failurePath(request: CallRequest, call: SubmittedCall | null): string[] {
    const path = [this.nameOf(request.sender), `${this.nameOf(request.receiver)}.${request.method}`];
    const { messages } = this.trace;
    let message = call?.tag == null ? null : messages.message(call.tag);
    while (message !== null) {
      const failed = this.failedCallOf(message);
      if (failed !== null) path.push(`${this.nameOf(failed.to)}.${failed.method}`);
      message = failed;
    }
    return path;
  }

  private failedCallOf(message: TracedMessage): TracedMessage | null {
    const { messages } = this.trace;
    const { outcome } = message;
    if (outcome?.kind !== "reject") return null;
    let failed: TracedMessage | null = null;
    for (const execution of messages.executionsOf(message)) {
      for (const sent of messages.sentByExecution(execution.execution)) {
        if (sent.message === "request" && sent.outcome?.kind === "reject" && outcome.message.includes(sent.outcome.message)) failed = sent;
      }
    }
    return failed;
  }

  /** `subnet application`; with its number where several are called so. */
  private subnetName(id: PrincipalId): string | null {
    const { subnets, subnetOrder } = this.core.state;
    const name = subnets.get(id as never)?.config.name;
    if (name === undefined) return null;
    const namesakes = subnetOrder.filter((other) => subnets.get(other)!.config.name === name);
    return namesakes.length === 1 ? `subnet ${name}` : `subnet ${subnetOrder.indexOf(id as never)} (${name})`;
  }
}
