/**
 * The prices as the facts sheet has them, written down from it a second time, so that the tests of this folder do not ask the code what it costs.
 *
 * Source: cycles.md 1, 2, 4, 5.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { reply, type Value } from "../universal/program.ts";
import type { Scenario } from "../support/scenario.ts";

export type Bits = 32 | 64;

export const MESSAGE = 40_000_000_000n;
export const QUERY = 5_000_000_000n;
export const INSTALL = 300_000_000_000n;
const RESPONSE = 2_097_152n;
const GIB = 2n ** 30n;
export const DAY = 86_400n;

/** Limits under which an execution lasts over rounds: two slices in each, and nothing else takes of them. */
export const SHORT_SLICES = {
  sliceInstructions: 1_000_000,
  installCodeSliceInstructions: 1_000_000,
  roundInstructions: 2_000_000,
  messageOverheadInstructions: 0,
  canisterOverheadInstructions: 0,
  canistersPerRoundOverheadInstructions: 0,
};

/** All prices on a subnet of so many nodes. */
export function prices(nodes: bigint) {
  const S = (x: bigint): bigint => (x * nodes) / 13n;
  const rate = (bits: Bits): bigint => (bits === 32 ? 10n : 20n);
  const prepaid = (bits: Bits, limit: bigint): bigint => S(5_000_000n + (rate(bits) * limit) / 10n);
  const transmission = (bytes: bigint): bigint => S(1_000n * bytes);
  const perDay = (bytes: bigint): bigint => S((bytes * 317_500n * DAY) / GIB);
  return {
    S,
    prepaid,
    /** What an execution costs in the end. */
    execution: (bits: Bits, used: bigint, limit = MESSAGE): bigint => prepaid(bits, limit) - S((rate(bits) * (limit - used)) / 10n),
    /** What `call_perform` takes for the call alone. */
    call: (bits: Bits, bytes: bigint): bigint => S(260_000n) + transmission(bytes) + transmission(RESPONSE) + prepaid(bits, MESSAGE),
    transmissionRefund: (bytes: bigint): bigint => transmission(RESPONSE) - transmission(bytes),
    /** What carrying request and response costs in the end. */
    carried: (request: bigint, response: bigint): bigint => S(260_000n) + transmission(request) + transmission(response),
    ingress: (envelopeBytes: bigint): bigint => S(1_200_000n) + S(2_000n) * envelopeBytes,
    storage: (bytes: bigint, seconds: bigint): bigint => (perDay(bytes) * seconds) / DAY,
    compute: (percent: bigint, seconds: bigint): bigint => (S(10_000_000n * DAY * percent) * seconds) / DAY,
    /** `idle_cycles_burned_per_day`. */
    idle: (bytes: bigint, messageBytes = 0n, percent = 0n): bigint => perDay(bytes) + perDay(messageBytes) + S(10_000_000n * DAY * percent),
    creation: S(500_000_000_000n),
  };
}

/** Bytes of a submitted message as `Scenario.submit` has them. */
export const envelope = (arg: Uint8Array): bigint => BigInt(arg.length + 200);

/** Bytes of the user's latest message. */
export function latestEnvelope(scene: Scenario): bigint {
  const event = scene.sent().findLast((one) => one.message === "ingress");
  if (event?.payload.kind !== "data") throw new Error("no user has called");
  return envelope(event.payload.data);
}

/** A canister's cycles, main and reserved. */
export function cyclesOf(scene: Scenario, id: CanisterId): bigint {
  const { balanceCycles, reservedCycles } = scene.canister(id);
  return balanceCycles + reservedCycles;
}

/** What something costs a canister. */
export function costOf(scene: Scenario, id: CanisterId, does: () => void): bigint {
  const before = cyclesOf(scene, id);
  does();
  return before - cyclesOf(scene, id);
}

export function setBalance(scene: Scenario, canister: CanisterId, cycles: bigint): void {
  scene.net.step({ kind: "command", command: "setBalance", canister, cycles });
}

/** Rounds of one subnet, so that what it sent to another is on its way. */
export function roundsOf(scene: Scenario, subnet: number, count = 1): void {
  for (let i = 0; i < count; i++) scene.events.push(...scene.net.step({ kind: "round", subnets: [scene.subnet(subnet)] }).events);
}

/** Instructions of the latest execution of this canister with this entry point. */
export function used(scene: Scenario, id: CanisterId, entry: string): bigint {
  const event = scene.executed().findLast((one) => one.canister === id && one.entry === entry);
  if (event === undefined) throw new Error(`no ${entry} of ${id} was executed`);
  return BigInt(event.instructions);
}

/** The amounts in an answer, sixteen bytes each. */
export function amounts(data: Uint8Array): bigint[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length / 16 }, (_, i) => view.getBigUint64(16 * i, true) + (view.getBigUint64(16 * i + 8, true) << 64n));
}

/** What values of 16 bytes are in an update. */
export function see(scene: Scenario, id: CanisterId, ...values: readonly Value[]): bigint[] {
  const end = scene.call(id, "run", reply(...values));
  if (end.kind === "rejected") throw new Error(end.message);
  return amounts(end.data);
}

export function consumed(scene: Scenario, id: CanisterId): CanisterState["consumed"] {
  return { ...scene.canister(id).consumed };
}

/** A canister without code; `cycles: null` for the default. */
export function createEmpty(scene: Scenario, cycles: bigint | null = 10n ** 14n): CanisterId {
  const amount = cycles === null ? [] : [cycles];
  const argument = { amount, settings: [], specified_id: [], sender_canister_version: [] };
  const reply = scene.manage("provisional_create_canister_with_cycles", argument, { subnet: scene.subnet(0) });
  const [created] = IDL.decode([IDL.Record({ canister_id: IDL.Principal })], reply) as unknown as [{ canister_id: Principal }];
  return created.canister_id.toHex().toLowerCase() as CanisterId;
}

/** The argument of a management call about one canister. */
export function canisterArgument(id: CanisterId): Uint8Array {
  return IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: Principal.fromHex(id) }]);
}
