/**
 * `@dfinity/pic` itself, started as its users start it: every method that it has.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { IDL } from "@icp-sdk/core/candid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { RESULT } from "../../src/core/management/candid-types.ts";
import { fetching } from "../support/outcall-requests.ts";
import { append, appendInfo, program, puppet, reject, send, trap } from "../support/puppet.ts";
import {
  BINARY,
  CLIENT_FOLDER,
  prepared,
  type AgentPackages,
  type PendingOutcall,
  type PicInstance,
  type PicPackage,
} from "../pic/client.ts";

let pic: PicPackage & AgentPackages;
let server: { getUrl(): string; stop(): Promise<void> };
let open: PicInstance[] = [];

beforeAll(async () => {
  pic = prepared();
  server = await pic.PocketIcServer.start({ binPath: BINARY, ttl: 120 });
});
afterAll(() => server?.stop());
afterEach(async () => {
  await Promise.all(open.map((instance) => instance.tearDown()));
  open = [];
});

async function instance(options?: object): Promise<PicInstance> {
  const created = await pic.PocketIc.create(server.getUrl(), options as Record<string, unknown> | undefined);
  open.push(created);
  return created;
}

type Idl = { IDL: typeof IDL };
const counterIdl = ({ IDL: idl }: Idl) => idl.Service({ inc: idl.Func([], [idl.Nat], []), get: idl.Func([], [idl.Nat], ["query"]) });
const calleeIdl = ({ IDL: idl }: Idl) => idl.Service({ ping: idl.Func([], [], []), pings: idl.Func([], [idl.Nat], ["query"]) });
const callerIdl = ({ IDL: idl }: Idl) => {
  const Outcome = idl.Record({ succeeded: idl.Nat });
  return idl.Service({
    sequential: idl.Func([idl.Principal, idl.Nat], [Outcome], []),
    parallel: idl.Func([idl.Principal, idl.Nat], [Outcome], []),
  });
};
const NEW = { state: { type: "new" } };

describe("canisters in Motoko", () => {
  test("are set up, called, stopped, started, upgraded and reinstalled", async () => {
    const net = await instance();
    const wasm = loadGenerated("counter");
    const { actor, canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm });
    expect(canisterId.toText()).toBe("lxzze-o7777-77777-aaaaa-cai");
    expect([await actor["inc"]!(), await actor["inc"]!(), await actor["get"]!()]).toEqual([1n, 2n, 2n]);

    await net.stopCanister({ canisterId });
    expect((await net.canisterStatus({ canisterId })).status).toEqual({ stopped: null });
    await expect(actor["inc"]!()).rejects.toThrow(
      /is stopped\. Reject code: CanisterError\. Error code: CanisterStopped\. Certified: false/,
    );
    await net.startCanister({ canisterId });

    await net.upgradeCanister({
      canisterId,
      wasm,
      upgradeModeOptions: { skip_pre_upgrade: [], wasm_memory_persistence: [{ keep: null }] },
    });
    expect(await actor["get"]!()).toBe(2n);
    await net.reinstallCode({ canisterId, wasm });
    expect(await actor["get"]!()).toBe(0n);
    expect(await net.createActor(counterIdl, canisterId)["inc"]!()).toBe(1n);
  });

  test("have the controllers and settings that were asked for", async () => {
    const net = await instance();
    const [alice, bob] = [pic.generateRandomIdentity().getPrincipal(), pic.generateRandomIdentity().getPrincipal()];
    const canisterId = await net.createCanister({ sender: alice, controllers: [alice], cycles: 5_000_000_000_000n, computeAllocation: 0n });
    expect((await net.getControllers(canisterId)).map((id) => id.toText())).toEqual([alice.toText()]);
    await expect(net.updateCanisterSettings({ canisterId, sender: bob, freezingThreshold: 7n })).rejects.toThrow(
      /CanisterInvalidController/,
    );
    await net.updateCanisterSettings({ canisterId, sender: alice, controllers: [alice, bob], freezingThreshold: 7n });
    const { settings } = await net.canisterStatus({ canisterId, sender: bob });
    expect(settings["freezingThreshold"]).toBe(7n);
  });

  test("on two subnets: 500 of 600 calls at once are sent, the same as one after the other otherwise", async () => {
    const net = await instance({ application: [NEW, NEW] });
    const [here, there] = await net.getApplicationSubnets();
    const callee = await net.setupCanister({
      idlFactory: calleeIdl,
      wasm: loadGenerated("parallel-calls-callee"),
      targetSubnetId: there!.id,
    });
    const caller = await net.setupCanister({
      idlFactory: callerIdl,
      wasm: loadGenerated("parallel-calls-caller"),
      targetSubnetId: here!.id,
    });
    expect(await caller.actor["parallel"]!(callee.canisterId, 600n)).toMatchObject({ succeeded: 500n });
    // Forty calls, each answered two rounds later: within the hundred rounds that a message is waited for.
    expect(await caller.actor["sequential"]!(callee.canisterId, 40n)).toMatchObject({ succeeded: 40n });
    expect(await callee.actor["pings"]!()).toBe(540n);
  });
});

test("a module of several megabytes is installed in chunks, uploaded at the same time", async () => {
  const net = await instance();
  const padding = Buffer.alloc(3_000_000, 7);
  const name = Buffer.from("\u0004rest");
  const length = [...new Array<number>(4).keys()].map((i) => (((name.length + padding.length) >> (7 * i)) & 0x7f) | (i < 3 ? 0x80 : 0));
  const wasm = Buffer.concat([puppet(), Uint8Array.of(0, ...length), name, padding]);
  const { canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm });
  expect(new TextDecoder().decode(await net.updateCall({ canisterId, method: "run", arg: program(append("big"), send) }))).toBe("big");
});

describe("time", () => {
  async function clock() {
    const net = await instance();
    const canisterId = await net.createCanister();
    await net.installCode({ canisterId, wasm: puppet() });
    const arg = program(appendInfo("time"), send);
    const seen = async () => Buffer.from(await net.queryCall({ canisterId, method: "look", arg })).readBigUInt64LE();
    return { net, seen };
  }

  test("that was set is seen by canisters from the next round on, certified time at once", async () => {
    const { net, seen } = await clock();
    const later = new Date("2030-01-01T00:00:00Z");
    await net.setTime(later);
    expect(await net.getTime()).toBe(later.getTime());
    expect(await seen()).toBeLessThan(1_700_000_000_000_000_000n);
    await net.tick();
    expect(await seen()).toBe(BigInt(later.getTime()) * 1_000_000n);
    await net.setCertifiedTime(later.getTime() + 1000);
    expect(await seen()).toBe(BigInt(later.getTime() + 1000) * 1_000_000n);
    await net.advanceTime(500);
    await net.tick();
    await net.advanceCertifiedTime(500);
    expect(await seen()).toBe(BigInt(later.getTime() + 2000) * 1_000_000n);
  });

  test("does not go back, and may stand still", async () => {
    const { net } = await clock();
    await net.resetTime();
    await net.resetCertifiedTime();
    await net.advanceTime(0);
    await net.advanceCertifiedTime(0);
    await expect(net.setTime(new Date("2000-01-01"))).rejects.toThrow(/SettingTimeIntoPast\(\(\d{19}, 946684800000000000\)\)/);
  });
});

test("cycles are exact, beyond 2^64", async () => {
  const net = await instance();
  const canisterId = await net.createCanister({ cycles: 1n });
  expect(await net.addCycles(canisterId, 2n ** 100n)).toBe(2n ** 100n + 1n);
  expect(await net.getCyclesBalance(canisterId)).toBe(2n ** 100n + 1n);
  const nobody = pic.Principal.fromText("rwlgt-iiaaa-aaaaa-aaaaa-cai");
  await expect(net.getCyclesBalance(nobody)).rejects.toThrow("CanisterNotFound(CanisterId(rwlgt-iiaaa-aaaaa-aaaaa-cai))");
});

test("stable memory is read and replaced", async () => {
  const net = await instance();
  const { canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm: puppet() });
  const bytes = Uint8Array.from({ length: 70_000 }, (_none, i) => i % 251);
  await net.setStableMemory(canisterId, bytes);
  const read = await net.getStableMemory(canisterId);
  expect(read.length).toBe(131_072);
  expect(Buffer.from(read.subarray(0, bytes.length)).equals(bytes)).toBe(true);
  const empty = await net.createCanister();
  await expect(net.setStableMemory(empty, bytes)).rejects.toThrow("CanisterIsEmpty");
});

describe("subnets", () => {
  test("have the kinds, ids and canister ranges of the real ones", async () => {
    const net = await instance({ nns: NEW, sns: NEW, ii: NEW, fiduciary: NEW, bitcoin: NEW, system: [NEW], application: [NEW] });
    expect((await net.getTopology()).length).toBe(7);
    const ranges = async (of: Promise<{ readonly canisterRanges: PicSubnetRanges } | undefined>) =>
      (await of)!.canisterRanges.map(({ start, end }) => `${start.toText().slice(0, 5)} ${end.toText().slice(0, 5)}`);
    expect(await ranges(net.getNnsSubnet())).toEqual(["rwlgt renrk", "qoctq n5n4y", "lxzze x47dp"]);
    expect(await ranges(net.getSnsSubnet())).toEqual(["ybpmr ekjw2", "7tjcv dypy6"]);
    expect(await ranges(net.getInternetIdentitySubnet())).toEqual(["rdmx6 rdmx6", "uc7f6 ijz7v", "tqzl2 p37rr"]);
    expect((await ranges(net.getFiduciarySubnet()))[0]).toBe("mf7xa qoznl");
    expect((await ranges(net.getBitcoinSubnet()))[0]).toBe("g3wsl 2qqia");
    expect((await net.getFiduciarySubnet())!.id.toText()).toMatch(/^pzp6e-/);
    expect((await net.getInternetIdentitySubnet())!.id.toText()).toMatch(/^uzr34-/);
    const [application] = await net.getApplicationSubnets();
    expect((await net.getDefaultEffectiveCanisterId()).toText()).toBe(application!.canisterRanges[0]!.start.toText());
    expect((await net.getSystemSubnets()).length).toBe(1);
    const key = await net.getPubKey(application!.id);
    expect(key.length).toBe(133);
  });

  test("host canisters under ids of the mainnet, and where they were told to", async () => {
    const net = await instance({ nns: NEW, application: [NEW, NEW] });
    const targetCanisterId = pic.Principal.fromText("ryjl3-tyaaa-aaaaa-aaaba-cai");
    expect((await net.createCanister({ targetCanisterId })).toText()).toBe("ryjl3-tyaaa-aaaaa-aaaba-cai");
    expect((await net.getCanisterSubnetId(targetCanisterId))!.toText()).toBe((await net.getNnsSubnet())!.id.toText());
    const [, second] = await net.getApplicationSubnets();
    const there = await net.createCanister({ targetSubnetId: second!.id });
    expect((await net.getCanisterSubnetId(there))!.toText()).toBe(second!.id.toText());
    expect(await net.getCanisterSubnetId(pic.Principal.fromText("rrkah-fqaaa-aaaaa-aaaaq-cai"))).toBeNull();
  });

  test("can cost nothing, and have practically no instruction limit", async () => {
    const net = await instance({ application: [{ ...NEW, costSchedule: "Free", enableBenchmarkingInstructionLimits: true }] });
    const canisterId = await net.createCanister({ cycles: 0n });
    await net.installCode({ canisterId, wasm: puppet() });
    // The client gives small amounts as numbers.
    expect(Number(await net.getCyclesBalance(canisterId))).toBe(0);
  });
});

describe("calls", () => {
  test("that trap, are rejected, or are of no method, say so in the real server's words", async () => {
    const net = await instance();
    const { canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm: puppet() });
    const run = (arg: Uint8Array) => net.updateCall({ canisterId, method: "run", arg });
    const look = (arg: Uint8Array) => net.queryCall({ canisterId, method: "look", arg });
    await expect(run(trap("dead"))).rejects.toThrow(
      /dead.*Reject code: CanisterError\. Error code: CanisterCalledTrap\. Certified: true$/s,
    );
    await expect(look(trap("dead"))).rejects.toThrow(/Error code: CanisterCalledTrap\. Certified: false$/);
    await expect(run(reject("no"))).rejects.toThrow(
      "Canister call failed: no. Reject code: CanisterReject. Error code: CanisterRejectedMessage. Certified: true",
    );
    await expect(net.queryCall({ canisterId, method: "nothing" })).rejects.toThrow(
      /Error code: CanisterMethodNotFound\. Certified: false$/,
    );
    const nobody = pic.Principal.fromText("rwlgt-iiaaa-aaaaa-aaaaa-cai");
    await expect(net.queryCall({ canisterId: nobody, method: "look" })).rejects.toThrow(
      'BadIngressMessage("Canister rwlgt-iiaaa-aaaaa-aaaaa-cai does not belong to any subnet.")',
    );
  });

  test("of the same content are messages of their own, also those that are submitted now and awaited later", async () => {
    const net = await instance();
    const { canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
    const deferred = net.createDeferredActor(counterIdl, canisterId);
    const [first, second] = [await deferred["inc"]!(), await deferred["inc"]!()];
    expect([await second(), await first()].sort((a, b) => Number(a) - Number(b))).toEqual([1n, 2n]);
  });
});

describe("HTTPS outcalls", () => {
  const asking = fetching("https://example.org/page");

  /** Waits until the client has submitted the call and rounds have made the outcall. */
  async function pending(net: PicInstance): Promise<PendingOutcall> {
    for (;;) {
      const [first] = await net.getPendingHttpsOutcalls();
      if (first !== undefined) return first;
    }
  }

  test("wait for a response of the test, and with one of each node, for their agreement", async () => {
    const net = await instance();
    const canisterId = await net.createCanister();
    await net.installCode({ canisterId, wasm: puppet() });
    const { client } = net as unknown as {
      client: { submitCall(call: object): Promise<object>; awaitCall(id: object): Promise<{ body: Uint8Array }> };
    };
    const submit = () => client.submitCall({ canisterId, sender: canisterId, method: "run", payload: asking });
    const ok = (body: string) => ({
      type: "success",
      statusCode: 200,
      headers: [["content-type", "text/plain"]],
      body: new TextEncoder().encode(body),
    });

    const first = await submit();
    await net.tick(2);
    const outcall = await pending(net);
    expect(outcall).toMatchObject({ httpMethod: "GET", url: "https://example.org/page" });
    const { requestId, subnetId } = outcall;
    await expect(net.mockPendingHttpsOutcall({ requestId, subnetId, response: ok("x"), additionalResponses: [ok("y")] })).rejects.toThrow(
      "InvalidMockCanisterHttpResponses((2, 13))",
    );
    await net.mockPendingHttpsOutcall({ requestId, subnetId, response: ok("page") });
    const { body } = await client.awaitCall(first);
    const [result] = IDL.decode(RESULT.http_request as unknown as IDL.Type[], body.slice(1)) as unknown as [{ body: Uint8Array }];
    expect(new TextDecoder().decode(Uint8Array.from(result.body))).toBe("page");
    expect(await net.getPendingHttpsOutcalls()).toEqual([]);
    await expect(net.mockPendingHttpsOutcall({ requestId, subnetId, response: ok("late") })).rejects.toThrow(
      "InvalidCanisterHttpRequestId",
    );

    const second = await submit();
    await net.tick(2);
    const again = await pending(net);
    const others = Array.from({ length: 12 }, (_none, node) => ok(`of node ${node}`));
    await net.mockPendingHttpsOutcall({ requestId: again.requestId, subnetId, response: ok("of node 12"), additionalResponses: others });
    expect(Buffer.from((await client.awaitCall(second)).body).toString()).toMatch(/^-\u0002No consensus could be reached/);
  });
});

