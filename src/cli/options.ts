/**
 * Options as people write them on a command line.
 */
import { InvalidArgumentError } from "commander";
import type { SubnetRequest } from "../core/genesis.ts";
import { SUBNET_KINDS, subnetOf } from "./subnets.ts";

export const DEFAULT_PORT = 8000;
/** What `icp`'s own local networks have. */
export const DEFAULT_SUBNETS = "application,nns,ii";

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError("a port is a number from 0, for any that is free, to 65535.");
}

export function parseProfile(text: string): "instant" | "mainnet" {
  if (text === "instant" || text === "mainnet") return text;
  throw new InvalidArgumentError("there are instant, rounds as fast as they can be, and mainnet, one a second.");
}

/** `application=2,nns`: kinds and mainnet subnets, with how many. */
export function parseSubnets(text: string): SubnetRequest[] {
  return text.split(",").flatMap((item) => {
    const [word = "", count = "1"] = item.trim().split("=");
    if (!Object.hasOwn(SUBNET_KINDS, word)) {
      throw new InvalidArgumentError(`${JSON.stringify(word)} is no kind of subnet: there are ${Object.keys(SUBNET_KINDS).join(", ")}.`);
    }
    if (!/^[1-9]\d?$/.test(count)) throw new InvalidArgumentError(`${JSON.stringify(item)}: a number from 1 to 99 comes behind "=".`);
    return Array.from({ length: Number(count) }, () => subnetOf(word));
  });
}
