/**
 * PocketIC's own Rust client against our server (`test/pic-rust`), built and run by cargo as its users do: nothing tells the server which
 * version the client wants. Skipped where there is no cargo.
 */
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { MANAGEMENT_CANISTER } from "../../src/core/state/ids.ts";
import { BINARY, builtServer } from "../pic/client.ts";
import { flexibleRequest, httpRequest } from "../support/outcall-requests.ts";
import { append, appendArgument, call, print, program, puppet, reject, send, trap } from "../support/puppet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FOLDER = fileURLToPath(new URL("../pic-rust", import.meta.url));
/** Outside of the checkout, so that a fresh one finds what was built before. */
const TARGET = join(tmpdir(), "cannery-pic-rust");

function hasCargo(): boolean {
  try {
    execFileSync("cargo", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isMissing = !hasCargo() && process.env["CI"] !== "true";

const outcall = httpRequest({ max_response_bytes: [1000n] });

/** Of three nodes, two answer. */
const flexible = flexibleRequest({ replication: [{ total_requests: 3, min_responses: 2, max_responses: 3 }] });

/** What the tests in Rust find in their folder. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  "counter.wasm": loadGenerated("counter"),
  "universal.wasm": puppet(),
  "hello.bin": program(append("hello"), send),
  "trap.bin": trap("fell"),
  "reject.bin": reject("no"),
  "print.bin": program(print("printed"), send),
  "outcall.bin": call(MANAGEMENT_CANISTER, {
    method: "http_request",
    arg: outcall,
    cycles: 1_000_000_000_000n,
    onReply: program(appendArgument, send),
  }),
  "flexible.bin": call(MANAGEMENT_CANISTER, { method: "flexible_http_request", arg: flexible, onReply: program(appendArgument, send) }),
};

describe.skipIf(isMissing)("the Rust client (skipped without cargo)", () => {
  const programs = temporaryFolder("programs");
  beforeAll(() => {
    builtServer();
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(programs, name), bytes);
  });

  test("every test of it passes", async () => {
    const { CANNERY_POCKET_IC_VERSION: _version, ...rest } = process.env;
    const env = { ...rest, CARGO_TARGET_DIR: TARGET, POCKET_IC_BIN: BINARY, CANNERY_PROGRAMS: programs };
    const { stdout } = await promisify(execFile)("cargo", ["test", "--locked", "--quiet", "--test", "client"], { cwd: FOLDER, env }).catch(
      (error: Error & { stdout: string; stderr: string }) => {
        throw new Error(`cargo test failed\n${error.stdout}\n${error.stderr}`);
      },
    );
    expect(stdout).toMatch(/test result: ok\. \d+ passed; 0 failed; 0 ignored/);
  });
});
