/**
 * Subnets by the words that stand for them on command lines. Replica: `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005), `conv_type`.
 */
import type { SubnetRequest } from "../core/genesis.ts";

export const SUBNET_KINDS: Readonly<Record<string, SubnetRequest["kind"]>> = {
  application: "application",
  "verified-application": "verified_application",
  system: "system",
  nns: "system",
  ii: "system",
  bitcoin: "system",
  sns: "application",
  fiduciary: "application",
  testkeys: "application",
};

/** Of a word of `SUBNET_KINDS`. */
export function subnetOf(word: string): SubnetRequest {
  const kind = SUBNET_KINDS[word]!;
  return { kind, name: word.replaceAll("-", "_") };
}
