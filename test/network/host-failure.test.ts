import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { compileWat, importLine } from "../support/ic0-wat.ts";

const DEEP = compileWat(`(module ${importLine("msg_reply")}
  (func $down (param $n i32) (call $down (i32.add (local.get $n) (i32.const 1))) (drop (i32.add (local.get $n) (i32.const 1))))
  (func (export "canister_update fine") (call $msg_reply))
  (func (export "canister_update deep") (call $down (i32.const 0))))`);

test("what the host cannot do stops the network, and everybody who waits is told, once", async () => {
  const net = await Cannery.create({ limits: { stackBytes: 2 ** 30 }, print: false });
  const canister = await net.install(DEEP);
  await canister.call("fine");
  const [deep, other] = await Promise.allSettled([canister.call("deep"), canister.call("fine")]);
  const told = {
    status: "rejected",
    reason: expect.objectContaining({ message: expect.stringMatching(/larger stack/u) }),
  };
  expect(deep).toEqual(told);
  expect([told, { status: "fulfilled", value: new Uint8Array(0) }]).toContainEqual(other);
  await expect(canister.call("fine")).rejects.toThrow("the network has stopped");
});
