/**
 * A stop, a deletion, an upgrade and an uninstallation in the middle of a call that is open: to another canister, to the web, for a signature, to Bitcoin.
 */
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../../src/base/bytes.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import type { CanisterId, MessageId, PrincipalId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { allCycles } from "../support/all-cycles.ts";
import { compileWat, importLine } from "../support/ic0-wat.ts";
import { principal } from "../support/management-world.ts";
import { httpRequest } from "../support/outcall-requests.ts";
import { Scenario } from "../support/scenario.ts";

const USED = [
  "msg_arg_data_size",
  "msg_arg_data_copy",
  "msg_reply_data_append",
  "msg_reply",
  "call_new",
  "call_data_append",
  "call_cycles_add128",
  "call_perform",
];

/** `go`: calls what its argument says (length and bytes of callee and method, payload) with 100 G cycles, and answers as its code says. */
function caller(says: string): string {
  return `(module ${USED.map((name) => importLine(name)).join("\n")}
  (memory 2) (table funcref (elem $back $back)) (data (i32.const 0) "${says}")
  (func $back (param i32) (call $msg_reply_data_append (i32.const 0) (i32.const ${says.length})) (call $msg_reply))
  (func (export "canister_update go") (local $method i32) (local $data i32)
    (call $msg_arg_data_copy (i32.const 1000) (i32.const 0) (call $msg_arg_data_size))
    (local.set $method (i32.add (i32.const 1001) (i32.load8_u (i32.const 1000))))
    (local.set $data (i32.add (i32.add (local.get $method) (i32.const 1)) (i32.load8_u (local.get $method))))
    (call $call_new (i32.const 1001) (i32.load8_u (i32.const 1000)) (i32.add (local.get $method) (i32.const 1)) (i32.load8_u (local.get $method))
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_cycles_add128 (i64.const 0) (i64.const 100000000000))
    (call $call_data_append (local.get $data) (i32.sub (i32.add (i32.const 1000) (call $msg_arg_data_size)) (local.get $data)))
    (if (call $call_perform) (then unreachable))))`;
}

function go(callee: PrincipalId, method: string, payload: Uint8Array): Uint8Array {
  const [id, name] = [fromHex(callee), new TextEncoder().encode(method)];
  return concat(Uint8Array.of(id.length), id, Uint8Array.of(name.length), name, payload);
}

const MANAGEMENT = "" as PrincipalId;
const encode = (name: keyof typeof ARGUMENT, value: object): Uint8Array => IDL.encode(ARGUMENT[name] as unknown as IDL.Type[], [value]);
const OUTCALL = httpRequest();
const SIGNATURE = encode("sign_with_ecdsa", {
  message_hash: new Uint8Array(32),
  derivation_path: [],
  key_id: { curve: { secp256k1: null }, name: "key_1" },
});
const BALANCE = encode("bitcoin_get_balance", {
  address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
  network: { regtest: null },
  min_confirmations: [],
});

const answerOutcall = (scene: Scenario): void => {
  const response = { kind: "response" as const, status: 200, headers: [], body: new Uint8Array(0) };
  expect(scene.net.step({ kind: "outcall", subnet: scene.subnet(0), call: 0, responses: [response] }).answer).toEqual({ kind: "accepted" });
};

interface Open {
  readonly what: string;
  /** Callee, method and payload of the call. */
  call(scene: Scenario): Uint8Array;
  /** Brings the answer, where it does not come by itself. */
  finish(scene: Scenario): void;
}

const OPEN: readonly Open[] = [
  {
    what: "a call of a canister that waits itself",
    call: (scene) => go(scene.install(caller("callee")), "go", go(MANAGEMENT, "http_request", OUTCALL)),
    finish: answerOutcall,
  },
  { what: "an outcall", call: () => go(MANAGEMENT, "http_request", OUTCALL), finish: answerOutcall },
  { what: "a signature", call: () => go(MANAGEMENT, "sign_with_ecdsa", SIGNATURE), finish: () => undefined },
  {
    what: "a question to Bitcoin",
    call: () => go(MANAGEMENT, "bitcoin_get_balance", BALANCE),
    finish(scene) {
      const answer = { method: "bitcoin_get_balance" as const, satoshi: 1n };
      expect(scene.net.step({ kind: "bitcoin", subnet: scene.subnet(0), call: 0, answer }).answer).toEqual({ kind: "accepted" });
    },
  },
];

interface Middle {
  readonly scene: Scenario;
  readonly canister: CanisterId;
  readonly message: MessageId;
  /** Cycles of the whole network when the call was open. */
  readonly cycles: bigint;
}

/** Until the subnet or the other canister has the call. */
function inTheMiddle({ call }: Open): Middle {
  const scene = new Scenario({ bitcoin: "regtest" });
  const canister = scene.install(caller("old"));
  const arg = call(scene);
  const { messageId } = scene.submit(canister, "go", arg);
  for (let i = 0; i < 10 && scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size === 0; i++) scene.rounds();
  expect([scene.canister(canister).callbacks.size, scene.outcome(messageId)]).toEqual([1, "processing"]);
  return { scene, canister, message: messageId, cycles: allCycles(scene.net.state) };
}

/** Nothing was made; what is gone was burned for work. */
function settled({ scene, canister, cycles }: Middle): void {
  scene.rounds(10);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size).toBe(0);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.canisters.get(canister)?.callbacks.size ?? 0).toBe(0);
  const now = allCycles(scene.net.state);
  expect(now).toBeLessThanOrEqual(cycles);
}

