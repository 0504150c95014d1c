import { LOG_CAPACITY_BYTES } from "../canister/log.ts";
import { expect, test } from "vitest";
import { makeContext } from "../../../test/support/canister-record.ts";
import {
  ALICE,
  decode,
  BOB,
  encode,
  firstLine,
  idArg,
  ManagementWorld,
  principal,
  principalText,
  text,
  TRILLION,
} from "../../../test/support/management-world.ts";
import { compileWat } from "../../../test/support/ic0-wat.ts";
import type { CallContext } from "../state/canister.ts";
import type { CallbackId, CallContextId, CanisterId, MessageId } from "../state/ids.ts";
import { GOVERNANCE_CANISTER } from "./access.ts";
import { NO_RESULT } from "./candid.ts";
import { completeStop, hasTimedOutStopRequest, isReadyToStop, timeOutStopRequests } from "./stop-canister.ts";
import { uninstallForLackOfCycles } from "./uninstall-code.ts";

const EMPTY_MODULE = compileWat("(module)");

function uninstallArg(id: CanisterId): Uint8Array {
  return encode("uninstall_code", { canister_id: principal(id), sender_canister_version: [] });
}

function addContext(net: ManagementWorld, id: CanisterId, given: Partial<CallContext> = {}): CallContext {
  const canister = net.canister(id);
  const contextId = canister.nextCallContextId++ as CallContextId;
  const origin = { kind: "ingress", user: ALICE, messageId: "ab" as MessageId, method: "m", tag: 77 } as const;
  const context = makeContext({ epoch: canister.epoch, id: contextId, origin, caller: ALICE, ...given });
  canister.callContexts.set(contextId, context);
  return context;
}

test("stop holds the request, and completes when nothing is open [management-canister#ic-stop_canister]", () => {
  const net = new ManagementWorld();
  const [id, caller] = [net.create({ settings: { controllers: [principal(ALICE), principal(BOB)] } }), net.create()];
  expect(net.call("stop_canister", idArg(id))).toEqual({ kind: "waiting" });
  expect(net.canister(id)).toMatchObject({ version: 1, status: { kind: "stopping" } });
  expect([...net.subnet().stopping.keys()]).toEqual([id]);
  expect(firstLine(net.error("stop_canister", idArg(id), { from: caller, cycles: 5n }))).toMatch(/^IC0512/);
  expect(net.call("stop_canister", idArg(id), { sender: BOB })).toEqual({ kind: "waiting" });
  expect(net.canister(id).version).toBe(2);

  const context = addContext(net, id, { responded: true, openCallbacks: 1 });
  expect(isReadyToStop(net.canister(id))).toBe(false);
  net.canister(id).callContexts.delete(context.id);
  expect(isReadyToStop(net.canister(id))).toBe(true);
  const answers = completeStop(net.world, net.subnet(), net.canister(id));
  expect(answers.map(({ to, result }) => [to.kind === "ingress" && to.user, result])).toEqual([
    [ALICE, { kind: "reply", data: NO_RESULT }],
    [BOB, { kind: "reply", data: NO_RESULT }],
  ]);
  expect(net.canister(id)).toMatchObject({ version: 3, status: { kind: "stopped" } });
  expect(net.subnet().stopping.size).toBe(0);

  // Already stopped: answered at once, and the version counts up all the same.
  expect(text(net.call("stop_canister", idArg(id)))).toMatch(/^reply/);
  expect(net.canister(id).version).toBe(4);
  expect(net.events.filter((event) => event.kind === "canister").map(({ change }) => change)).toEqual([
    "created",
    "created",
    "stopping",
    "stopped",
  ]);
});

test("a stop request times out after five minutes, with its cycles; the canister stays stopping [management-canister#ic-stop_canister]", () => {
  const net = new ManagementWorld();
  const controller = net.create();
  const id = net.create({ settings: { controllers: [principal(controller)] } });
  net.call("stop_canister", idArg(id), { from: controller, cycles: 9n });
  const start = net.world.state.timeNanos;
  net.world.state.timeNanos = start + 1n;
  net.call("stop_canister", idArg(id), { from: controller });
  expect(hasTimedOutStopRequest(net.canister(id), start + 299_999_999_999n)).toBe(false);
  expect(hasTimedOutStopRequest(net.canister(id), start + 300_000_000_000n)).toBe(true);
  const answers = timeOutStopRequests(net.subnet(), net.canister(id), start + 300_000_000_000n);
  expect(answers).toMatchObject([
    {
      to: { kind: "canister", canister: controller },
      respondent: net.subnet().config.id,
      refundCycles: 9n,
      result: { kind: "systemReject", code: 2, message: "Stop canister request timed out", error: { code: 206 } },
    },
  ]);
  const { status } = net.canister(id);
  expect(status.kind === "stopping" && status.requests.length).toBe(1);
});

