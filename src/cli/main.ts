#!/usr/bin/env node
/**
 * The command `cannery`. One file a subcommand, loaded when it is asked for; what a user did wrong is said in a sentence and ends with code 2, a failed run with code 1.
 */
import { fileURLToPath } from "node:url";
import { Command, Help, InvalidArgumentError, Option } from "commander";
import { CanneryError } from "../base/cannery-error.ts";
import {
  DEFAULT_PORT,
  DEFAULT_SUBNETS,
  FORMATS,
  parsePort,
  parseProfile,
  parseShard,
  parseSubnets,
  parseSystemCanister,
  wholeNumber,
} from "./options.ts";
import { STRATEGY_NAMES } from "../explore/strategies/portfolio.ts";
import type { ExploreCommand } from "./explore.ts";
import type { ReplayCommand } from "./replay/replay.ts";
import type { TraceOptions } from "./trace.ts";
import type { CallOptions } from "./call.ts";
import type { StartOptions } from "./start.ts";
import { version } from "./version.ts";
import type { WhichNetwork } from "./running.ts";

const program = new Command("cannery")
  .description("The Internet Computer's canister system in TypeScript: run canister Wasm, see and choose the order of messages.")
  .version(version)
  .showHelpAfterError("(cannery --help shows what there is)")
  .configureHelp({ optionDescription: (option) => (option.isBoolean() ? option.description : new Help().optionDescription(option)) })
  .addHelpText(
    "after",
    `
Code 0 when it went well, 1 when it failed, 2 when the command line was wrong.
\`cannery <command> --help\` has more of each, and examples.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

/** A command, with examples at the end of its help. */
function command(name: string, description: string, ...examples: readonly string[]): Command {
  const text = ["", examples.length === 1 ? "Example:" : "Examples:", ...examples.map((example) => `  ${example}`)].join("\n");
  return program
    .command(name)
    .description(description)
    .showHelpAfterError(`(cannery ${name} --help shows what there is)`)
    .addHelpText("after", text);
}

command("demo", "calls between canisters, sequential and parallel, on one subnet and on two; composite queries", "cannery demo")
  .option("--json", "one JSON object on standard output and nothing else", false)
  .action(async (options: { readonly json: boolean }) => (await import("./demo/demo.ts")).demo(options));

command(
  "types",
  "TypeScript types of a canister, from its module's own Candid or from a .did file",
  "cannery types counter.wasm > counter.ts",
  "cannery types counter.did",
)
  .argument("<file>", "a .wasm, .wasm.gz or .did file")
  .action(async (file: string) => (await import("./types.ts")).types(file));

command(
  "start",
  "a network that agents, browsers and other programs talk to over HTTP, until Ctrl-C",
  "cannery start",
  "cannery start --port 4943 --subnets application=2,nns,ii --profile mainnet",
  "cannery start --background && cannery call ledger icrc1_symbol && cannery stop",
)
  .option("--port <port>", "port to listen on; 0 for any that is free", parsePort, DEFAULT_PORT)
  .option("--bind <address>", "address to listen on", "127.0.0.1")
  .addOption(
    new Option("--subnets <kinds>", "kinds of subnets, each with how many: application=2,nns")
      .argParser(parseSubnets)
      .default(parseSubnets(DEFAULT_SUBNETS), DEFAULT_SUBNETS),
  )
  .option("--profile <name>", "how long rounds take: instant, or mainnet, one a second", parseProfile, "instant")
  .addOption(
    new Option("--system-canister <name=path>", "a module for a system canister, such as ledger=PATH; repeatable")
      .argParser(parseSystemCanister)
      .default({}, "those of the package"),
  )
  .option("--config-port <port>", "also serve it as instance 0 of a PocketIC server, by which tools set its time and tick", parsePort)
  .option("--background", "returns when the network is ready, which stays until `cannery stop`", false)
  .option("--json", "one line of JSON on standard output when it is ready: url, rootKey, pid, subnets", false)
  .option("--state <folder>", "not there yet", () => {
    throw new InvalidArgumentError("networks do not keep their state yet: what is in one is gone when it stops.");
  })
  .action(async (options: StartOptions) => (await import("./start.ts")).start(options));

command("stop", "ends a network started before", "cannery stop", "cannery stop --port 4943")
  .option("--port <port>", "the network on this port", parsePort)
  .action(async (which: WhichNetwork) => (await import("./stop.ts")).stop(which));

command("status", "the networks that run on this machine", "cannery status --json")
  .option("--json", "as a JSON array", false)
  .action(async (options: { readonly json: boolean }) => (await import("./status.ts")).status(options));

command(
  "call",
  "calls a method of a canister; arguments and answer are Candid text",
  "cannery call ledger icrc1_symbol",
  "cannery call uxrrr-q7777-77774-qaaaq-cai add '(5)' --identity alice.pem",
)
  .argument("<canister>", "its id, or the name of a system canister such as ledger")
  .argument("<method>", "its name")
  .argument("[args]", "such as '(5, record { name = \"Ann\" })'", "()")
  .option("--identity <file>", "who calls: the PEM file of a private key, as `icp identity export` writes it", "anonymous")
  .option("--query", "asks one replica: nothing is kept, and nobody certifies the answer", false)
  .option("--update", "a certified answer, also of a query method", false)
  .option("--candid <file>", "a .did file, for a canister that shows nobody its own description")
  .option("--json", "one JSON object: kind, candid and reply (hex), or error", false)
  .option("--port <port>", "the network on this port", parsePort)
  .action(async (canister: string, method: string, args: string, options: CallOptions) =>
    (await import("./call.ts")).call(canister, method, args, options),
  );

command(
  "path",
  "where a program of this package is: `launcher`, for ICP_CLI_NETWORK_LAUNCHER_PATH; `pocket-ic`, for POCKET_IC_BIN",
  'ICP_CLI_NETWORK_LAUNCHER_PATH="$(npx cannery path launcher)" icp network start',
  'POCKET_IC_BIN="$(npx cannery path pocket-ic)" cargo test',
)
  .argument("<program>", "launcher or pocket-ic", (name) => {
    if (name !== "launcher" && name !== "pocket-ic") throw new InvalidArgumentError("there are launcher and pocket-ic.");
    return name;
  })
  .action((name: string) => console.log(fileURLToPath(new URL(`./${name}.js`, import.meta.url))));

command("ping", "whether a network answers", "cannery ping")
  .option("--port <port>", "the network on this port", parsePort)
  .action(async (which: WhichNetwork) => (await import("./status.ts")).ping(which));

/** Files of modules, for runs that were written without theirs. */
const moduleOption = new Option("--module <file>", "a module that the run file leaves out; repeatable")
  .argParser((file: string, before: readonly string[]) => [...before, file])
  .default([], "none");

command(
  "explore",
  "runs a test body under many orders and faults, until one breaks it; code 1 then",
  "cannery explore bank.explore.ts",
  "cannery explore bank.explore.ts --time 60 --shard 1/4 --test bank.regression.test.ts",
)
  .argument("<file>", "a module whose default export is explore(…)")
  .option("--runs <n>", "runs at most", wholeNumber)
  .option("--time <seconds>", "seconds at most", wholeNumber)
  .addOption(new Option("--strategy <name>", "how orders and faults are chosen").choices(STRATEGY_NAMES))
  .option("--seed <n>", "first seed", wholeNumber)
  .option("--shard <i/n>", "every n-th run, from the i-th", parseShard)
  .option("--out <file>", "where the failing run goes", "cannery-run.json")
  .option("--test <file>", "where a test goes that repeats the choices of the failing run")
  .option("--json", "the result as one JSON object", false)
  .action(async (file: string, options: ExploreCommand) => (await import("./explore.ts")).exploreFile(file, options));

command(
  "replay",
  "repeats a run of explore, and shows its messages",
  "cannery replay cannery-run.json --until 12",
  "cannery replay cannery-run.json --step",
)
  .argument("<file>", "a run file")
  .option("--until <n>", "stops after so many executions", wholeNumber)
  .option("--step", "stops at its beginning (or at --until) and takes commands: forth, back, queries, state", false)
  .addOption(moduleOption)
  .option("--json", "position, length, digest and failure as one JSON object; with --step, one for each command", false)
  .action(async (file: string, options: ReplayCommand) => (await import("./replay/replay.ts")).replayFile(file, options));

command("trace", "the messages of a run, for people and for other programs", "cannery trace cannery-run.json --format html > run.html")
  .argument("<file>", "a run file")
  .addOption(new Option("--format <format>", "how: json is lines, html one page").choices(FORMATS).default("text"))
  .addOption(moduleOption)
  .action(async (file: string, options: TraceOptions) => (await import("./trace.ts")).traceFile(file, options));

// Whoever reads may have seen enough: `cannery trace … | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CanneryError)) throw error;
  console.error(`cannery: ${error.message}`);
  process.exitCode = 1;
}
