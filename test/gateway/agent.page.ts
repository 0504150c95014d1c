/**
 * Runs in a page that a canister serves: calls another canister of the same network, at the page's own address and at the network's.
 */
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";

declare global {
  var calls: (canister: string, network: string) => Promise<string[]>;
}

const Counter = IDL.Service({ inc: IDL.Func([], [IDL.Nat], []), get: IDL.Func([], [IDL.Nat], ["query"]) });

globalThis.calls = async (canisterId, network) => {
  const results: string[] = [];
  for (const host of [location.origin, network]) {
    const agent = await HttpAgent.create({ host, shouldFetchRootKey: true });
    const counter = Actor.createActor<{ inc(): Promise<bigint>; get(): Promise<bigint> }>(() => Counter, { agent, canisterId });
    results.push(`inc ${await counter.inc()}`, `get ${await counter.get()}`);
  }
  return results;
};
document.querySelector("p")!.textContent = "loaded";
