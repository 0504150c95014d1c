/**
 * The endpoints themselves, without an agent in between: what is posted, where, and what comes back to the byte.
 */
import { createHash } from "node:crypto";
import { decode, encodeWithSelfDescribedTag, type CborValue } from "@dfinity/cbor";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { representationIndependentHash, type HashableMap } from "../../src/codec/request-id.ts";
import { Cannery } from "../../src/index.ts";
import { note, program, puppet, reject, reply } from "../support/puppet.ts";

const HOST = "http://localhost:4943";
const ANONYMOUS = Uint8Array.of(4);
const MANAGEMENT = new Uint8Array(0);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest());

async function scene() {
  const net = await Cannery.create({ application: 2, print: false });
  const canister = await net.install(puppet(), { subnet: net.subnets[0] });
  let calls = 0;
  /** Content of a request by nobody in particular; each with a nonce of its own. */
  const content = (fields: HashableMap): HashableMap => ({
    sender: ANONYMOUS,
    ingress_expiry: BigInt(Date.now()) * 1_000_000n + 240_000_000_000n,
    nonce: Uint8Array.of(++calls),
    ...fields,
  });
  const call = (arg: Uint8Array, fields: HashableMap = {}): HashableMap =>
    content({ request_type: "call", canister_id: canister.id.toUint8Array(), method_name: "run", arg, ...fields });
  const postBytes = (path: string, body: Uint8Array): Promise<Response> =>
    net.fetch(`${HOST}${path}`, {
      method: "POST",
      headers: { "content-type": "application/cbor" },
      body: body as Uint8Array<ArrayBuffer>,
    });
  const post = (path: string, what: HashableMap): Promise<Response> =>
    postBytes(path, encodeWithSelfDescribedTag({ content: what } as unknown as CborValue));
  return { net, canister, content, call, post, postBytes, id: canister.id.toText() };
}

async function fields(response: Response): Promise<Record<string, unknown>> {
  return decode(new Uint8Array(await response.arrayBuffer())) as Record<string, unknown>;
}

const whole = async (response: Response): Promise<string> => `${response.status} ${await response.text()}`;

/** Canisters of a subnet, by its place in the network. */
const countOn = (net: Cannery, subnet: number): number => net.state.subnets.get(net.state.subnetOrder[subnet]!)!.canisters.size;

const createWithCycles = new Uint8Array(IDL.encode([IDL.Record({ amount: IDL.Opt(IDL.Nat) })], [{ amount: [10n ** 13n] }]));

describe("a call", () => {
  test("that is accepted asynchronously is answered with 202 and nothing; read_state tells the rest [https-interface#http-async-call]", async () => {
    const { content, call, post, id } = await scene();
    const request = call(reply("done"));
    const accepted = await post(`/api/v2/canister/${id}/call`, request);
    expect([accepted.status, await accepted.text()]).toEqual([202, ""]);
    const path = [bytes("request_status"), representationIndependentHash(request, sha256)];
    const state = await post(`/api/v3/canister/${id}/read_state`, content({ request_type: "read_state", paths: [path] }));
    expect(state.status).toBe(200);
    expect(Object.keys(await fields(state))).toEqual(["certificate"]);
  });

  test("that completes is answered with its certificate, also when it was rejected [https-interface#http-call]", async () => {
    const { call, post, id } = await scene();
    for (const version of ["v3", "v4"]) {
      for (const arg of [reply("done"), reject("no")]) {
        const answer = await fields(await post(`/api/${version}/canister/${id}/call`, call(arg)));
        expect(answer).toMatchObject({ status: "replied" });
        expect((answer.certificate as Uint8Array).length).toBeGreaterThan(100);
      }
    }
  });

  test("that is refused before it is a message is answered with the reject, without a certificate [https-interface#http-call-overview]", async () => {
    const { canister, call, post, id } = await scene();
    await canister.stop();
    const refusal = { reject_code: 5n, error_code: "IC0508", reject_message: `Canister ${id} is stopped` };
    const small = ({ reject_code, ...rest }: Record<string, unknown>) => ({ reject_code: BigInt(reject_code as number), ...rest });
    const asynchronous = await post(`/api/v2/canister/${id}/call`, call(reply("done")));
    expect([asynchronous.status, small(await fields(asynchronous))]).toEqual([200, refusal]);
    const synchronous = await post(`/api/v4/canister/${id}/call`, call(reply("done")));
    expect([synchronous.status, small(await fields(synchronous))]).toEqual([200, { status: "non_replicated_rejection", ...refusal }]);
  });

  test("of a canister goes to this canister's address [https-interface#http-effective-canister-id]", async () => {
    const { net, call, post, id } = await scene();
    const other = (await net.install(puppet(), { subnet: net.subnets[0] })).id.toText();
    expect(await whole(await post(`/api/v4/canister/${other}/call`, call(reply("done"))))).toBe(
      `400 Specified canister ID ${id} does not match effective canister ID in URL ${other}`,
    );
  });

  test("that makes a canister may go to any address, and makes it on the subnet that has this address [https-interface#http-effective-canister-id]", async () => {
    const { net, call, post } = await scene();
    const there = await net.install(puppet(), { subnet: net.subnets[1] });
    const create = call(createWithCycles, { canister_id: MANAGEMENT, method_name: "provisional_create_canister_with_cycles" });
    const before = countOn(net, 1);
    expect((await post(`/api/v4/canister/${there.id.toText()}/call`, create)).status).toBe(200);
    expect(countOn(net, 1)).toBe(before + 1);
  });
});

