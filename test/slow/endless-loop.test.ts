import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { Cannery } from "../../src/index.ts";
import { compileWat } from "../support/ic0-wat.ts";

test("an endless loop ends at the platform's own limit of 40 G instructions; its writes are undone and the process goes on", async () => {
  const net = await Cannery.create({ print: false });
  const spinner = await net.install(
    compileWat(`(module (memory 1)
      (func (export "canister_update spin") (loop (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br 0))))`),
  );
  const round = net.round;
  await expect(spinner.call("spin")).rejects.toMatchObject({
    errorCode: "IC0522",
    rejectMessage: expect.stringContaining("exceeded the limit of 40000000000 instructions for single message execution") as string,
  });
  expect(net.round - round).toBeGreaterThanOrEqual(20); // 2 G a slice, a slice a round
  const [subnet] = net.state.subnets.values();
  expect(subnet!.canisters.get(spinner.id.toHex().toLowerCase() as never)!.execution!.heap.pageCount).toBe(0);
  const counter = await net.install(loadGenerated("counter"));
  expect(await counter.actor.inc()).toBe(1n);
});
