/**
 * Programs written for `@dfinity/agent` 1, 2 and 3 on a network of `cannery start`: the packages as they are, every check of theirs switched on.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { prepared, VERSIONS, type AgentOptions, type OldActor, type OldAgent, type OldIdentity, type OldPackages, type Version } from "../agents/client.ts"; // prettier-ignore
import { buildCannery, Running, type ReadyLine } from "../start/cannery.ts";
import { install } from "../start/management.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

type Idl = { IDL: typeof IDL };
const counterIdl = ({ IDL: idl }: Idl) =>
  idl.Service({
    inc: idl.Func([], [idl.Nat], []),
    get: idl.Func([], [idl.Nat], ["query"]),
    fail: idl.Func([], [], []),
  });
const identityIdl = ({ IDL: idl }: Idl) =>
  idl.Service({
    whoami: idl.Func([], [idl.Principal], []),
    get_delegation: idl.Func(
      [idl.Nat64, idl.Text, idl.Vec(idl.Nat8), idl.Nat64],
      [idl.Variant({ no_such_delegation: idl.Null, signed_delegation: idl.Reserved })],
      ["query"],
    ),
  });

/** In a range of the network, and not there. */
const INTERNET_IDENTITY = "rdmx6-jaaaa-aaaaa-aaadq-cai";

let packages: Readonly<Record<Version, OldPackages>>;
let network: { readonly url: string; readonly rootKey: string; readonly effective: string; readonly agent: HttpAgent };
/** One for all tests: each makes canisters of its own. */
let running: Running;
const folder = temporaryFolder("agents");

beforeAll(async () => {
  packages = prepared();
  await buildCannery();
  const env = { ...process.env, CANNERY_RUNNING_DIR: folder };
  running = new Running(spawn(process.execPath, [MAIN, "start", "--port", "0", "--json"], { env }));
  const { url, rootKey } = JSON.parse(await running.line()) as ReadyLine;
  const topology = (await (await fetch(`${url}/_/topology`)).json()) as { default_effective_canister_id: { canister_id: string } };
  const effective = Principal.fromUint8Array(Buffer.from(topology.default_effective_canister_id.canister_id, "base64")).toText();
  network = { url, rootKey, effective, agent: await HttpAgent.create({ host: url, shouldFetchRootKey: true }) };
});
afterAll(async () => {
  expect(await running.kill("SIGTERM")).toMatchObject({ code: 0 });
});
afterEach(() => void vi.useRealTimers());

async function installed(module: Uint8Array): Promise<string> {
  return (await install(network.agent, network.effective, module, IDL.encode([], []))).toText();
}

