/**
 * What a network and its canisters are created with.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { GenesisConfig, SubnetRequest } from "../core/genesis.ts";
import type { Schedule } from "../core/schedule/schedule.ts";
import type { MessageId } from "../core/state/ids.ts";
import type { Limits } from "../core/state/limits.ts";
import type { LatencyProfile, SubnetKind } from "../core/state/network-state.ts";
import type { InstallArguments } from "./canister.ts";
import type { FaultRule } from "./faults/rule.ts";
import type { FaultSnapshot } from "./faults/schedule.ts";
import { instantNanos, type Duration, type Instant } from "./duration.ts";
import type { MocksSnapshot } from "./mocks/mocks.ts";
import type { Names } from "./names.ts";
import type { BitcoinChain } from "./bitcoin/chain.ts";
import type { OutcallPolicy } from "./outcalls.ts";
import { principalId, type PrincipalLike } from "./principals.ts";
import type { CanisterSettings, Environment } from "./settings.ts";
import type { TraceLog } from "./trace-log.ts";

/** What a network is made as. Everything has a default: one application subnet, no latency, seed 0. */
export interface CanneryOptions {
  /** Number of application subnets; 1 when no subnet of any kind is asked for. */
  readonly application?: number;
  /** Number of system subnets. */
  readonly system?: number;
  /** Number of verified application subnets. */
  readonly verifiedApplication?: number;
  /** Adds the NNS subnet, which is the root then. */
  readonly nns?: boolean;
  /** Subnets one by one, instead of or besides the numbers: kind, name, number of nodes, cost schedule, admins. */
  readonly subnets?: readonly SubnetOptions[];
  /** How long rounds take in virtual time: `instant` (default), `mainnet`, or a profile of your own. Nobody waits for it. */
  readonly latency?: "instant" | "mainnet" | LatencyProfile;
  /** Everything random follows from it; 0 by default. */
  readonly seed?: number | bigint;
  /** When the network begins, virtual. */
  readonly time?: Instant;
  /** The same as `time`, in nanoseconds since the Unix epoch. */
  readonly timeNanos?: bigint;
  /** Chooses where the platform leaves something open; the ordinary choices by default. */
  readonly schedule?: Schedule;
  /** What goes wrong from the beginning: see `net.faults`. */
  readonly faults?: readonly FaultRule[];
  /** The platform's limits, changed: for tests of what happens at them. */
  readonly limits?: Partial<Limits>;
  /** Checks Cannery's own invariants after every step. Slow; finds bugs of Cannery. */
  readonly checkInvariants?: boolean;
  /** An awaited call is given up after so many rounds in which nobody was answered; 500,000 by default. */
  readonly callBudgetRounds?: number;
  /** Milliseconds of the host's clock that a mock's handler may take for a step before whoever waits for it is given up; 4,000 by default. */
  readonly mockPatience?: number;
  /** Events kept for drawings and errors: 100,000 by default, `false` for none. */
  readonly trace?: number | false;
  /** The Bitcoin chain that canisters see, such as `regtestBitcoin()`; none by default, and then `bitcoin_*` calls are refused. */
  readonly bitcoin?: BitcoinChain;
  /** Who answers canisters' HTTPS outcalls: nobody by default, and then they are refused. */
  readonly outcalls?: OutcallPolicy;
  /** Where lines go that canisters print: to the console (default), nowhere, or to a function. */
  readonly print?: boolean | ((line: string) => void);
}

/** A subnet as it is asked for. */
export interface SubnetOptions extends Omit<SubnetRequest, "admins"> {
  /** Who administers it: only application subnets and cloud engines with `costSchedule: "free"` can have admins. */
  readonly admins?: readonly PrincipalLike[];
}

/** A subnet of the network. */
export interface Subnet {
  /** Text of its principal. */
  readonly id: string;
  readonly kind: SubnetKind;
  /** `application`, `system`, or a mainnet identity such as `nns`. */
  readonly name: string;
}

