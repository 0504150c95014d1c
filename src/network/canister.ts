/**
 * A canister of an in-process network, as a test holds it.
 */
import type { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../base/cannery-error.ts";
import { decodeUtf8Lossy } from "../base/utf8.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import { makeActor, makeLook, noSuchMethod, type Looking, type ActorTarget, type AnyService } from "./actor.ts";
import { CallHandle } from "./call-handle.ts";
import { decodeStatus, type CanisterStatus } from "./canister-status.ts";
import { bytesOf, cyclesOf, kindOf } from "./given.ts";
import type { ModuleSource } from "./module-source.ts";
import type { Session } from "./session.ts";
import { lifecycleRequest, settingsRequest, uninstallRequest, type LifecycleMethod } from "./management.ts";
import type { MethodCodec } from "./method-codec.ts";
import { EMPTY_CANDID, type ModuleInterface } from "./module-interface.ts";
import { checkCanisterOptions } from "./options-check.ts";
import type { CallRequest } from "./open-calls.ts";
import { principalId, principalOf, type PrincipalLike } from "./principals.ts";
import type { CanisterSettings } from "./settings.ts";
import { CanisterSnapshots } from "./snapshots.ts";

type MethodName<T> = keyof T & string;
type ArgsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type ReplyOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Who sends; without it, the canister's own sender (see `install`), or one of its controllers where one is needed. */
export interface BySender {
  readonly sender?: PrincipalLike;
}

/** What a module is installed with: one of the two, or neither where it takes nothing. */
export interface InstallArguments extends BySender {
  /** Arguments as values, encoded by the module's own Candid. */
  readonly args?: readonly unknown[];
  /** Argument as bytes, instead of `args`. */
  readonly arg?: Uint8Array;
}

/** How a canister is upgraded, besides the argument of `post_upgrade`. */
export interface UpgradeOptions extends InstallArguments {
  /** Leaves `pre_upgrade` out; false by default. */
  readonly skipPreUpgrade?: boolean;
  /** By default `keep` when the installed module keeps its heap (Motoko's enhanced orthogonal persistence), as `icp` has it, else the platform's own default. */
  readonly wasmMemoryPersistence?: "keep" | "replace";
}

/** A record of a canister's log. */
export interface LogLine {
  /** Counts all records of the canister, from 0. */
  readonly index: bigint;
  /** Virtual time, nanoseconds since the Unix epoch. */
  readonly timeNanos: bigint;
  /** As it was printed, or the text of a trap. */
  readonly content: Uint8Array;
  /** `content` as UTF-8; what is none is replaced. */
  readonly text: string;
}

/** A canister under the eyes of one user: its calls are sent by that user. */
export class CanisterView<T = AnyService> {
  /** The canister's methods. Awaiting a method runs the network; a rejected call is thrown as `CanneryCallError`. */
  readonly actor: T;
  /**
   * The canister's queries, answered at once from the state as it is: `canister.look.balance()`. They leave no trace, and work between two messages, as in
   * the invariants of `explore`.
   */
  readonly look: Looking<T>;
  readonly id: Principal;
  protected readonly net: Session;
  protected readonly canisterId: CanisterId;
  protected readonly sender: PrincipalId;
  private readonly target: ActorTarget;

  constructor(net: Session, id: CanisterId, sender: PrincipalId) {
    this.net = net;
    this.canisterId = id;
    this.id = principalOf(id);
    this.sender = sender;
    const name = (): string => this.name;
    this.target = {
      get name() {
        return name();
      },
      interface: () => this.interface(),
      invoke: (codec, values) => this.invoke(codec, values),
      invokeNobody: (method) => this.call(method, EMPTY_CANDID),
      look: (codec, values) => codec.decode(this.lookAt(codec.name, codec.encode(values, this.name)), this.name),
    };
    this.actor = makeActor<T>(this.target);
    this.look = makeLook<T>(this.target);
  }

  /** The name under which drawings and errors show it; the text of its id where nobody gave one. */
  get name(): string {
    return this.net.nameOf(this.canisterId);
  }

  /** Text of the id. */
  toString(): string {
    return principalText(this.canisterId);
  }

  /** Calls a method with raw bytes as an update; resolves with the raw reply. */
  async call(method: string, arg: Uint8Array = new Uint8Array(), options: BySender = {}): Promise<Uint8Array> {
    return this.net.execute(this.request(method, arg, options));
  }

  /** Calls a method with raw bytes as a query (or composite query), on the state as it is now; resolves with the raw reply. */
  async query(method: string, arg: Uint8Array = new Uint8Array(), options: BySender = {}): Promise<Uint8Array> {
    return this.net.ask(this.request(method, arg, options));
  }

  /** A query with raw bytes, answered at once from the state as it is, leaving no trace. */
  lookAt(method: string, arg: Uint8Array = new Uint8Array(), options: BySender = {}): Uint8Array {
    return this.net.look(this.request(method, arg, options));
  }

  /** Submits a call of an update method and returns at once. Values are encoded by the canister's Candid. */
  submit<K extends MethodName<T>>(method: K, ...args: ArgsOf<T[K]>): CallHandle<ReplyOf<T[K]>> {
    const known = this.interface();
    const codec = known?.methods.get(method) ?? null;
    if (codec === null && known !== null) throw noSuchMethod(method, this.target);
    const arg = codec === null ? EMPTY_CANDID : codec.encode(args, this.name);
    const submitted = this.net.submit({ sender: this.sender, receiver: this.canisterId, method, arg });
    return new CallHandle(
      submitted,
      async (call) => {
        const reply = await this.net.replyOf(call);
        return (codec === null ? reply : codec.decode(reply, this.name)) as ReplyOf<T[K]>;
      },
      () => this.net.submissions.statusOf(submitted.id),
    );
  }

  /** The canister's Candid description, as it is now; `null` without code. */
  get candid(): string | null {
    return this.interface()?.candid ?? null;
  }

  protected interface(): ModuleInterface | null {
    return this.net.interfaceOf(this.canisterId);
  }

  private request(method: string, arg: Uint8Array, options: BySender): CallRequest {
    if (typeof method !== "string") throw new CanneryError("no-such-method", `a method is called by its name; got ${kindOf(method)}`);
    return { sender: this.senderOr(options), receiver: this.canisterId, method, arg: bytesOf(arg) };
  }

  private senderOr(options: BySender): PrincipalId {
    return options.sender === undefined ? this.sender : principalId(options.sender);
  }

  private async invoke(codec: MethodCodec, values: readonly unknown[]): Promise<unknown> {
    const request = { sender: this.sender, receiver: this.canisterId, method: codec.name, arg: codec.encode(values, this.name) };
    const reply = await (codec.isQuery ? this.net.ask(request) : this.net.execute(request));
    return codec.decode(reply, this.name);
  }
}

/** A canister in the hands of a test: its calls, and what its controllers do with it. Whatever is rejected is thrown as `CanneryCallError`. */
export class Canister<T = AnyService> extends CanisterView<T> {
  /** Its snapshots on the platform: `take`, `load`, `list`, `delete`, and folders. (What a network can go back to is `net.snapshot()`.) */
  get snapshots(): CanisterSnapshots {
    return new CanisterSnapshots(this.net, this.canisterId, (options) => this.controllerOr(options));
  }

  /**
   * Writes the canister as it is now into a folder, in the form of `icp canister snapshot download`; `net.importSnapshot` makes a canister of it. For that
   * a snapshot is taken, and deleted again.
   */
  async exportSnapshot(folder: string, options: BySender = {}): Promise<void> {
    const { id } = await this.snapshots.take(options);
    await this.snapshots.download(id, folder, options);
    await this.snapshots.delete(id, options);
  }

  /** The same canister, called by another user. */
  as(user: PrincipalLike): CanisterView<T> {
    return new CanisterView<T>(this.net, this.canisterId, principalId(user));
  }

  /** The platform's `canister_status`, asked by a controller. */
  async status(options: BySender = {}): Promise<CanisterStatus> {
    return decodeStatus(await this.net.ask(lifecycleRequest(this.controllerOr(options), this.canisterId, "canister_status")));
  }

  /** Main balance, in cycles. */
  balance(): bigint {
    return this.net.canisterState(this.canisterId).balanceCycles;
  }

  /** Adds cycles out of nowhere. */
  addCycles(cycles: bigint): void {
    this.net.command({ kind: "command", command: "addCycles", canister: this.canisterId, cycles: cyclesOf(cycles) });
  }

  /** Sets the main balance, in cycles. */
  setBalance(cycles: bigint): void {
    this.net.command({ kind: "command", command: "setBalance", canister: this.canisterId, cycles: cyclesOf(cycles) });
  }

  /** The canister's log, oldest first: what it printed, and its traps. The newest are kept: 4 KiB of them, or as many bytes as `logMemoryLimit` says. */
  logs(): LogLine[] {
    return this.net.canisterState(this.canisterId).log.records.map((record) => ({
      index: record.index,
      timeNanos: record.timestampNanos,
      content: record.content,
      text: decodeUtf8Lossy(record.content),
    }));
  }

  /** A copy of the stable memory; its size is a multiple of 64 KiB. Empty without code. */
  stableMemory(): Uint8Array {
    const { execution } = this.net.canisterState(this.canisterId);
    if (execution === null) return new Uint8Array();
    const bytes = new Uint8Array(execution.stable.byteLength);
    execution.stable.read(0, bytes, 0, bytes.length);
    return bytes;
  }

  /** Replaces the stable memory; it is filled up with zeros to a multiple of 64 KiB. */
  setStableMemory(bytes: Uint8Array): void {
    this.net.command({ kind: "command", command: "setStableMemory", canister: this.canisterId, bytes: bytesOf(bytes) });
  }

  /** Installs code into this canister, which must be empty. */
  async install(module: ModuleSource, options: InstallArguments = {}): Promise<void> {
    checkCanisterOptions(options, "code");
    await this.net.installCode(this.canisterId, { kind: "install" }, module, options, this.controllerOr(options));
  }

  /** Replaces the code; stable memory is kept, the heap as the module's language has it. */
  async upgrade(module: ModuleSource, options: UpgradeOptions = {}): Promise<void> {
    checkCanisterOptions(options, "upgrade");
    const mode = {
      kind: "upgrade",
      skipPreUpgrade: options.skipPreUpgrade ?? false,
      wasmMemoryPersistence: options.wasmMemoryPersistence ?? null,
    } as const;
    await this.net.installCode(this.canisterId, mode, module, options, this.controllerOr(options));
  }

  /** Replaces the code and forgets all memory. */
  async reinstall(module: ModuleSource, options: InstallArguments = {}): Promise<void> {
    checkCanisterOptions(options, "code");
    await this.net.installCode(this.canisterId, { kind: "reinstall" }, module, options, this.controllerOr(options));
  }

  /** Takes code and memory away; the canister, its id and its cycles stay. */
  async uninstall(options: BySender = {}): Promise<void> {
    await this.net.execute(uninstallRequest(this.controllerOr(options), this.canisterId));
  }

  /** Lets a stopped or stopping canister run again. */
  async start(options: BySender = {}): Promise<void> {
    await this.lifecycle("start_canister", options);
  }

  /** Resolves when the canister has no open calls any more and is stopped. */
  async stop(options: BySender = {}): Promise<void> {
    await this.lifecycle("stop_canister", options);
  }

  /** The canister must be stopped. Its cycles are gone. */
  async delete(options: BySender = {}): Promise<void> {
    await this.lifecycle("delete_canister", options);
  }

  /** Changes the settings that are named, all or none of them. */
  async updateSettings(settings: CanisterSettings, options: BySender = {}): Promise<void> {
    await this.net.execute(settingsRequest(this.controllerOr(options), this.canisterId, settings));
  }

  private async lifecycle(method: LifecycleMethod, options: BySender): Promise<void> {
    await this.net.execute(lifecycleRequest(this.controllerOr(options), this.canisterId, method));
  }

  /** The sender where it is a controller, else the first controller: a test may do what any of them may. */
  private controllerOr(options: BySender): PrincipalId {
    if (options.sender !== undefined) return principalId(options.sender);
    const { controllers } = this.net.canisterState(this.canisterId).settings;
    if (controllers.includes(this.sender)) return this.sender;
    const user = controllers.find((controller) => controller !== MANAGEMENT_CANISTER);
    if (user === undefined) throw new CanneryError("no-controller", `${this.name} has no controllers: nobody can manage it any more`);
    return user;
  }
}
