/**
 * `cannery/pic`: what `@dfinity/pic` exports, in the test's own process: no server, no port, no install script. A suite moves by changing one import.
 *
 * ```ts
 * import { PocketIc, PocketIcServer } from "cannery/pic";
 * ```
 */
import { Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import { sha256 } from "@noble/hashes/sha2.js";
import { readFile } from "node:fs/promises";
import { httpInterface } from "./api/http/handler.ts";
import { toHex } from "./base/bytes.ts";
import { encodeUtf8 } from "./base/utf8.ts";
import { nodeHost } from "./host/node-host.ts";
import { featuresWith, systemFilesIn } from "./host/pocketic/features.ts";
import { journalFile } from "./host/pocketic/journal-file.ts";
import { snapshotFolders } from "./host/pocketic/snapshot-folders.ts";
import { listen } from "./host/server/listen.ts";
import { InProcessPocketIc, type PicHost } from "./pic/pocket-ic.ts";
import type { CreateInstanceOptions, StartServerOptions } from "./pic/types.ts";

export * from "./pic/types.ts";
export { ServerError } from "./pic/errors.ts";
export * from "./pic/actor.ts";

const FEATURES = featuresWith(() => systemFilesIn(process.env));

/** Stands for a server's address where there is none; says whether canisters' lines are shown. */
const QUIET_URL = "cannery:";
const LOUD_URL = "cannery:?canister-logs";

function picHost(showsLogs: boolean): PicHost {
  const host = nodeHost();
  return {
    environment: host.environment,
    checks: host.signatureChecks,
    now: () => host.now(),
    delay: (milliseconds) => host.delay(milliseconds),
    print: showsLogs ? (line) => process.stderr.write(`${line}\n`) : () => undefined,
    fetchOutcall: host.fetchOutcall!,
    snapshotFolders,
    features: FEATURES,
    openJournal: journalFile,
    readFile: async (path) => new Uint8Array(await readFile(path)),
    serve: (instance) => listen(httpInterface(instance.served(), { version: "cannery" }), { port: 0, bind: "127.0.0.1" }),
  };
}

/** An instance of its own, created in milliseconds. */
export class PocketIc extends InProcessPocketIc {
  /** The URL is that of a `PocketIcServer` of this module, or left out: there is no server to reach. */
  static async create(url?: string | CreateInstanceOptions, options?: CreateInstanceOptions): Promise<PocketIc> {
    const given = typeof url === "object" ? url : options;
    return new PocketIc(given, picHost(url === LOUD_URL));
  }
}

/** Nothing is started: instances run in this process. Kept so that suites need not change. */
export class PocketIcServer {
  private readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(options: StartServerOptions = {}): Promise<PocketIcServer> {
    return new PocketIcServer(options.showCanisterLogs === true ? LOUD_URL : QUIET_URL);
  }

  /** For `PocketIc.create`. */
  getUrl(): string {
    return this.url;
  }

  async stop(): Promise<void> {
    // Instances end when they are torn down, or with the process.
  }
}

/** The same identity for the same phrase, in every run and in `@dfinity/pic`. */
export function createIdentity(seedPhrase: string): Ed25519KeyIdentity {
  return Ed25519KeyIdentity.generate(encodeUtf8(toHex(sha256(encodeUtf8(seedPhrase))).slice(0, 32)));
}

export function generateRandomIdentity(): Ed25519KeyIdentity {
  return Ed25519KeyIdentity.generate();
}
