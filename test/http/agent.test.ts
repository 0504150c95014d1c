/**
 * The public HTTPS interface, judged by the clients that everybody has: `@icp-sdk/core` 6 and 5, with every check switched on.
 */
import { Actor, Certificate, HttpAgent, lookupResultToBuffer, type Identity } from "@icp-sdk/core/agent";
import { DelegationChain, DelegationIdentity, ECDSAKeyIdentity, Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import { Secp256k1KeyIdentity } from "@icp-sdk/core/identity/secp256k1";
import { HttpAgent as HttpAgent5 } from "icp-sdk-core-5/agent";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { decodeLeb128 } from "../../src/codec/leb128.ts";
import { loadGenerated } from "../../examples/modules.ts";
import { argument } from "./raw.ts";
import { appendCaller, appendInfo, program, puppet, reply, send, trap, type Program } from "../support/puppet.ts";

const HOST = "http://localhost:4943";

async function network() {
  const net = await Cannery.create({ application: 1, subnets: [{ kind: "system", name: "nns" }] });
  const onRoot = await net.install(puppet(), { subnet: net.subnets[1], name: "on root" });
  const other = await net.install(puppet(), { subnet: net.subnets[0], name: "other" });
  const agent = (identity?: Identity) =>
    HttpAgent.createSync({
      host: HOST,
      fetch: net.fetch as typeof fetch,
      rootKey: net.rootKey,
      retryTimes: 0,
      ...(identity === undefined ? {} : { identity }),
    });
  return { net, onRoot, other, agent };
}

const whoAmI: Program = program(appendCaller, send);

/** An update through the agent, which checks the certificate; the reply's bytes. */
async function update(agent: HttpAgent, canister: string, arg: Uint8Array): Promise<Uint8Array> {
  const { reply: data } = await agent.update(canister, { methodName: "run", arg });
  return data as Uint8Array;
}

describe("updates and queries, certificates and node signatures verified [https-interface#http-sync-call-overview]", () => {
  test.each(["onRoot", "other"] as const)("of a canister %s", async (where) => {
    const scene = await network();
    const agent = scene.agent();
    const id = scene[where].id.toText();
    expect(Buffer.from(await update(agent, id, reply("hello"))).toString()).toBe("hello");
    const answer = await agent.query(scene[where].id, { methodName: "look", arg: reply("seen") });
    expect(answer.status === "replied" && Buffer.from(answer.reply.arg).toString()).toBe("seen");
  });

  test("an asynchronous call is polled for [https-interface#http-async-call-overview]", async () => {
    const { agent, other } = await network();
    const caller = agent();
    const { requestId, response } = await caller.call(other.id.toText(), { methodName: "run", arg: reply("polled"), callSync: false });
    expect(response.status).toBe(202);
    const path = [new TextEncoder().encode("request_status"), requestId as Uint8Array, new TextEncoder().encode("reply")];
    expect((await caller.readState({ canisterId: other.id }, { paths: [path] })).certificate.length).toBeGreaterThan(100);
  });

  test("rejects carry the platform's codes", async () => {
    const { agent, other } = await network();
    await expect(update(agent(), other.id.toText(), trap("no"))).rejects.toThrow(/IC0503/);
    await expect(agent().update(other.id.toText(), { methodName: "nothing", arg: new Uint8Array(0) })).rejects.toThrow(
      /has no update method 'nothing'/,
    );
    const answer = await agent().query(other.id.toText(), { methodName: "look", arg: trap("no") });
    expect(answer).toMatchObject({ status: "rejected", reject_code: 5, error_code: "IC0503" });
  });

  test("the other agent in use: version 5", async () => {
    const { net, other } = await network();
    const agent = HttpAgent5.createSync({ host: HOST, fetch: net.fetch as typeof fetch, rootKey: net.rootKey });
    const { response } = await agent.call(other.id.toText(), {
      methodName: "run",
      arg: reply("five"),
      effectiveCanisterId: other.id.toText(),
    });
    expect(response.status).toBe(200);
    const answer = await agent.query(other.id.toText(), { methodName: "look", arg: reply("seen") });
    expect(answer.status).toBe("replied");
  });

  test("an agent fetches the root key of a local network, and actors work", async () => {
    const net = await Cannery.create();
    const counter = await net.install(loadGenerated("counter"));
    const agent = await HttpAgent.create({ host: HOST, fetch: net.fetch as typeof fetch, shouldFetchRootKey: true });
    const actor = Actor.createActor<{ inc(): Promise<bigint>; get(): Promise<bigint> }>(
      ({ IDL }) => IDL.Service({ inc: IDL.Func([], [IDL.Nat], []), get: IDL.Func([], [IDL.Nat], ["query"]) }),
      { agent, canisterId: counter.id },
    );
    await actor.inc();
    expect(await actor.get()).toBe(1n);
  });

  test("an anonymous user is answered at the present time, by a network that nobody asked before [https-interface#http-read-state]", async () => {
    const { agent, onRoot, other } = await network();
    const path = [new TextEncoder().encode("time")];
    for (const canisterId of [onRoot.id, other.id]) {
      const { certificate } = await agent().readState({ canisterId }, { paths: [path] });
      const checked = await Certificate.create({ certificate, rootKey: agent().rootKey!, principal: { canisterId } });
      const time = decodeLeb128(lookupResultToBuffer(checked.lookup_path(path))!).value;
      expect(Math.abs(Number(BigInt(time) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
      const answer = await agent().query(canisterId, { methodName: "look", arg: program(appendInfo("time"), send) });
      const seen = Buffer.from((answer as { reply: { arg: Uint8Array } }).reply.arg).readBigUInt64LE();
      expect(Math.abs(Number(seen / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    }
  });

  test("a network with another root key is not believed", async () => {
    const { other, net } = await network();
    const agent = HttpAgent.createSync({ host: HOST, fetch: net.fetch as typeof fetch, retryTimes: 0 });
    await expect(update(agent, other.id.toText(), reply("x"))).rejects.toThrow();
  });
});

describe("identities of every scheme [https-interface#authentication] [index#ecdsa]", () => {
  const identities: [string, () => Promise<Identity>][] = [
    ["Ed25519", async () => Ed25519KeyIdentity.generate()],
    ["secp256k1", async () => Secp256k1KeyIdentity.generate()],
    ["P-256", async () => ECDSAKeyIdentity.generate()],
    [
      "a delegation",
      async () => {
        const [root, session] = [Ed25519KeyIdentity.generate(), Ed25519KeyIdentity.generate()];
        return DelegationIdentity.fromDelegation(
          session,
          await DelegationChain.create(root, session.getPublicKey(), new Date(Date.now() + 600_000)),
        );
      },
    ],
  ];
  test.each(identities)("%s", async (_name, make) => {
    const { agent, other } = await network();
    const identity = await make();
    const caller = agent(identity);
    expect(Buffer.from(await update(caller, other.id.toText(), whoAmI)).toString("hex")).toBe(
      identity.getPrincipal().toHex().toLowerCase(),
    );
    const answer = await caller.query(other.id.toText(), { methodName: "look", arg: reply("seen") });
    expect(answer.status).toBe("replied");
  });

  test("a delegation for other canisters, or that has expired, is refused", async () => {
    const { agent, other } = await network();
    const [root, session] = [Ed25519KeyIdentity.generate(), Ed25519KeyIdentity.generate()];
    const of = async (end: number, targets?: Principal[]) =>
      DelegationIdentity.fromDelegation(
        session,
        await DelegationChain.create(root, session.getPublicKey(), new Date(Date.now() + end), targets === undefined ? {} : { targets }),
      );
    const elsewhere = agent(await of(600_000, [Principal.fromText("aaaaa-aa")]));
    await expect(update(elsewhere, other.id.toText(), whoAmI)).rejects.toThrow(/is not one of the delegation targets/);
    await expect(update(agent(await of(-600_000)), other.id.toText(), whoAmI)).rejects.toThrow(/delegation has expired/);
    const here = agent(await of(600_000, [other.id]));
    expect((await update(here, other.id.toText(), whoAmI)).length).toBe(29);
  });

  test("a delegation for the management canister reads the status of calls to it", async () => {
    const { net, agent, other } = await network();
    const [root, session] = [Ed25519KeyIdentity.generate(), Ed25519KeyIdentity.generate()];
    const targets = [Principal.managementCanister()];
    const chain = await DelegationChain.create(root, session.getPublicKey(), new Date(Date.now() + 600_000), { targets });
    const manager = agent(DelegationIdentity.fromDelegation(session, chain));
    const status = {
      methodName: "canister_status",
      arg: argument("canister_id", { canister_id: other.id }),
      effectiveCanisterId: other.id,
    };
    await other.updateSettings({ controllers: [Principal.selfAuthenticating(new Uint8Array(root.getPublicKey().toDer()))] });
    const { requestId } = await manager.call(targets[0]!, { ...status, callSync: false });
    await net.settle();
    const paths = [[new TextEncoder().encode("request_status"), requestId]];
    await expect(manager.readState({ canisterId: other.id }, { paths })).resolves.toBeDefined();
    await expect(agent(Ed25519KeyIdentity.generate()).readState({ canisterId: other.id }, { paths })).rejects.toThrow(
      /not signed by the caller/,
    );
  });
});
