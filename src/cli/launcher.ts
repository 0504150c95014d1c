#!/usr/bin/env node
/**
 * The network launcher that `ICP_CLI_NETWORK_LAUNCHER_PATH` points to, so that `icp network start` starts a network of ours.
 *
 * `icp` reads what it is told in one file, `status.json`, records this very process, and later sends it SIGINT.
 * On Windows `icp` starts containers only, and asks for no launcher: there it is given a network of `cannery start` by URL (docs/guides/icp-cli.md).
 *
 * Source: icp-launcher.md (dfinity/icp-cli-network-launcher `src/main.rs`; icp-cli `crates/icp/src/network/managed/launcher.rs`).
 */
import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { namedSubnet } from "../api/pocketic/topology.ts";
import { CanneryError } from "../base/cannery-error.ts";
import type { SubnetRequest } from "../core/genesis.ts";
import { openConfigPort, SERVED_INSTANCE, type ConfigPort } from "../host/server/config-port.ts";
import type { ReadyNetwork } from "../host/server/plan.ts";
import { startNetwork } from "../host/server/start.ts";
import { writing } from "../host/writing.ts";
import type { SystemFiles } from "../host/system-modules.ts";
import { InvalidArgumentError } from "commander";
import { BadArguments, parseLauncherArguments, SUBNET_KINDS, type LauncherArguments } from "./launcher-arguments.ts";
import { parseSystemCanister } from "./options.ts";
import { StopSignals } from "./stop-signals.ts";
import { untilStopped } from "./until-stopped.ts";
import { version } from "./version.ts";

/** In the status directory; `icp` writes it. Source: icp-launcher.md 3. */
const CUSTOM_DOMAINS = "custom-domains.txt";

/** What is made whatever is asked for. */
const ALWAYS = ["nns", "ii", "fiduciary", "testkeys"];
/** Of which a network has one at most, however often it is asked for. */
const SINGLE = ["sns", "bitcoin"];

/** For whoever finds one taken: who starts a launcher is `icp`, as a rule. */
const OTHER_PORT = "give the network in icp.yaml another port: `gateway: { port: 8001 }`, or 0 for any that is free";

const NO_IDENTITY =
  'Cannery does not bring Internet Identity. Download its module, internet_identity_dev.wasm.gz, from https://github.com/dfinity/internet-identity/releases and set CANNERY_SYSTEM_CANISTERS="ii=PATH"';

const HELP = `Cannery as the network launcher of icp: ICP_CLI_NETWORK_LAUNCHER_PATH="$(npx cannery path launcher)" icp network start

  --interface-version V     of these arguments: ^1.0.0
  --status-dir D            where status.json is written when the network is ready
  --state-dir D             accepted; nothing is kept
  --bind IP                 address to listen on (127.0.0.1)
  --gateway-port P          port to listen on; any that is free without it
  --config-port P           port of a PocketIC server, whose instance ${SERVED_INSTANCE} the network is; any that is free without it
  --subnet KIND             ${SUBNET_KINDS.join(", ")}; repeatable
  --domain D                that the gateway serves; repeatable
  --system-canister N=PATH  a module for a system canister, such as ii=PATH; repeatable. Also CANNERY_SYSTEM_CANISTERS="ii=PATH,ledger=PATH"
  --ii                      Internet Identity, whose module must be given
  --nns                     the SNS subnet too; the canisters of governance, SNS and the NNS dapp do not come with Cannery
  --artificial-delay-ms N   least time between two rounds
  --verbose, -V --version, -h --help`;

try {
  await launch(parseLauncherArguments(process.argv.slice(2), process.env));
} catch (error) {
  if (error instanceof BadArguments) process.exitCode = error.exitCode;
  else if (error instanceof CanneryError) process.exitCode = 1;
  else throw error;
  console.error(error instanceof CanneryError ? `Error: ${error.message}` : error.message);
}

