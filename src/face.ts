/**
 * What `cannery` exports on every host, besides `Cannery` itself.
 */
export { CanneryError } from "./base/cannery-error.ts";
export { CanneryCallError } from "./network/call-error.ts";
export { CallHandle, type CallStatus } from "./network/call-handle.ts";
export { Canister, CanisterView, type BySender, type InstallArguments, type LogLine, type UpgradeOptions } from "./network/canister.ts";
export type { AnyService } from "./network/actor.ts";
export type { CanisterStatus } from "./network/canister-status.ts";
export type {
  CanneryOptions,
  CreateOptions,
  InstallOptions,
  NetworkSnapshot,
  PrintedLine,
  SettleOptions,
  Subnet,
} from "./network/options.ts";
export type { GatewayOptions } from "./api/gateway/gateway.ts";
export type { PathLabel } from "./network/cannery.ts";
export { BitcoinRefusal, type BitcoinChain } from "./network/bitcoin/chain.ts";
export { regtestBitcoin, RegtestBitcoin, type MineOptions } from "./network/bitcoin/regtest.ts";
export type { BitcoinHeaders, BitcoinUtxo, BitcoinUtxos } from "./core/state/pending-calls.ts";
export type { BitcoinNetwork } from "./core/state/network-state.ts";
export type { DeployOptions, Deployment, ProjectManifest } from "./network/deploy/deploy.ts";
export type { Faults, StandingFault } from "./network/faults/faults.ts";
export type { CallMatch, Entry, Fault, FaultedCall, FaultRule, Operation, Part, SubnetFault } from "./network/faults/rule.ts";
export type { Duration, Instant } from "./network/duration.ts";
export type { Identity } from "./network/identity.ts";
export type { LiveOptions } from "./network/live.ts";
export type { ModuleSource } from "./network/module-source.ts";
export type { NetworkDrawOptions } from "./network/network-drawing.ts";
export type { NetworkPageOptions } from "./network/network-page.ts";
export { Mock } from "./network/mocks/mock.ts";
export type { MockCall, MockCallOptions, MockContext, MockHandlers, MockOutcome } from "./network/mocks/context.ts";
export type { CanisterSnapshotInfo, CanisterSnapshots, TakeSnapshotOptions } from "./network/snapshots.ts";
export type { Outcall, OutcallAnswer, OutcallDetails, OutcallHandler, OutcallPolicy } from "./network/outcalls.ts";
export type { PrincipalLike } from "./network/principals.ts";
export type { CanisterSettings, Environment, Visibility } from "./network/settings.ts";
export type { TraceView } from "./network/trace-view.ts";
export type { NetworkEvent } from "./core/events.ts";
export type { SubnetRequest } from "./core/genesis.ts";
export { ORDINARY, type Choice, type Schedule } from "./core/schedule/schedule.ts";
export type { Deviation } from "./core/schedule/recorder.ts";
export type { Limits } from "./core/state/limits.ts";
export type { LatencyProfile, SubnetKind } from "./core/state/network-state.ts";
export { Exploration } from "./explore/explore.ts";
export { ExplorationFailed, type Counterexample } from "./explore/counterexample.ts";
export type { Failure } from "./explore/failure.ts";
export {
  told,
  type Body,
  type Condition,
  type ExploreOptions,
  type ExploreResult,
  type Given,
  type Invariant,
  type Progress,
} from "./explore/options.ts";
export { Replay, type ReplayOptions } from "./explore/replay.ts";
export { withoutModules, type RunFile } from "./explore/run-file.ts";
export type { StrategyName } from "./explore/strategies/portfolio.ts";
export type { StuckRun } from "./explore/stuck.ts";
export type { Weather, WeatherName } from "./explore/strategies/weather.ts";
export { beside, draw, type DrawOptions } from "./trace/draw.ts";
export { fromJsonLines, toJsonLines } from "./trace/jsonl.ts";
export { MessageIndex, type CallTree, type MessageOutcome, type TracedMessage } from "./trace/messages.ts";