test("a live instance follows the clock, and agents call it through the gateway and verify what they get", async () => {
  const net = await instance();
  const { canisterId } = await net.setupCanister({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
  const port = await net.makeLive();
  const agent = await pic.HttpAgent.create({ host: `http://127.0.0.1:${port}`, shouldFetchRootKey: true });
  const actor = pic.Actor.createActor(counterIdl, { agent, canisterId });
  expect([await actor["inc"]!(), await actor["get"]!()]).toEqual([1n, 1n]);
  expect(Math.abs((await net.getTime()) - Date.now())).toBeLessThan(60_000);
  await net.stopLive();
  await expect(fetch(`http://127.0.0.1:${port}/api/v2/status`)).rejects.toThrow();
  expect(await net.createActor(counterIdl, canisterId)["get"]!()).toBe(1n);
});

type PicSubnetRanges = readonly { readonly start: { toText(): string }; readonly end: { toText(): string } }[];

test("the drop-in exports what the package exports, types too", () => {
  const theirs = exportedNames(join(CLIENT_FOLDER, "node_modules", "@dfinity", "pic", "dist", "index.d.ts"));
  const ours = exportedNames(fileURLToPath(new URL("../../src/pic.ts", import.meta.url)));
  expect(theirs).toEqual(expect.arrayContaining(["PocketIc", "createActorClass", "SubnetTopology", "ServerError"]));
  expect(ours).toEqual(expect.arrayContaining(theirs));
});

/** Names that a module exports, of values and of types. */
function exportedNames(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found!);
  const declared = all(/^export (?:declare )?(?:async )?(?:class|function|enum|interface|type|const) (\w+)/gm);
  const listed = all(/^export (?:type )?\{([^}]*)\}/gm).flatMap((list) => list.split(",").map((name) => name.trim().replace(/^type /, "")));
  const passedOn = all(/^export \* from ["'](.*)["']/gm).flatMap((path) =>
    exportedNames(join(dirname(file), path.endsWith(".ts") ? path : `${path}.d.ts`)),
  );
  return [...declared, ...listed, ...passedOn].filter((name) => name !== "");
}
