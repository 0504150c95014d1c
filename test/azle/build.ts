/**
 * Canisters written in TypeScript, built with Azle: its package carries a module built from Rust (QuickJS and ic-stable-structures inside) in
 * which the build embeds the bundled program. No network, no `dfx`, no Rust at build time; some seconds for a program.
 *
 *   const { wasm } = await buildAzle(`import { IDL, query } from "azle"; export default class { … }`);
 *
 * The first call installs the package (about 100 MB) into this folder.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodeLeb128 } from "../../src/codec/leb128.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const MODULES = join(FOLDER, "node_modules");

export interface AzleCanister {
  readonly wasm: Uint8Array;
  /** The interface as .did text; it is in the module too, as the public section `candid:service`. */
  readonly candid: string;
}

/** Builds a program whose default export is a canister's class. Throws with what the build said when it does not build. */
export async function buildAzle(source: string, name = "canister"): Promise<AzleCanister> {
  installOnce();
  const project = await mkdtemp(join(tmpdir(), "cannery-azle-"));
  try {
    await symlink(MODULES, join(project, "node_modules"), "dir");
    await writeFile(join(project, "main.ts"), source);
    // Azle's own project file; nothing of the tool it is named after is needed.
    await writeFile(join(project, "dfx.json"), JSON.stringify({ canisters: { [name]: { type: "azle", main: "main.ts" } } }));
    const did = join(project, "canister.did");
    const command = [join(MODULES, "tsx", "dist", "cli.mjs"), join(MODULES, "azle", "src", "build.ts"), "build", name];
    await promisify(execFile)(process.execPath, command, { cwd: project, env: { ...process.env, CANISTER_CANDID_PATH: did } });
    const candid = await readFile(did, "utf8");
    const wasm = await readFile(join(project, ".azle", name, `${name}.wasm`));
    return { wasm: withInterface(wasm, candid), candid };
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

function installOnce(): void {
  if (existsSync(join(MODULES, "azle"))) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER, stdio: "inherit" });
}

/** The module with its interface in a custom section, which the deploying tool adds otherwise. */
function withInterface(wasm: Uint8Array, candid: string): Uint8Array {
  const name = Buffer.from("icp:public candid:service");
  const content = Buffer.concat([encodeLeb128(name.length), name, Buffer.from(candid)]);
  return Buffer.concat([wasm, Uint8Array.of(0), encodeLeb128(content.length), content]);
}