describe.each(VERSIONS)("@dfinity/agent %s", (version) => {
  const old = () => packages[version];
  const agentOf = async (options: Omit<AgentOptions, "host"> = {}): Promise<OldAgent> => {
    const agent = new (old().agent.HttpAgent)({ host: network.url, retryTimes: 0, ...options });
    await agent.fetchRootKey();
    return agent;
  };
  const actorOf = (agent: OldAgent, canisterId: string, idl: unknown): OldActor =>
    old().agent.Actor.createActor(idl, { agent, canisterId });

  test("fetches the root key, and the status", async () => {
    const agent = await agentOf();
    expect(Buffer.from((await agent.fetchRootKey()) as Uint8Array).toString("hex")).toBe(network.rootKey);
    expect(await agent.status()).toMatchObject({ replica_health_status: "healthy" });
  });

  test("calls canisters: updates one by one and at once, queries, rejects", async () => {
    const counter = actorOf(await agentOf(), await installed(loadGenerated("counter")), counterIdl);
    expect([await counter["inc"]!(), await counter["get"]!()]).toEqual([1n, 1n]);
    const ten = await Promise.all(Array.from({ length: 10 }, () => counter["inc"]!() as Promise<bigint>));
    expect(ten.sort((a, b) => Number(a - b))).toEqual([2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n]);
    await expect(counter["fail"]!()).rejects.toThrow(version === "v1" ? /Reject code/ : /IC0503/);
  });

  test("believes no network with another root key, and no answer that was changed on its way", async () => {
    const id = await installed(loadGenerated("counter"));
    const stranger = new (old().agent.HttpAgent)({ host: network.url, retryTimes: 0 });
    await expect(actorOf(stranger, id, counterIdl)["inc"]!()).rejects.toThrow(/signature|certificate/i);
    const damaging: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (!String(input).endsWith("/query")) return response;
      const bytes = new Uint8Array(await response.arrayBuffer());
      // The answer (1 : nat) becomes (2 : nat).
      const at = Buffer.from(bytes).indexOf("4449444c00017d01", "hex");
      if (at < 0) throw new Error("the answer is not where it was");
      bytes[at + 7] = 2;
      return new Response(bytes, { status: 200, headers: response.headers });
    };
    const deceived = actorOf(await agentOf({ fetch: damaging }), id, counterIdl);
    await expect(deceived["get"]!()).rejects.toThrow(/(?:signature|verif)/i);
  });

  describe("signs as", () => {
    const identities: Readonly<Record<string, (canister: string) => Promise<OldIdentity>>> = {
      Ed25519: async () => old().identity.Ed25519KeyIdentity.generate(),
      "P-256": () => old().identity.ECDSAKeyIdentity.generate(),
      secp256k1: async () => old().secp256k1.Secp256k1KeyIdentity.generate(),
      "a session with a delegation for one canister": async (canister) => {
        const { Ed25519KeyIdentity, DelegationChain, DelegationIdentity } = old().identity;
        const [root, session] = [Ed25519KeyIdentity.generate(), Ed25519KeyIdentity.generate()];
        const targets = [old().principal.Principal.fromText(canister)];
        const until = new Date(Date.now() + 600_000);
        return DelegationIdentity.fromDelegation(session, await DelegationChain.create(root, session.getPublicKey(), until, { targets }));
      },
    };
    test.each(Object.keys(identities))("%s", async (name) => {
      const id = await installed(systemModule("identity-stand-in"));
      const identity = await identities[name]!(id);
      const agent = await agentOf({ identity });
      const actor = actorOf(agent, id, identityIdl);
      expect(((await actor["whoami"]!()) as { toText(): string }).toText()).toBe(identity.getPrincipal().toText());
      expect(await actor["get_delegation"]!(1n, "site", new Uint8Array(), 0n)).toEqual({ no_such_delegation: null });
    });
  });

  test("reads what is certified of a canister, and the keys of its subnet's nodes", async () => {
    const agent = await agentOf();
    const id = await installed(systemModule("assets"));
    const canisterId = old().principal.Principal.fromText(id);
    const paths = ["time", "controllers", "module_hash", "candid", "subnet"];
    const status = await old().agent.CanisterStatus.request({ canisterId, agent, paths });
    expect(Math.abs(Date.now() - (status.get("time") as Date).getTime())).toBeLessThan(60_000);
    expect((status.get("controllers") as { toText(): string }[]).map((who) => who.toText())).toEqual(["2vxsx-fae"]);
    expect(status.get("module_hash")).toMatch(/^[0-9a-f]{64}$/);
    expect(status.get("candid")).toContain("create_batch");
    expect((status.get("subnet") as { nodeKeys: Map<string, unknown> }).nodeKeys.size).toBe(13);
    expect((await agent.fetchSubnetKeys(canisterId)).nodeKeys.size).toBe(13);
    expect(await old().agent.fetchCandid(id, agent)).toContain("create_batch");
  });

  test("asks the network for its time, whatever canister is there", async () => {
    const agent = await agentOf();
    await agent.syncTime();
    await agent.syncTime(old().principal.Principal.fromText(network.effective));
    const counter = actorOf(agent, await installed(loadGenerated("counter")), counterIdl);
    expect(await counter["inc"]!()).toBe(1n);
  });

  test("says that a canister does not exist", async () => {
    const nobody = actorOf(await agentOf(), INTERNET_IDENTITY, counterIdl);
    await expect(nobody["get"]!()).rejects.toThrow(new RegExp(`Canister ${INTERNET_IDENTITY} not found`));
    await expect(nobody["inc"]!()).rejects.toThrow(new RegExp(`Canister ${INTERNET_IDENTITY} not found`));
  });

  test("keeps files in an asset canister by the AssetManager", async () => {
    const id = await installed(systemModule("assets"));
    const assets = new (old().assets.AssetManager)({ agent: await agentOf(), canisterId: old().principal.Principal.fromText(id) });
    await assets.store(new TextEncoder().encode("<h1>hello</h1>"), { fileName: "index.html", contentType: "text/html" });
    const batch = assets.batch();
    const large = new Uint8Array(2_500_000).map((_, i) => i % 251);
    await batch.store(large, { fileName: "large.bin", path: "/data" });
    await batch.store(new TextEncoder().encode("small"), { fileName: "small.txt" });
    await batch.commit();
    expect((await assets.list()).map(({ key }) => key).sort()).toEqual(["/data/large.bin", "/index.html", "/small.txt"]);
    const got = await (await assets.get("/data/large.bin")).toUint8Array();
    expect(Buffer.compare(got, large)).toBe(0);
    const page = await fetch(`${network.url}/?canisterId=${id}`);
    expect([page.status, await page.text()]).toEqual([200, "<h1>hello</h1>"]);
    await assets.delete("/small.txt");
    expect(await assets.list()).toHaveLength(2);
    await assets.clear();
    expect(await assets.list()).toEqual([]);
  });
});

describe("@dfinity/agent v3, whose clock is wrong", () => {
  test.each([600_000, -600_000])("by %d ms: it asks for the time, and comes again", async (offset) => {
    const { HttpAgent: Agent, Actor } = packages.v3.agent;
    const id = await installed(loadGenerated("counter"));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + offset });
    const agent = new Agent({ host: network.url });
    await agent.fetchRootKey();
    const counter = Actor.createActor(counterIdl, { agent, canisterId: id });
    expect([await counter["inc"]!(), await counter["get"]!()]).toEqual([1n, 1n]);
  });
});
