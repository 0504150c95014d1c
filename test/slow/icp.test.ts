/**
 * The real `icp` command starts, uses and stops a network of ours, through the launcher: nothing of it is replaced.
 *
 * Its binary comes from npm (test/icp, with a lock of its own). Source of what it does: icp-launcher.md 4, 5, 7.
 */
import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, markOf } from "../../src/host/process-mark.ts";
import { buildAzle } from "../azle/build.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(ROOT, "test", "icp");
const ICP = join(FOLDER, "node_modules", "@icp-sdk", "icp-cli-linux-x64", "bin", "icp");
/** The binary there is for Linux. */
const isHere = process.platform === "linux" && process.arch === "x64";

const home = temporaryFolder("icp");
const project = join(home, "project");
const ENVIRONMENT = {
  ...process.env,
  HOME: home,
  XDG_CONFIG_HOME: join(home, ".config"),
  XDG_DATA_HOME: join(home, ".local", "share"),
  XDG_CACHE_HOME: join(home, ".cache"),
  CANNERY_RUNNING_DIR: join(home, "running"),
  ICP_CLI_NETWORK_LAUNCHER_PATH: join(ROOT, "dist", "cli", "launcher.js"),
  ICP_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  NO_COLOR: "1",
};

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to its end, whatever that is. */
function attempt(...args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(ICP, args, { cwd: project, env: ENVIRONMENT }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Standard output of a command that must work. */
async function icp(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await attempt(...args);
  if (code !== 0) throw new Error(`icp ${args.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
  return stdout;
}

const MOTOKO = `node --import tsx scripts/motoko/build.ts examples/users-and-posts`;

/** More than a message may carry: it is installed in chunks. */
const TYPESCRIPT = `
import { IDL, query, update } from "azle";

const Request = IDL.Record({ url: IDL.Text });
const Header = IDL.Tuple(IDL.Text, IDL.Text);
const Response = IDL.Record({ status_code: IDL.Nat16, headers: IDL.Vec(Header), body: IDL.Vec(IDL.Nat8) });

export default class {
  visits = 0;

  @update([], IDL.Nat32)
  visit() { return ++this.visits; }

  @query([Request], Response)
  http_request({ url }: { url: string }) {
    return { status_code: 200, headers: [["content-type", "text/plain"]], body: new TextEncoder().encode(url + " of TypeScript") };
  }
}
`;
const TYPESCRIPT_MODULE = join(home, "typescript.wasm");

/** Two Motoko canisters that a script builds, and those that are there already. */
const MANIFEST = {
  networks: [{ name: "local", mode: "managed", gateway: { port: 0 } }],
  canisters: [
    { name: "users", build: { steps: [{ type: "script", commands: [`cd '${ROOT}' && ${MOTOKO}/users.mo`] }] } },
    { name: "posts", build: { steps: [{ type: "script", commands: [`cd '${ROOT}' && ${MOTOKO}/posts.mo`] }] } },
    { name: "counter", build: { steps: [{ type: "pre-built", path: join(ROOT, "generated", "motoko", "counter.wasm.gz") }] } },
    { name: "typescript", build: { steps: [{ type: "pre-built", path: TYPESCRIPT_MODULE }] } },
  ],
};

describe.runIf(isHere)("icp", () => {
  beforeAll(async () => {
    if (!existsSync(ICP)) execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER, stdio: "inherit" });
    execFileSync(process.execPath, ["--import", "tsx", join(ROOT, "scripts", "build.ts")]);
    mkdirSync(project);
    writeFileSync(TYPESCRIPT_MODULE, (await buildAzle(TYPESCRIPT, "typescript")).wasm);
    // YAML reads JSON.
    writeFileSync(join(project, "icp.yaml"), JSON.stringify(MANIFEST));
  });
  afterAll(async () => {
    await attempt("network", "stop");
  });

  test("starts the network in the background with an identity that has ICP and cycles, the Candid UI and the proxy canister", async () => {
    await icp("identity", "new", "alice", "--storage", "plaintext");
    const { stderr } = await attempt("network", "start", "-d");
    expect(stderr).not.toMatch(/error|warn/i);
    const { pid, ...status } = descriptor();
    expect(status).toMatchObject({ v: "1" });
    expect(isAlive(markOf(pid))).toBe(true);
    expect(await icp("network", "status")).toMatch(/Candid UI Principal: \S+\nProxy Canister Principal: \S+/);
    expect(await icp("network", "ping")).toContain('"replica_health_status": "healthy"');
    expect(await icp("token", "balance", "--identity", "alice")).toContain("1000000.00000000 ICP");
    expect(await icp("cycles", "balance", "--identity", "alice")).toContain("1_000_000_000_000_000 cycles");
  });

  test("deploys canisters, and calls them", async () => {
    await icp("deploy");
    expect(await icp("canister", "call", "counter", "inc", "()")).toBe("(1 : nat)\n");
    expect(await icp("canister", "call", "counter", "get", "()", "--query")).toBe("(1 : nat)\n");
    // A second deployment upgrades them.
    await icp("deploy");
    expect(await icp("canister", "call", "counter", "get", "()", "--query")).toBe("(1 : nat)\n");
  });

  test("deploys a canister in TypeScript, in chunks, which icp, agents and browsers reach", async () => {
    expect(await icp("canister", "call", "typescript", "visit", "()")).toBe("(1 : nat32)\n");
    const { gateway } = JSON.parse(descriptorText()) as { gateway: { port: number } };
    const { id } = JSON.parse(await icp("canister", "status", "typescript", "--json")) as { id: string };
    const agent = await HttpAgent.create({ host: `http://localhost:${gateway.port}`, shouldFetchRootKey: true });
    const idl = () => IDL.Service({ visit: IDL.Func([], [IDL.Nat32], []) });
    const actor = Actor.createActor<{ visit(): Promise<number> }>(idl, { agent, canisterId: id });
    expect(await actor.visit()).toBe(2);
    // What it serves is not certified: only a raw address shows it.
    const page = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { host: `${host}:${gateway.port}` };
        get({ host: "127.0.0.1", port: gateway.port, path: "/page", headers }, (response) => resolve(text(response))).on("error", reject);
      });
    expect(await page(`${id}.raw.localhost`)).toBe("/page of TypeScript");
    expect(await page("typescript.local.localhost")).toMatch(/certificat|verif/i);
  });

  test("tells a controller of a canister's status, settings and logs, anybody else less", async () => {
    const status = await icp("canister", "status", "counter");
    expect(status).toContain("Status: Running");
    expect(status).toMatch(/Module hash: 0x[0-9a-f]{64}/);
    const toAlice = await icp("canister", "status", "counter", "--identity", "alice");
    expect(toAlice).toMatch(/Controllers:\n.*2vxsx-fae\n {2}Module hash: 0x/);
    expect(toAlice).not.toContain("Cycles:");
    await icp("canister", "settings", "update", "counter", "--freezing-threshold", "3000000", "--log-memory-limit", "1MiB");
    await icp("canister", "settings", "update", "counter", "--log-visibility", "public");
    const settings = await icp("canister", "settings", "show", "counter");
    expect(settings).toContain("Freezing threshold: 3_000_000");
    expect(settings).toContain("Log visibility: Public");
    expect(settings).toContain("Log memory limit: 1_048_576");
    expect((await attempt("canister", "logs", "counter", "--identity", "alice")).code).toBe(0);
  });

  test("goes back to a snapshot", async () => {
    await icp("canister", "stop", "counter");
    await icp("canister", "snapshot", "create", "counter");
    const listed = await icp("canister", "snapshot", "list", "counter");
    const id = /\b[0-9a-f]{24,}\b/.exec(listed)![0];
    await icp("canister", "start", "counter");
    expect(await icp("canister", "call", "counter", "inc", "()")).toBe("(2 : nat)\n");
    await icp("canister", "stop", "counter");
    await icp("canister", "snapshot", "restore", "counter", id);
    await icp("canister", "start", "counter");
    expect(await icp("canister", "call", "counter", "get", "()", "--query")).toBe("(1 : nat)\n");
  });

  test("moves tokens and cycles, and tops up a canister", async () => {
    await icp("identity", "new", "bob", "--storage", "plaintext");
    const bob = (await icp("identity", "principal", "--identity", "bob")).trim();
    await icp("token", "transfer", "5", bob, "--identity", "alice");
    expect(await icp("token", "balance", "--identity", "bob")).toContain("5.00000000 ICP");
    await icp("cycles", "mint", "--icp", "1", "--identity", "bob");
    expect(await icp("cycles", "balance", "--identity", "bob")).toMatch(/Balance: 3_5\d\d_/);
    const before = await cyclesOf("counter");
    await icp("canister", "top-up", "counter", "--amount", "1t");
    expect((await cyclesOf("counter")) - before).toBeGreaterThan(990_000_000_000n);
  });

  test("calls through the proxy canister, which may control a canister", async () => {
    const { "proxy-canister-id": proxy } = JSON.parse(descriptorText()) as { "proxy-canister-id": string };
    expect(await icp("canister", "call", "counter", "inc", "()", "--proxy", proxy, "--cycles", "1t")).toBe("(2 : nat)\n");
    const refused = await attempt("canister", "status", "counter", "--proxy", proxy);
    expect(refused.stderr).toContain(`Only the controllers of the canister`);
    await icp("canister", "settings", "update", "counter", "--add-controller", proxy);
    expect(await icp("canister", "status", "counter", "--proxy", proxy)).toContain("Status: Running");
  });

  test("sends a call that was signed before, and calls by a delegation and with an imported key", async () => {
    await icp("canister", "call", "counter", "inc", "()", "--sign-only", "signed.json");
    // The second time it is the same message, and its answer.
    for (const _ of ["once", "again"]) expect(await icp("message", "send", "signed.json", "--yes")).toContain("(3 : nat)");
    writeFileSync(join(project, "session.pem"), await icp("identity", "delegation", "request", "session", "--storage", "plaintext"));
    const chain = await icp("identity", "delegation", "sign", "--identity", "alice", "--key-pem", "session.pem", "--duration", "1d");
    writeFileSync(join(project, "chain.json"), chain);
    await icp("identity", "delegation", "use", "session", "--from-json", "chain.json");
    expect(await icp("cycles", "balance", "--identity", "session")).toBe(await icp("cycles", "balance", "--identity", "alice"));
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    writeFileSync(join(project, "p256.pem"), privateKey.export({ type: "sec1", format: "pem" }));
    await icp("identity", "import", "carol", "--from-pem", "p256.pem", "--storage", "plaintext");
    expect(await icp("canister", "call", "counter", "inc", "()", "--identity", "carol")).toBe("(4 : nat)\n");
  });

  test("writes down where the network is a PocketIC instance: its time is set there, and a canister's log shows it", async () => {
    const { "pocketic-config-port": port, "pocketic-instance-id": id } = JSON.parse(descriptorText()) as Record<string, number>;
    const instance = `http://localhost:${port}/instances/${id}`;
    const { nanos_since_epoch: now } = (await (await fetch(`${instance}/read/get_time`)).json()) as { nanos_since_epoch: number };
    const later = (Math.floor(now / 1e9) + 60) * 1e9;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ nanos_since_epoch: later });
    expect((await fetch(`${instance}/update/set_time`, { method: "POST", headers, body })).status).toBe(200);
    await icp("canister", "call", "counter", "print", '("hello")');
    expect(await icp("canister", "logs", "counter")).toContain(new Date(later / 1e6).toISOString().slice(0, -"5.000Z".length));
  });

  test("deletes a canister", async () => {
    await icp("canister", "stop", "posts");
    await icp("canister", "delete", "posts");
    expect((await attempt("canister", "status", "posts")).code).not.toBe(0);
  });

  test("stops the network without a warning, and starts it again", async () => {
    const launcher = markOf(descriptor().pid);
    const { code, stderr } = await attempt("network", "stop");
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/warn/i)]);
    expect(isAlive(launcher)).toBe(false);
    await icp("network", "start", "-d");
    expect(await icp("network", "ping")).toContain("healthy");
  });

  test("starts it again after somebody has killed it", async () => {
    const launcher = markOf(descriptor().pid);
    process.kill(launcher.pid, "SIGKILL");
    // A signal is only sent: icp takes a connection that the dying process resets for an error of its own.
    await expect.poll(() => isAlive(launcher), { timeout: 60_000 }).toBe(false);
    await icp("network", "start", "-d");
    expect(await icp("network", "ping")).toContain("healthy");
  });

  test("starts one with an NNS as far as there is one, and uses one that cannery start runs", async () => {
    await icp("network", "stop");
    const cannery = (...args: string[]): string =>
      execFileSync(process.execPath, [join(ROOT, "dist", "cli", "main.js"), ...args], { cwd: home, env: ENVIRONMENT, encoding: "utf8" });
    const { url } = JSON.parse(cannery("start", "--background", "--port", "0", "--json")) as { url: string };
    const networks = [
      { name: "local", mode: "managed", nns: true, gateway: { port: 0 } },
      { name: "cannery", mode: "connected", url, "root-key": "fetch" },
    ];
    const canisters = MANIFEST.canisters.filter(({ name }) => name === "counter");
    const environments = [{ name: "served", network: "cannery" }];
    writeFileSync(join(project, "icp.yaml"), JSON.stringify({ networks, canisters, environments }));
    await icp("network", "start", "-d");
    expect(await icp("token", "balance", "--identity", "alice")).toContain("1000000.00000000 ICP");
    await icp("deploy", "-e", "served");
    expect(await icp("canister", "call", "counter", "inc", "()", "-e", "served")).toBe("(1 : nat)\n");
    cannery("stop", "--port", new URL(url).port);
  });
});

async function cyclesOf(canister: string): Promise<bigint> {
  const status = await icp("canister", "status", canister);
  return BigInt(/ Cycles: ([\d_]+)/.exec(status)![1]!.replaceAll("_", ""));
}

function descriptorText(): string {
  return readFileSync(join(project, ".icp", "cache", "networks", "local", "descriptor.json"), "utf8");
}

function descriptor(): { readonly pid: number; readonly v: string } {
  const parsed = JSON.parse(descriptorText()) as { readonly v: string; readonly "child-locator": { readonly pid: number } };
  return { v: parsed.v, pid: parsed["child-locator"].pid };
}
