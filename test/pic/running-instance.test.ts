/**
 * A network that runs already, in the hands of PocketIC's clients: its time, rounds, cycles and outcalls by the instance's endpoints, while its own users go on.
 */
import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { Cannery } from "../../src/index.ts";
import { instanceOf } from "../../src/host/server/instance.ts";
import { now } from "../../src/host/clock.ts";

const ANONYMOUS = "BA==";
const NO_ARGUMENT = Buffer.from("DIDL\0\0").toString("base64");
const DAY = 86_400_000_000_000n;

async function running(module: Parameters<typeof loadGenerated>[0], mocked = "") {
  const outcalls = mocked === "" ? "fetch" : () => ({ body: mocked });
  const net = await Cannery.create({ application: 2, timeNanos: now(), outcalls, trace: false, print: false });
  const canister = await net.install(loadGenerated(module));
  net.live();
  const answer = instanceOf(net);
  const ask = async (path: string, body?: string): Promise<{ readonly status: number; readonly json: unknown }> => {
    const method = body === undefined ? "GET" : "POST";
    const request = { method, path, contentType: "application/json", body: new TextEncoder().encode(body ?? ""), stored: null };
    const outcome = await answer(request);
    if (outcome.kind !== "response") throw new Error(`no response, but ${JSON.stringify(outcome)}`);
    return { status: outcome.response.status, json: JSON.parse(outcome.response.body as string) as unknown };
  };
  const id = Buffer.from(canister.id.toUint8Array()).toString("base64");
  const call = { sender: ANONYMOUS, canister_id: id, effective_principal: { CanisterId: id }, payload: NO_ARGUMENT };
  const submit = async (method: string): Promise<string> => {
    const { json } = await ask("/update/submit_ingress_message", JSON.stringify({ ...call, method }));
    return JSON.stringify((json as { Ok: object }).Ok);
  };
  return { net, canister, ask, id, submit, time: async () => nanos((await ask("/read/get_time")).json) };
}

function nanos(json: unknown): bigint {
  return BigInt((json as { nanos_since_epoch: number }).nanos_since_epoch);
}

function setTime(timeNanos: bigint): string {
  return `{"nanos_since_epoch":${timeNanos}}`;
}

test("a call of a PocketIC client is answered by the network's own rounds, and its users see what it did", async () => {
  const { ask, submit, canister } = await running("counter");
  expect((await ask("/auto_progress")).json).toBe(true);
  const message = await submit("inc");
  expect((await ask("/update/await_ingress_message", message)).json).toEqual({ Ok: expect.any(String) as string });
  expect(await canister.actor.get()).toBe(1n);
});

test("with its rounds stopped the network's time stands still, for those too who come by the public interface, until somebody sets it", async () => {
  const { net, ask, time } = await running("counter");
  expect((await time()) - now()).toBeLessThan(1_000_000_000n);
  await ask("/stop_progress", "");
  expect((await ask("/auto_progress")).json).toBe(false);
  const stopped = net.time;
  await net.fetch("http://localhost/api/v2/status");
  expect(net.time).toBe(stopped);
  const later = stopped + DAY;
  // JSON has integers that numbers of JavaScript do not have.
  await ask("/update/set_time", setTime(later));
  expect(net.time).toBe(later);
  expect(await ask("/update/set_time", setTime(stopped))).toMatchObject({ status: 400 });
  await ask("/update/tick", "{}");
  expect(net.time).toBe(later + 1n);
});

test("with its rounds stopped a call waits until somebody ticks", async () => {
  const { net, ask, submit, canister } = await running("counter");
  await ask("/stop_progress", "");
  const message = await submit("inc");
  const before = net.round;
  await net.fetch("http://localhost/api/v2/status");
  expect(net.round).toBe(before);
  await ask("/update/tick", "{}");
  await ask("/update/await_ingress_message", message);
  expect(net.round).toBe(before + 1);
  await ask("/auto_progress", `{"artificial_delay_ms":null}`);
  expect(await canister.actor.get()).toBe(1n);
  expect(await ask("/auto_progress", `{"artificial_delay_ms":null}`)).toMatchObject({ status: 400 });
});

test("cycles are given to a canister of the running network", async () => {
  const { ask, id, canister } = await running("counter");
  const before = BigInt((await canister.status()).cycles);
  await ask("/update/add_cycles", JSON.stringify({ canister_id: id, amount: 10 ** 12 }));
  expect(BigInt((await canister.status()).cycles) - before).toBe(10n ** 12n);
});

test("with its rounds stopped the web is answered by the client; what it leaves unanswered, by the web when they go on", async () => {
  const { ask, submit, canister } = await running("guarded-outcall-feed", "from the web");
  await ask("/stop_progress", "");
  const message = await submit("refresh");
  for (let i = 0; i < 3; i++) await ask("/update/tick", "{}");
  const [first] = (await ask("/read/get_canister_http")).json as { subnet_id: object; request_id: number }[];
  const body = Buffer.from("mocked").toString("base64");
  const response = { CanisterHttpReply: { status: 200, headers: [], body } };
  const { subnet_id, request_id } = first!;
  const mock = JSON.stringify({ subnet_id, request_id, response, additional_responses: [] });
  expect(await ask("/update/mock_canister_http", mock)).toMatchObject({ status: 200 });
  await ask("/update/await_ingress_message", message);
  expect(await canister.actor.latest()).toEqual(["mocked"]);

  const second = await submit("refresh");
  for (let i = 0; i < 3; i++) await ask("/update/tick", "{}");
  expect((await ask("/read/get_canister_http")).json).toHaveLength(1);
  await ask("/auto_progress", `{"artificial_delay_ms":null}`);
  await ask("/update/await_ingress_message", second);
  expect(await canister.actor.latest()).toEqual(["from the web"]);
});
