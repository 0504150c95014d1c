/**
 * How a network ends while clients are connected to it: at once, with the code of a clean end, and whoever waits is told by his connection.
 */
import { Agent, request } from "node:http";
import { Cbor } from "@icp-sdk/core/agent";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { bench } from "./cannery.ts";

const newBench = bench();

const LEDGER = SYSTEM_CANISTER_IDS.ledger;

/** A call by `/api/v4`, which is answered when it has run. */
function call(port: number, agent: Agent, n: number): Promise<number> {
  const content = {
    request_type: "call",
    sender: Principal.anonymous().toUint8Array(),
    canister_id: Principal.fromText(LEDGER).toUint8Array(),
    method_name: "icrc1_transfer",
    arg: new Uint8Array(),
    ingress_expiry: BigInt(Date.now()) * 1_000_000n + 120_000_000_000n,
    nonce: Uint8Array.of(n),
  };
  const headers = { "content-type": "application/cbor" };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path: `/api/v4/canister/${LEDGER}/call`, method: "POST", agent, headers },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode!));
      },
    );
    asked.once("error", reject).end(Cbor.encode({ content }));
  });
}

test.for(["SIGINT", "SIGTERM"] as const)("%s ends it under a call that waits and connections that are kept", async (signal) => {
  const cannery = newBench();
  // Rounds a day apart: after the first one calls wait.
  const running = cannery.spawn("launcher.js", ["--artificial-delay-ms", "86400000"]);
  await new Promise<void>((resolve) => running.child.stderr!.once("data", () => resolve()));
  const { port } = (await cannery.status())[0]!;
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  try {
    expect(await call(port, agent, 0)).toBe(200);
    const waiting = call(port, agent, 1).catch((error: NodeJS.ErrnoException) => error.code);
    // Asked later and answered: the call has come there.
    expect((await fetch(`http://127.0.0.1:${port}/api/v2/status`)).status).toBe(200);
    expect(await running.kill(signal)).toMatchObject({ code: 0 });
    expect(await waiting).toBe("ECONNRESET");
    await expect(call(port, agent, 2)).rejects.toThrow("ECONNREFUSED");
  } finally {
    agent.destroy();
  }
});
