/**
 * What a served network is started with, and what is told when it is ready: plain data that crosses from thread to thread.
 */
import type { SubnetRequest } from "../../core/genesis.ts";
import type { InstanceRequest } from "../../api/pocketic/handler.ts";
import type { Outcome } from "../pocketic/messages.ts";
import type { SystemFiles } from "../system-modules.ts";
import type { Subnet } from "../../network/options.ts";

export interface NetworkPlan {
  readonly subnets: readonly SubnetRequest[];
  /** How long rounds take, and messages between subnets. */
  readonly profile: "instant" | "mainnet";
  /** Modules for system canisters, by path; ours otherwise. */
  readonly system: SystemFiles;
  /** Least real time between two rounds; what the profile says where it is not given. */
  readonly delayMilliseconds?: number;
  /** 0 for any that is free. */
  readonly port: number;
  /** The address to listen on. */
  readonly bind: string;
  /** How another port is given, for whoever finds this one taken. */
  readonly otherPort: string;
  /** Domains that the gateway serves; `null` for any. */
  readonly domains: readonly string[] | null;
  /** A file of custom domains, which may come later and change. */
  readonly customDomains: string | null;
  /** Where lines go that canisters print. */
  readonly prints: "stdout" | "stderr";
  readonly version: string;
}

/** Somebody who owns something from the beginning. */
export interface FundedIdentity {
  readonly name: string;
  readonly principal: string;
}

export interface ReadyNetwork {
  readonly url: string;
  readonly port: number;
  /** DER, hex. */
  readonly rootKey: string;
  readonly subnets: readonly Subnet[];
  readonly funded: readonly FundedIdentity[];
  /** A canister id that routes to the network's first subnet, for calls that create canisters. */
  readonly defaultEffectiveCanisterId: string;
  /** The network as an instance of a PocketIC server, where there is one. */
  readonly configUrl?: string;
}

/** From the network's thread. */
export type FromNetwork =
  | ({ readonly kind: "ready" } & ReadyNetwork)
  /** It could not be started: what a `CanneryError` says. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** To the request of this number. */
  | { readonly kind: "answer"; readonly number: number; readonly outcome: Outcome }
  | { readonly kind: "stopped" };

/** To the network's thread. */
export type ToNetwork =
  /** As a PocketIC instance. */
  { readonly kind: "request"; readonly number: number; readonly request: InstanceRequest } | { readonly kind: "stop" };
