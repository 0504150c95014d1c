/**
 * The demo's second part: a map spread over bucket canisters, read by a composite query, and what the platform answers where one may not be used.
 */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";
import { Cannery, CanneryCallError } from "../../index.ts";
import { generatedModule } from "../generated.ts";

/** The value read, and for each misuse the platform's code: `IC0527`, or the reject code's name where the platform gives no error code. */
export interface CompositeQueryCases {
  readonly value: string;
  /** A user calls the composite query as an update. */
  readonly asUpdate: string;
  /** A canister's update calls it. */
  readonly fromUpdate: string;
  /** It calls an update method. */
  readonly callsUpdate: string;
  /** It calls a query on another subnet. */
  readonly acrossSubnets: string;
}

export interface Explained {
  readonly cases: CompositeQueryCases;
  /** The platform's words for each misuse. */
  readonly texts: Readonly<Record<Exclude<keyof CompositeQueryCases, "value">, string>>;
}

/** `examples/composite-query/map.mo`. */
interface Map {
  put(key: bigint, value: string): Promise<void>;
  get(key: bigint): Promise<[] | [string]>;
  updateCallsOwnComposite(key: bigint): Promise<Failure>;
  compositeCallsUpdate(key: bigint): Promise<Failure>;
  compositeCallsQueryOf(bucket: Principal, key: bigint): Promise<Failure>;
}

type Failure = { readonly ok: [] | [string] } | { readonly err: { readonly code: string; readonly message: string } };

export async function compositeQueryCases(): Promise<Explained> {
  const net = await Cannery.create({ application: 2, latency: "mainnet" });
  const [left, right] = net.subnets;
  const map = await net.install<Map>(generatedModule("composite-query-map"), { subnet: left, name: "map", cycles: 10_000_000_000_000n });
  const far = await net.install(generatedModule("parallel-calls-callee"), { subnet: right, name: "far" });
  await map.actor.put(0n, "zero");
  const [value] = await map.actor.get(0n);
  const asUpdate = await refusal(map.call("get", IDL.encode([IDL.Nat], [0n])));
  const fromUpdate = codeOf(await map.actor.updateCallsOwnComposite(0n));
  const callsUpdate = codeOf(await map.actor.compositeCallsUpdate(0n));
  const acrossSubnets = codeOf(await map.actor.compositeCallsQueryOf(far.id, 0n));
  return {
    cases: {
      value: value ?? "(nothing)",
      asUpdate: asUpdate.code,
      fromUpdate: fromUpdate.code,
      callsUpdate: callsUpdate.code,
      acrossSubnets: acrossSubnets.code,
    },
    texts: { asUpdate: asUpdate.text, fromUpdate: fromUpdate.text, callsUpdate: callsUpdate.text, acrossSubnets: acrossSubnets.text },
  };
}

interface Refusal {
  readonly code: string;
  readonly text: string;
}

async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CanneryCallError)
      return { code: error.errorCode ?? String(error.rejectCode), text: firstLine(error.rejectMessage) };
    throw error;
  }
  return { code: "none", text: "accepted" };
}

/** A reject as Motoko saw it. Its text begins with the error code where the platform puts one there. */
function codeOf(failure: Failure): Refusal {
  if ("ok" in failure) return { code: "none", text: "accepted" };
  const { code, message } = failure.err;
  return { code: /^IC\d{4}/.exec(message)?.[0] ?? code, text: firstLine(message) };
}

function firstLine(text: string): string {
  return text.split("\n")[0];
}
