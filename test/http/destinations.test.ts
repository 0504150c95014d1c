/**
 * Whom a request reaches: the canister or the subnet in its address, and nobody else, whatever its argument says.
 */
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { puppet, reply } from "../support/puppet.ts";
import { anonymous, argument, MANAGEMENT, post } from "./raw.ts";

async function network() {
  const net = await Cannery.create({ application: 2, print: false });
  const here = await net.install(puppet(), { subnet: net.subnets[0], name: "here" });
  const there = await net.install(puppet(), { subnet: net.subnets[1], name: "there" });
  return { net, here, there };
}

describe("a management call that is about a canister of another subnet [https-interface#http-effective-canister-id]", () => {
  test.each(["v2", "v3", "v4"])("is refused by the subnet that it was sent to, by endpoint %s", async (version) => {
    const { net, here, there } = await network();
    const { body } = anonymous("call", MANAGEMENT, "canister_status", argument("canister_id", { canister_id: there.id }));
    expect(await post(net, `/api/${version}/canister/${here.id}/call`, body)).toMatchObject({
      status: 200,
      fields: { reject_code: 3, error_code: "IC0301", reject_message: `Canister ${there.id} not found` },
    });
  });

  test("as a query too", async () => {
    const { net, here, there } = await network();
    const { body } = anonymous("query", MANAGEMENT, "canister_status", argument("canister_id", { canister_id: there.id }));
    expect(await post(net, `/api/v3/canister/${here.id}/query`, body)).toMatchObject({
      fields: { status: "rejected", reject_code: 3, error_code: "IC0301", reject_message: `Canister ${there.id} not found` },
    });
    expect(await post(net, `/api/v3/canister/${there.id}/query`, body)).toMatchObject({ fields: { status: "replied" } });
  });
});

describe("the management canister is in no subnet, so it is no address [https-interface#http-effective-canister-id]", () => {
  test.each(["call", "query", "read_state"] as const)("%s", async (endpoint) => {
    const { net } = await network();
    const { body } = anonymous(endpoint === "call" ? "call" : "query", MANAGEMENT, "raw_rand", Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0));
    expect(await post(net, `/api/v3/canister/aaaaa-aa/${endpoint}`, body)).toEqual({
      status: 400,
      fields: { text: "error: canister_not_found\ndetails: The specified canister does not exist." },
    });
  });

  test("but canisters for tests are made at any", async () => {
    const { net } = await network();
    const arg = argument("provisional_create_canister_with_cycles", {
      amount: [],
      settings: [],
      specified_id: [],
      sender_canister_version: [],
    });
    const { body } = anonymous("call", MANAGEMENT, "provisional_create_canister_with_cycles", arg);
    expect(await post(net, "/api/v4/canister/aaaaa-aa/call", body)).toMatchObject({ status: 200, fields: { status: "replied" } });
  });
});

test("list_canisters lists the canisters of the subnet in the address [https-interface#http-effective-subnet-id]", async () => {
  const free = { kind: "application", costSchedule: "free", admins: [Principal.anonymous()] } as const;
  const net = await Cannery.create({
    subnets: [
      { ...free, name: "first" },
      { ...free, name: "second" },
    ],
    print: false,
  });
  const second = net.subnets[1]!;
  const canister = await net.install(puppet(), { subnet: second });
  const { body } = anonymous("query", MANAGEMENT, "list_canisters", Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0));
  const { fields } = await post(net, `/api/v3/subnet/${second.id}/query`, body);
  expect(fields).toMatchObject({ status: "replied" });
  const { arg } = fields["reply"] as { readonly arg: Uint8Array };
  expect(Buffer.from(arg).includes(Buffer.from(canister.id.toUint8Array()))).toBe(true);
});

test("a call that is sent again is checked again: the status of what ran is not given once it would be refused [replica: call endpoint]", async () => {
  const { net, here } = await network();
  const path = `/api/v4/canister/${here.id}/call`;
  const { body } = anonymous("call", here.id.toUint8Array(), "run", reply("done"));
  for (let i = 0; i < 2; i++) expect(await post(net, path, body)).toMatchObject({ status: 200, fields: { status: "replied" } });
  await here.stop();
  expect(await post(net, path, body)).toMatchObject({
    status: 200,
    fields: { status: "non_replicated_rejection", reject_code: 5, error_code: "IC0508", reject_message: `Canister ${here.id} is stopped` },
  });
});

test("of two alike at once the second is told that the first is awaited [replica: call endpoint]", async () => {
  const { net, here } = await network();
  const path = `/api/v4/canister/${here.id}/call`;
  const { body } = anonymous("call", here.id.toUint8Array(), "run", reply("done"));
  const answers = await Promise.all([post(net, path, body), post(net, path, body)]);
  expect(answers).toMatchObject([
    { status: 200, fields: { status: "replied" } },
    { status: 202, fields: { text: "Duplicate request. Message is already being tracked and executed." } },
  ]);
  expect(await post(net, path, body)).toMatchObject({ status: 200, fields: { status: "replied" } });
});
