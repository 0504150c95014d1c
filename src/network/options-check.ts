/**
 * Options of a network and of its canisters that cannot be: refused before anything is made.
 */
import { CanneryError } from "../base/cannery-error.ts";
import { defaultLimits } from "../core/state/limits.ts";
import type { SubnetKind } from "../core/state/network-state.ts";
import type { InstallArguments, UpgradeOptions } from "./canister.ts";
import { kindOf, refuseOtherWords, refuseUnknown, refuseUnlessWhole, type FieldsOf } from "./given.ts";
import type { CanneryOptions, CreateOptions, InstallOptions, SubnetOptions } from "./options.ts";

const NETWORK: FieldsOf<CanneryOptions> = {
  application: true,
  system: true,
  verifiedApplication: true,
  nns: true,
  subnets: true,
  latency: true,
  seed: true,
  time: true,
  timeNanos: true,
  schedule: true,
  faults: true,
  limits: true,
  checkInvariants: true,
  callBudgetRounds: true,
  mockPatience: true,
  trace: true,
  bitcoin: true,
  outcalls: true,
  print: true,
};

const SUBNET: FieldsOf<SubnetOptions> = {
  kind: true,
  name: true,
  nodeCount: true,
  costSchedule: true,
  admins: true,
  keyNames: true,
  id: true,
  limits: true,
  canisterRanges: true,
};

const CREATION: FieldsOf<CreateOptions> = {
  subnet: true,
  cycles: true,
  controllers: true,
  env: true,
  settings: true,
  id: true,
  sender: true,
  name: true,
};

const INSTALL_ARGUMENTS: FieldsOf<InstallArguments> = { args: true, arg: true, sender: true };
const UPGRADE: FieldsOf<UpgradeOptions> = { ...INSTALL_ARGUMENTS, skipPreUpgrade: true, wasmMemoryPersistence: true };
const INSTALLATION: FieldsOf<InstallOptions> = { ...CREATION, ...INSTALL_ARGUMENTS };

/** What a canister is made, or its code installed, with. */
const CANISTER = { create: CREATION, install: INSTALLATION, code: INSTALL_ARGUMENTS, upgrade: UPGRADE };

const KINDS: Readonly<Record<SubnetKind, true>> = { application: true, system: true, verified_application: true, cloud_engine: true };

/** Refuses names that are no options, and values that are none. */
export function checkNetworkOptions(options: CanneryOptions): void {
  refuseUnknown(options, NETWORK, "options of a network");
  const { seed = 0, latency = "instant", subnets = [], outcalls = "refuse", print = true, trace = false } = options;
  if (typeof seed !== "bigint" && !Number.isSafeInteger(seed)) refuseValue("a seed", "a whole number or a bigint", seed);
  if (typeof latency !== "object" || latency === null)
    refuseOtherWords(latency, ["instant", "mainnet"], "latency, unless it is a profile,");
  if (typeof outcalls !== "function") refuseOtherWords(outcalls, ["refuse", "wait", "fetch"], "outcalls, unless they are a function,");
  if (typeof print !== "function" && typeof print !== "boolean") refuseValue("print", "true, false, or a function of each line", print);
  if (trace !== false) refuseUnlessWhole(trace, "trace, unless it is false,");
  if (options.bitcoin !== undefined && typeof options.bitcoin?.network !== "string")
    refuseValue("bitcoin", "a chain, such as regtestBitcoin()", options.bitcoin);
  if (options.schedule !== undefined && typeof options.schedule?.choose !== "function")
    refuseValue("schedule", "an object with a function choose", options.schedule);
  for (const subnet of subnets) {
    refuseUnknown(subnet, SUBNET, "a subnet of { subnets }");
    refuseOtherWords(subnet.kind, Object.keys(KINDS), "the kind of a subnet of { subnets }");
    checkLimits(subnet.limits);
  }
  checkLimits(options.limits);
}

function refuseValue(option: string, expected: string, given: unknown): never {
  throw new CanneryError("bad-options", `${option} is ${expected}; got ${kindOf(given)}`);
}

/** Refuses names that are no limits. */
export function checkLimits(limits: object | undefined): void {
  if (limits === undefined) return;
  const known = Object.fromEntries(Object.keys(defaultLimits("application")).map((name) => [name, true as const]));
  refuseUnknown(limits, known, "limits");
}

/** Refuses names that are no options there. */
export function checkCanisterOptions(options: object, of: keyof typeof CANISTER): void {
  refuseUnknown(options, CANISTER[of], "options of a canister");
}
