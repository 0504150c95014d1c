/**
 * Options as people write them on a command line.
 */
import { InvalidArgumentError } from "commander";
import { namedSubnet } from "../api/pocketic/topology.ts";
import type { SubnetRequest } from "../core/genesis.ts";
import { systemFileOf, type SystemFiles } from "../host/system-modules.ts";
import { SYSTEM_CANISTER_IDS } from "../network/system/canisters.ts";

export const DEFAULT_PORT = 8000;
/** What `icp`'s own local networks have. */
export const DEFAULT_SUBNETS = "application,nns,ii,fiduciary,testkeys";

/** What `cannery trace` writes. */
export const FORMATS = ["text", "mermaid", "perfetto", "json", "otlp", "html"] as const;
export type Format = (typeof FORMATS)[number];

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError("a port is a number from 0, for any that is free, to 65535.");
}

export function parseProfile(text: string): "instant" | "mainnet" {
  if (text === "instant" || text === "mainnet") return text;
  throw new InvalidArgumentError("there are instant, rounds as fast as they can be, and mainnet, one a second.");
}

/** Words for subnets: kinds, and subnets of the mainnet. */
const SUBNETS = ["application", "verified-application", "system", "nns", "ii", "bitcoin", "sns", "fiduciary", "testkeys"];

/** `application=2,nns`: kinds and mainnet subnets, with how many. */
export function parseSubnets(text: string): SubnetRequest[] {
  return text.split(",").flatMap((item) => {
    const [word = "", count = "1"] = item.trim().split("=");
    if (!SUBNETS.includes(word)) {
      throw new InvalidArgumentError(`${JSON.stringify(word)} is no kind of subnet: there are ${SUBNETS.join(", ")}.`);
    }
    if (!/^[1-9]\d?$/.test(count)) throw new InvalidArgumentError(`${JSON.stringify(item)}: a number from 1 to 99 comes behind "=".`);
    return Array.from({ length: Number(count) }, () => namedSubnet(word.replaceAll("-", "_")));
  });
}

/** `ledger=PATH`, besides those given before. */
export function parseSystemCanister(text: string, before: SystemFiles): SystemFiles {
  const file = systemFileOf(text);
  if (file !== null) return { ...before, [file[0]]: file[1] };
  throw new InvalidArgumentError(`NAME=PATH is expected, with a name of ${Object.keys(SYSTEM_CANISTER_IDS).join(", ")}, or ii.`);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError(`a whole number, not ${text}.`);
  return value;
}

/** `2/8`: the second of eight shards. */
export function parseShard(text: string): { readonly index: number; readonly count: number } {
  const [index, count] = text.split("/").map(Number);
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index! < 1 || index! > count!)
    throw new InvalidArgumentError(`such as 1/4, not ${text}.`);
  return { index: index! - 1, count: count! };
}
