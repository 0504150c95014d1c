/**
 * `cannery start` and what speaks of networks that run: processes as users start them, agents with every check switched on.
 */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { identityOfPem } from "../../src/host/pem-identity.ts";
import { isAlive, markOf } from "../../src/host/process-mark.ts";
import { systemModule, systemModuleFile } from "../../src/host/system-modules.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { recursion } from "../support/recursion.ts";
import { bench, got } from "./cannery.ts";
import { install } from "./management.ts";

const newBench = bench();

interface Counter {
  inc(): Promise<bigint>;
  get(): Promise<bigint>;
}

const counterInterface: IDL.InterfaceFactory = ({ IDL: idl }) =>
  idl.Service({ inc: idl.Func([], [idl.Nat], []), get: idl.Func([], [idl.Nat], ["query"]) });

describe("cannery start", () => {
  test("agents create, install and call canisters; SIGINT ends it cleanly", async () => {
    const cannery = newBench();
    const running = await cannery.start();
    const { url, rootKey, pid, subnets } = running.ready;
    expect(pid).toBe(running.child.pid);
    expect(subnets.map(({ name }) => name)).toEqual(["application", "nns", "ii", "fiduciary", "testkeys"]);
    const agent = await HttpAgent.create({ host: url, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const { defaultEffectiveCanisterId: effective } = (await cannery.status())[0]!;
    const id = await install(agent, effective, loadGenerated("counter"));
    const counter = Actor.createActor<Counter>(counterInterface, { agent, canisterId: id });
    await counter.inc();
    await counter.inc();
    expect(await counter.get()).toBe(2n);
    const { code, stderr } = await running.kill("SIGINT");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expect(fetch(`${url}/api/v2/status`)).rejects.toThrow();
  });

  test("canisters recurse as deep as the platform's, and no deeper", async () => {
    const cannery = newBench();
    const { url, rootKey } = (await cannery.start()).ready;
    const agent = await HttpAgent.create({ host: url, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const canisterId = await install(agent, (await cannery.status())[0]!.defaultEffectiveCanisterId, recursion());
    const idlFactory: IDL.InterfaceFactory = ({ IDL: idl }) => idl.Service({ deep: idl.Func([], [], []), endless: idl.Func([], [], []) });
    const actor = Actor.createActor(idlFactory, { agent, canisterId });
    await expect(actor["endless"]!()).rejects.toThrow("stack overflow");
    await actor["deep"]!();
  });

  test("in the background it stays when the command has ended; ping, status, call and stop find it", async () => {
    const cannery = newBench();
    const started = await cannery.run("start", "--background", "--port", "0", "--json");
    expect(started.stderr).toBe("");
    const { url, pid } = JSON.parse(started.stdout) as { url: string; pid: number };
    const mark = markOf(pid);
    const [entry] = await cannery.status();
    expect(entry).toMatchObject({ url, pid });
    expect(await cannery.run("ping")).toMatchObject({ code: 0, stdout: `${url} is healthy (cannery)\n` });
    const agent = await HttpAgent.create({ host: url, shouldFetchRootKey: true });
    const id = await install(agent, entry!.defaultEffectiveCanisterId, loadGenerated("counter"));
    expect(await cannery.run("call", id.toText(), "inc")).toMatchObject({ stderr: "", stdout: "(1 : nat)\n" });
    expect(await cannery.run("call", id.toText(), "get", "()")).toMatchObject({ stderr: "", stdout: "(1 : nat)\n" });
    expect(await cannery.run("call", id.toText(), "get", "(5)")).toMatchObject({
      code: 1,
      stderr: "cannery: get takes (): 1 values given where 0 are expected\n",
    });
    expect(await cannery.run("call", id.toText(), "nothing")).toMatchObject({ code: 1, stderr: expect.stringContaining("It has") });
    expect(await cannery.run("stop")).toMatchObject({ code: 0, stdout: `Stopped ${url} (process ${pid})\n` });
    expect(isAlive(mark)).toBe(false);
    expect(await cannery.status()).toEqual([]);
    expect(await cannery.run("ping")).toMatchObject({ code: 1, stderr: "cannery: no network runs here. Start one: cannery start\n" });
  });

  test("with a config port it is an instance of a PocketIC server too, in the background as well", async () => {
    const cannery = newBench();
    const { stdout } = await cannery.run("start", "--background", "--port", "0", "--config-port", "0", "--json");
    const { configUrl } = JSON.parse(stdout) as { configUrl: string };
    expect(await (await fetch(`${configUrl}/auto_progress`)).json()).toBe(true);
    expect(await cannery.status()).toMatchObject([{ configUrl }]);
    const taken = await cannery.run("start", "--port", "0", "--config-port", new URL(configUrl).port);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^cannery: port \d+ of 127\.0\.0\.1 is taken/) });
    expect((await cannery.run("stop")).code).toBe(0);
  });

  test("cannery call: as whose key is given, by query or update, with a description of one's own, and for other programs", async () => {
    const cannery = newBench();
    const { url, rootKey } = (await cannery.start()).ready;
    const agent = await HttpAgent.create({ host: url, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const { defaultEffectiveCanisterId: effective } = (await cannery.status())[0]!;
    const id = (await install(agent, effective, systemModule("identity-stand-in"), IDL.encode([], []))).toText();
    const call = (...args: string[]) => cannery.run("call", ...args);
    const pem = join(cannery.folder, "key.pem");
    writeFileSync(pem, generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({ type: "pkcs8", format: "pem" }));
    const who = identityOfPem(pem).getPrincipal().toText();
    expect(await call(id, "whoami", "--identity", pem)).toMatchObject({ stderr: "", stdout: `(principal "${who}")\n` });
    expect(await call(id, "whoami")).toMatchObject({ stdout: '(principal "2vxsx-fae")\n' });
    expect(JSON.parse((await call("ledger", "icrc1_symbol", "--json")).stdout)).toEqual({
      kind: "query",
      candid: '("ICP")',
      reply: "4449444c00017103494350",
    });
    expect(JSON.parse((await call("ledger", "icrc1_symbol", "--update", "--json")).stdout)).toMatchObject({ kind: "update" });
    // What is refused is told by its codes.
    const refused = await call(id, "whoami", "--query", "--json");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^cannery: whoami was rejected with code 5 \(IC0536\)/) });
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "rejected", rejectCode: 5, errorCode: "IC0536" } });
    const description = join(cannery.folder, "web.did");
    writeFileSync(description, "service : { fail : () -> () }");
    const missing = await call("internet-identity", "fail", "--candid", description);
    expect(missing.stderr).toBe("cannery: fail was rejected with code 3 (IC0301): Canister rdmx6-jaaaa-aaaaa-aaadq-cai not found\n");
    expect(await call("somebody", "x")).toMatchObject({ code: 1, stderr: expect.stringContaining("nor one of ledger, cycles-ledger") });
  });

  test("several run at once; a taken port is refused with its owner, in the background too", async () => {
    const cannery = newBench();
    const [one, two] = await Promise.all([cannery.start("--subnets", "application=2"), cannery.start("--subnets", "system")]);
    expect([one.ready.subnets.length, two.ready.subnets.length]).toEqual([2, 1]);
    const { port } = new URL(one.ready.url);
    const refusal = `cannery: port ${port} of 127.0.0.1 is taken by the Cannery network of ${process.cwd()} (process ${one.ready.pid}). Stop that, or give another port with --port.\n`;
    for (const where of [[], ["--background"]]) {
      expect(await cannery.run("start", "--port", port, ...where)).toMatchObject({ code: 1, stdout: "", stderr: refusal });
    }
    expect(await cannery.run("ping")).toMatchObject({ code: 1, stderr: expect.stringContaining("several networks run") });
    expect((await cannery.run("ping", "--port", port)).code).toBe(0);
    expect(await Promise.all([one.kill("SIGTERM"), two.kill("SIGINT")])).toMatchObject([{ code: 0 }, { code: 0 }]);
  });

  test("a port that another program has is refused with that program", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await newBench().run("start", "--port", String(port));
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(process.platform === "linux" ? `is taken by process ${process.pid}` : "is taken by another program");
  });

  test.each([
    [["--state", "folder"], /networks do not keep their state yet/],
    [["--subnets", "moon"], /"moon" is no kind of subnet/],
    [["--port", "70000"], /a port is a number/],
    [["--profile", "slow"], /there are instant/],
    [["--system-canister", "moon=x"], /NAME=PATH is expected/],
  ])("%j is refused", async (args, message) => {
    const { code, stderr } = await newBench().run("start", ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  test("Internet Identity, where its module is given, is at id.ai.localhost", async () => {
    const module = fileURLToPath(systemModuleFile("identity-stand-in"));
    const cannery = newBench();
    const running = await cannery.start("--system-canister", `ii=${module}`);
    const { port } = new URL(running.ready.url);
    const behind = async (host: string): Promise<unknown> => (await got(host, Number(port))).headers["x-ic-canister-id"];
    expect([await behind("id.ai.localhost"), await behind("moon.localhost")]).toEqual([
      SYSTEM_CANISTER_IDS["internet-identity"],
      undefined,
    ]);
    expect(await running.kill("SIGINT")).toMatchObject({ code: 0 });
  });

  test("the system canisters are there, and a module of the user may take the place of one", async () => {
    const cannery = newBench();
    const module = join(cannery.folder, "counter.wasm");
    writeFileSync(module, loadGenerated("counter"));
    const running = await cannery.start("--system-canister", `cycles-ledger=${module}`);
    expect(await cannery.run("call", "ryjl3-tyaaa-aaaaa-aaaba-cai", "icrc1_symbol")).toMatchObject({ stdout: '("ICP")\n' });
    const agent = await HttpAgent.create({ host: running.ready.url, shouldFetchRootKey: true });
    const counter = Actor.createActor<Counter>(counterInterface, { agent, canisterId: "um5iw-rqaaa-aaaaq-qaaba-cai" });
    expect(await counter.get()).toBe(0n);
    // The example's description is for its controllers.
    expect(await cannery.run("call", "um5iw-rqaaa-aaaaq-qaaba-cai", "get")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("shows nobody a Candid description"),
    });
    expect(await running.kill("SIGINT")).toMatchObject({ code: 0 });
  });
});
