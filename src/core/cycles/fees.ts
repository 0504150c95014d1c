/**
 * What everything costs on a subnet: the fee table and the formulas over it, each a pure function of the subnet's configuration.
 *
 * Fees are published for a subnet of 13 nodes and scaled by S(x) = floor(x × n / 13); where S is applied decides the rounding,
 * so each formula scales exactly where the platform does. On system subnets the table itself is zero (signatures excepted);
 * under the cost schedule "free" the table is the ordinary one and nothing of it is taken: `nominal` keeps what it would have
 * been, which is what the statistics of a canister count.
 *
 * Source: cycles.md 1 and 2. Replica: `rs/config/src/subnet_config.rs`,
 * `rs/cycles_account_manager/src/cycles_account_manager.rs` (c7c5005).
 */
import { MAX_INTER_CANISTER_PAYLOAD_BYTES } from "../queues/sizes.ts";
import type { SubnetConfig } from "../state/network-state.ts";

/** Nodes of the subnet that the published fees are for. */
const REFERENCE_NODES = 13;
const REFERENCE = 13n;
const GIB = 1n << 30n;
export const SECONDS_PER_DAY = 86_400n;

/** Answer size an HTTPS outcall pays for when it names none, bytes. Replica: `MAX_CANISTER_HTTP_RESPONSE_BYTES`. */
const DEFAULT_HTTP_RESPONSE_BYTES = 2_000_000n;
/** `update_settings` with an argument up to this size is charged for its induction after the settings are applied. Source: cycles.md 3. */
export const MAX_DELAYED_INDUCTION_ARGUMENT_BYTES = 338;

/** Base fees, before scaling. Source: cycles.md 2. */
interface BaseFees {
  readonly creation: bigint;
  /** Fixed part of an execution. */
  readonly execution: number;
  /** Per ten instructions, wasm32 and wasm64. */
  readonly tenInstructions32: number;
  readonly tenInstructions64: number;
  readonly call: bigint;
  readonly callByte: number;
  readonly ingress: bigint;
  readonly ingressByte: bigint;
  readonly storageGibSecond: bigint;
  readonly computePercentSecond: bigint;
  readonly signature: bigint;
  readonly httpLinear: bigint;
  readonly httpQuadratic: bigint;
  readonly httpRequestByte: bigint;
  readonly httpResponseByte: bigint;
  /** Longest time for which storage is reserved, seconds; 0 switches reservation off. */
  readonly reservationSeconds: bigint;
}

const APPLICATION: BaseFees = {
  creation: 500_000_000_000n,
  execution: 5_000_000,
  tenInstructions32: 10,
  tenInstructions64: 20,
  call: 260_000n,
  callByte: 1_000,
  ingress: 1_200_000n,
  ingressByte: 2_000n,
  storageGibSecond: 317_500n,
  computePercentSecond: 10_000_000n,
  signature: 10_000_000_000n,
  httpLinear: 3_000_000n,
  httpQuadratic: 60_000n,
  httpRequestByte: 400n,
  httpResponseByte: 800n,
  reservationSeconds: 300_000_000n,
};

/** Signatures keep their price: callers of other subnets pay it, only those on the NNS do not. */
const SYSTEM: BaseFees = {
  creation: 0n,
  execution: 0,
  tenInstructions32: 0,
  tenInstructions64: 0,
  call: 0n,
  callByte: 0,
  ingress: 0n,
  ingressByte: 0n,
  storageGibSecond: 0n,
  computePercentSecond: 0n,
  signature: APPLICATION.signature,
  httpLinear: 0n,
  httpQuadratic: 0n,
  httpRequestByte: 0n,
  httpResponseByte: 0n,
  reservationSeconds: 0n,
};

/** Fees of one subnet. Made once per configuration; everything that does not depend on sizes is scaled already. */
export interface Fees {
  readonly nodes: number;
  readonly base: BaseFees;
  /** Nothing is taken: every function below answers 0. */
  readonly free: boolean;
  /** The same fees as if the subnet were not free; itself where it is not. Statistics count these. */
  readonly nominal: Fees;
  readonly callFixed: bigint;
  /** Withdrawn with every call for carrying the largest possible response. */
  readonly responseTransmission: bigint;
  readonly ingressFixed: bigint;
  readonly ingressPerByte: bigint;
  /** Base fee of a GiB for a day and of a percent of compute for a day, not scaled. */
  readonly storageGibDay: bigint;
  readonly computePercentDay: bigint;
  /** The same scaled and per byte, as floating-point upper estimates: they spare exact arithmetic where the answer is clear. */
  readonly storageByteDayEstimate: number;
  readonly computePercentDayEstimate: number;
}

