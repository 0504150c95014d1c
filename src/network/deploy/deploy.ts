/**
 * Deploys an icp-cli project into an in-process network, as `icp deploy` does it on a local one: creates all canisters, gives
 * each the ids of all as environment variables, then installs them from their built artifacts.
 *
 * Source: dfinity/icp-cli `crates/icp/src/operations/{create,binding_env_vars,install}.rs` (checkout after 1.3.0).
 */
import { CanneryError } from "../../base/cannery-error.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../base/utf8.ts";
import { candidTextToValues, CandidTextError } from "../../codec/candid-text.ts";
import type { AnyService } from "../actor.ts";
import type { Canister, InstallArguments } from "../canister.ts";
import type { Cannery } from "../cannery.ts";
import type { Host, HostFiles } from "../host.ts";
import { interfaceOfUpload } from "../module-interface.ts";
import { loadModule, type ModuleSource } from "../module-source.ts";
import type { Subnet } from "../options.ts";
import type { PrincipalLike } from "../principals.ts";
import { settingsOf, type InstallArgs, type ProjectManifest } from "./manifest.ts";
import { loadProject, needFiles, type ProjectCanister } from "./project.ts";

export type { ProjectManifest };

/** How a project is deployed. Nothing is built or downloaded unless that is asked for. */
export interface DeployOptions {
  /** Environment of the project whose canisters and settings are taken; `local` by default. */
  readonly environment?: string;
  /** Modules by canister name, instead of those that the build left. */
  readonly artifacts?: Readonly<Record<string, ModuleSource>>;
  /** Runs the build scripts of canisters for which no artifact is given, as `icp build` would. Off by default. */
  readonly build?: boolean;
  /** Subnet of all canisters, or by canister name; the network's first one by default. */
  readonly subnet?: Subnet | string | Readonly<Record<string, Subnet | string>>;
  /** Balance of each, in cycles. */
  readonly cycles?: bigint;
  /** Who deploys and controls them; the anonymous user by default. */
  readonly sender?: PrincipalLike;
  /** Folder that paths of a project given as an object start from; the working directory by default. */
  readonly directory?: string;
}

/** The canisters by name. */
export type Deployment = Readonly<Record<string, Canister<AnyService>>>;

/** Source: dfinity/icp-cli, `BINDING_PREFIX`. */
const ID_VARIABLE = "PUBLIC_CANISTER_ID:";
/** Where `icp build` leaves modules, by canister name. */
const ARTIFACTS = ".icp/cache/artifacts";

export async function deploy(net: Cannery, host: Host, from: string | ProjectManifest, options: DeployOptions): Promise<Deployment> {
  const directory = options.directory ?? (host.files === null ? null : host.files.resolve(null, "."));
  const project = await loadProject(from, host.files, { environment: options.environment ?? "local", directory });
  for (const name of Object.keys(options.artifacts ?? {})) {
    if (!project.canisters.some((canister) => canister.name === name))
      throw new CanneryError("bad-project", `{ artifacts } has a module for "${name}", which the project does not have`);
  }
  // Everything that can be refused without the network is looked at before anything is created.
  const prepared: { canister: ProjectCanister; module: Uint8Array; argument: InstallArguments; variables: Record<string, string> }[] = [];
  for (const canister of project.canisters) {
    const module = await moduleOf(canister, project.root, host, options);
    const argument = await argumentOf(canister, module, host);
    prepared.push({ canister, module, argument, variables: await variablesOf(canister, host.files) });
  }

  const sender = options.sender === undefined ? {} : { sender: options.sender };
  const created = new Map<string, Canister<AnyService>>();
  for (const { canister } of prepared) {
    const subnet = subnetOf(options.subnet, canister.name);
    const cycles = options.cycles === undefined ? {} : { cycles: options.cycles };
    created.set(
      canister.name,
      await net.createCanister({ name: canister.name, ...sender, ...cycles, ...(subnet === undefined ? {} : { subnet }) }),
    );
  }
  const ids = Object.fromEntries([...created].map(([name, canister]) => [`${ID_VARIABLE}${name}`, canister.id.toText()]));
  for (const { canister, module, argument, variables } of prepared) {
    const target = created.get(canister.name)!;
    await target.updateSettings(settingsOf(canister.settings, { ...variables, ...ids }, `canister ${canister.name}`));
    await target.install(module, argument);
  }
  return Object.fromEntries(created);
}

function subnetOf(wanted: DeployOptions["subnet"], name: string): Subnet | string | undefined {
  if (wanted === undefined || typeof wanted === "string" || isSubnet(wanted)) return wanted;
  return wanted[name];
}

function isSubnet(value: object): value is Subnet {
  return "id" in value && "kind" in value && typeof value.kind === "string";
}

