/**
 * `cannery start` and what speaks of networks that run: processes as users start them, agents with every check switched on.
 */
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { bench } from "./cannery.ts";
import { install } from "./management.ts";

const newBench = bench();

interface Counter {
  inc(): Promise<bigint>;
  get(): Promise<bigint>;
}

const counterInterface: IDL.InterfaceFactory = ({ IDL: idl }) =>
  idl.Service({ inc: idl.Func([], [idl.Nat], []), get: idl.Func([], [idl.Nat], ["query"]) });

describe("cannery start", () => {
  test("agents create, install and call canisters; SIGINT ends it cleanly", async () => {
    const cannery = newBench();
    const running = await cannery.start();
    const { url, rootKey, pid, subnets } = running.ready;
    expect(pid).toBe(running.child.pid);
    expect(subnets.map(({ name }) => name)).toEqual(["application", "nns", "ii"]);
    const agent = await HttpAgent.create({ host: url, rootKey: Buffer.from(rootKey, "hex"), retryTimes: 0 });
    const { defaultEffectiveCanisterId: effective } = (await cannery.status())[0]!;
    const id = await install(agent, effective, loadGenerated("counter"));
    const counter = Actor.createActor<Counter>(counterInterface, { agent, canisterId: id });
    await counter.inc();
    await counter.inc();
    expect(await counter.get()).toBe(2n);
    const { code, stderr } = await running.kill("SIGINT");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expect(fetch(`${url}/api/v2/status`)).rejects.toThrow();
  });
});
