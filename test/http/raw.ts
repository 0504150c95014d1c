/**
 * Requests to the public HTTPS interface as bytes, unsigned: for what no agent sends.
 */
import { Cbor, requestIdOf } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import type { Cannery } from "../../src/index.ts";

const HOST = "http://localhost:4943";
const ANONYMOUS = Uint8Array.of(4);
export const MANAGEMENT = new Uint8Array(0);

export interface RawAnswer {
  readonly status: number;
  /** Fields of a CBOR answer; `{ text }` of another. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export async function post(net: Cannery, path: string, body: Uint8Array): Promise<RawAnswer> {
  const init = { method: "POST", headers: { "content-type": "application/cbor" }, body: body as Uint8Array<ArrayBuffer> };
  const response = await net.fetch(`${HOST}${path}`, init);
  const isCbor = response.headers.get("content-type") === "application/cbor";
  const fields = isCbor ? Cbor.decode<RawAnswer["fields"]>(new Uint8Array(await response.arrayBuffer())) : { text: await response.text() };
  return { status: response.status, fields };
}

/** An envelope of an anonymous request, which may be sent again; and its id. */
export function anonymous(type: "call" | "query", canister: Uint8Array, method: string, arg: Uint8Array) {
  const content = {
    request_type: type,
    sender: ANONYMOUS,
    ingress_expiry: BigInt(Date.now() + 120_000) * 1_000_000n,
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    canister_id: canister,
    method_name: method,
    arg,
  };
  return { body: Cbor.encode({ content }), id: requestIdOf(content) };
}

/** The argument of a management method. */
export function argument(method: keyof typeof ARGUMENT, value: unknown): Uint8Array {
  return new Uint8Array(IDL.encode(ARGUMENT[method] as unknown as IDL.Type[], [value]));
}
