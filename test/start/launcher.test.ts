/**
 * The launcher's contract with `icp`, each line of the checklist that needs no `icp`. Source: icp-launcher.md 1, 2, 4, 11.
 */
import { existsSync, mkdtempSync, readFileSync, statSync, watch, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CanisterStatus, HttpAgent } from "@icp-sdk/core/agent";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { parseLauncherArguments } from "../../src/cli/launcher-arguments.ts";
import { systemModuleFile } from "../../src/host/system-modules.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { bench, got, type Bench, type Running } from "./cannery.ts";
import { install } from "./management.ts";

const newBench = bench();

interface Status {
  readonly v: string;
  readonly gateway_port: number;
  readonly root_key: string;
  readonly default_effective_canister_id: string;
  readonly instance_id: number;
  readonly config_port: number;
  readonly supported_features: readonly string[];
}

/** As `icp` spawns it: in its status directory, which is there and empty. */
function launch(
  cannery: Bench,
  ...args: string[]
): { readonly running: Running; readonly folder: string; readonly status: () => Promise<Status> } {
  const folder = mkdtempSync(join(cannery.folder, "status-"));
  const running = cannery.spawn("launcher.js", ["--status-dir", folder, ...args]);
  return { running, folder, status: () => statusIn(folder, running) };
}

/** Reads the text once, when it appears: it must be whole. */
async function statusIn(folder: string, running: Running): Promise<Status> {
  const file = join(folder, "status.json");
  const watching = new AbortController();
  const appeared = new Promise<void>((resolve) => {
    watch(folder, { signal: watching.signal }, () => existsSync(file) && resolve());
    if (existsSync(file)) resolve();
  });
  const ended = running.ended.then(({ code, stderr }) => {
    throw new Error(`the launcher ended with code ${code}:\n${stderr}`);
  });
  try {
    await Promise.race([appeared, ended]);
  } finally {
    watching.abort();
  }
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^[^\n]+\n$/);
  return JSON.parse(text) as Status;
}

