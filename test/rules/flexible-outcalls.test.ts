/**
 * Flexible outcalls: a committee of nodes does the request, and the caller gets several of their responses, or an error as a reply.
 *
 * Replica: `rs/https_outcalls/consensus/src/payload_builder` and `generate_from_flexible_args` in `rs/types/types/src/canister_http.rs` (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { expect, describe, test } from "vitest";
import { RESULT } from "../../src/core/management/candid-types.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import type { OutcallResponse } from "../../src/core/state/pending-calls.ts";
import { flexibleRequest, type FlexibleRequest } from "../support/outcall-requests.ts";
import { append, appendArgument, appendInfo, appendReject, call, program, send } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

const MANAGEMENT = "" as PrincipalId;
const CYCLES = 1_000_000_000_000n;
const NODES = 13;

interface Counts {
  readonly total_requests: number;
  readonly min_responses: number;
  readonly max_responses: number;
}
const counts = (total_requests: number, min_responses: number, max_responses: number): [Counts] => [
  { total_requests, min_responses, max_responses },
];

const response = (body: string | number): OutcallResponse => ({
  kind: "response",
  status: 200,
  headers: [],
  body: typeof body === "number" ? new Uint8Array(body) : new TextEncoder().encode(body),
});
const reject = (message: string): OutcallResponse => ({ kind: "reject", code: 2, message });

type Result =
  | { readonly ok: readonly { readonly body: Uint8Array }[] }
  | { readonly err: { readonly global_error: [Record<string, null>]; readonly node_details: object[]; readonly message: string } };

class Flexible {
  readonly net: Scenario;
  readonly caller: CanisterId;

  constructor(kind: "system" | "application" = "system", paidFlexibleOutcalls = false) {
    this.net = new Scenario({ subnets: [{ kind, name: kind, nodeCount: NODES }], limits: { paidFlexibleOutcalls } });
    this.caller = this.net.puppet();
  }

  /** Makes the call; its message. */
  ask(argument: Partial<FlexibleRequest>) {
    const onReply = program(append("+"), appendInfo("refunded"), appendArgument, send);
    const onReject = program(append("-"), appendInfo("refunded"), appendReject, send);
    const made = call(MANAGEMENT, { method: "flexible_http_request", arg: flexibleRequest(argument), cycles: CYCLES, onReply, onReject });
    const { messageId } = this.net.submit(this.caller, "run", made);
    this.net.rounds(2);
    return messageId;
  }

  answer(responses: readonly OutcallResponse[]): void {
    const subnet = this.net.subnet(0);
    const [pending] = [...this.net.net.state.subnets.get(subnet)!.pendingCalls.values()];
    expect(this.net.net.step({ kind: "outcall", subnet, call: pending!.id, responses }).answer).toEqual({ kind: "accepted" });
  }

  end(message: ReturnType<Flexible["ask"]>): { readonly refunded: bigint; readonly data: Uint8Array; readonly isReply: boolean } {
    const end = this.net.await(message);
    if (end.kind === "rejected") throw new Error(end.message);
    const refunded = new DataView(end.data.buffer, end.data.byteOffset).getBigUint64(1, true);
    return { refunded, data: end.data.slice(9), isReply: end.data[0] === 43 };
  }

  result(argument: Partial<FlexibleRequest>, responses: readonly OutcallResponse[]): Result {
    const message = this.ask(argument);
    this.answer(responses);
    return resultOf(this.end(message).data);
  }
}

function resultOf(data: Uint8Array): Result {
  return IDL.decode(RESULT.flexible_http_request as unknown as IDL.Type[], data)[0] as unknown as Result;
}

function bodies(result: Result): string[] {
  if ("err" in result) throw new Error(result.err.message);
  return result.ok.map(({ body }) => new TextDecoder().decode(Uint8Array.from(body)));
}

function error(result: Result): { readonly why: string; readonly message: string; readonly nodes: number } {
  if ("ok" in result) throw new Error("it has responses");
  const { global_error, message, node_details } = result.err;
  return { why: Object.keys(global_error[0])[0]!, message, nodes: node_details.length };
}

