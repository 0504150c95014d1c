/**
 * The arguments that `icp` starts a network launcher with.
 *
 * Source: icp-launcher.md 1.2 (dfinity/icp-cli-network-launcher `src/main.rs`, interface 1.0.0; `--domain` is of 1.1.0).
 */

export interface LauncherArguments {
  readonly help: boolean;
  readonly version: boolean;
  readonly verbose: boolean;
  readonly ii: boolean;
  readonly nns: boolean;
  readonly stateDir: string | null;
  readonly statusDir: string | null;
  readonly bind: string;
  readonly gatewayPort: number | null;
  readonly configPort: number | null;
  readonly artificialDelayMilliseconds: number | null;
  /** Kinds in the words of the launcher. */
  readonly subnets: readonly string[];
  readonly domains: readonly string[];
  /** `NAME=PATH` each: those of the environment, then of the arguments. Ours: `icp` has no way to pass them. */
  readonly systemCanisters: readonly string[];
  /** Names of arguments that stand for what no network of ours has, as given. */
  readonly unsupported: readonly string[];
  /** One line each. */
  readonly warnings: readonly string[];
}

/** What is wrong with the arguments, and what the process ends with. */
export class BadArguments extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Ours: the interface of `icp` 1.5. */
const OWN_VERSION = "1.1.0";
const SUPPORTED = /^1\.\d+\.\d+$/;

const SWITCHES = ["--help", "--version", "--verbose", "--ii", "--nns"] as const;
/** Source: clap's own, which the launcher has. */
const SHORT: Readonly<Record<string, string>> = { "-h": "--help", "-V": "--version" };
const VALUES = [
  ...[
    "--interface-version",
    "--state-dir",
    "--status-dir",
    "--bind",
    "--gateway-port",
    "--config-port",
    "--artificial-delay-ms",
    "--subnet",
  ],
  ...["--domain", "--system-canister", "--bitcoind-addr", "--dogecoind-addr", "--pocketic-server-path", "--stdout-file", "--stderr-file"],
];
const REPEATED = new Set(["--subnet", "--domain", "--system-canister", "--bitcoind-addr", "--dogecoind-addr"]);
const UNSUPPORTED = ["--bitcoind-addr", "--dogecoind-addr"];
const WITHOUT_MEANING = ["--pocketic-server-path", "--stdout-file", "--stderr-file"];
export const SUBNET_KINDS = ["application", "system", "verified-application", "bitcoin", "fiduciary", "nns", "sns"];

/** Throws `BadArguments`. */
export function parseLauncherArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LauncherArguments {
  const { switches, values, unknown } = split(args);
  const one = (name: string): string | null => values.get(name)?.[0] ?? null;
  const version = one("--interface-version") ?? environment["ICP_CLI_NETWORK_LAUNCHER_INTERFACE_VERSION"] ?? null;
  if (version !== null && !SUPPORTED.test(version)) {
    throw new BadArguments(`Error: Unsupported interface version ${version}. Supported versions: ^1.0.0`, 1);
  }
  // Another version of the interface may have arguments that we do not know; in our own they are mistakes.
  const isOwn = version === null || version === OWN_VERSION;
  if (isOwn && unknown.length > 0) throw new BadArguments(`error: unexpected argument '${unknown[0]}' found`, 2);
  const subnets = values.get("--subnet") ?? [];
  for (const kind of subnets) {
    if (SUBNET_KINDS.includes(kind)) continue;
    throw new BadArguments(`error: invalid value '${kind}' for '--subnet': possible values are ${SUBNET_KINDS.join(", ")}`, 2);
  }
  return {
    help: switches.has("--help"),
    version: switches.has("--version"),
    verbose: switches.has("--verbose"),
    ii: switches.has("--ii"),
    nns: switches.has("--nns"),
    stateDir: one("--state-dir"),
    statusDir: one("--status-dir"),
    bind: one("--bind") ?? "127.0.0.1",
    gatewayPort: numberOf(values, "--gateway-port", 65_535),
    configPort: numberOf(values, "--config-port", 65_535),
    artificialDelayMilliseconds: numberOf(values, "--artificial-delay-ms", Number.MAX_SAFE_INTEGER),
    subnets,
    domains: values.get("--domain") ?? [],
    systemCanisters: [
      ...(environment["CANNERY_SYSTEM_CANISTERS"] ?? "").split(",").filter((item) => item !== ""),
      ...(values.get("--system-canister") ?? []),
    ],
    unsupported: UNSUPPORTED.filter((name) => values.has(name)),
    warnings: [
      ...unknown.map(
        (arg) => `Warning: skipping the unknown argument ${arg} (interface version ${version}; this launcher is of ${OWN_VERSION})`,
      ),
      ...WITHOUT_MEANING.filter((name) => values.has(name)).map((name) => `Warning: ${name} has no meaning for Cannery`),
    ],
  };
}

interface Split {
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** As given. */
  readonly unknown: readonly string[];
}

/** Both forms of values: `--name value` and `--name=value`. */
function split(args: readonly string[]): Split {
  const switches = new Set<string>();
  const values = new Map<string, string[]>();
  const unknown: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals === -1 ? (SHORT[arg] ?? arg) : arg.slice(0, equals);
    if ((SWITCHES as readonly string[]).includes(name) && equals === -1) switches.add(name);
    else if (VALUES.includes(name)) {
      const value = equals === -1 ? args[++i] : arg.slice(equals + 1);
      if (value === undefined) throw new BadArguments(`error: a value is required for '${name}' but none was supplied`, 2);
      const before = values.get(name) ?? [];
      if (before.length > 0 && !REPEATED.has(name)) {
        throw new BadArguments(`error: the argument '${name}' cannot be used multiple times`, 2);
      }
      values.set(name, [...before, value]);
    } else {
      unknown.push(arg);
      // Its value, if it has one behind it.
      if (equals === -1 && name.startsWith("--") && args[i + 1]?.startsWith("-") === false) i++;
    }
  }
  return { switches, values, unknown };
}

function numberOf(values: ReadonlyMap<string, readonly string[]>, name: string, most: number): number | null {
  const text = values.get(name)?.[0];
  if (text === undefined) return null;
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  throw new BadArguments(`error: invalid value '${text}' for '${name}': a number from 0 to ${most}`, 2);
}
