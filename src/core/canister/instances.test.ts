import { expect, test } from "vitest";
import { canisterModule } from "../../../test/support/ic0-wat.ts";
import { TestCanister } from "../../../test/support/run-canister.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import { EngineRefusal, type WasmEngine } from "../wasm/engine.ts";
import { InstancePool } from "./instances.ts";
import { HostFailure } from "./run-context.ts";

const COUNTER = canisterModule(`
  (func (export "canister_update inc")
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $msg_reply_data_append (i32.const 0) (i32.const 1))
    (call $msg_reply))`);

test("an engine that has less room than the limit gets it from instances that nobody needs now", () => {
  let room = 3;
  let refusals = 0;
  const small: WasmEngine = {
    ...nodePlatform.engine,
    instantiate(module, imports) {
      if (room === 0) {
        refusals++;
        room = 3; // the pool gives all up
        throw new EngineRefusal("WebAssembly.Instance(): Out of memory");
      }
      room--;
      return nodePlatform.engine.instantiate(module, imports);
    },
  };
  const pool = new InstancePool(small);
  const canisters = Array.from({ length: 10 }, () => new TestCanister(COUNTER, pool));
  for (const turn of [1, 2]) {
    for (const canister of canisters) expect(canister.update("inc").result).toEqual({ kind: "reply", data: Uint8Array.of(turn) });
    expect(pool.size).toBeLessThanOrEqual(3);
  }
  expect(refusals).toBe(6);
});

test("an engine that has no room at all is the host's failure", () => {
  const none: WasmEngine = {
    ...nodePlatform.engine,
    instantiate() {
      throw new EngineRefusal("WebAssembly.Instance(): Out of memory");
    },
  };
  expect(() => new TestCanister(COUNTER, new InstancePool(none)).update("inc")).toThrow(HostFailure);
});
