/**
 * What an instance is created with, read from JSON and checked as the real server checks it.
 *
 * Source: pocketic-server.md 4. Replica: `ExtendedSubnetConfigSet::validate` and `try_with_icp_features` in
 * `packages/pocket-ic/src/common/rest.rs`, `create_instance` in `rs/pocket_ic_server/src/state_api/routes.rs` (c7c5005).
 */
import type { PrincipalId } from "../../core/state/ids.ts";
import {
  fields,
  flag,
  list,
  maybe,
  oneOf,
  principalIn,
  required,
  text,
  u64,
  unsigned,
  variant,
  type Fields,
  type Reader,
} from "./shape.ts";

/** In the order in which the subnets of an instance are created. */
export const SUBNET_KINDS = [
  "NNS",
  "SNS",
  "II",
  "Fiduciary",
  "Bitcoin",
  "TestThresholdKeys",
  "System",
  "Application",
  "CloudEngine",
  "VerifiedApplication",
] as const;
export type PicSubnetKind = (typeof SUBNET_KINDS)[number];

export interface SubnetSpec {
  readonly kind: PicSubnetKind;
  readonly instructionConfig: "Production" | "Benchmarking";
  readonly subnetAdmins: readonly PrincipalId[] | null;
  readonly costSchedule: "Normal" | "Free";
}

export interface GatewayConfig {
  readonly ipAddress: string | null;
  readonly port: number | null;
  readonly domains: readonly string[] | null;
  readonly https: { readonly certPath: string; readonly keyPath: string } | null;
  readonly customDomainsFile: string | null;
}

export interface InstanceConfig {
  /** In the order of their creation. */
  readonly subnets: readonly SubnetSpec[];
  readonly gateway: GatewayConfig | null;
  readonly stateDir: string | null;
  readonly rateLimiting: boolean;
  /** Whether the number of a module's methods and the length of their names are limited. */
  readonly exportLimits: boolean;
  /** Whether what the platform has in beta is there: flexible outcalls for canisters that pay. */
  readonly betaFeatures: boolean;
  /** Nanoseconds since the Unix epoch; `null`: the default. */
  readonly initialTimeNanos: bigint | null;
  /** Milliseconds between two rounds that run by themselves; `null`: none do. */
  readonly autoProgress: { readonly artificialDelayMs: number } | null;
  readonly mainnetNnsSubnetId: boolean;
  readonly disableIngressValidation: boolean;
  readonly icpFeatures: readonly IcpFeature[];
}

/** The configuration is well-formed, and cannot be: status 400, `{"Error":{"message"}}`. */
export class CreationRefused extends Error {
  override name = "CreationRefused";
}

const ICP_FEATURES = [
  "registry",
  "cycles_minting",
  "icp_token",
  "cycles_token",
  "nns_governance",
  "sns",
  "ii",
  "nns_ui",
  "bitcoin",
  "dogecoin",
  "canister_migration",
] as const;
export type IcpFeature = (typeof ICP_FEATURES)[number];

/** Subnets that features need. */
const SUBNETS_OF_FEATURES: readonly (readonly [PicSubnetKind, readonly IcpFeature[]])[] = [
  ["NNS", ["registry", "cycles_minting", "icp_token", "nns_governance", "sns", "nns_ui", "canister_migration"]],
  ["II", ["cycles_token", "ii"]],
  ["SNS", ["sns"]],
  ["Bitcoin", ["bitcoin", "dogecoin"]],
];

/** Fields of the configuration by kind: one subnet, or a list. */
const NAMED: readonly (readonly [string, PicSubnetKind])[] = [
  ["nns", "NNS"],
  ["sns", "SNS"],
  ["ii", "II"],
  ["fiduciary", "Fiduciary"],
  ["bitcoin", "Bitcoin"],
  ["test_threshold_keys", "TestThresholdKeys"],
];
const LISTED: readonly (readonly [string, PicSubnetKind])[] = [
  ["system", "System"],
  ["application", "Application"],
  ["cloud_engine", "CloudEngine"],
  ["verified_application", "VerifiedApplication"],
];

const switchable = oneOf("Enabled", "Disabled");

/** What is wrong with a directory that shall be a subnet's state; `null`: it may be one. */
export type StateDirProblem = (path: string) => string | null;

/** `now` is the host's clock, for instances that begin with it. Throws `BadShape` and `CreationRefused`. */
export function instanceConfig(json: unknown, now: bigint, stateDirProblem: StateDirProblem = () => null): InstanceConfig {
  const config = fields(json, "the instance's configuration");
  const features = featuresOf(config);
  const set = required(config, "subnet_config_set", fields);
  const filled = filledSubnets(set);
  checkNewSubnets(filled, features);
  const subnets = withFeatures(subnetsOf(set), features);
  checkSubnets(subnets);
  refuseFilled(filled, stateDirProblem);
  checkLogLevel(maybe(config, "log_level", text));
  const time = timeOf(config, now);
  const gateway = maybe(config, "http_gateway_config", gatewayConfig);
  checkNnsUi(features, gateway);
  refuseUnsupported(config);
  return {
    subnets,
    gateway,
    stateDir: maybe(config, "state_dir", text),
    ...icpConfig(config),
    ...time,
    mainnetNnsSubnetId: maybe(config, "mainnet_nns_subnet_id", flag) ?? false,
    disableIngressValidation: maybe(config, "disable_ingress_validation", flag) ?? false,
    icpFeatures: features,
  };
}