test("start cancels waiting stops; starting a running canister counts the version up [abstract-behavior#ic-management-canister-starting-a-canister] [management-canister#ic-start_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.call("stop_canister", idArg(id));
  const outcome = net.call("start_canister", idArg(id));
  expect(outcome).toMatchObject({
    kind: "answered",
    alsoAnswered: [
      {
        to: { kind: "ingress", user: ALICE },
        result: { code: 5, message: `Canister ${principalText(id)}'s stop request was cancelled.`, error: { code: 511 } },
      },
    ],
  });
  expect(net.canister(id)).toMatchObject({ version: 2, status: { kind: "running" } });
  net.reply("start_canister", idArg(id));
  expect(net.canister(id).version).toBe(3);
  expect(net.subnet().stopping.size).toBe(0);
});

test("delete: not by itself, only stopped, only with empty queues [abstract-behavior#ic-management-canister-canister-deletion] [management-canister#ic-delete_canister]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  const name = principalText(id);
  net.canister(id).settings = { ...net.canister(id).settings, controllers: [ALICE, id].sort() };
  expect(firstLine(net.error("delete_canister", idArg(id), { from: id }))).toBe(`IC0512: Canister ${name} cannot delete itself.`);
  expect(firstLine(net.error("delete_canister", idArg(id), { sender: BOB }))).toMatch(/^IC0512: Only the controllers/);
  expect(firstLine(net.error("delete_canister", idArg(id)))).toBe(`IC0510: Canister ${name} must be stopped before it is deleted.`);
  net.canister(id).status = { kind: "stopped" };
  net.canister(id).queues.pushIngress({
    kind: "ingress",
    tag: 1,
    messageId: "01" as MessageId,
    sender: ALICE,
    receiver: id,
    effectiveCanisterId: id,
    method: "m",
    arg: new Uint8Array(0),
    expiryNanos: 1n,
    envelopeBytes: 1,
    senderInfo: null,
  });
  expect(firstLine(net.error("delete_canister", idArg(id)))).toBe(
    `IC0203: Canister ${name} has messages in its queues and cannot be deleted now. Please retry after some time.`,
  );
  net.canister(id).queues.popInput();
  net.reply("delete_canister", idArg(id));
  expect(net.subnet().canisters.has(id)).toBe(false);
  expect(net.subnet()).toMatchObject({ memoryUsageBytes: 0 });
  expect([net.subnet().charges.size, net.subnet().withInput.size, net.subnet().timers.size]).toEqual([0, 0, 0]);
  expect(net.error("delete_canister", idArg(id))).toContain(`IC0301: Canister ${name} not found.\nCheck the ICP dashboard`);
});

test("deposit_cycles: all of it, to any canister; unknown ones refund; users cannot [management-canister#ic-deposit_cycles]", () => {
  const net = new ManagementWorld();
  const [from, to] = [net.create(), net.create({ amount: 0n })];
  net.canister(to).status = { kind: "stopped" };
  expect(net.call("deposit_cycles", idArg(to), { from, cycles: 12n })).toMatchObject({ refundCycles: 0n });
  expect(net.canister(to).balanceCycles).toBe(12n);
  net.subnet().canisters.delete(to);
  expect(net.call("deposit_cycles", idArg(to), { from, cycles: 12n })).toMatchObject({ refundCycles: 12n, result: { kind: "error" } });
  expect(net.error("deposit_cycles", idArg(from))).toBe("IC0504: deposit_cycles cannot be called by a user.");
});

