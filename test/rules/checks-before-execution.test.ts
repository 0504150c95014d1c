/**
 * What is looked at before a message is executed, in which order, and who reads what about it.
 *
 * Source: messaging.md 7.1, 9, 11.1.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { ALICE, Scenario } from "../support/scenario.ts";
import { accept, append, call, grow, note, passOn, program, refunded, reply, send } from "../universal/program.ts";

const limit = (canister: CanisterId, cycles: bigint) => ({ kind: "command", command: "setBalance", canister, cycles }) as const;

function world() {
  const scene = new Scenario();
  const [a, b, controller] = [scene.puppet(), scene.puppet(), scene.puppet()];
  scene.setSettings(b, { controllers: [Principal.fromHex(ALICE), Principal.fromHex(controller)] });
  const freeze = (): void => void scene.net.step(limit(b, 1_000_000n));
  return { scene, a, b, controller, freeze };
}

const ask = (b: CanisterId, method = "run") => call(b, { method, arg: reply("ran"), ...passOn });

describe("checks in their order [replica: checks before executions]", () => {
  test("cycles, then the module, then the method", () => {
    const { scene, a, b, freeze } = world();
    expect(scene.run(a, ask(b, "missing"))).toMatch(/^-\x05IC0536: Error from Canister \S+: Canister has no update method 'missing'/);
    scene.uninstall(b);
    expect(scene.run(a, ask(b, "missing"))).toMatch(
      /^-\x05IC0537: Error from Canister \S+: Attempted to execute a message, but the canister contains no/,
    );
    freeze();
    expect(scene.run(a, ask(b, "missing"))).toMatch(/^-\x02IC0207: Canister \S+ is out of cycles$/);
  });

  test("cycles, then whether it runs", () => {
    const { scene, a, b } = world();
    const stop = new Uint8Array(IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: Principal.fromHex(b) }]));
    // The stop is executed before the messages that came in the same round.
    const stopped = (): string => {
      scene.submit("" as CanisterId, "stop_canister", stop);
      return scene.run(b, reply("ran"));
    };
    expect(stopped()).toBe(`IC0509: Canister ${principalText(b)} is not running`);
    scene.manageOne("start_canister", b);
    expect(scene.run(a, ask(b))).toBe("+ran");
  });

  test("memory beyond wasm_memory_limit stops updates before they run; queries and callbacks go on", () => {
    const { scene, a, b } = world();
    scene.run(b, program(grow(20), reply()));
    const size = 65_536n * BigInt(scene.canister(b).execution!.heap.wasmPages);
    scene.setSettings(b, { wasm_memory_limit: 1_000_000n });
    const exceeded = `Canister exceeded its current Wasm memory limit of 1000000 bytes. The peak Wasm memory usage was ${size} bytes. `;
    expect(scene.run(a, ask(b))).toContain(`-\x05IC0539: Error from Canister ${principalText(b)}: ${exceeded}`);
    expect(scene.run(a, ask(b, "look"))).toBe("+ran");
    expect(scene.run(a, ask(b, "missing"))).toMatch(/^-\x05IC0536/);
    expect(scene.journal(b)).toBe("");
  });

  test("whatever fails, all cycles come back, and nobody's call context is left", () => {
    const { scene, a, b, freeze } = world();
    const tries = (method: string) => {
      const options = { method, arg: program(accept(5n), note("x"), send), cycles: 120n, onReject: program(append(refunded), send) };
      return scene.run(a, call(b, options)).charCodeAt(0);
    };
    expect(tries("missing")).toBe(120);
    expect(tries("ask")).toBe(120);
    freeze();
    expect(tries("run")).toBe(120);
    expect([scene.canister(b).callContexts.size, scene.canister(b).queues.hasInput]).toEqual([0, false]);
  });
});

describe("how many cycles are missing [replica: who reads how many cycles are missing]", () => {
  const missing = /is out of cycles: please top up the canister with at least \d+ additional cycles$/;

  test("is for controllers to know", () => {
    const { scene, a, b, controller, freeze } = world();
    freeze();
    expect(scene.run(controller, ask(b))).toMatch(missing);
    expect(scene.run(a, ask(b))).toMatch(/is out of cycles$/);
    expect(scene.run(b, reply(), { sender: ALICE })).toMatch(missing);
    expect(scene.run(b, reply(), { sender: "0b0b01" as CanisterId })).toMatch(/is out of cycles$/);
  });
});

test("an ingress history that is full takes no more; what is in it stays [replica: capacity of the ingress history]", () => {
  const scene = new Scenario({ limits: { ingressHistoryCapacity: 4 } });
  const id = scene.puppet();
  const [first, second, third] = ["1", "2", "3"].map((text) => scene.start(id, reply(text)));
  scene.rounds();
  // Two management calls made the canister.
  expect([first, second].map((message) => scene.outcome(message!))).toEqual(["1", "2"]);
  expect(scene.outcome(third!)).toBe("IC0204: Maximum ingress history capacity 4 reached");
  scene.pass(301);
  scene.rounds(2);
  expect(scene.run(id, reply("room again"))).toBe("room again");
});