/** All on unless switched off, as on the platform; but for what is in beta. */
function icpConfig(config: Fields): Pick<InstanceConfig, "rateLimiting" | "exportLimits" | "betaFeatures"> {
  const given = maybe(config, "icp_config", fields) ?? {};
  return {
    rateLimiting: maybe(given, "canister_execution_rate_limiting", switchable) !== "Disabled",
    betaFeatures: maybe(given, "beta_features", switchable) === "Enabled",
    exportLimits: maybe(given, "function_name_length_limits", switchable) !== "Disabled",
  };
}

export const gatewayConfig: Reader<GatewayConfig> = (value, what) => {
  const config = fields(value, what);
  const https = maybe(config, "https_config", fields);
  const port = maybe(config, "port", unsigned(16));
  return {
    ipAddress: maybe(config, "ip_addr", text),
    port: port === null ? null : Number(port),
    domains: maybe(config, "domains", list(text)),
    https: https === null ? null : { certPath: required(https, "cert_path", text), keyPath: required(https, "key_path", text) },
    customDomainsFile: maybe(config, "domain_custom_provider_local_file", text),
  };
};

/** A delay in milliseconds, as automatic progress is configured. */
export const autoProgressConfig: Reader<{ readonly artificialDelayMs: number }> = (value, what) => ({
  artificialDelayMs: Number(maybe(fields(value, what), "artificial_delay_ms", u64) ?? 0n),
});

function featuresOf(config: Fields): IcpFeature[] {
  const given = maybe(config, "icp_features", fields) ?? {};
  return ICP_FEATURES.filter((feature) => maybe(given, feature, oneOf("DefaultConfig")) !== null);
}

function subnetsOf(set: Fields): SubnetSpec[] {
  return eachSubnet(set, specOf);
}

/** What is read of each subnet, in the order of their creation. */
function eachSubnet<T>(set: Fields, read: (kind: PicSubnetKind) => Reader<T>): T[] {
  const named = NAMED.flatMap(([name, kind]) => {
    const subnet = maybe(set, name, read(kind));
    return subnet === null ? [] : [subnet];
  });
  return [...named, ...LISTED.flatMap(([name, kind]) => maybe(set, name, list(read(kind))) ?? [])];
}

/** A subnet that shall begin with the state in a directory. */
interface FilledSubnet {
  readonly kind: PicSubnetKind;
  readonly path: string;
}

function filledSubnets(set: Fields): FilledSubnet[] {
  const states = eachSubnet(set, (kind) => (value, what) => ({ kind, state: required(fields(value, what), "state_config", stateConfig) }));
  return states.flatMap(({ kind, state }) => (typeof state === "object" ? [{ kind, path: state.path }] : []));
}

function checkNewSubnets(filled: readonly FilledSubnet[], features: readonly IcpFeature[]): void {
  for (const [kind, needing] of SUBNETS_OF_FEATURES) {
    const feature = needing.find((name) => features.includes(name));
    if (feature !== undefined && filled.some((subnet) => subnet.kind === kind)) {
      const why = `The ${kind} subnet must be empty when specifying the \`${feature}\` ICP feature.`;
      throw new CreationRefused(`Subnet config failed to validate: ${why}`);
    }
  }
}

function refuseFilled([first]: readonly FilledSubnet[], problem: StateDirProblem): void {
  if (first === undefined) return;
  const why = `Cannery cannot read the replica's state directories (SubnetStateConfig::FromPath, ${first.path}): create the subnet as New and install what it should hold.`;
  throw new CreationRefused(problem(first.path) ?? why);
}

type StateConfig = "New" | { readonly path: string } | "blobStore";

const stateConfig: Reader<StateConfig> = (value, what) =>
  value === "New"
    ? "New"
    : variant<StateConfig>({ FromPath: (path, at) => ({ path: text(path, at) }), FromBlobStore: () => "blobStore" })(value, what);

function specOf(kind: PicSubnetKind): Reader<SubnetSpec> {
  return (value, what) => {
    const spec = fields(value, what);
    if (required(spec, "state_config", stateConfig) === "blobStore")
      throw new CreationRefused("SubnetStateConfig::FromBlobStore is not yet implemented");
    return {
      kind,
      instructionConfig: required(spec, "instruction_config", oneOf("Production", "Benchmarking")),
      subnetAdmins: maybe(spec, "subnet_admins", list(principalIn("principal_id"))),
      costSchedule: maybe(spec, "cost_schedule", oneOf("Normal", "Free")) ?? "Normal",
    };
  };
}

