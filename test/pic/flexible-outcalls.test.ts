/**
 * Flexible outcalls, as clients of version 16 see and answer them.
 *
 * Source: the crate `pocket-ic` 16.1, `CanisterHttpRequest` and `MockFlexibleCanisterHttpResponse`.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { RESULT } from "../../src/core/management/candid-types.ts";
import { flexibleRequest } from "../support/outcall-requests.ts";
import { base64, NEW, PicInstance, raw } from "../support/pic-instance.ts";
import { appendArgument, appendReject, call, program, puppet, send } from "../support/puppet.ts";

const REQUEST = flexibleRequest({ replication: [{ total_requests: 3, min_responses: 2, max_responses: 2 }] });
const reply = (body: string) => ({ CanisterHttpReply: { status: 200, headers: [], body: base64(body) } });

interface Pending {
  readonly subnet_id: object;
  readonly request_id: number;
}

/** An instance, and a canister in it that asks, with its first call under way. */
async function asking(config: object) {
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] }, ...config });
  await pic.create();
  const { default_effective_canister_id: first } = (await pic.ask("/read/topology")).json as {
    default_effective_canister_id: { canister_id: string };
  };
  const canister_id = Principal.fromUint8Array(Uint8Array.from(Buffer.from(first.canister_id, "base64")));
  await pic.manage("install_code", { mode: { install: null }, canister_id, wasm_module: puppet(), arg: [], sender_canister_version: [] });
  const said = program(appendArgument, send);
  const made = call("" as PrincipalId, {
    method: "flexible_http_request",
    arg: REQUEST,
    cycles: 10n ** 12n,
    onReply: said,
    onReject: program(appendReject, send),
  });
  const submit = { sender: "BA==", canister_id: raw(canister_id), effective_principal: "None", method: "run", payload: base64(made) };
  const { Ok: message } = (await pic.ask("/update/submit_ingress_message", submit)).json as { Ok: object };
  for (let i = 0; i < 2; i++) await pic.ask("/update/tick", {});
  return { pic, message, pending: (await pic.ask("/read/get_canister_http")).json as Pending[] };
}

test.each([
  ["on a subnet where outcalls are free", { subnet_config_set: { system: [NEW] } }],
  ["with beta features", { icp_config: { beta_features: "Enabled" } }],
])("%s a committee's responses are given one by one", async (_where, config) => {
  const { pic, message, pending } = await asking(config);
  expect(pending).toMatchObject([
    {
      http_method: "GET",
      replication: { Flexible: { total_requests: 3, min_responses: 2, max_responses: 2 } },
      pricing_version: "PayAsYouGo",
    },
  ]);
  const { subnet_id, request_id } = pending[0]!;
  const mock = (responses: object[], id = request_id) =>
    pic.ask("/update/mock_flexible_canister_http", { subnet_id, request_id: id, responses });
  const texts = ["a", "bc", "d", "e"].map(reply);
  expect(await mock(texts)).toEqual({ status: 400, json: { message: "InvalidMockCanisterHttpResponses((4, 3))" } });
  expect(await mock([], 7)).toMatchObject({
    status: 400,
    json: { message: expect.stringMatching(/^InvalidCanisterHttpRequestId\(/) as string },
  });
  const plain = { subnet_id, request_id, response: texts[0], additional_responses: [] };
  expect(await pic.ask("/update/mock_canister_http", plain)).toMatchObject({ status: 400 });
  // Too few to say anything: it waits on.
  expect(await mock(texts.slice(0, 1))).toEqual({ status: 200, json: null });
  expect((await pic.ask("/read/get_canister_http")).json).toHaveLength(1);
  expect(await mock(texts.slice(0, 3))).toEqual({ status: 200, json: null });
  const { Ok } = (await pic.ask("/update/await_ingress_message", message)).json as { Ok: string };
  const [result] = IDL.decode(RESULT.flexible_http_request, new Uint8Array(Buffer.from(Ok, "base64"))) as unknown as [
    { ok: { body: number[] }[] },
  ];
  expect(result.ok.map(({ body }) => String.fromCharCode(...body))).toEqual(["a", "d"]);
});

test("elsewhere there is no such method", async () => {
  const { pic, message, pending } = await asking({});
  expect(pending).toEqual([]);
  const { Ok } = (await pic.ask("/update/await_ingress_message", message)).json as { Ok: string };
  expect(Buffer.from(Ok, "base64").toString()).toContain("FlexibleHttpRequest is not yet implemented");
});