async function moduleOf(canister: ProjectCanister, root: string | null, host: Host, options: DeployOptions): Promise<Uint8Array> {
  const given = options.artifacts?.[canister.name];
  if (given !== undefined) return (await loadModule(given, host)).bytes;
  const files = needFiles(host.files);
  const steps = canister.manifest.build?.steps ?? [];
  const last = steps.at(-1);
  if (last?.type === "pre-built" && last.path !== undefined) return preBuilt(canister, last.path, last.sha256 ?? null, host, files);
  const cached = files.resolve(root, `${ARTIFACTS}/${canister.name}`);
  if (options.build === true) {
    const commands = steps.flatMap((step) => (step.type === "script" ? (step.commands ?? [step.command ?? ""]) : []));
    if (commands.length > 0 && commands.length >= steps.length && host.runBuild !== null) {
      return host.runBuild({
        commands,
        directory: canister.directory ?? files.resolve(null, "."),
        environment: { ICP_CLI_ENVIRONMENT: options.environment ?? "local" },
      });
    }
  } else if (await files.isFile(cached)) {
    return files.read(cached);
  }
  throw new CanneryError(
    "not-built",
    `canister ${canister.name} is not built: there is no ${cached}. Run "icp build ${canister.name}" in ${root ?? "the project"}, or give the module, deploy(project, { artifacts: { ${JSON.stringify(canister.name)}: "path.wasm" } })${hasScript(steps) ? ", or let its build script run, { build: true }" : ""}.`,
  );
}

function hasScript(steps: readonly { readonly type: string }[]): boolean {
  return steps.some((step) => step.type === "script");
}

async function preBuilt(canister: ProjectCanister, path: string, sha256: string | null, host: Host, files: HostFiles): Promise<Uint8Array> {
  const { bytes } = await loadModule(files.resolve(canister.directory, path), host);
  if (sha256 === null) return bytes;
  if (typeof sha256 !== "string")
    throw new CanneryError("bad-project", `the sha256 of canister ${canister.name} is a text of 64 hex digits: put it in quotes`);
  const seen = toHex(host.environment.platform.sha256(bytes));
  if (seen !== sha256.toLowerCase())
    throw new CanneryError(
      "bad-project",
      `the module ${path} of canister ${canister.name} has the SHA-256 ${seen}, and the project says ${sha256}`,
    );
  return bytes;
}

async function argumentOf(canister: ProjectCanister, module: Uint8Array, host: Host): Promise<InstallArguments> {
  const args = canister.initArgs;
  if (args === null) return {};
  const { content, format } = await argumentContent(canister, args, host.files);
  if (format === "bin") return { arg: content };
  const text = decodeUtf8(content);
  if (text === null)
    throw new CanneryError("bad-project", `the init_args of canister ${canister.name} are not UTF-8; for raw bytes, format: bin`);
  if (format === "hex") return { arg: fromHex(text.trim()) };
  const codec = interfaceOfUpload(module, host.environment, `the module of ${canister.name}`)?.initArgs ?? null;
  if (codec === null) {
    throw new CanneryError(
      "no-candid",
      `the init_args of canister ${canister.name} are Candid text, and its module does not say what it is installed with (candid:args): give them as hex or bin`,
    );
  }
  try {
    return { args: candidTextToValues(text, codec.types) };
  } catch (cause) {
    if (!(cause instanceof CandidTextError)) throw cause;
    throw new CanneryError("candid-argument", `the init_args of canister ${canister.name}, which takes ${codec.text}: ${cause.message}`, {
      cause,
    });
  }
}

async function argumentContent(
  canister: ProjectCanister,
  args: InstallArgs,
  files: HostFiles | null,
): Promise<{ content: Uint8Array; format: string }> {
  const { path, value, format = "candid" } = typeof args === "string" ? { value: args } : args;
  if ((path === undefined) === (value === undefined))
    throw new CanneryError("bad-project", `the init_args of canister ${canister.name} have either a path or a value`);
  if (!["hex", "candid", "bin"].includes(format))
    throw new CanneryError("bad-project", `the init_args of canister ${canister.name} have the format hex, candid or bin, not ${format}`);
  if (value !== undefined) return { content: encodeUtf8(value), format };
  const reader = needFiles(files);
  return { content: await reader.read(reader.resolve(canister.directory, path!)), format };
}

async function variablesOf(canister: ProjectCanister, files: HostFiles | null): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(canister.settings.environment_variables ?? {})) {
    if (typeof value === "string") {
      variables[name] = value;
      continue;
    }
    if (typeof value !== "object" || value === null || typeof value.path !== "string") {
      throw new CanneryError("bad-project", `the environment variable ${name} of canister ${canister.name} is a text, or { path: file }`);
    }
    const reader = needFiles(files);
    const text = decodeUtf8(await reader.read(reader.resolve(canister.directory, value.path)));
    if (text === null) throw new CanneryError("bad-project", `the file ${value.path} of the environment variable ${name} is not UTF-8`);
    variables[name] = text.trim();
  }
  return variables;
}
