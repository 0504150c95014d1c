/**
 * `cannery/pic` used as a suite of `@dfinity/pic` uses it: every method, in process.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { HttpAgent } from "@icp-sdk/core/agent";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import {
  createActorClass,
  createDeferredActorClass,
  createIdentity,
  generateRandomIdentity,
  PocketIc,
  PocketIcServer,
  ServerError,
  SubnetStateType,
  SubnetType,
  type Actor,
  type ActorMethod,
  type HttpsOutcallResponseMock,
} from "../../src/pic.ts";
import { fetching } from "../support/outcall-requests.ts";
import { appendCaller, growStable, noteStable, program, puppet, reply, send, trap } from "../support/puppet.ts";

interface Counter {
  inc: ActorMethod<[], bigint>;
  get: ActorMethod<[], bigint>;
}
const counterIdl: IDL.InterfaceFactory = ({ IDL }) =>
  IDL.Service({ inc: IDL.Func([], [IDL.Nat], []), get: IDL.Func([], [IDL.Nat], ["query"]) });

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let server: PocketIcServer;
let pic: PocketIc;
beforeEach(async () => {
  server = await PocketIcServer.start();
  pic = await PocketIc.create(server.getUrl());
});
afterEach(async () => {
  await pic.tearDown();
  await server.stop();
});

describe("canisters", () => {
  test("set up with an actor, called, upgraded, reinstalled", async () => {
    const wasm = loadGenerated("counter");
    const { actor, canisterId } = await pic.setupCanister<Counter>({ idlFactory: counterIdl, wasm });
    await actor.inc();
    await actor.inc();
    expect(await actor.get()).toBe(2n);
    await pic.upgradeCanister({
      canisterId,
      wasm,
      upgradeModeOptions: { skip_pre_upgrade: [], wasm_memory_persistence: [{ keep: null }] },
    });
    expect(await actor.get()).toBe(2n);
    await pic.reinstallCode({ canisterId, wasm });
    expect(await pic.createActor<Counter>(counterIdl, canisterId).get()).toBe(0n);
  });

  test("settings, status, stop and start, controllers", async () => {
    const owner = createIdentity("owner").getPrincipal();
    const canisterId = await pic.createCanister({ sender: owner, controllers: [owner], cycles: 5_000_000_000_000n, freezingThreshold: 7n });
    expect((await pic.getControllers(canisterId)).map(String)).toEqual([owner.toText()]);
    await pic.updateCanisterSettings({ canisterId, sender: owner, environmentVariables: [{ name: "a", value: "b" }] });
    const status = await pic.canisterStatus({ canisterId, sender: owner });
    expect(status).toMatchObject({
      status: { running: null },
      moduleHash: null,
      settings: { freezingThreshold: 7n, environmentVariables: [{ name: "a", value: "b" }] },
    });
    await pic.stopCanister({ canisterId, sender: owner });
    expect((await pic.canisterStatus({ canisterId, sender: owner })).status).toEqual({ stopped: null });
    await pic.startCanister({ canisterId, sender: owner });
    await expect(pic.stopCanister({ canisterId })).rejects.toThrow(
      /^Canister call failed: Only the controllers of the canister .* Reject code: CanisterError\. Error code: CanisterInvalidController\. Certified: /s,
    );
  });

  test("cycles and stable memory", async () => {
    const canisterId = await pic.createCanister();
    expect(await pic.getCyclesBalance(canisterId)).toBe(10n ** 18n);
    expect(await pic.addCycles(canisterId, 5n)).toBe(10n ** 18n + 5n);
    await pic.installCode({ canisterId, wasm: puppet() });
    await pic.updateCall({ canisterId, method: "run", arg: program(growStable(1), noteStable("kept"), reply()) });
    const stable = await pic.getStableMemory(canisterId);
    expect(stable.length).toBeGreaterThanOrEqual(65_536);
    const other = await pic.createCanister();
    await pic.installCode({ canisterId: other, wasm: puppet() });
    await pic.setStableMemory(other, stable);
    expect(await pic.getStableMemory(other)).toEqual(stable);
  });
});

describe("actors' classes", () => {
  /** As suites get at it that make their own actors: it is private, as in `@dfinity/pic`. */
  const clientOf = (instance: PocketIc) => instance["client"];

  test("make actors whose sender is that of the class", async () => {
    const { canisterId } = await pic.setupCanister<Counter>({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
    const Counter = createActorClass<Counter>(counterIdl, canisterId, clientOf(pic));
    const [one, other] = [new Counter(), new Counter()];
    await one.inc();
    expect(await other.get()).toBe(1n);
    expect(one).toBeInstanceOf(Counter);
  });

  test("know whom their calls are from", async () => {
    const whoIdl: IDL.InterfaceFactory = ({ IDL }) => IDL.Service({ run: IDL.Func([IDL.Nat8], [], []) });
    const sent: string[] = [];
    const client = clientOf(pic);
    client.updateCall = (request) => {
      sent.push(request.sender.toText());
      return Promise.resolve({ body: IDL.encode([], []) });
    };
    const Who = createActorClass<{ run: ActorMethod<[number], void> }>(whoIdl, Principal.fromText("aaaaa-aa"), client);
    const [one, other] = [new Who(), new Who()];
    await one.run(1);
    one.setIdentity(createIdentity("one"));
    await other.run(1);
    other.setPrincipal(Principal.fromText("aaaaa-aa"));
    await one.run(1);
    expect(sent).toEqual(["2vxsx-fae", createIdentity("one").getPrincipal().toText(), "aaaaa-aa"]);
  });

  test("make deferred actors, whose answers are asked for later", async () => {
    const { canisterId } = await pic.setupCanister<Counter>({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
    const deferred = new (createDeferredActorClass<Counter>(counterIdl, canisterId, clientOf(pic)))();
    const answers = [await deferred.inc(), await deferred.inc()];
    expect(await Promise.all(answers.map((answer) => answer()))).toEqual([1n, 2n]);
  });
});

describe("callers and errors", () => {
  test("an actor calls as its identity", async () => {
    const { canisterId } = await pic.setupCanister({ idlFactory: () => IDL.Service({}), wasm: puppet() });
    const alice = generateRandomIdentity();
    const answer = await pic.updateCall({ canisterId, sender: alice.getPrincipal(), method: "run", arg: program(appendCaller, send) });
    expect(Principal.fromUint8Array(answer).toText()).toBe(alice.getPrincipal().toText());
    expect(createIdentity("a phrase").getPrincipal().toText()).toBe(createIdentity("a phrase").getPrincipal().toText());
  });

  test("a trap, a missing method, a missing canister, in the client's words", async () => {
    const { canisterId } = await pic.setupCanister({ idlFactory: () => IDL.Service({}), wasm: puppet() });
    await expect(pic.updateCall({ canisterId, method: "run", arg: trap("no") })).rejects.toThrow(
      /^Canister call failed: Error from Canister .*: Canister called `ic0\.trap` with message: 'no'.*Reject code: CanisterError\. Error code: CanisterCalledTrap\. Certified: true/s,
    );
    await expect(pic.queryCall({ canisterId, method: "nothing" })).rejects.toThrow(/Error code: CanisterMethodNotFound/);
    await expect(pic.updateCall({ canisterId: Principal.fromText("2vxsx-fae"), method: "run" })).rejects.toThrow(ServerError);
    await expect(pic.getCyclesBalance(Principal.fromText("aaaaa-aa"))).rejects.toThrow(
      "PocketIC server error: CanisterNotFound(CanisterId(aaaaa-aa))",
    );
  });

  test("an instance that was torn down says so", async () => {
    const other = await PocketIc.create(server.getUrl());
    await other.tearDown();
    await expect(other.tick()).rejects.toThrow("Instance was deleted");
  });
});

describe("rounds and time", () => {
  test("deferred calls are submitted together and awaited later", async () => {
    const { canisterId } = await pic.setupCanister<Counter>({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
    const deferred = pic.createDeferredActor<Counter>(counterIdl, canisterId);
    const answers = await Promise.all([deferred.inc(), deferred.inc(), deferred.inc()]);
    const actor = pic.createActor<Counter>(counterIdl, canisterId);
    expect(await actor.get()).toBe(0n);
    await pic.tick();
    expect(await actor.get()).toBe(3n);
    for (const answer of answers) await answer();
  });

  test("time is set, advanced, and does not go back", async () => {
    await pic.setTime(new Date(1_800_000_000_000));
    expect(await pic.getTime()).toBe(1_800_000_000_000);
    await pic.advanceTime(1500);
    await pic.tick(2);
    expect(await pic.getTime()).toBe(1_800_000_001_500);
    await pic.advanceCertifiedTime(10);
    await expect(pic.setTime(0)).rejects.toThrow(/SettingTimeIntoPast/);
  });
});

test("several subnets, their topology and their canisters", async () => {
  const state = { type: SubnetStateType.New } as const;
  const net = await PocketIc.create(server.getUrl(), {
    nns: { state },
    ii: { state },
    application: [{ state }, { state }],
    system: [{ state }],
  });
  const subnets = await net.getApplicationSubnets();
  expect(subnets).toHaveLength(2);
  expect((await net.getNnsSubnet())?.type).toBe(SubnetType.NNS);
  expect((await net.getInternetIdentitySubnet())?.size).toBe(34);
  expect(await net.getBitcoinSubnet()).toBeUndefined();
  expect(await net.getSystemSubnets()).toHaveLength(1);
  const canisterId = await net.createCanister({ targetSubnetId: subnets[1]!.id });
  expect((await net.getCanisterSubnetId(canisterId))?.toText()).toBe(subnets[1]!.id.toText());
  expect(await net.getCanisterSubnetId(Principal.fromText("aaaaa-aa"))).toBeNull();
  expect(await net.getPubKey(subnets[0]!.id)).toHaveLength(133);
  const ledger = Principal.fromText("ryjl3-tyaaa-aaaaa-aaaba-cai");
  expect((await net.createCanister({ targetCanisterId: ledger })).toText()).toBe(ledger.toText());
  expect((await net.getDefaultEffectiveCanisterId()).toText()).toMatch(/-cai$/);
  await net.tearDown();
});

test("HTTPS outcalls are found and mocked, for all nodes or for each", async () => {
  const { canisterId } = await pic.setupCanister({ idlFactory: () => IDL.Service({}), wasm: puppet() });
  const fetch = fetching("https://example.org/");
  const outcome = pic.updateCall({ canisterId, method: "run", arg: fetch }).catch((error: Error) => error.message);
  expect(await outcome).toMatch(/Failed to answer to ingress 0x[0-9a-f]{64} after 100 rounds/);
  const [pending] = await pic.getPendingHttpsOutcalls();
  expect(pending).toMatchObject({ httpMethod: "GET", url: "https://example.org/", headers: [] });
  const response: HttpsOutcallResponseMock = { type: "success", statusCode: 200, headers: [], body: new TextEncoder().encode("page") };
  await expect(
    pic.mockPendingHttpsOutcall({ subnetId: pending!.subnetId, requestId: pending!.requestId, response, additionalResponses: [response] }),
  ).rejects.toThrow("InvalidMockCanisterHttpResponses((2, 13))");
  const wordy: HttpsOutcallResponseMock = { type: "reject", statusCode: 2, message: "n".repeat(1025) };
  await expect(
    pic.mockPendingHttpsOutcall({ subnetId: pending!.subnetId, requestId: pending!.requestId, response: wordy }),
  ).rejects.toThrow("A reject message has at most 1024 bytes");
  await pic.mockPendingHttpsOutcall({ subnetId: pending!.subnetId, requestId: pending!.requestId, response });
  await pic.tick(2);
  expect(await pic.getPendingHttpsOutcalls()).toEqual([]);
});

test("a live instance is reached by an agent", async () => {
  const { canisterId } = await pic.setupCanister({ idlFactory: () => IDL.Service({}), wasm: puppet() });
  const port = await pic.makeLive();
  try {
    const agent = await HttpAgent.create({ host: `http://127.0.0.1:${port}`, shouldFetchRootKey: true });
    const { reply: data } = await agent.update(canisterId, { methodName: "run", arg: reply("live") });
    expect(text(data as Uint8Array)).toBe("live");
    expect(await pic.makeLive()).toBe(port);
  } finally {
    await pic.stopLive();
  }
});

test("subnets that cannot be are refused with the reason", async () => {
  await expect(PocketIc.create({ application: [] })).rejects.toThrow(/must contain at least one subnet/);
  const state = { type: SubnetStateType.FromPath, path: "/nowhere" } as const;
  await expect(PocketIc.create({ nns: { state } })).rejects.toThrow(/cannot read the replica's state directories/);
});

test("an actor's type is that of its interface", async () => {
  const { actor } = await pic.setupCanister<Counter>({ idlFactory: counterIdl, wasm: loadGenerated("counter") });
  const typed: Actor<Counter> = actor;
  typed.setIdentity(createIdentity("somebody"));
  typed.setPrincipal(Principal.anonymous());
  expect(await typed.inc()).toBe(1n);
});
