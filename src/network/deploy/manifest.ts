/**
 * The project file of icp-cli, `icp.yaml`, as far as a local deployment needs it. What does not concern it (networks, sync
 * steps) is read over; what concerns it and is not understood is refused by name.
 *
 * Source: dfinity/icp-cli `docs/reference/configuration.md`, `docs/reference/canister-settings.md` (checkout after 1.3.0).
 */
import { CanneryError } from "../../base/cannery-error.ts";
import type { CanisterSettings, Visibility } from "../settings.ts";

/** A project as an object: the content of an `icp.yaml`. */
export interface ProjectManifest {
  /** Canisters, or paths and patterns of folders with a `canister.yaml`. */
  readonly canisters?: readonly (CanisterManifest | string)[];
  readonly networks?: readonly unknown[];
  readonly environments?: readonly (EnvironmentManifest | string)[];
}

export interface CanisterManifest {
  readonly name: string;
  readonly build?: { readonly steps: readonly BuildStep[] };
  readonly recipe?: unknown;
  readonly sync?: unknown;
  readonly settings?: SettingsManifest;
  readonly init_args?: InstallArgs;
  readonly upgrade_args?: InstallArgs;
}

export type BuildStep =
  | { readonly type: "script"; readonly command?: string; readonly commands?: readonly string[] }
  | { readonly type: "pre-built"; readonly path?: string; readonly url?: string; readonly sha256?: string };

/** Candid text, or where and in which form the argument is. */
export type InstallArgs = string | { readonly path?: string; readonly value?: string; readonly format?: "hex" | "candid" | "bin" };

export interface SettingsManifest {
  readonly compute_allocation?: number;
  readonly memory_allocation?: number | string;
  readonly freezing_threshold?: number | string;
  readonly reserved_cycles_limit?: number | string;
  readonly wasm_memory_limit?: number | string;
  readonly wasm_memory_threshold?: number | string;
  readonly log_memory_limit?: number | string;
  readonly log_visibility?: VisibilityManifest;
  readonly snapshot_visibility?: VisibilityManifest;
  readonly status_visibility?: VisibilityManifest;
  readonly environment_variables?: Readonly<Record<string, string | { readonly path: string }>>;
}

type VisibilityManifest = "controllers" | "public" | { readonly allowed_viewers: readonly string[] };

export interface EnvironmentManifest {
  readonly name: string;
  readonly network?: string;
  readonly canisters?: readonly string[];
  readonly settings?: Readonly<Record<string, SettingsManifest>>;
  readonly init_args?: Readonly<Record<string, InstallArgs>>;
  readonly upgrade_args?: Readonly<Record<string, InstallArgs>>;
}

const PROJECT_KEYS = ["canisters", "networks", "environments"];
const CANISTER_KEYS = ["name", "build", "recipe", "sync", "settings", "init_args", "upgrade_args"];
const ENVIRONMENT_KEYS = ["name", "network", "canisters", "settings", "init_args", "upgrade_args"];

/** Checks the outer form of what a YAML file or a caller gave. `where` names it in refusals. */
export function checkProject(value: unknown, where: string): ProjectManifest {
  const project = checkKeys(value ?? {}, PROJECT_KEYS, where);
  for (const name of ["canisters", "environments"]) {
    const list = project[name];
    if (list !== undefined && list !== null && !Array.isArray(list)) throw bad(`${where}: "${name}" is a list`);
  }
  return project as ProjectManifest;
}

export function checkCanister(value: unknown, where: string): CanisterManifest {
  const canister = checkKeys(value, CANISTER_KEYS, where);
  const { name, build, recipe } = canister;
  if (typeof name !== "string" || name === "") throw bad(`${where}: a canister has a name`);
  if ((build == null) === (recipe == null)) throw bad(`${where}: canister ${name} has either a "build" or a "recipe" section`);
  if (build != null && !Array.isArray((build as { steps?: unknown }).steps))
    throw bad(`${where}: the build of canister ${name} has a list of steps`);
  return canister as unknown as CanisterManifest;
}