/** How a canister is created. */
export interface CreateOptions {
  /** Where; the network's first subnet by default. A subnet of `net.subnets`, or its id. */
  readonly subnet?: Subnet | string;
  /** Balance in cycles; 100 T by default. */
  readonly cycles?: bigint;
  /** Who controls it; the sender by default. */
  readonly controllers?: readonly PrincipalLike[];
  /** Environment variables. A canister or principal stands for the text of its id. */
  readonly env?: Environment;
  /** Other settings; `controllers` and `env` go before those in here. */
  readonly settings?: CanisterSettings;
  /** A chosen id: in a range of the subnet that it does not give ids out of. */
  readonly id?: PrincipalLike;
  /** Who creates and installs it, and calls it through `canister.actor`; the anonymous user by default. */
  readonly sender?: PrincipalLike;
  /** Name in drawings and errors; by default that of the module's file. */
  readonly name?: string;
}

/** How a canister is created, and what its module is installed with. */
export interface InstallOptions extends CreateOptions, Omit<InstallArguments, "sender"> {}

/** How far `net.settle` goes. */
export interface SettleOptions {
  /** Ends settling when it is used up: rounds (100,000 by default), or a span of virtual time (a day by default). */
  readonly budget?: { readonly rounds?: number; readonly time?: Duration };
}

/** A state to come back to, by `net.restore` of the network or of its forks. What is in it is for that alone, and changes between versions. */
export interface NetworkSnapshot {
  readonly core: unknown;
  readonly names: Names;
  readonly log: TraceLog;
  readonly mocks: MocksSnapshot;
  readonly submitted: number;
  readonly open: ReadonlySet<MessageId>;
  /** Of the network and its forks. */
  readonly family: object;
  readonly faults: FaultSnapshot;
}

/** A line that a canister printed. */
export interface PrintedLine {
  /** Text of the canister's id. */
  readonly canister: string;
  readonly text: string;
  /** As it is written to the console: `[Canister <id>] text`. */
  readonly line: string;
}

export function settingsAtCreation(options: CreateOptions): CanisterSettings | null {
  const { controllers: _later, ...settings } = options.settings ?? {};
  const environmentVariables = options.env ?? settings.environmentVariables;
  const all = { ...settings, ...(environmentVariables === undefined ? {} : { environmentVariables }) };
  return Object.keys(all).length === 0 ? null : all;
}

function timeOf(options: CanneryOptions): { readonly timeNanos?: bigint } {
  if (options.timeNanos !== undefined) return { timeNanos: options.timeNanos };
  return options.time === undefined ? {} : { timeNanos: instantNanos(options.time) };
}

/** The first state of the network that is asked for. */
export function genesisConfig(options: CanneryOptions): GenesisConfig {
  return {
    seed: BigInt(options.seed ?? 0),
    subnets: subnetRequests(options),
    latency: options.latency ?? "instant",
    bitcoin: options.bitcoin?.network ?? null,
    ...timeOf(options),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  };
}

function subnetRequests(options: CanneryOptions): SubnetRequest[] {
  const { subnets = [], nns = false, application, system, verifiedApplication } = options;
  const isDefault = subnets.length === 0 && !nns && application === undefined && system === undefined && verifiedApplication === undefined;
  const requests = [
    ...several(application ?? (isDefault ? 1 : 0), "application", "application"),
    ...several(verifiedApplication ?? 0, "verified_application", "verified_application"),
    ...several(system ?? 0, "system", "system"),
    ...(nns ? several(1, "system", "nns") : []),
    ...subnets.map(({ admins = [], ...subnet }) => ({ ...subnet, admins: admins.map(principalId) })),
  ];
  if (requests.length === 0) throw new CanneryError("bad-options", "a network has at least one subnet");
  return requests;
}

function several(count: number, kind: SubnetKind, name: string): SubnetRequest[] {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new CanneryError("bad-options", `the number of ${name} subnets is a whole number, not below zero; got ${count}`);
  return Array.from({ length: count }, () => ({ kind, name }));
}