describe("the launcher", () => {
  test("is ready when status.json appears: calls are answered, the root key is the network's; two SIGINTs end it cleanly", async () => {
    const { running, folder, status } = launch(
      newBench(),
      ...["--interface-version", "1.1.0", "--state-dir", "/nowhere", "--bind", "127.0.0.1", "--verbose", "--domain=localhost"],
    );
    const { v, gateway_port: port, root_key: rootKey, default_effective_canister_id: effective } = await status();
    expect(v).toBe("1");
    expect(rootKey).toMatch(/^[0-9a-f]{266}$/);
    const agent = await HttpAgent.create({ host: `http://127.0.0.1:${port}`, shouldFetchRootKey: true, retryTimes: 0 });
    expect(Buffer.from(agent.rootKey!).toString("hex")).toBe(rootKey);
    const id = await install(agent, effective, loadGenerated("counter"));
    expect(id.toText()).toBe(effective);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.kill("SIGINT");
    expect(code).toBe(0);
    expect(stderr).toBe(`cannery instance running with gateway port ${port}\n`);
    expect(existsSync(folder)).toBe(false);
  });

  test("canisters are at <id>.localhost, at the domains given, and at custom domains as soon as icp has written them", async () => {
    const { running, folder, status } = launch(newBench(), "--domain=127.0.0.1", "--domain=example.org");
    const { gateway_port: port, supported_features: features } = await status();
    expect(features).toEqual(["custom-domains"]);
    // The ICP ledger, which serves no pages.
    const ledger = "ryjl3-tyaaa-aaaaa-aaaba-cai";
    const answer = async (host: string): Promise<string> => {
      const { statusCode, headers } = await got(host, port);
      return `${statusCode} ${String(headers["x-ic-canister-id"] ?? "none")}`;
    };
    for (const host of [`${ledger}.localhost`, `${ledger}.example.org`]) expect(await answer(host)).toBe(`503 ${ledger}`);
    expect(await answer("ui.local.localhost")).toBe("400 none");
    writeFileSync(join(folder, "custom-domains.txt"), `ui.local.localhost:${ledger}\n`);
    expect(await answer("ui.local.localhost")).toBe(`503 ${ledger}`);
    expect(await answer(`${ledger}.example.com`)).toBe("400 none");
    expect((await running.kill("SIGINT")).code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  test("SIGTERM ends it as SIGINT does; a port that was taken is free then", async () => {
    const cannery = newBench();
    const first = launch(cannery);
    const { gateway_port: port } = await first.status();
    const second = launch(cannery, `--gateway-port=${port}`);
    await expect(second.status()).rejects.toThrow(
      new RegExp(`code 1:\nError: port ${port} of 127.0.0.1 is taken by the Cannery network of .*process ${first.running.child.pid}`),
    );
    expect(existsSync(join(second.folder, "status.json"))).toBe(false);
    expect((await first.running.kill("SIGTERM")).code).toBe(0);
    const third = launch(cannery, "--gateway-port", String(port));
    expect((await third.status()).gateway_port).toBe(port);
    expect((await third.running.kill("SIGTERM")).code).toBe(0);
  });

  test("its config port is that of a PocketIC server whose first instance is the network, which ends with that", async () => {
    const { running, folder, status } = launch(newBench(), "--config-port=0", "--domain=localhost");
    const { gateway_port: port, config_port: configPort, instance_id: id, root_key: rootKey } = await status();
    const server = `http://localhost:${configPort}`;
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${server}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    await fetch(`${server}/instances/${id}/stop_progress`, { method: "POST" });
    const { nanos_since_epoch: now } = (await (await fetch(`${server}/instances/${id}/read/get_time`)).json()) as {
      nanos_since_epoch: number;
    };
    const later = (Math.floor(now / 1e9) + 120) * 1e9;
    expect(await (await post(`/instances/${id}/update/set_time`, { nanos_since_epoch: later })).json()).toBe(null);
    const agent = await HttpAgent.create({ host: `http://localhost:${port}`, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const read = await CanisterStatus.request({ canisterId: Principal.fromText(SYSTEM_CANISTER_IDS.ledger), agent, paths: ["time"] });
    expect((read.get("time") as Date).getTime()).toBe(later / 1e6);

    const config = { subnet_config_set: { application: [{ state_config: "New", instruction_config: "Production" }] } };
    expect(await (await post("/instances", config)).json()).toMatchObject({ Created: { instance_id: id + 1 } });
    expect((await fetch(`${server}/instances/${id}`, { method: "DELETE" })).status).toBe(200);
    expect((await running.ended).code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  test("each name under which clients come reaches it, by both families of addresses", async () => {
    const cannery = newBench();
    for (const bind of ["127.0.0.1", "::1"]) {
      const { running, status } = launch(cannery, "--domain=127.0.0.1", "--bind", bind);
      const { gateway_port: port } = await status();
      for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
        expect([host, (await fetch(`http://${host}:${port}/api/v2/status`)).status]).toEqual([host, 200]);
      }
      expect((await running.kill("SIGINT")).code).toBe(0);
    }
  });

  test("its subnets are those asked for, and those of the system's canisters", async () => {
    const cannery = newBench();
    const { running, status } = launch(
      cannery,
      ...["--subnet=system", "--subnet", "verified-application", "--subnet=sns", "--subnet=nns", "--subnet=sns", "--subnet=system"],
      "--artificial-delay-ms=5",
    );
    await status();
    const [{ subnets }] = (await cannery.status()) as [Awaited<ReturnType<Bench["status"]>>[number]];
    expect(subnets.map(({ kind, name }) => [kind, name])).toEqual([
      ["system", "system"],
      ["verified_application", "verified_application"],
      ["application", "sns"],
      ["system", "system"],
      ["system", "nns"],
      ["system", "ii"],
      ["application", "fiduciary"],
      ["application", "testkeys"],
    ]);
    expect((await running.kill("SIGINT")).code).toBe(0);
  });

  test("what it cannot do it refuses by name", async () => {
    const cannery = newBench();
    for (const arg of ["--ii", "--bitcoind-addr=127.0.0.1:18444"]) {
      const { code, stderr } = await launch(cannery, arg).running.ended;
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^Error: (Cannery|--)/)]);
    }
  });

  test("folders that it cannot write are named in one line, and nothing stays", async () => {
    const cannery = newBench();
    const file = join(cannery.folder, "file");
    writeFileSync(file, "");
    const reason = `${file} cannot be written: EEXIST: file already exists, mkdir '${file}'.\n`;
    const said = [1, expect.stringMatching(/^[^\n]+\n$/), expect.stringContaining(reason)];
    for (const [running, place] of [
      [cannery.spawn("launcher.js", ["--status-dir", file]), "status"],
      [cannery.spawn("launcher.js", [], { CANNERY_RUNNING_DIR: file }), "records"],
      [cannery.spawn("main.js", ["start", "--port", "0"], { CANNERY_RUNNING_DIR: file }), "records"],
    ] as const) {
      const { code, stderr } = await running.ended;
      expect([place, code, stderr, stderr]).toEqual([place, ...said]);
    }
  });

  test("with the NNS it has the SNS subnet, the system canisters there are, and says which are not", async () => {
    const cannery = newBench();
    const { running, status } = launch(cannery, "--nns", "--domain=localhost");
    const { gateway_port: port, root_key: rootKey } = await status();
    const [{ subnets }] = (await cannery.status()) as [Awaited<ReturnType<Bench["status"]>>[number]];
    expect(subnets.map(({ name }) => name)).toEqual(["application", "nns", "ii", "fiduciary", "testkeys", "sns"]);
    const agent = await HttpAgent.create({ host: `http://localhost:${port}`, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    for (const name of ["ledger", "registry"] as const) {
      const canisterId = Principal.fromText(SYSTEM_CANISTER_IDS[name]);
      expect((await CanisterStatus.request({ canisterId, agent, paths: ["module_hash"] })).get("module_hash")).toMatch(/^[0-9a-f]{64}$/);
    }
    const { code, stderr } = await running.kill("SIGINT");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Warning: .*governance, SNS.*\nWarning: .*Internet Identity.*ii=PATH/)]);
  });

  test("Internet Identity is installed from the path that the environment gives, and without one the refusal says where it is", async () => {
    const cannery = newBench();
    const folder = mkdtempSync(join(cannery.folder, "status-"));
    const module = fileURLToPath(systemModuleFile("identity-stand-in"));
    const running = cannery.spawn("launcher.js", ["--status-dir", folder, "--ii"], { CANNERY_SYSTEM_CANISTERS: `ii=${module}` });
    const { gateway_port: port, root_key: rootKey } = await statusIn(folder, running);
    const agent = await HttpAgent.create({ host: `http://127.0.0.1:${port}`, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const id = Principal.fromText(SYSTEM_CANISTER_IDS["internet-identity"]);
    const status = await CanisterStatus.request({ canisterId: id, agent, paths: ["module_hash"] });
    expect(status.get("module_hash")).toBe(createHash("sha256").update(readFileSync(module)).digest("hex"));
    expect((await running.kill("SIGINT")).code).toBe(0);

    expect((await launch(cannery, "--ii").running.ended).stderr).toMatch(/internet-identity\/releases and set CANNERY_SYSTEM_CANISTERS/);
    const wrong = cannery.spawn("launcher.js", [], { CANNERY_SYSTEM_CANISTERS: "moon=x" });
    expect(await wrong.ended).toMatchObject({ code: 2, stderr: expect.stringContaining("NAME=PATH is expected") });
  });

  test("id.ai is the pages of Internet Identity, or the one canister that older releases are", async () => {
    const [standIn, pages] = (["identity-stand-in", "assets"] as const).map((name) => fileURLToPath(systemModuleFile(name)));
    const { "internet-identity": backend, "internet-identity-frontend": frontend } = SYSTEM_CANISTER_IDS;
    const cannery = newBench();
    const behind = async (modules: string): Promise<string | null> => {
      const folder = mkdtempSync(join(cannery.folder, "status-"));
      const running = cannery.spawn("launcher.js", ["--status-dir", folder, "--ii"], { CANNERY_SYSTEM_CANISTERS: modules });
      const { gateway_port: port } = await statusIn(folder, running);
      // As icp writes it.
      writeFileSync(join(folder, "custom-domains.txt"), `id.ai.localhost:${frontend}\n`);
      const canister = String((await got("id.ai.localhost", port)).headers["x-ic-canister-id"]);
      expect((await running.kill("SIGINT")).code).toBe(0);
      return canister;
    };
    expect(await behind(`ii=${standIn}`)).toBe(backend);
    expect(await behind(`ii=${standIn},ii-frontend=${pages}`)).toBe(frontend);
  });

  test("another version of the interface is not served", async () => {
    const { code, stderr } = await launch(newBench(), "--interface-version", "2.0.0").running.ended;
    expect([code, stderr]).toEqual([1, "Error: Unsupported interface version 2.0.0. Supported versions: ^1.0.0\n"]);
  });

  test("cannery path launcher prints the path of a program", async () => {
    const { stdout } = await newBench().run("path", "launcher");
    const path = stdout.trim();
    expect(readFileSync(path, "utf8")).toMatch(/^#!/);
    expect(statSync(path).mode & 0o111).toBe(0o111);
  });
});

describe("its arguments", () => {
  const parse = (...args: string[]) => parseLauncherArguments(args, {});

  test("values come behind a space or a sign", () => {
    for (const args of [
      [
        "--bind=127.0.0.2",
        "--gateway-port=8000",
        "--status-dir=/s",
        "--subnet=nns",
        "--subnet=sns",
        "--domain=a",
        "--artificial-delay-ms=7",
      ],
      [..."--bind 127.0.0.2 --gateway-port 8000 --status-dir /s --subnet nns --subnet sns --domain a --artificial-delay-ms 7".split(" ")],
    ]) {
      expect(parse(...args)).toMatchObject({
        ...{ bind: "127.0.0.2", gatewayPort: 8000, statusDir: "/s", subnets: ["nns", "sns"], domains: ["a"] },
        artificialDelayMilliseconds: 7,
      });
    }
  });

  test("unknown ones are skipped with a warning when the interface is of another version", () => {
    const { warnings, bind } = parse("--interface-version", "1.7.0", "--new", "thing", "--newer=1", "--bind", "::1");
    expect(warnings).toEqual([expect.stringContaining("--new "), expect.stringContaining("--newer=1")]);
    expect(bind).toBe("::1");
  });

  test("help and version have short names", () => {
    expect([parse("-h").help, parse("-V").version]).toEqual([true, true]);
  });

  test("unknown ones are mistakes in its own version, and without any", () => {
    expect(() => parse("--interface-version=1.1.0", "--new")).toThrow("unexpected argument '--new'");
    expect(() => parse("--new")).toThrow("unexpected argument '--new'");
  });

  test("the version may come from the environment", () => {
    const environment = { ICP_CLI_NETWORK_LAUNCHER_INTERFACE_VERSION: "0.9.0" };
    expect(() => parseLauncherArguments([], environment)).toThrow("Unsupported interface version 0.9.0");
  });

  test.each([["--gateway-port"], ["--gateway-port", "65536"], ["--gateway-port", "x"], ["--subnet", "moon"], ["--bind=a", "--bind=b"]])(
    "%s %s is refused",
    (...args) => {
      expect(() => parse(...args)).toThrow(/^error: /);
    },
  );
});
