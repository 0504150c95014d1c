/**
 * `raw_rand`: 32 bytes of the subnet's chance, new for each call.
 *
 * Source: interface spec, "IC method raw_rand". Ours: the beacon is the subnet's generator, seeded with the network.
 */
import { fail, reply, type Method } from "./call.ts";
import { decodeNothing, encodeResult } from "./candid.ts";
import { unexpectedIngress } from "./errors.ts";

export const rawRand: Method = ({ subnet, call }) => {
  if (call.source.kind === "ingress") return fail(call, unexpectedIngress(call.method));
  const decoded = decodeNothing(call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  return reply(call, encodeResult("raw_rand", subnet.randomness.bytes(32)));
};
