/**
 * From a project file to what is to be deployed: the canisters of one environment, each with its folder, settings and argument.
 */
import { CanneryError } from "../../base/cannery-error.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import type { HostFiles } from "../host.ts";
import {
  checkCanister,
  checkEnvironment,
  checkProject,
  type CanisterManifest,
  type EnvironmentManifest,
  type InstallArgs,
  type ProjectManifest,
  type SettingsManifest,
} from "./manifest.ts";

export interface ProjectCanister {
  readonly name: string;
  readonly manifest: CanisterManifest;
  /** Folder that relative paths start from; `null` where there is no file system. */
  readonly directory: string | null;
  /** With the environment's changes. */
  readonly settings: SettingsManifest;
  readonly initArgs: InstallArgs | null;
}

export interface Project {
  /** Folder of the project file; `null` for a project given as an object without one. */
  readonly root: string | null;
  readonly canisters: readonly ProjectCanister[];
}

const PROJECT_FILE = "icp.yaml";
const CANISTER_FILE = "canister.yaml";
/** There without being declared. Source: dfinity/icp-cli `docs/reference/configuration.md`, "Implicit Defaults". */
const IMPLICIT_ENVIRONMENTS: readonly string[] = ["local", "ic"];

export async function loadProject(
  from: string | ProjectManifest,
  files: HostFiles | null,
  options: { readonly environment: string; readonly directory: string | null },
): Promise<Project> {
  const { manifest, root, where } = await readProject(from, files, options.directory);
  const all: { manifest: CanisterManifest; directory: string | null }[] = [];
  for (const item of manifest.canisters ?? []) {
    if (typeof item !== "string") all.push({ manifest: checkCanister(item, where), directory: root });
    else all.push(...(await referencedCanisters(item, root, needFiles(files))));
  }
  const names = new Set<string>();
  for (const { manifest: canister } of all) {
    if (names.has(canister.name)) throw new CanneryError("bad-project", `${where}: two canisters have the name ${canister.name}`);
    names.add(canister.name);
  }
  const environment = await findEnvironment(manifest, options.environment, root, files, where);
  return { root, canisters: selected(all, environment, where) };
}

async function readProject(
  from: string | ProjectManifest,
  files: HostFiles | null,
  directory: string | null,
): Promise<{ manifest: ProjectManifest; root: string | null; where: string }> {
  if (typeof from !== "string") return { manifest: checkProject(from, "the project"), root: directory, where: "the project" };
  const reader = needFiles(files);
  const given = reader.resolve(directory, from);
  const path = (await reader.isDirectory(given)) ? reader.resolve(given, PROJECT_FILE) : given;
  if (!(await reader.isFile(path))) throw new CanneryError("no-such-file", `there is no project file ${path}`);
  return { manifest: checkProject(await readYaml(path, reader), path), root: reader.directoryOf(path), where: path };
}

/** A path of a folder or file, or a pattern: each folder with a `canister.yaml` is a canister. */
async function referencedCanisters(
  reference: string,
  root: string | null,
  files: HostFiles,
): Promise<{ manifest: CanisterManifest; directory: string }[]> {
  const base = files.resolve(root, ".");
  const isPattern = reference.includes("*");
  const candidates = isPattern ? await files.glob(base, reference) : [files.resolve(base, reference)];
  const found: { manifest: CanisterManifest; directory: string }[] = [];
  for (const candidate of candidates) {
    const path = (await files.isDirectory(candidate)) ? files.resolve(candidate, CANISTER_FILE) : candidate;
    if (!(await files.isFile(path)) || !/\.ya?ml$/u.test(path)) {
      if (isPattern) continue;
      throw new CanneryError("no-such-file", `the project refers to ${reference}, but there is no canister file ${path}`);
    }
    found.push({ manifest: checkCanister(await readYaml(path, files), path), directory: files.directoryOf(path) });
  }
  return found;
}

async function findEnvironment(
  manifest: ProjectManifest,
  name: string,
  root: string | null,
  files: HostFiles | null,
  where: string,
): Promise<EnvironmentManifest> {
  const environments: EnvironmentManifest[] = [];
  for (const item of manifest.environments ?? []) {
    if (typeof item !== "string") {
      environments.push(checkEnvironment(item, where));
      continue;
    }
    const reader = needFiles(files);
    const path = reader.resolve(root, item);
    environments.push(checkEnvironment(await readYaml(path, reader), path));
  }
  const found = environments.find((environment) => environment.name === name);
  if (found !== undefined) return found;
  if (IMPLICIT_ENVIRONMENTS.includes(name)) return { name };
  const known = [...environments.map((environment) => environment.name), ...IMPLICIT_ENVIRONMENTS];
  throw new CanneryError("bad-project", `${where} has no environment "${name}"; there are ${known.join(", ")}`);
}

function selected(
  all: readonly { manifest: CanisterManifest; directory: string | null }[],
  environment: EnvironmentManifest,
  where: string,
): ProjectCanister[] {
  const wanted = environment.canisters;
  for (const name of wanted ?? []) {
    if (!all.some(({ manifest }) => manifest.name === name)) {
      throw new CanneryError(
        "bad-project",
        `${where}: environment ${environment.name} has a canister "${name}" that the project does not have`,
      );
    }
  }
  return all
    .filter(({ manifest }) => wanted === undefined || wanted.includes(manifest.name))
    .map(({ manifest, directory }) => {
      const override = environment.settings?.[manifest.name];
      const variables = { ...manifest.settings?.environment_variables, ...override?.environment_variables };
      return {
        name: manifest.name,
        manifest,
        directory,
        settings: { ...manifest.settings, ...override, environment_variables: variables },
        initArgs: environment.init_args?.[manifest.name] ?? manifest.init_args ?? null,
      };
    });
}

async function readYaml(path: string, files: HostFiles): Promise<unknown> {
  const text = decodeUtf8(await files.read(path));
  if (text === null) throw new CanneryError("bad-project", `${path} is not UTF-8`);
  // Loaded here: a quarter of what a page with a network would load otherwise.
  const { parse } = await import("yaml");
  try {
    return parse(text);
  } catch (cause) {
    throw new CanneryError("bad-project", `${path} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

export function needFiles(files: HostFiles | null): HostFiles {
  if (files === null)
    throw new CanneryError("no-files", "there is no file system here: give the project as an object, and its modules in { artifacts }");
  return files;
}