async function launch(given: LauncherArguments): Promise<void> {
  if (given.help) return console.log(HELP);
  if (given.version) return console.log(`cannery-launcher ${version}`);
  for (const warning of given.warnings) console.error(warning);
  const system = systemFiles(given.systemCanisters);
  refuseWhatIsMissing(given, system);
  if (given.nns) console.error(missingOfNns(system));
  const { statusDir } = given;
  if (statusDir !== null) writing(statusDir, () => mkdirSync(statusDir, { recursive: true }));
  // In the foreground the terminal is ours, too; in the background output goes to files, and the network outlives the terminal.
  const signals = new StopSignals({ hangUp: process.stdout.isTTY ? "stops" : "ignored" });
  const network = await startNetwork({
    subnets: subnetsOf(given),
    profile: "instant",
    system,
    ...(given.artificialDelayMilliseconds === null ? {} : { delayMilliseconds: given.artificialDelayMilliseconds }),
    port: given.gatewayPort ?? 0,
    bind: given.bind,
    otherPort: OTHER_PORT,
    domains: given.domains.length === 0 ? null : given.domains.map(hostOfUrl),
    customDomains: statusDir === null ? null : join(statusDir, CUSTOM_DOMAINS),
    prints: "stdout",
    version,
  });
  const configPort = await openConfigPort(network, {
    bind: given.bind,
    port: given.configPort ?? 0,
    otherPort: "give another port with --config-port",
  });
  try {
    await untilStopped(network, { ready: { ...network.ready, configUrl: configPort.url }, log: null, signals }, () => {
      if (statusDir !== null) writeStatus(statusDir, network.ready, configPort);
      console.error(`cannery instance running with gateway port ${network.ready.port}`);
    });
  } finally {
    await configPort.close();
    if (statusDir !== null) removeStatus(statusDir);
  }
}

function systemFiles(given: readonly string[]): SystemFiles {
  try {
    return given.reduce<SystemFiles>((before, text) => parseSystemCanister(text, before), {});
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new BadArguments(`error: invalid value for '--system-canister' or CANNERY_SYSTEM_CANISTERS: ${error.message}`, 2);
  }
}

function refuseWhatIsMissing({ unsupported, ii }: LauncherArguments, system: SystemFiles): void {
  const [first] = unsupported;
  if (first !== undefined)
    throw new CanneryError(
      "not-supported",
      `${first} is not supported by Cannery's launcher: its networks reach no chain outside. Remove \`${first.slice("--".length)}\` from the network in icp.yaml.`,
    );
  if (ii && system["internet-identity"] === undefined)
    throw new CanneryError("no-internet-identity", `${NO_IDENTITY}, or remove \`ii: true\` from the network in icp.yaml.`);
}

/** The rest of the NNS is of use without it: the ledgers, the cycles minting canister, the registry, and all subnets. */
function missingOfNns(system: SystemFiles): string {
  const identity = system["internet-identity"] === undefined ? `\nWarning: ${NO_IDENTITY}.` : "";
  return `Warning: of what \`nns: true\` brings, the canisters of governance, SNS (sns-wasm, aggregator), canister migration and the NNS dapp do not come with Cannery: calls to them are rejected.${identity}`;
}

/**
 * Those asked for, one application subnet by default, and always those of the system's canisters and of threshold keys.
 * Source: dfinity/icp-cli-network-launcher `src/main.rs` (of PocketIC 15.0.0): what it always makes may be named, to no effect.
 */
function subnetsOf({ subnets, nns }: LauncherArguments): SubnetRequest[] {
  const asked = subnets.length === 0 ? ["application"] : subnets.filter((kind) => !ALWAYS.includes(kind));
  const kinds = [...asked, ...ALWAYS, ...(nns ? ["sns"] : [])];
  return kinds
    .filter((kind, i) => !SINGLE.includes(kind) || kinds.indexOf(kind) === i)
    .map((kind) => namedSubnet(kind.replaceAll("-", "_")));
}

/** As URLs have it. */
function hostOfUrl(domain: string): string {
  return domain.includes(":") ? `[${domain}]` : domain.toLowerCase();
}

// Source: icp-launcher.md 2. The text comes whole, and with its end of line: `icp` looks as soon as there is a file.

function writeStatus(folder: string, { port, rootKey, defaultEffectiveCanisterId }: ReadyNetwork, { port: configPort }: ConfigPort): void {
  const status = {
    ...{ v: "1", gateway_port: port, root_key: rootKey, default_effective_canister_id: defaultEffectiveCanisterId },
    ...{ instance_id: SERVED_INSTANCE, config_port: configPort },
    supported_features: ["custom-domains"],
  };
  const file = join(folder, "status.json");
  writing(file, () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(status)}\n`);
    renameSync(`${file}.new`, file);
  });
}

/** What `icp` and we wrote; and the folder, when nothing else is in it. */
function removeStatus(folder: string): void {
  for (const name of ["status.json", CUSTOM_DOMAINS]) rmSync(join(folder, name), { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // Somebody keeps something else there.
  }
}
