/**
 * The agents that programs of the last years have: `@dfinity/agent` 1, 2 and 3, the real packages, each with the libraries of its version.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

export const VERSIONS = ["v1", "v2", "v3"] as const;
export type Version = (typeof VERSIONS)[number];

// The packages are not there when types are checked: of their types, what the tests look at.

export interface OldPrincipal {
  toText(): string;
}
export interface OldIdentity {
  getPrincipal(): OldPrincipal;
  getPublicKey(): unknown;
}
export interface OldAgent {
  fetchRootKey(): Promise<ArrayBuffer | Uint8Array>;
  status(): Promise<Readonly<Record<string, unknown>>>;
  syncTime(canister?: OldPrincipal): Promise<void>;
  fetchSubnetKeys(canister: OldPrincipal): Promise<{ readonly nodeKeys: ReadonlyMap<string, unknown> }>;
}
export interface AgentOptions {
  readonly host: string;
  readonly identity?: OldIdentity;
  readonly fetch?: typeof fetch;
  readonly retryTimes?: number;
}
export type OldActor = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

export interface AgentModule {
  readonly HttpAgent: new (options: AgentOptions) => OldAgent;
  readonly Actor: {
    createActor(idlFactory: unknown, config: { readonly agent: OldAgent; readonly canisterId: string | OldPrincipal }): OldActor;
  };
  readonly CanisterStatus: {
    request(options: {
      readonly canisterId: OldPrincipal;
      readonly agent: OldAgent;
      readonly paths: readonly string[];
    }): Promise<ReadonlyMap<string, unknown>>;
  };
  fetchCandid(canister: string, agent: OldAgent): Promise<string>;
}
export interface IdentityModule {
  readonly Ed25519KeyIdentity: { generate(): OldIdentity };
  readonly ECDSAKeyIdentity: { generate(): Promise<OldIdentity> };
  readonly DelegationChain: {
    create(from: OldIdentity, to: unknown, expiration: Date, options: { readonly targets: readonly OldPrincipal[] }): Promise<unknown>;
  };
  readonly DelegationIdentity: { fromDelegation(key: OldIdentity, chain: unknown): OldIdentity };
}
export interface StoredAsset {
  toUint8Array(): Promise<Uint8Array>;
}
export interface AssetManager {
  store(bytes: Uint8Array, config: { readonly fileName: string; readonly path?: string; readonly contentType?: string }): Promise<string>;
  batch(): { store: AssetManager["store"]; commit(): Promise<void> };
  list(): Promise<readonly { readonly key: string }[]>;
  get(key: string): Promise<StoredAsset>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

export interface OldPackages {
  readonly agent: AgentModule;
  readonly identity: IdentityModule;
  readonly secp256k1: { readonly Secp256k1KeyIdentity: { generate(): OldIdentity } };
  readonly principal: { readonly Principal: { fromText(text: string): OldPrincipal } };
  readonly assets: {
    readonly AssetManager: new (config: { readonly agent: OldAgent; readonly canisterId: OldPrincipal }) => AssetManager;
  };
}

/** All of them, installed where they were not yet. */
export function prepared(): Readonly<Record<Version, OldPackages>> {
  if (!existsSync(join(FOLDER, "node_modules", "@dfinity", "agent")))
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER, stdio: "inherit" });
  return { v1: packagesOf("v1"), v2: packagesOf("v2"), v3: packagesOf("v3") };
}

function packagesOf(version: Version): OldPackages {
  const load = createRequire(join(FOLDER, version, "package.json"));
  return {
    agent: load("@dfinity/agent") as AgentModule,
    identity: load("@dfinity/identity") as IdentityModule,
    secp256k1: load("@dfinity/identity-secp256k1") as OldPackages["secp256k1"],
    principal: load("@dfinity/principal") as OldPackages["principal"],
    assets: load("@dfinity/assets") as OldPackages["assets"],
  };
}