describe("the address of a subnet [https-interface#http-effective-subnet-id] [abstract-behavior#effective-subnet-ids]", () => {
  test("takes calls that make canisters, there, and no others", async () => {
    const { net, call, post, id } = await scene();
    const subnet = net.subnets[1]!;
    const path = `/api/v4/subnet/${subnet.id}/call`;
    const create = call(createWithCycles, { canister_id: MANAGEMENT, method_name: "provisional_create_canister_with_cycles" });
    expect(await fields(await post(path, create))).toMatchObject({ status: "replied" });
    expect(countOn(net, 1)).toBe(1);
    expect(await whole(await post(path, call(reply("done"))))).toBe(
      `400 Subnet call endpoint only accepts canister creation calls to the management canister (aaaaa-aa), got canister_id=${id} method_name='run'`,
    );
  });

  test("is of a subnet that there is", async () => {
    const { call, post, id } = await scene();
    expect((await post(`/api/v4/subnet/${id}/call`, call(reply("done")))).status).toBe(400);
    expect((await post(`/api/v4/subnet/${Principal.anonymous().toText()}/call`, call(reply("done")))).status).toBe(400);
  });
});

test("the status tells the root key and that all is well [https-interface#api-status]", async () => {
  const { net } = await scene();
  const response = await net.fetch(`${HOST}/api/v2/status`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/cbor"]);
  const status = await fields(response);
  expect(status).toMatchObject({ replica_health_status: "healthy" });
  expect(Buffer.from(status.root_key as Uint8Array)).toEqual(Buffer.from(net.rootKey));
});

describe("CBOR [https-interface#api-cbor] [index#cbor]", () => {
  const SELF_DESCRIBED = [0xd9, 0xd9, 0xf7];

  test("answers begin with the tag that says what they are; requests may", async () => {
    const { call, postBytes, id } = await scene();
    for (const isTagged of [true, false]) {
      const query = { ...call(reply("seen"), { method_name: "look" }), request_type: "query" };
      const body = encodeWithSelfDescribedTag({ content: query } as unknown as CborValue);
      const response = await postBytes(`/api/v3/canister/${id}/query`, isTagged ? body : body.slice(SELF_DESCRIBED.length));
      const answer = new Uint8Array(await response.arrayBuffer());
      expect([...answer.slice(0, 3)]).toEqual(SELF_DESCRIBED);
      expect(decode(answer)).toMatchObject({ status: "replied" });
    }
  });

  test("a field that is not in the specification is not part of what a request is", async () => {
    const { call, post, id } = await scene();
    const request = call(program(note("x"), reply("done")));
    const first = await post(`/api/v2/canister/${id}/call`, request);
    const second = await post(`/api/v4/canister/${id}/call`, { ...request, colour: "blue" });
    expect([first.status, (await fields(second)).status]).toEqual([202, "replied"]);
  });

  test("what is not a map with the fields of its kind is refused with what is missing", async () => {
    const { call, post, postBytes, id } = await scene();
    const { method_name: _, ...withoutMethod } = call(reply("done"));
    expect(await whole(await post(`/api/v4/canister/${id}/call`, withoutMethod as HashableMap))).toMatch(/^400 .*method_name/);
    expect((await postBytes(`/api/v4/canister/${id}/call`, bytes("hello"))).status).toBe(400);
    expect((await postBytes(`/api/v4/canister/${id}/call`, new Uint8Array(0))).status).toBe(400);
    const query = { ...call(reply("seen")), request_type: "query" };
    expect((await post(`/api/v4/canister/${id}/call`, query)).status).toBe(400);
  });
});

describe("addresses", () => {
  test("are offered for some HTTP methods, which is said to others [replica: routers of the public endpoints]", async () => {
    const { net, id } = await scene();
    const ask = async (method: string, path: string): Promise<string> => {
      const response = await net.fetch(HOST + path, { method });
      return [response.status, response.headers.get("allow") ?? "", await response.text()].join(" ");
    };
    expect(await ask("HEAD", "/api/v2/status")).toBe("200  ");
    expect(await ask("POST", "/api/v2/status")).toBe("405 GET,HEAD ");
    for (const path of ["v2/canister/ID/call", "v4/canister/ID/call", "v3/canister/ID/query", "v2/canister/ID/read_state"])
      expect(await ask("GET", `/api/${path.replace("ID", id)}`)).toBe("405 POST ");
    for (const path of [
      "v2/nothing",
      "v1/status",
      "v4/canister/ID/query",
      "v3/subnet/ID/call",
      "v2/subnet/ID/query",
      "v2/canister/ID/call/",
    ])
      expect(await ask("POST", `/api/${path.replace("ID", id)}`)).toBe("404  Endpoint not found.");
  });
});