describe("a flexible outcall [replica: flexible outcalls]", () => {
  test("gives the smallest responses, as many as the caller takes, though they differ", () => {
    const flexible = new Flexible();
    const replication = counts(4, 2, 3);
    expect(bodies(flexible.result({ replication }, [response("four"), response("one"), response("to"), reject("no")]))).toEqual([
      "to",
      "one",
      "four",
    ]);
    expect(bodies(flexible.result({ replication }, ["a", "b", "c", "d"].map(response)))).toHaveLength(3);
    // By default all nodes, of which more than two thirds answer.
    expect(
      bodies(
        flexible.result(
          {},
          Array.from({ length: 9 }, () => response("same")),
        ),
      ),
    ).toHaveLength(9);
    expect(bodies(flexible.result({ replication: counts(1, 0, 1) }, []))).toEqual([]);
  });

  test("waits on while there may be more, and tells when time is over", () => {
    const flexible = new Flexible();
    const message = flexible.ask({ replication: counts(4, 2, 3) });
    flexible.answer([response("one")]);
    flexible.net.rounds(2);
    flexible.net.net.step({ kind: "time", timeNanos: flexible.net.net.state.timeNanos + 61_000_000_000n });
    const { data, refunded } = flexible.end(message);
    expect(error(resultOf(data))).toEqual({ why: "timeout", message: "Flexible HTTP request timed out", nodes: 0 });
    expect(refunded).toBe(CYCLES);
  });

  test("names the nodes that reject when there cannot be enough responses any more", () => {
    const flexible = new Flexible();
    const result = flexible.result({ replication: counts(3, 2, 3) }, [reject("down"), reject("down too")]);
    expect(error(result)).toEqual({ why: "too_many_rejects", message: "Too many rejects: 2 responses are rejects", nodes: 2 });
    expect((result as { err: { node_details: object[] } }).err.node_details[0]).toMatchObject({
      report: { cycles: [], raw_response_bytes: [] },
      error: [{ code: "SysTransient", message: "down" }],
    });
  });

  test("has no more than fits into a block", () => {
    const flexible = new Flexible();
    const large = () => response(1_500_000);
    expect(bodies(flexible.result({ replication: counts(3, 1, 3) }, [large(), large(), response("small")]))).toHaveLength(2);
    const { why, message, nodes } = error(flexible.result({ replication: counts(2, 2, 2) }, [large(), large()]));
    expect([why, nodes]).toEqual(["responses_too_large", 2]);
    expect(message).toMatch(
      /^Responses too large: need at least 2 OK responses to fit within 2097152 bytes, but even the smallest 2 \(= 2 min_responses - 0 unseen\) of 2 OK responses have sizes \[\d+, \d+\] bytes \(2 ok \+ 0 reject \+ 0 unseen = 2 total_requests\)$/,
    );
  });

  test("cannot be given more responses than there are nodes in the committee", () => {
    const flexible = new Flexible();
    flexible.ask({ replication: counts(1, 1, 1) });
    const subnet = flexible.net.subnet(0);
    const responses = [response("a"), response("b")];
    expect(flexible.net.net.step({ kind: "outcall", subnet, call: 0, responses } as never).answer).toMatchObject({ kind: "refused" });
  });

  test.each<[string, Partial<FlexibleRequest>, string]>([
    ["no node", { replication: counts(0, 0, 0) }, "total_requests (0) must be at least 1"],
    [
      "more nodes than there are",
      { replication: counts(14, 1, 1) },
      "total_requests (14) must not exceed the number of available nodes (13)",
    ],
    ["more at least than at most", { replication: counts(3, 2, 1) }, "min_responses (2) must not exceed max_responses (1)"],
    ["more than are asked", { replication: counts(3, 1, 4) }, "max_responses (4) must not exceed total_requests (3)"],
    [
      "a method that must be counted",
      { method: { put: null }, replication: counts(3, 2, 3) },
      "The requested HTTP method is only allowed for non-replicated requests, or flexible requests with min_responses = max_responses = total_requests.",
    ],
  ])("is refused for %s", (_name, argument, text) => {
    const flexible = new Flexible();
    const { data, isReply, refunded } = flexible.end(flexible.ask(argument));
    expect([isReply, data[0], new TextDecoder().decode(data.slice(1)), refunded]).toEqual([false, 4, text, CYCLES]);
  });

  test("is there for canisters that pay where the network has it; what nodes do not spend comes back", () => {
    const without = new Flexible("application");
    const refused = without.end(without.ask({}));
    expect(new TextDecoder().decode(refused.data.slice(1))).toBe("FlexibleHttpRequest is not yet implemented");
    const paying = new Flexible("application", true);
    const refundOf = (responses: readonly OutcallResponse[]): bigint => {
      const message = paying.ask({ replication: counts(2, 2, 2), method: { put: null } });
      paying.answer(responses);
      return paying.end(message).refunded;
    };
    const small = refundOf([response("a"), response("b")]);
    const large = refundOf([response(1000), response(1000)]);
    expect(small).toBeLessThan(CYCLES);
    expect(large).toBeLessThan(small);
  });
});