test("uninstall drops code and what belongs to it, answers open contexts, keeps the rest [management-canister#ic-uninstall_code]", () => {
  const net = new ManagementWorld();
  const [id, caller] = [net.create(), net.create()];
  net.install(id, EMPTY_MODULE);
  const canister = net.canister(id);
  canister.certifiedData = new Uint8Array(3);
  canister.globalTimerNanos = 5n;
  canister.chunkStore = new Map([["00", new Uint8Array(1)]]);
  canister.log.append({ dropped: 0, records: [{ timestampNanos: 1n, content: new Uint8Array(9) }] }, LOG_CAPACITY_BYTES);
  canister.status = { kind: "stopped" };
  const origin = { kind: "canister", canister: caller, callbackId: 3 as CallbackId, deadline: 0, method: "m", tag: 5 } as const;
  addContext(net, id, { availableCycles: 0n });
  const waiting = addContext(net, id, { origin, availableCycles: 40n, openCallbacks: 1 });
  addContext(net, id, { responded: true, openCallbacks: 1 });
  addContext(net, id, { origin: { kind: "systemTask", task: "heartbeat", tag: 0 }, openCallbacks: 1 });

  const outcome = net.call("uninstall_code", uninstallArg(id));
  expect(outcome.kind === "answered" && outcome.alsoAnswered).toMatchObject([
    {
      to: { kind: "ingress" },
      respondent: id,
      refundCycles: 0n,
      result: { code: 4, message: "Canister has been uninstalled.", error: { code: 406 } },
    },
    { to: origin, respondent: id, refundCycles: 40n, result: { code: 4 } },
  ]);
  const after = net.canister(id);
  expect(after).toMatchObject({ execution: null, globalTimerNanos: 0n, version: 2, status: { kind: "stopped" } });
  expect([after.certifiedData.length, after.chunkStore.size, after.log.records.length]).toEqual([0, 0, 0]);
  expect([...after.callContexts.values()].map(({ deleted, availableCycles }) => [deleted, availableCycles])).toEqual([
    [true, 0n],
    [true, 0n],
    [true, 0n],
  ]);
  expect(after.callContexts.get(waiting.id)).toMatchObject({ responded: true });
  expect(after.history.entries.at(-1)).toMatchObject({ canisterVersion: 2, details: { kind: "codeUninstall" } });
  expect(after.balanceCycles).toBeGreaterThan(99n * TRILLION);
});

test("governance may uninstall any canister [management-canister#ic-uninstall_code]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  expect(firstLine(net.error("uninstall_code", uninstallArg(id), { sender: BOB }))).toMatch(/^IC0512/);
  net.reply("uninstall_code", uninstallArg(id), { from: GOVERNANCE_CANISTER });
});

test("out of cycles: uninstalled, history and allocations gone, the rest burned [abstract-behavior#canister-out-of-cycles]", () => {
  const net = new ManagementWorld();
  const id = net.create({ settings: { memory_allocation: 1000n }, amount: 2n * TRILLION });
  net.install(id, EMPTY_MODULE);
  const { total } = net.canister(id).history;
  addContext(net, id);
  expect(uninstallForLackOfCycles(net.world, net.subnet(), net.canister(id)).length).toBe(1);
  expect(net.canister(id)).toMatchObject({
    execution: null,
    balanceCycles: 0n,
    history: { total, entries: [] },
    settings: { memoryAllocation: 0n, controllers: [ALICE] },
    version: 2,
  });
  expect(net.subnet().memoryUsageBytes).toBe(0);
});

test("raw_rand: 32 new bytes each time, for canisters of the subnet [management-canister#ic-raw_rand]", () => {
  const net = new ManagementWorld();
  const from = net.create();
  const [a, b] = [net.reply("raw_rand", NO_RESULT, { from }), net.reply("raw_rand", NO_RESULT, { from })];
  expect([decode<Uint8Array>("raw_rand", a).length, Buffer.compare(a, b) === 0]).toEqual([32, false]);
  expect(net.error("raw_rand", new Uint8Array(0), { from })).toMatch(/^IC0408: Error decoding candid: /);
  expect(net.error("raw_rand", NO_RESULT)).toBe("IC0504: raw_rand cannot be called by a user.");
  const again = new ManagementWorld();
  expect(again.reply("raw_rand", NO_RESULT, { from: again.create() })).toEqual(a);
});

test("what Cannery or the replica does not do is refused by name, with the cycles", () => {
  const net = new ManagementWorld();
  const from = net.create();
  const flexible = encode("flexible_http_request", {
    max_response_bytes: [],
    url: "https://example.org",
    method: { get: null },
    headers: [],
    body: [],
    transform: [],
    replication: [],
  });
  expect(net.call("flexible_http_request", flexible, { from, cycles: 5n })).toMatchObject({
    result: { error: { code: 406, description: "FlexibleHttpRequest is not yet implemented" } },
    refundCycles: 5n,
  });
  expect(net.error("flexible_http_request", NO_RESULT, { from })).toMatch(/^IC0408: /);
  expect(net.error("frobnicate", NO_RESULT, { from })).toBe("IC0536: Management canister has no method 'frobnicate'");
});