const made = new WeakMap<SubnetConfig, Fees>();

/** The fees of this subnet. */
export function feesOf(config: SubnetConfig): Fees {
  let fees = made.get(config);
  if (fees === undefined) {
    fees = makeFees(config.nodeCount, config.kind === "system" ? SYSTEM : APPLICATION, config.costSchedule === "free");
    made.set(config, fees);
  }
  return fees;
}

function makeFees(nodes: number, base: BaseFees, free: boolean): Fees {
  const taken = free ? 0n : 1n;
  const scaled = (amount: bigint) => taken * scale(nodes, amount);
  const storageGibDay = base.storageGibSecond * SECONDS_PER_DAY;
  const computePercentDay = base.computePercentSecond * SECONDS_PER_DAY;
  const fees = {
    nodes,
    base,
    free,
    callFixed: scaled(base.call),
    responseTransmission: scaled(BigInt(base.callByte * MAX_INTER_CANISTER_PAYLOAD_BYTES)),
    ingressFixed: scaled(base.ingress),
    ingressPerByte: scaled(base.ingressByte),
    storageGibDay,
    computePercentDay,
    storageByteDayEstimate: free ? 0 : (Number(storageGibDay) / 2 ** 30) * (nodes / REFERENCE_NODES),
    computePercentDayEstimate: free ? 0 : Number(computePercentDay) * (nodes / REFERENCE_NODES),
  };
  const withNominal: Fees = {
    ...fees,
    get nominal(): Fees {
      return withNominal;
    },
  };
  return free ? { ...fees, nominal: makeFees(nodes, base, false) } : withNominal;
}

/** S(x). */
function scale(nodes: number, amount: bigint): bigint {
  return nodes === REFERENCE_NODES ? amount : (amount * BigInt(nodes)) / REFERENCE;
}

/** S(x) of a number: in floating point while that is exact, since every execution comes through here. */
function scaleNumber(nodes: number, amount: number): bigint {
  if (nodes === REFERENCE_NODES) return BigInt(amount);
  const product = amount * nodes;
  if (product > Number.MAX_SAFE_INTEGER) return scale(nodes, BigInt(amount));
  return BigInt((product - (product % REFERENCE_NODES)) / REFERENCE_NODES);
}

/** floor(f × instructions / 10): f is a multiple of ten in every table, so nothing is cut. */
function perInstruction(fees: Fees, instructions: number, wasm64: boolean): number {
  const fee = wasm64 ? fees.base.tenInstructions64 : fees.base.tenInstructions32;
  return Math.floor((fee / 10) * instructions);
}

/** Taken before an execution that may use so many instructions; also what a call withdraws for its callback. */
export function executionPrepayment(fees: Fees, instructions: number, wasm64: boolean): bigint {
  if (fees.free) return 0n;
  return scaleNumber(fees.nodes, fees.base.execution + perInstruction(fees, instructions, wasm64));
}

/** Given back after it, for the instructions left: never more than was prepaid. The fixed part is not in it. */
export function executionRefund(fees: Fees, instructionsLeft: number, wasm64: boolean, prepaidCycles: bigint): bigint {
  if (fees.free) return 0n;
  const refund = scaleNumber(fees.nodes, perInstruction(fees, instructionsLeft, wasm64));
  return refund < prepaidCycles ? refund : prepaidCycles;
}

/** A management method's own work: instructions as wasm32, whatever the canister, without the fixed part. */
export function managementInstructions(fees: Fees, instructions: number): bigint {
  if (fees.free) return 0n;
  return scaleNumber(fees.nodes, perInstruction(fees, instructions, false));
}

/** Carrying a payload of so many bytes, one way. */
export function payloadTransmission(fees: Fees, bytes: number): bigint {
  return fees.free ? 0n : scaleNumber(fees.nodes, fees.base.callByte * bytes);
}

/** Carrying a request of so many bytes (method name and argument), and, paid in advance, the largest response. */
export function callTransmission(fees: Fees, requestBytes: number): bigint {
  if (fees.free) return 0n;
  return fees.callFixed + payloadTransmission(fees, requestBytes) + fees.responseTransmission;
}