export function checkEnvironment(value: unknown, where: string): EnvironmentManifest {
  const environment = checkKeys(value, ENVIRONMENT_KEYS, where);
  if (typeof environment["name"] !== "string") throw bad(`${where}: an environment has a name`);
  return environment as unknown as EnvironmentManifest;
}

function checkKeys(value: unknown, keys: readonly string[], where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad(`${where}: expected a mapping with the keys ${keys.join(", ")}`);
  for (const key of Object.keys(value)) if (!keys.includes(key)) throw bad(`${where}: unknown key "${key}"; there are ${keys.join(", ")}`);
  return value as Record<string, unknown>;
}

function bad(message: string): CanneryError {
  return new CanneryError("bad-project", message);
}

const MEMORY: Readonly<Record<string, number>> = { "": 1, kb: 1e3, kib: 2 ** 10, mb: 1e6, mib: 2 ** 20, gb: 1e9, gib: 2 ** 30 };
const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const CYCLES: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, b: 1e9, t: 1e12 };

/** Settings as the in-process API takes them. Files of environment variables are in `variables` already. */
export function settingsOf(manifest: SettingsManifest, variables: Readonly<Record<string, string>>, where: string): CanisterSettings {
  const { environment_variables: _read, ...rest } = manifest;
  const settings: { -readonly [K in keyof CanisterSettings]: CanisterSettings[K] } = { environmentVariables: variables };
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined || value === null) continue;
    const at = `${where}: setting ${key}`;
    switch (key) {
      case "compute_allocation":
        settings.computeAllocation = Number(amount(value, { "": 1 }, at));
        break;
      case "memory_allocation":
        settings.memoryAllocation = amount(value, MEMORY, at);
        break;
      case "freezing_threshold":
        settings.freezingThresholdSeconds = amount(value, SECONDS, at);
        break;
      case "reserved_cycles_limit":
        settings.reservedCyclesLimit = amount(value, CYCLES, at);
        break;
      case "wasm_memory_limit":
        settings.wasmMemoryLimit = amount(value, MEMORY, at);
        break;
      case "wasm_memory_threshold":
        settings.wasmMemoryThreshold = amount(value, MEMORY, at);
        break;
      case "log_memory_limit":
        settings.logMemoryLimit = amount(value, MEMORY, at);
        break;
      case "log_visibility":
        settings.logVisibility = visibility(value, at);
        break;
      case "snapshot_visibility":
        settings.snapshotVisibility = visibility(value, at);
        break;
      case "status_visibility":
        settings.statusVisibility = visibility(value, at);
        break;
      default:
        throw bad(`${where}: there is no canister setting "${key}"`);
    }
  }
  return settings;
}

/** `2.5gib`, `30d`, `1_000`, or a number. Exact also where the number has decimals. */
function amount(value: unknown, units: Readonly<Record<string, number>>, where: string): bigint {
  const found = /^([0-9][0-9_]*)(?:\.([0-9_]+))?\s*([a-z]*)$/u.exec(String(value).trim().toLowerCase());
  const unit = found === null ? undefined : units[found[3]!];
  if (found === null || unit === undefined) {
    const suffixes = Object.keys(units).filter((suffix) => suffix !== "");
    throw bad(
      `${where}: ${JSON.stringify(value)} is not a number${suffixes.length === 0 ? "" : ` with one of the suffixes ${suffixes.join(", ")}`}`,
    );
  }
  const decimals = (found[2] ?? "").replaceAll("_", "");
  const digits = BigInt(found[1]!.replaceAll("_", "") + decimals) * BigInt(unit);
  return digits / 10n ** BigInt(decimals.length);
}

function visibility(value: unknown, where: string): Visibility {
  if (value === "controllers" || value === "public") return value;
  const viewers = typeof value === "object" && value !== null && "allowed_viewers" in value ? value.allowed_viewers : null;
  if (Array.isArray(viewers) && viewers.every((viewer) => typeof viewer === "string")) return viewers;
  throw bad(`${where} is "controllers", "public", or a list in "allowed_viewers"`);
}
