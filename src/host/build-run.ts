/**
 * Runs the build script of a project's canister, as `icp build` does: shell commands that leave a module at `$ICP_WASM_OUTPUT_PATH`.
 *
 * Source: dfinity/icp-cli `docs/reference/environment-variables.md`, "Build Script Variables".
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CanneryError } from "../base/cannery-error.ts";
import type { BuildRun } from "../network/host.ts";

export async function runBuild({ commands, directory, environment }: BuildRun): Promise<Uint8Array> {
  const temporary = await mkdtemp(join(tmpdir(), "cannery-build-"));
  const output = join(temporary, "out.wasm");
  try {
    for (const command of commands) await run(command, directory, { ...environment, ICP_WASM_OUTPUT_PATH: output });
    return new Uint8Array(
      await readFile(output).catch((cause: unknown) => {
        throw new CanneryError("build-failed", `the build in ${directory} wrote no module to $ICP_WASM_OUTPUT_PATH`, { cause });
      }),
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function run(command: string, directory: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(command, { cwd: directory, shell: true, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  if (code !== 0)
    throw new CanneryError(
      "build-failed",
      `the build command ${JSON.stringify(command)} in ${directory} ended with ${code}:\n${text.slice(-4000)}`,
    );
}