/** Given back of the prepaid transmission when a response of so many bytes arrives. */
export function transmissionRefund(fees: Fees, responseBytes: number, prepaidCycles: bigint): bigint {
  const cost = payloadTransmission(fees, responseBytes);
  return cost < prepaidCycles ? prepaidCycles - cost : 0n;
}

/** `cost_call`: all that `call_perform` withdraws for a request of so many bytes. */
export function callCost(fees: Fees, requestBytes: bigint, messageInstructions: number, wasm64: boolean): bigint {
  if (fees.free) return 0n;
  return (
    fees.callFixed +
    scale(fees.nodes, BigInt(fees.base.callByte) * requestBytes) +
    fees.responseTransmission +
    executionPrepayment(fees, messageInstructions, wasm64)
  );
}

/** Inducting an ingress message whose whole envelope has so many bytes. */
export function ingressInduction(fees: Fees, envelopeBytes: number): bigint {
  return fees.ingressFixed + fees.ingressPerByte * BigInt(envelopeBytes);
}

/** Storing so many bytes for a time: the canister's memory and, apart from it, its message memory. */
export function storage(fees: Fees, bytes: bigint, seconds: bigint): bigint {
  if (fees.free) return 0n;
  return scale(fees.nodes, (bytes * fees.base.storageGibSecond * seconds) / GIB);
}

/** `storage` for a day. */
export function storagePerDay(fees: Fees, bytes: number): bigint {
  if (fees.free || bytes === 0) return 0n;
  return scale(fees.nodes, (BigInt(bytes) * fees.storageGibDay) / GIB);
}

/** `compute` for a day. */
export function computePerDay(fees: Fees, percent: number): bigint {
  if (fees.free || percent === 0) return 0n;
  return scale(fees.nodes, fees.computePercentDay * BigInt(percent));
}

export function canisterCreation(fees: Fees): bigint {
  return fees.free ? 0n : scale(fees.nodes, fees.base.creation);
}

/** A threshold signature or derived key, by the fees of the *signing* subnet. Callers on the NNS are not charged; that is the charging rule's to know. */
export function signature(fees: Fees): bigint {
  return fees.free ? 0n : scale(fees.nodes, fees.base.signature);
}

/** HTTPS outcall. Not S: a formula in n of its own. `maxResponseBytes` is `null` when the request names none. */
export function httpRequest(fees: Fees, requestBytes: bigint, maxResponseBytes: bigint | null): bigint {
  if (fees.free) return 0n;
  const n = BigInt(fees.nodes);
  const { httpLinear, httpQuadratic, httpRequestByte, httpResponseByte } = fees.base;
  return (
    (httpLinear +
      httpQuadratic * n +
      httpRequestByte * requestBytes +
      httpResponseByte * (maxResponseBytes ?? DEFAULT_HTTP_RESPONSE_BYTES)) *
    n
  );
}

/** Whether outcalls cost nothing: on system subnets, and where nothing does. */
export function areOutcallsFree(fees: Fees): boolean {
  return httpRequest(fees, 0n, 0n) === 0n;
}

/**
 * What a flexible outcall costs however it ends, and a node's response besides.
 * Departure: the platform's prices are not published; these are the parts of `cost_http_request_v2`, without time and transform.
 */
export function flexibleRequest(fees: Fees, requestBytes: bigint, nodes: number): bigint {
  if (areOutcallsFree(fees)) return 0n;
  const n = BigInt(fees.nodes);
  return (1_000_000n + 50n * requestBytes + 140_000n * n + 800n * n * n) * BigInt(nodes);
}

export function flexibleResponse(fees: Fees, rawBytes: bigint, transformedBytes: bigint): bigint {
  return areOutcallsFree(fees) ? 0n : 50n * rawBytes + (10n * BigInt(fees.nodes) + 650n) * transformedBytes;
}

/** The price that outcalls will have later; only `cost_http_request_v2` shows it. The same on every kind of subnet. */
export function httpRequestV2(
  fees: Fees,
  request: {
    readonly requestBytes: bigint;
    readonly roundtripMillis: bigint;
    readonly rawResponseBytes: bigint;
    readonly transformedResponseBytes: bigint;
    readonly transformInstructions: bigint;
  },
): bigint {
  if (fees.free) return 0n;
  const n = BigInt(fees.nodes);
  return (
    (1_000_000n +
      50n * request.requestBytes +
      140_000n * n +
      800n * n * n +
      50n * request.rawResponseBytes +
      300n * request.roundtripMillis +
      request.transformInstructions / 13n +
      (10n * n + 650n) * request.transformedResponseBytes) *
    n
  );
}
