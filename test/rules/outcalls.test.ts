/**
 * HTTPS outcalls in the core: what is checked and paid, what the nodes' responses become, and when nobody answers.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { ARGUMENT, RESULT } from "../../src/core/management/candid-types.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import type { OutcallResponse } from "../../src/core/state/pending-calls.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { allCycles } from "../support/all-cycles.ts";
import { importLine } from "../support/ic0-wat.ts";
import { ASKED_URL, httpRequest, type HttpRequest } from "../support/outcall-requests.ts";
import { append, appendArgument, appendInfo, appendReject, call, program, send } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

const MANAGEMENT = "" as PrincipalId;
const CYCLES = 100_000_000_000n;

const transformOf = (id: CanisterId, method: string): HttpRequest["transform"] => [
  { function: [Principal.fromUint8Array(fromHex(id)), method], context: Uint8Array.of(7) },
];
const response = (body: string, headers: { name: string; value: string }[] = [], status = 200): OutcallResponse => ({
  kind: "response",
  status,
  headers,
  body: new TextEncoder().encode(body),
});

/** Puppet `run`, and transforms as queries: `shout` replies a response of status 299 without headers, `grumble` rejects, `fall` traps, `grow` replies 3,000 bytes. */
const TRANSFORMS = `(module ${[
  "msg_reply_data_append",
  "msg_reply",
  "msg_reject",
  "trap",
  "msg_arg_data_size",
  "msg_arg_data_copy",
  "call_new",
  "call_data_append",
  "call_cycles_add128",
  "call_perform",
  "msg_reject_code",
  "msg_reject_msg_size",
  "msg_reject_msg_copy",
]
  .map((name) => importLine(name))
  .join("\n")}
  (memory 64) (table funcref (elem $ok $no))
  (func $ok (param i32)
    (call $msg_arg_data_copy (i32.const 4096) (i32.const 0) (call $msg_arg_data_size))
    (i32.store8 (i32.const 0) (i32.const 43)) (call $msg_reply_data_append (i32.const 0) (i32.const 1))
    (call $msg_reply_data_append (i32.const 4096) (call $msg_arg_data_size)) (call $msg_reply))
  (func $no (param i32)
    (i32.store8 (i32.const 0) (i32.const 45)) (i32.store8 (i32.const 1) (call $msg_reject_code))
    (call $msg_reply_data_append (i32.const 0) (i32.const 2))
    (call $msg_reject_msg_copy (i32.const 4096) (i32.const 0) (call $msg_reject_msg_size))
    (call $msg_reply_data_append (i32.const 4096) (call $msg_reject_msg_size)) (call $msg_reply))
  (func (export "canister_update go")
    (call $msg_arg_data_copy (i32.const 4096) (i32.const 0) (call $msg_arg_data_size))
    (call $call_new (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 12) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_data_append (i32.const 4096) (call $msg_arg_data_size))
    (call $call_cycles_add128 (i64.const 0) (i64.const 100000000000))
    (if (call $call_perform) (then unreachable)))
  (func (export "canister_query shout") (call $msg_reply_data_append (i32.const 32) (i32.const 5)) (call $msg_reply))
  (func (export "canister_query echo")
    (call $msg_arg_data_copy (i32.const 4096) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 4096) (call $msg_arg_data_size)) (call $msg_reply))
  (func (export "canister_query grumble") (call $msg_reject (i32.const 32) (i32.const 5)))
  (func (export "canister_query fall") (call $trap (i32.const 32) (i32.const 5)))
  (func (export "canister_query grow") (call $msg_reply_data_append (i32.const 8192) (i32.const 3000)) (call $msg_reply))
  (data (i32.const 16) "http_request") (data (i32.const 32) "SHOUT"))`;

/** Makes the call and runs until it waits: what the canister said when the responses have come. */
function outcall(scene: Scenario, caller: CanisterId, argument: Partial<HttpRequest>, responses: readonly OutcallResponse[]): Uint8Array {
  const sent = scene.submit(caller, "go", httpRequest(argument)).messageId;
  scene.rounds(2);
  const [pending] = [...scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.values()];
  if (pending !== undefined) {
    const { answer } = scene.net.step({ kind: "outcall", subnet: scene.subnet(0), call: pending.id, responses });
    expect(answer).toEqual({ kind: "accepted" });
  }
  const end = scene.await(sent);
  if (end.kind === "rejected") throw new Error(end.message);
  return end.data;
}