describe.each(OPEN)("in the middle of $what", (open) => {
  test("a stop waits for it, and a deletion for the stop [management-canister#ic-stop_canister] [management-canister#ic-delete_canister]", () => {
    const middle = inTheMiddle(open);
    const { scene, canister, message } = middle;
    const stop = scene.ask("stop_canister", canister);
    scene.rounds();
    const deletion = scene.ask("delete_canister", canister);
    expect(scene.canister(canister).status.kind).toBe("stopping");
    scene.rounds(1);
    expect(scene.outcome(deletion)).toContain(`IC0510: Canister ${principalText(canister)} must be stopped before it is deleted.`);
    open.finish(scene);
    scene.await(stop);
    expect(scene.outcome(message)).toBe("old");
    expect(scene.canister(canister).status.kind).toBe("stopped");
    settled(middle);
    scene.manageOne("delete_canister", canister);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.canisters.has(canister)).toBe(false);
  });

  test.each(["upgrade", "reinstall"] as const)("an %s: the answer finds the new code [management-canister#ic-install_code]", (mode) => {
    const middle = inTheMiddle(open);
    const { scene, canister, message } = middle;
    const installation = scene.askInstall(canister, mode, compileWat(caller("new")));
    scene.rounds();
    expect(scene.outcome(installation)).toBe("DIDL\0\0");
    open.finish(scene);
    scene.await(message);
    expect(scene.outcome(message)).toBe("new");
    settled(middle);
  });

  test("an uninstallation answers for the canister; what comes later only brings its cycles [management-canister#ic-uninstall_code]", () => {
    const middle = inTheMiddle(open);
    const { scene, canister, message } = middle;
    scene.uninstall(canister);
    expect(scene.outcome(message)).toBe("IC0406: Canister has been uninstalled.");
    const before = scene.canister(canister).balanceCycles;
    const wasOpen = scene.canister(canister).callbacks.size;
    if (wasOpen > 0) open.finish(scene);
    settled(middle);
    // Everything attached but the fee, and the answer's prepaid execution and transmission.
    if (wasOpen > 0) expect(scene.canister(canister).balanceCycles).toBeGreaterThan(before);
    scene.manageOne("stop_canister", canister);
    expect(scene.canister(canister).status.kind).toBe("stopped");
  });

  test("new settings and a start change nothing about it", () => {
    const middle = inTheMiddle(open);
    const { scene, canister, message } = middle;
    scene.askSettings(canister, { controllers: [principal("0b0b01" as PrincipalId)], freezing_threshold: 1n });
    scene.rounds();
    open.finish(scene);
    scene.await(message);
    expect(scene.outcome(message)).toBe("old");
    settled(middle);
  });
});

test("a start in the middle of a stop refuses the stop, and the call goes on [management-canister#ic-start_canister]", () => {
  const middle = inTheMiddle(OPEN[1]);
  const { scene, canister, message } = middle;
  const stop = scene.ask("stop_canister", canister);
  scene.rounds();
  scene.manageOne("start_canister", canister);
  expect(scene.outcome(stop)).toBe(`IC0511: Canister ${principalText(canister)}'s stop request was cancelled.`);
  OPEN[1].finish(scene);
  scene.await(message);
  expect([scene.outcome(message), scene.canister(canister).status.kind]).toEqual(["old", "running"]);
  settled(middle);
});

test("a stop that waits too long for an outcall is given up, and the canister stays stopping [management-canister#ic-stop_canister]", () => {
  const { scene, canister } = inTheMiddle(OPEN[3]);
  const stop = scene.ask("stop_canister", canister);
  scene.rounds();
  scene.pass(300);
  scene.rounds(2);
  expect(scene.outcome(stop)).toBe("IC0206: Stop canister request timed out");
  expect(scene.canister(canister).status.kind).toBe("stopping");
});
