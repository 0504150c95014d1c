import { expect, test } from "vitest";
import { ALICE, BOB, errorText, ManagementWorld, principalText } from "../../../test/support/management-world.ts";
import { compileWat, importLine } from "../../../test/support/ic0-wat.ts";
import type { PrincipalId } from "../state/ids.ts";
import { inspectMessage } from "./inspect-message.ts";

/** Accepts method names of four bytes, and whoever has three bytes; traps for `t…`; writes on the way. */
const MODULE =
  compileWat(`(module ${["msg_method_name_size", "msg_method_name_copy", "accept_message", "msg_caller_copy"].map((name) => importLine(name)).join("\n")}
  (memory 1)
  (func (export "canister_inspect_message")
    (call $msg_method_name_copy (i32.const 0) (i32.const 0) (i32.const 1))
    (call $msg_caller_copy (i32.const 8) (i32.const 0) (i32.const 1))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 108)) (then (loop $l (br $l))))
    (if (i32.eq (call $msg_method_name_size) (i32.const 4)) (then
      (if (i32.eq (i32.load8_u (i32.const 8)) (i32.const 10)) (then (call $accept_message)))))))`);

function inspect(net: ManagementWorld, method: string, sender: PrincipalId = ALICE): string | null {
  const canister = [...net.subnet().canisters.values()][0];
  const error = inspectMessage(net.world, net.subnet(), canister, { sender, method, arg: new Uint8Array(0), senderInfo: null }, net.tools);
  return error === null ? null : errorText(error).split("\n")[0];
}

test("without the export every message is accepted [canister-interface#system-api-inspect-message]", () => {
  const net = new ManagementWorld();
  net.install(net.create(), compileWat("(module)"));
  expect(inspect(net, "any")).toBe(null);
});

test("accepted, rejected by silence, refused by a trap or at the limit; nothing stays [canister-interface#system-api-inspect-message]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.install(id, MODULE);
  const { stamp } = net.canister(id).execution!.heap;
  const name = principalText(id);
  expect(inspect(net, "four")).toBe(null);
  expect(inspect(net, "four", BOB)).toBe(`IC0406: Error from Canister ${name}: Canister rejected the message`);
  expect(inspect(net, "three")).toBe(`IC0502: Error from Canister ${name}: Canister trapped: unreachable.`);
  expect(inspect(net, "loop")).toBe(
    `IC0522: Error from Canister ${name}: Canister exceeded the limit of 200000000 instructions for single message execution..`,
  );
  expect(net.canister(id).execution!.heap.stamp).toBe(stamp);
});
