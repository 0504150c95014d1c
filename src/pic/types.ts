/**
 * What the client `@dfinity/pic` calls its options and answers: the same names, so that a suite moves by changing its import.
 *
 * Source: pocketic-server.md; the declarations of `@dfinity/pic` 0.23.0. What is an `enum` there is an object of the same members here.
 */
import type { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";
import type { Actor, ActorInterface } from "./actor.ts";

export const SubnetStateType = { New: "new", FromPath: "fromPath" } as const;
export type SubnetStateType = (typeof SubnetStateType)[keyof typeof SubnetStateType];

export const SubnetType = {
  Application: "Application",
  Bitcoin: "Bitcoin",
  Fiduciary: "Fiduciary",
  InternetIdentity: "II",
  NNS: "NNS",
  SNS: "SNS",
  System: "System",
} as const;
export type SubnetType = (typeof SubnetType)[keyof typeof SubnetType];

export const CanisterCyclesCostSchedule = { Normal: "Normal", Free: "Free" } as const;
export type CanisterCyclesCostSchedule = (typeof CanisterCyclesCostSchedule)[keyof typeof CanisterCyclesCostSchedule];

export const IcpConfigFlag = { Disabled: "Disabled", Enabled: "Enabled" } as const;
export type IcpConfigFlag = (typeof IcpConfigFlag)[keyof typeof IcpConfigFlag];

export const IcpFeaturesConfig = { DefaultConfig: "DefaultConfig" } as const;
export type IcpFeaturesConfig = (typeof IcpFeaturesConfig)[keyof typeof IcpFeaturesConfig];

export const CanisterHttpMethod = { GET: "GET", POST: "POST", HEAD: "HEAD" } as const;
export type CanisterHttpMethod = (typeof CanisterHttpMethod)[keyof typeof CanisterHttpMethod];

export interface NewSubnetStateConfig {
  type: typeof SubnetStateType.New;
}
/** Refused: the replica's state directories cannot be read. */
export interface FromPathSubnetStateConfig {
  type: typeof SubnetStateType.FromPath;
  path: string;
}

export interface SubnetConfig<
  T extends NewSubnetStateConfig | FromPathSubnetStateConfig = NewSubnetStateConfig | FromPathSubnetStateConfig,
> {
  /** Has no effect: slicing always is on, as in the server's newer versions. */
  enableDeterministicTimeSlicing?: boolean;
  enableBenchmarkingInstructionLimits?: boolean;
  state: T;
}
export type NnsSubnetStateConfig = NewSubnetStateConfig | FromPathSubnetStateConfig;
export type SnsSubnetStateConfig = NewSubnetStateConfig;
export type IiSubnetStateConfig = NewSubnetStateConfig;
export type FiduciarySubnetStateConfig = NewSubnetStateConfig;
export type BitcoinSubnetStateConfig = NewSubnetStateConfig;
export type SystemSubnetStateConfig = NewSubnetStateConfig;
export type ApplicationSubnetStateConfig = NewSubnetStateConfig;
export type VerifiedApplicationSubnetStateConfig = NewSubnetStateConfig;
export type NnsSubnetConfig = SubnetConfig<NnsSubnetStateConfig>;
export type SnsSubnetConfig = SubnetConfig<SnsSubnetStateConfig>;
export type IiSubnetConfig = SubnetConfig<IiSubnetStateConfig>;
export type FiduciarySubnetConfig = SubnetConfig<FiduciarySubnetStateConfig>;
export type BitcoinSubnetConfig = SubnetConfig<BitcoinSubnetStateConfig>;
export type SystemSubnetConfig = SubnetConfig<SystemSubnetStateConfig>;
export type ApplicationSubnetConfig = SubnetConfig<ApplicationSubnetStateConfig> & { costSchedule?: CanisterCyclesCostSchedule };
export type VerifiedApplicationSubnetConfig = SubnetConfig<VerifiedApplicationSubnetStateConfig>;

export interface IcpConfig {
  betaFeatures?: IcpConfigFlag;
  canisterBacktrace?: IcpConfigFlag;
  functionNameLengthLimits?: IcpConfigFlag;
  canisterExecutionRateLimiting?: IcpConfigFlag;
}

export interface IcpFeatures {
  registry?: IcpFeaturesConfig;
  cyclesMinting?: IcpFeaturesConfig;
  icpToken?: IcpFeaturesConfig;
  cyclesToken?: IcpFeaturesConfig;
  nnsGovernance?: IcpFeaturesConfig;
  sns?: IcpFeaturesConfig;
  ii?: IcpFeaturesConfig;
  nnsUi?: never;
}

export interface CreateInstanceOptions {
  nns?: NnsSubnetConfig;
  sns?: SnsSubnetConfig;
  ii?: IiSubnetConfig;
  fiduciary?: FiduciarySubnetConfig;
  bitcoin?: BitcoinSubnetConfig;
  system?: SystemSubnetConfig[];
  application?: ApplicationSubnetConfig[];
  verifiedApplication?: VerifiedApplicationSubnetConfig[];
  /** Has no effect: nothing runs in another process. */
  processingTimeoutMs?: number;
  /** Has no effect, as there is no server to ask again. */
  ingressMaxRetries?: number;
  icpConfig?: IcpConfig;
  icpFeatures?: IcpFeatures;
  disableIngressValidation?: boolean;
}

/** Has no effect here beyond `showCanisterLogs`: there is no server. */
export interface StartServerOptions {
  showRuntimeLogs?: boolean;
  /** Lines that canisters print go to standard error. */
  showCanisterLogs?: boolean;
  binPath?: string;
  ttl?: number;
}

export interface SubnetTopology {
  id: Principal;
  type: SubnetType;
  /** Nodes. */
  size: number;
  canisterRanges: { start: Principal; end: Principal }[];
}

export interface EnvironmentVariable {
  name: string;
  value: string;
}
export type Visibility = { controllers: null } | { public: null } | { allowedViewers: Principal[] };
export type LogVisibility = Visibility;
export type SnapshotVisibility = Visibility;

export interface CanisterSettings {
  controllers?: Principal[] | undefined;
  computeAllocation?: bigint | undefined;
  memoryAllocation?: bigint | undefined;
  freezingThreshold?: bigint | undefined;
  reservedCyclesLimit?: bigint | undefined;
  logVisibility?: LogVisibility | undefined;
  snapshotVisibility?: SnapshotVisibility | undefined;
  logMemoryLimit?: bigint | undefined;
  wasmMemoryLimit?: bigint | undefined;
  wasmMemoryThreshold?: bigint | undefined;
  environmentVariables?: EnvironmentVariable[] | undefined;
}

export interface CreateCanisterOptions extends CanisterSettings {
  /** 10^18 by default. */
  cycles?: bigint | undefined;
  sender?: Principal | undefined;
  targetSubnetId?: Principal | undefined;
  targetCanisterId?: Principal | undefined;
}

export interface SetupCanisterOptions extends CreateCanisterOptions {
  idlFactory: IDL.InterfaceFactory;
  /** Bytes, or the path of a file. */
  wasm: Uint8Array | string;
  arg?: Uint8Array | undefined;
}

export interface CanisterFixture<T extends ActorInterface<T> = ActorInterface> {
  actor: Actor<T>;
  canisterId: Principal;
}

interface OfCanister {
  canisterId: Principal;
  sender?: Principal | undefined;
}
export interface StartCanisterOptions extends OfCanister {
  targetSubnetId?: Principal | undefined;
}
export type StopCanisterOptions = StartCanisterOptions;
export type CanisterStatusOptions = OfCanister;

export interface ReinstallCodeOptions extends OfCanister {
  /** Bytes, or the path of a file. */
  wasm: Uint8Array | string;
  arg?: Uint8Array | undefined;
}
export interface InstallCodeOptions extends ReinstallCodeOptions {
  targetSubnetId?: Principal | undefined;
}
export interface CanisterInstallModeUpgradeOptions {
  skip_pre_upgrade: [] | [boolean];
  wasm_memory_persistence: [] | [{ keep: null } | { replace: null }];
}
export interface UpgradeCanisterOptions extends ReinstallCodeOptions {
  upgradeModeOptions?: CanisterInstallModeUpgradeOptions | undefined;
}
export interface UpdateCanisterSettingsOptions extends CanisterSettings, OfCanister {}

export interface SenderInfo {
  info: Uint8Array;
  signer: Principal;
}
export interface UpdateCallOptions extends OfCanister {
  method: string;
  arg?: Uint8Array | undefined;
  targetSubnetId?: Principal | undefined;
  senderInfo?: SenderInfo | undefined;
}
export type QueryCallOptions = UpdateCallOptions;

export type CanisterStatus = { running: null } | { stopping: null } | { stopped: null };
export interface CanisterQueryStats {
  numCallsTotal: bigint;
  numInstructionsTotal: bigint;
  requestPayloadBytesTotal: bigint;
  responsePayloadBytesTotal: bigint;
}
export interface CanisterStatusResult {
  status: CanisterStatus;
  settings: {
    controllers: Principal[];
    computeAllocation: bigint;
    memoryAllocation: bigint;
    freezingThreshold: bigint;
    reservedCyclesLimit: bigint;
    logVisibility: LogVisibility;
    wasmMemoryLimit: bigint;
    wasmMemoryThreshold: bigint;
    environmentVariables: EnvironmentVariable[];
  };
  moduleHash: Uint8Array | null;
  memorySize: bigint;
  cycles: bigint;
  reservedCycles: bigint;
  idleCyclesBurnedPerDay: bigint;
  queryStats: CanisterQueryStats;
}

export type CanisterHttpHeader = [string, string];

export interface PendingHttpsOutcall {
  subnetId: Principal;
  requestId: number;
  httpMethod: CanisterHttpMethod;
  url: string;
  headers: CanisterHttpHeader[];
  body: Uint8Array;
  maxResponseBytes?: number;
}

export interface HttpsOutcallSuccessResponse {
  type: "success";
  statusCode: number;
  headers: CanisterHttpHeader[];
  body: Uint8Array;
}
export interface HttpsOutcallRejectResponse {
  type: "reject";
  /** A reject code. */
  statusCode: number;
  message: string;
}
export type HttpsOutcallResponseMock = HttpsOutcallSuccessResponse | HttpsOutcallRejectResponse;

export interface MockPendingHttpsOutcallOptions {
  subnetId: Principal;
  requestId: number;
  response: HttpsOutcallResponseMock;
  /** Of the other nodes: one less than the subnet has. */
  additionalResponses?: HttpsOutcallResponseMock[];
}