function withFeatures(subnets: readonly SubnetSpec[], features: readonly IcpFeature[]): SubnetSpec[] {
  const implied = SUBNETS_OF_FEATURES.filter(
    ([kind, needing]) => features.some((feature) => needing.includes(feature)) && !subnets.some((subnet) => subnet.kind === kind),
  ).map(([kind]): SubnetSpec => ({ kind, instructionConfig: "Production", subnetAdmins: null, costSchedule: "Normal" }));
  return [...subnets, ...implied].sort((a, b) => SUBNET_KINDS.indexOf(a.kind) - SUBNET_KINDS.indexOf(b.kind));
}

function checkSubnets(subnets: readonly SubnetSpec[]): void {
  const refuse = (why: string): never => {
    throw new CreationRefused(`Subnet config failed to validate: ${JSON.stringify(why)}`);
  };
  const others = subnets.filter(({ kind }) => kind !== "Application" && kind !== "CloudEngine");
  if (others.some(({ subnetAdmins }) => subnetAdmins !== null))
    refuse("Subnet admins can only be specified for subnet of kind `Application` or `CloudEngine`");
  if (others.some(({ costSchedule }) => costSchedule !== "Normal"))
    refuse("Non-default cost schedule can only be specified for subnet of kind `Application` or `CloudEngine`");
  if (subnets.some(({ subnetAdmins, costSchedule }) => subnetAdmins !== null && costSchedule !== "Free"))
    refuse("Subnet admins can only be specified for subnet with cost schedule of kind `Free`");
  if (subnets.some(({ kind, costSchedule }) => kind === "CloudEngine" && costSchedule !== "Free"))
    refuse("Every subnet of kind `CloudEngine` must have cost schedule of kind `Free`");
}

/** Checked when it is known whether there is a state directory that has subnets. */
export function checkSubnetCount(subnets: readonly SubnetSpec[]): void {
  if (subnets.length === 0)
    throw new CreationRefused('Subnet config failed to validate: "ExtendedSubnetConfigSet must contain at least one subnet"');
}

const LOG_LEVELS = ["critical", "error", "warning", "warn", "info", "debug", "trace", "crit", "erro", "debg", "trce"];

function checkLogLevel(level: string | null): void {
  if (level === null || LOG_LEVELS.includes(level.toLowerCase())) return;
  throw new CreationRefused(`Failed to parse log level: unknown level ${JSON.stringify(level)}`);
}

/** Earliest beginning, 2021-05-06T19:17:10Z. Replica: `GENESIS`. */
const GENESIS_NANOS = 1_620_328_630_000_000_000n;
/** So that the cycles minting canister takes a rate: a second after its default one. Replica: `default_timestamp`. */
const CYCLES_MINTING_NANOS = 1_620_633_601_000_000_000n;

function timeOf(config: Fields, now: bigint): Pick<InstanceConfig, "initialTimeNanos" | "autoProgress"> {
  const initial = maybe(
    config,
    "initial_time",
    variant<Pick<InstanceConfig, "initialTimeNanos" | "autoProgress">>({
      Timestamp: (value, what) => ({ initialTimeNanos: required(fields(value, what), "nanos_since_epoch", u64), autoProgress: null }),
      AutoProgress: (value, what) => ({ initialTimeNanos: now, autoProgress: autoProgressConfig(value, what) }),
    }),
  );
  const earliest = featuresOf(config).includes("cycles_minting") ? CYCLES_MINTING_NANOS : GENESIS_NANOS;
  if (initial === null) return { initialTimeNanos: earliest, autoProgress: null };
  if (initial.initialTimeNanos! >= earliest) return initial;
  throw new CreationRefused(
    `The initial timestamp (unix timestamp in nanoseconds) must be no earlier than ${earliest} (provided ${initial.initialTimeNanos}).`,
  );
}

function checkNnsUi(features: readonly IcpFeature[], gateway: GatewayConfig | null): void {
  if (!features.includes("nns_ui")) return;
  if (gateway === null) throw new CreationRefused("The `nns_ui` feature requires an HTTP gateway to be created via `http_gateway_config`.");
  for (const feature of ["cycles_minting", "icp_token", "nns_governance", "sns", "ii"] as const) {
    if (!features.includes(feature))
      throw new CreationRefused(`The \`nns_ui\` feature requires the \`${feature}\` feature to be enabled, too.`);
  }
}

/** What would need other programs is refused by its name: nothing is left out in silence. Features are refused where the modules are. */
function refuseUnsupported(config: Fields): void {
  const refuse = (what: string, instead: string): never => {
    throw new CreationRefused(`Cannery's PocketIC server does not support ${what}: ${instead}`);
  };
  for (const name of ["bitcoind_addr", "dogecoind_addr"]) {
    if ((maybe(config, name, list(text)) ?? []).length > 0) refuse(name, "there is no adapter for that network.");
  }
  maybe(config, "incomplete_state", switchable);
}
