#!/usr/bin/env node
/**
 * The command `pocket-ic`: a server that PocketIC's clients talk to. They start it by its path, with these flags.
 *
 * Source: pocketic-server.md 1. Clients ask for the version before each start, so nothing is loaded for that.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { CONTRACT_VERSION, serverVersion } from "./pocket-ic-version.ts";

const HELP = `PocketIC's server, by Cannery.

Usage: pocket-ic [OPTIONS]

Options:
  -i, --ip-addr <IP_ADDR>          address to listen at [default: 127.0.0.1]
  -p, --port <PORT>                port to listen at; 0 is any that is free [default: 0]
      --port-file <PORT_FILE>      file that the port is written to
      --ttl <TTL>                  seconds without a request after which the server ends [default: 60]
      --hard-ttl <HARD_TTL>        seconds after which it ends in any case
  -l, --log-levels <LOG_LEVELS>    accepted, and without effect
  -h, --help
  -V, --version                    what CANNERY_POCKET_IC_VERSION says; under cargo, what its client wants;
                                   else ${CONTRACT_VERSION}`;

const OPTIONS = {
  "ip-addr": { type: "string", short: "i", default: "127.0.0.1" },
  port: { type: "string", short: "p", default: "0" },
  "port-file": { type: "string" },
  ttl: { type: "string", default: "60" },
  "hard-ttl": { type: "string" },
  "log-levels": { type: "string", short: "l" },
  "mainnet-routing-table": { type: "string" },
  "fetch-mainnet-routing-table": { type: "boolean" },
  "mainnet-registry-version": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const satisfies ParseArgsConfig["options"];

function refuse(message: string): never {
  console.error(`error: ${message}\n\nFor more information, try '--help'.`);
  process.exit(2);
}

function arguments_() {
  try {
    return parseArgs({ options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return value <= max ? value : refuse(`invalid value '${text}' for '--${name}': a whole number up to ${max} is expected`);
}

const given = arguments_();
if (given.version === true) {
  console.log(`pocket-ic-server ${serverVersion(process.env)}`);
} else if (given.help === true) {
  console.log(HELP);
} else {
  for (const name of ["mainnet-routing-table", "fetch-mainnet-routing-table", "mainnet-registry-version"] as const) {
    if (given[name] !== undefined) refuse(`Cannery's server has no routing table of the mainnet: leave out --${name}`);
  }
  const hardTtl = given["hard-ttl"];
  const { servePocketIc } = await import("../host/pocketic/process.ts");
  try {
    await servePocketIc({
      ipAddress: given["ip-addr"],
      port: integer("port", given.port, 65_535),
      portFile: given["port-file"] ?? null,
      ttlSeconds: integer("ttl", given.ttl, Number.MAX_SAFE_INTEGER),
      hardTtlSeconds: hardTtl === undefined ? null : integer("hard-ttl", hardTtl, 2_000_000),
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