function resultOf(data: Uint8Array): { status: bigint; headers: unknown[]; body: Uint8Array } {
  expect(data[0]).toBe(43);
  return IDL.decode(RESULT.http_request as unknown as IDL.Type[], data.slice(1))[0] as never;
}

function rejectOf(data: Uint8Array): string {
  expect(data[0]).toBe(45);
  return `${data[1]} ${new TextDecoder().decode(data.slice(2))}`;
}

function scene() {
  const made = new Scenario();
  return { scene: made, caller: made.install(TRANSFORMS) };
}

describe("what the nodes got [management-canister#ic-http_request]", () => {
  test("a response comes as it is, header names in lower case", () => {
    const { scene: net, caller } = scene();
    const result = resultOf(outcall(net, caller, {}, [response("hello", [{ name: "X-Two", value: "b" }], 404)]));
    expect({ ...result, body: new TextDecoder().decode(Uint8Array.from(result.body)) }).toEqual({
      status: 404n,
      headers: [{ name: "x-two", value: "b" }],
      body: "hello",
    });
  });

  test("the transform is a query of the caller, with the context, called by the management canister", () => {
    const { scene: net, caller } = scene();
    expect(new TextDecoder().decode(outcall(net, caller, { transform: transformOf(caller, "shout") }, [response("x")]))).toBe("+SHOUT");
    const echoed = outcall(net, caller, { transform: transformOf(caller, "echo") }, [response("body")]).slice(1);
    const [argument] = IDL.decode(ARGUMENT.transform as unknown as IDL.Type[], echoed) as unknown as [
      { context: Uint8Array; response: { status: bigint } },
    ];
    expect([[...argument.context], argument.response.status]).toEqual([[7], 200n]);
  });

  test("a transform that rejects, traps or is missing gives its own error", () => {
    const { scene: net, caller } = scene();
    const by = (method: string) =>
      rejectOf(outcall(net, caller, { transform: transformOf(caller, method), max_response_bytes: [2000n] }, [response("x")]));
    expect(by("grumble")).toBe("4 SHOUT");
    expect(by("fall")).toContain(
      `5 IC0503: Error from Canister ${principalText(caller)}: Canister called \`ic0.trap\` with message: 'SHOUT'`,
    );
    expect(by("nothing")).toMatch(/^5 IC0536: /);
    expect(by("grow")).toBe("1 Transformed http response exceeds limit: 2000");
  });

  test("nodes that agree by more than two thirds are heard, else nobody", () => {
    const { scene: net, caller } = scene();
    const nodes = (equal: number) => Array.from({ length: 13 }, (_none, index) => response(index < equal ? "same" : `other ${index}`));
    expect(new TextDecoder().decode(Uint8Array.from(resultOf(outcall(net, caller, {}, nodes(9))).body))).toBe("same");
    const reject = rejectOf(outcall(net, caller, {}, nodes(8)));
    expect(reject).toMatch(
      /^2 No consensus could be reached\. Replicas had different responses\. Details: request_id: 1, hashes: \[[0-9a-f]{64}: 8\], \[/,
    );
    // What differs is what a transform takes away.
    expect(new TextDecoder().decode(outcall(net, caller, { transform: transformOf(caller, "shout") }, nodes(0)))).toBe("+SHOUT");
  });

  test("what they had is told by hashes, the platform's own, the most frequent first [replica: divergent outcalls]", () => {
    const { scene: net, caller } = scene();
    const divergent = Array.from({ length: 13 }, (_none, index) => response(`hello${Math.floor(index / 2)}`));
    // Computed apart from this code, from the replica's structures; what its PocketIC says is the same.
    const hashes = [
      "ec0118708cdb890175109b257aece4779a6453f1e2f0dc9cfd46978ee7b283ad: 2",
      "b0fa9e9985163dc782fd1a946e1582e1c51d2825f4fc1b0b65bb000cfe9a99af: 2",
      "7c8ce9fe660424bcb0deff10465eae77bd56ffacb0c13818ed04794ccb016f9a: 2",
      "705d1d39d67ee696c5ffae7f4b2f942c31339c8b794cb1eeda1d225ece27e96f: 2",
      "0fee579fc0e9ff601e95608fc45be95e4e8c359dc54797bba539d064356798ef: 2",
      "015213f728bffa8fdd27447b7656e110d3bbc32abe3109bcb56d508ca0140a0e: 2",
      "77aa54142121a597b7596d91a74b83c2ea51633ca3956b403a78815590db54bb: 1",
    ];
    const told = hashes.map((hash) => `[${hash}]`).join(", ");
    expect(rejectOf(outcall(net, caller, {}, divergent))).toBe(
      `2 No consensus could be reached. Replicas had different responses. Details: request_id: 0, hashes: ${told}`,
    );
  });

  test("one node does what is not replicated", () => {
    const { scene: net, caller } = scene();
    const result = resultOf(outcall(net, caller, { is_replicated: [false], method: { put: null } }, [response("done")]));
    expect(result.status).toBe(200n);
  });

  test("limits on what comes back", () => {
    const { scene: net, caller } = scene();
    const max_response_bytes = [100n] as const;
    const long = "x".repeat(101);
    expect(rejectOf(outcall(net, caller, { max_response_bytes }, [response(long)]))).toBe("1 Http body exceeds size limit of 100 bytes.");
    expect(rejectOf(outcall(net, caller, { max_response_bytes }, [response("", [{ name: "a", value: long }])]))).toBe(
      "1 Header size exceeds specified response size limit 100",
    );
    const many = Array.from({ length: 65 }, (_none, i) => ({ name: `h${i}`, value: "" }));
    expect(rejectOf(outcall(net, caller, {}, [response("", many)]))).toBe("1 number of all http headers 65 exceeds 64");
    expect(rejectOf(outcall(net, caller, {}, [{ kind: "reject", code: 2, message: "Connecting to example.org failed" }]))).toBe(
      "2 Connecting to example.org failed",
    );
  });

  test("without an answer for more than a minute it is given up [replica: CANISTER_HTTP_TIMEOUT_INTERVAL]", () => {
    const { scene: net, caller } = scene();
    const sent = net.submit(caller, "go", httpRequest({})).messageId;
    net.rounds(2);
    net.pass(59.9);
    net.rounds(2);
    expect(net.outcome(sent)).toBe("processing");
    net.pass(0.2);
    net.rounds(2);
    expect(net.outcome(sent)).toContain("Canister http request timed out");
  });
});

describe("what is refused at once, with every cycle back [management-canister#ic-http_request]", () => {
  const { scene: net, caller } = scene();
  const other = net.install(TRANSFORMS);
  const header = (bytes: number) => ({ name: "n", value: "v".repeat(bytes) });
  const rows: [string, Partial<HttpRequest>, string][] = [
    [
      "another canister's transform",
      { transform: transformOf(other, "shout") },
      `transform principal id expected to be ${principalText(caller)}, got ${principalText(other)}`,
    ],
    ["a long url", { url: "h".repeat(8193) }, "url size 8193 exceeds 8192"],
    ["many headers", { headers: Array.from({ length: 65 }, () => header(1)) }, "number of all http headers 65 exceeds 64"],
    [
      "a long name",
      { headers: [{ name: "n".repeat(8193), value: "" }] },
      "number of bytes to represent some http header name 8193 exceeds 8192",
    ],
    ["a long value", { headers: [header(8193)] }, "number of bytes to represent some http header value 8193 exceeds 8192"],
    [
      "large headers",
      { headers: Array.from({ length: 7 }, () => header(8000)) },
      "total number of bytes to represent all http header names and values 56007 exceeds 49152",
    ],
    ["a large answer", { max_response_bytes: [2_000_001n] }, "max_response_bytes expected to be in the range [0..2000000], got 2000001"],
    [
      "put by all nodes",
      { method: { put: null } },
      "The requested HTTP method is only allowed for non-replicated requests, or flexible requests with min_responses = max_responses = total_requests.",
    ],
  ];
  const puppet = net.puppet();
  const ask = (argument: Partial<HttpRequest>, cycles = CYCLES) => {
    const onReject = program(append("-"), appendInfo("refunded"), appendReject, send);
    const end = net.call(
      puppet,
      "run",
      call(MANAGEMENT, { method: "http_request", arg: httpRequest(argument), cycles, onReply: program(appendArgument, send), onReject }),
    );
    if (end.kind === "rejected") throw new Error(end.message);
    const view = new DataView(end.data.buffer, end.data.byteOffset);
    return { refunded: view.getBigUint64(1, true), text: new TextDecoder().decode(end.data.slice(10)), code: end.data[9] };
  };

  test.each(rows)("%s", (_name, argument, text) => {
    const expected = argument.transform === undefined ? text : text.replace(principalText(caller), principalText(puppet));
    expect(ask(argument)).toEqual({ refunded: CYCLES, code: 4, text: expected });
  });

  test("a large body", () => {
    const text = rejectOf(outcall(net, caller, { body: [new Uint8Array(2_000_001)] }, []));
    expect(text).toBe("4 total number of bytes to represent all http header names and values and http body 2000001 exceeds 2000000");
  });

  test("too few cycles: the price counts every byte of the request and of the largest answer [replica: http_request_fee]", () => {
    const price = 13n * (3_000_000n + 60_000n * 13n + 400n * BigInt(ASKED_URL.length + 3 + "grow".length + 1) + 800n * 100n);
    const argument: Partial<HttpRequest> = {
      body: [new Uint8Array(3)],
      max_response_bytes: [100n],
      transform: transformOf(puppet, "grow"),
    };
    expect(ask(argument, price - 1n)).toEqual({
      refunded: price - 1n,
      code: 4,
      text: `http_request request sent with ${price - 1n} cycles, but ${price} cycles are required.`,
    });
  });

  test("a user cannot make one [management-canister#ic-http_request]", () => {
    expect(net.submit(MANAGEMENT, "http_request", httpRequest({})).answer).toMatchObject({
      error: { description: "ic00 method http_request can not be called via ingress messages" },
    });
  });
});

test("cycles are conserved while it waits and after; what was not needed comes back [management-canister#ic-http_request]", () => {
  const { scene: net, caller } = scene();
  const before = allCycles(net.net.state);
  const sent = net.submit(caller, "go", httpRequest({ max_response_bytes: [0n] })).messageId;
  net.rounds(2);
  expect(allCycles(net.net.state)).toBe(before);
  const price = 13n * (3_000_000n + 60_000n * 13n + 400n * BigInt(ASKED_URL.length));
  const [pending] = [...net.net.state.subnets.get(net.subnet(0))!.pendingCalls.values()];
  expect(pending.refundCycles).toBe(CYCLES - price);
  net.net.step({ kind: "outcall", subnet: net.subnet(0), call: pending.id, responses: [response("")] });
  net.await(sent);
  expect(allCycles(net.net.state)).toBe(before);
  expect(net.canister(caller).consumed.httpOutcalls).toBe(price);
});

test("an answer that nobody waits for, or of a wrong number of nodes, is refused and changes nothing", () => {
  const { scene: net, caller } = scene();
  net.submit(caller, "go", httpRequest({}));
  net.rounds(2);
  const [pending] = [...net.net.state.subnets.get(net.subnet(0))!.pendingCalls.values()];
  const digest = net.net.digest();
  const give = (id: number, count: number) =>
    net.net.step({ kind: "outcall", subnet: net.subnet(0), call: id, responses: Array.from({ length: count }, () => response("")) }).answer;
  expect(give(99, 1)).toMatchObject({ kind: "refused", error: { description: expect.stringContaining("No HTTPS outcall 99 waits") } });
  expect(give(pending.id, 2)).toMatchObject({
    kind: "refused",
    error: { description: expect.stringContaining("give one response for all, or 13; got 2") },
  });
  expect(net.net.digest()).toBe(digest);
  expect(give(pending.id, 13)).toEqual({ kind: "accepted" });
  expect(give(pending.id, 1)).toMatchObject({ kind: "refused" });
});
