#!/usr/bin/env node
/**
 * The command `cannery`. One file a subcommand; what a user did wrong is said in a sentence and ends with code 2, a failed run with code 1.
 */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { CanneryError } from "../base/cannery-error.ts";
import { demo } from "./demo/demo.ts";
import { types } from "./types.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("cannery")
  .description("The Internet Computer's canister system in TypeScript: run canister Wasm, see and choose the order of messages.")
  .version(version)
  .showHelpAfterError("(cannery --help shows what there is)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command("demo")
  .description("calls between canisters, sequential and parallel, on one subnet and on two; composite queries")
  .option("--json", "one JSON object on standard output and nothing else", false)
  .action(demo);

program
  .command("types")
  .description("TypeScript types of a canister, from its module's own Candid or from a .did file")
  .argument("<file>", "a .wasm, .wasm.gz or .did file")
  .action(types);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CanneryError)) throw error;
  console.error(`cannery: ${error.message}`);
  process.exitCode = 1;
}
