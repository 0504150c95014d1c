/**
 * A network as the HTTP interface sees it: whoever runs one (in process, a server, a PocketIC instance) fills this in.
 */
import type { CertificateRequest } from "../../core/certification/certificate.ts";
import type { Answer, IngressInput, QueryInput } from "../../core/inputs.ts";
import type { MessageId, SubnetId } from "../../core/state/ids.ts";
import type { NetworkState } from "../../core/state/network-state.ts";
import type { Platform } from "../../core/wasm/engine.ts";
import type { SignatureChecks } from "../../crypto/signature-checks.ts";

export interface ServedNetwork {
  readonly state: NetworkState;
  readonly platform: Platform;
  readonly checks: SignatureChecks;
  /** Believes every request, signed or not: PocketIC's `disable_ingress_validation`. */
  readonly isTrusting?: boolean;
  /** Where canisters are made for tests whose effective canister is the management canister; the first subnet by default. */
  readonly defaultSubnet?: SubnetId;
  /** Time that expiries are compared with, ns since the Unix epoch; brings the network's own clock there where it follows one. */
  now(): bigint;
  certificate(request: CertificateRequest): Uint8Array;
  query(input: QueryInput): Answer;
  /** Submits a call, whose rounds somebody else runs. */
  submit(input: IngressInput): Answer;
  /** Resolves when the message has its final status: true; or when the time that a client is kept waiting is over: false. */
  answered(id: MessageId): Promise<boolean>;
}
