/**
 * PocketIC's own Python client against our server (`test/pic-python`), installed from PyPI into an environment of its own. Skipped where Python
 * cannot make one.
 */
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { BINARY, builtServer } from "../pic/client.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FOLDER = fileURLToPath(new URL("../pic-python", import.meta.url));

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import ensurepip, venv"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isMissing = !hasPython() && process.env["CI"] !== "true";

describe.skipIf(isMissing)("the Python client (skipped without python3 and its venv)", () => {
  const folder = temporaryFolder("pic-python");
  const python = join(folder, "venv", "bin", "python");
  beforeAll(() => {
    builtServer();
    writeFileSync(join(folder, "counter.wasm"), loadGenerated("counter"));
    execFileSync("python3", ["-m", "venv", join(folder, "venv")]);
    const requirements = join(FOLDER, "requirements.txt");
    execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", requirements]);
  });

  test("every test of it passes", async () => {
    const env = { ...process.env, POCKET_IC_BIN: BINARY, CANNERY_PROGRAMS: folder, PYTHONDONTWRITEBYTECODE: "1" };
    const { stderr } = await promisify(execFile)(python, ["-m", "unittest", "client_test"], { cwd: FOLDER, env });
    expect(stderr).toMatch(/^Ran \d+ tests in .*\n\nOK$/m);
  });
});
