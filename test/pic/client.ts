/**
 * PocketIC's own TypeScript client, the real package, and our server as it starts it. Installed into the folder `client` without its script,
 * which would download the real server.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const CLIENT_FOLDER = fileURLToPath(new URL("client", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The program that clients start. */
export const BINARY = join(ROOT, "dist", "cli", "pocket-ic.js");

// The package is not there when types are checked: of its types, what the tests look at.

export interface PicPrincipal {
  toText(): string;
  toUint8Array(): Uint8Array;
}
type Options = Readonly<Record<string, unknown>>;
export type Actor = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
export interface PicSubnet {
  readonly id: PicPrincipal;
  readonly type: string;
  readonly canisterRanges: readonly { readonly start: PicPrincipal; readonly end: PicPrincipal }[];
}
export interface PendingOutcall {
  readonly subnetId: PicPrincipal;
  readonly requestId: number;
  readonly httpMethod: string;
  readonly url: string;
}

export interface PicInstance {
  setupCanister(
    options: Options,
  ): Promise<{ readonly actor: Actor & { setPrincipal(id: PicPrincipal): void }; readonly canisterId: PicPrincipal }>;
  createCanister(options?: Options): Promise<PicPrincipal>;
  startCanister(options: Options): Promise<void>;
  stopCanister(options: Options): Promise<void>;
  installCode(options: Options): Promise<void>;
  reinstallCode(options: Options): Promise<void>;
  upgradeCanister(options: Options): Promise<void>;
  updateCanisterSettings(options: Options): Promise<void>;
  canisterStatus(options: Options): Promise<{ readonly status: object; readonly settings: Options; readonly cycles: bigint }>;
  createActor(idlFactory: unknown, canisterId: PicPrincipal): Actor;
  createDeferredActor(
    idlFactory: unknown,
    canisterId: PicPrincipal,
  ): Readonly<Record<string, (...args: readonly unknown[]) => Promise<() => Promise<unknown>>>>;
  queryCall(options: Options): Promise<Uint8Array>;
  updateCall(options: Options): Promise<Uint8Array>;
  tearDown(): Promise<void>;
  tick(times?: number): Promise<void>;
  getControllers(id: PicPrincipal): Promise<PicPrincipal[]>;
  getTime(): Promise<number>;
  resetTime(): Promise<void>;
  resetCertifiedTime(): Promise<void>;
  setTime(time: Date | number): Promise<void>;
  setCertifiedTime(time: Date | number): Promise<void>;
  advanceTime(milliseconds: number): Promise<void>;
  advanceCertifiedTime(milliseconds: number): Promise<void>;
  getPubKey(subnet: PicPrincipal): Promise<Uint8Array>;
  getCanisterSubnetId(id: PicPrincipal): Promise<PicPrincipal | null>;
  getTopology(): Promise<PicSubnet[]>;
  getDefaultEffectiveCanisterId(): Promise<PicPrincipal>;
  getBitcoinSubnet(): Promise<PicSubnet | undefined>;
  getFiduciarySubnet(): Promise<PicSubnet | undefined>;
  getInternetIdentitySubnet(): Promise<PicSubnet | undefined>;
  getNnsSubnet(): Promise<PicSubnet | undefined>;
  getSnsSubnet(): Promise<PicSubnet | undefined>;
  getApplicationSubnets(): Promise<PicSubnet[]>;
  getSystemSubnets(): Promise<PicSubnet[]>;
  getCyclesBalance(id: PicPrincipal): Promise<bigint>;
  addCycles(id: PicPrincipal, amount: bigint): Promise<bigint>;
  setStableMemory(id: PicPrincipal, bytes: Uint8Array): Promise<void>;
  getStableMemory(id: PicPrincipal): Promise<Uint8Array>;
  getPendingHttpsOutcalls(): Promise<PendingOutcall[]>;
  mockPendingHttpsOutcall(options: Options): Promise<void>;
  makeLive(): Promise<number>;
  stopLive(): Promise<void>;
}

export interface PicPackage {
  readonly PocketIc: { create(url: string, options?: Options): Promise<PicInstance> };
  readonly PocketIcServer: { start(options: Options): Promise<{ getUrl(): string; stop(): Promise<void> }> };
  readonly generateRandomIdentity: () => { getPrincipal(): PicPrincipal };
}

/** The agents' library that the client came with. */
export interface AgentPackages {
  readonly Principal: { fromText(text: string): PicPrincipal; fromUint8Array(bytes: Uint8Array): PicPrincipal };
  readonly HttpAgent: { create(options: Options): Promise<object> };
  readonly Actor: { createActor(idlFactory: unknown, options: Options): Actor };
}

/** Builds the server, as clients of every language start it. */
export function builtServer(): void {
  execFileSync(process.execPath, ["--import", "tsx", join(ROOT, "scripts", "build.ts")], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** The server built, the client's package and the agents' library beside it. */
export function prepared(): PicPackage & AgentPackages {
  builtServer();
  if (!existsSync(join(CLIENT_FOLDER, "node_modules", "@dfinity", "pic"))) {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: CLIENT_FOLDER, stdio: "ignore" });
  }
  const load = createRequire(join(CLIENT_FOLDER, "package.json"));
  return {
    ...(load("@dfinity/pic") as PicPackage),
    ...(load("@icp-sdk/core/principal") as Pick<AgentPackages, "Principal">),
    ...(load("@icp-sdk/core/agent") as Pick<AgentPackages, "HttpAgent" | "Actor">),
  };
}
