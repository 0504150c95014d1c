/**
 * The digest of a situation: equal for states from which a network goes on alike, whatever came before. Two orders of messages that come to the same
 * have one situation, though they numbered their messages differently and took different times.
 *
 * Ours, for exhaustive exploration. Left out are numbers that only traces show, the clock and everything counted by it (rounds, dates of answers, priorities), and
 * the networks' chance: a canister that asks for the time or for randomness may yet tell two such states apart.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../base/bytes.ts";
import { DigestWriter } from "../codec/state-digest.ts";
import type { IngressStatus } from "./events.ts";
import type { CanisterQueues } from "./queues/canister-queues.ts";
import { writeExecution, writeLong } from "./state-digest.ts";
import type { CanisterState } from "./state/canister.ts";
import type { NetworkState, SubnetState } from "./state/network-state.ts";

const IGNORED: ReadonlySet<string> = new Set([
  "tag",
  "requestTag",
  "timeNanos",
  "startNanos",
  "createdNanos",
  "sinceNanos",
  "sinceRound",
  "startedRound",
  "expiryNanos",
]);

type Hash = (bytes: Uint8Array) => Uint8Array;

export function situationDigest(state: NetworkState, hash: Hash): string {
  const writer = new DigestWriter(sha256.create(), IGNORED);
  for (const [id, subnet] of state.subnets.entries()) {
    writer.text(id);
    writeSubnet(writer, state, subnet, hash);
  }
  return toHex(writer.digest());
}

function writeSubnet(writer: DigestWriter, state: NetworkState, subnet: SubnetState, hash: Hash): void {
  writeQueues(writer, subnet.queues);
  for (const [to, stream] of subnet.streams.entries()) {
    const back = to === subnet.config.id ? undefined : state.subnets.get(to)!.streams.get(subnet.config.id);
    writer.text(to);
    for (const message of stream.unsettled(back)) writer.value(message);
    for (const { availableRound } of stream.arrivals()) if (availableRound > state.round) writer.number(availableRound - state.round);
  }
  writer
    .value([...subnet.refunds.entries()])
    .value(subnet.pendingIngress)
    .value([...subnet.pendingCalls.values()]);
  // Whether a call that is not answered is received or in progress only says how long it takes.
  for (const [id, { status }] of subnet.ingressHistory.entries()) writer.text(id).value(isOpen(status) ? null : status);
  writer.map(subnet.canisters.size);
  for (const [id, canister] of subnet.canisters.entries()) {
    writer.text(id);
    writeCanister(writer, canister, hash);
  }
}

function isOpen({ kind }: IngressStatus): boolean {
  return kind === "received" || kind === "processing";
}

function writeCanister(writer: DigestWriter, canister: CanisterState, hash: Hash): void {
  writer.value(canister.settings).value(canister.status).bigint(canister.balanceCycles).bigint(canister.reservedCycles);
  writer.value(canister.callContexts).value(canister.callbacks).bytes(canister.certifiedData);
  writer.bigint(canister.globalTimerNanos).text(canister.nextTask).text(canister.lowMemoryHook);
  writeQueues(writer, canister.queues);
  writeExecution(writer, canister.execution, hash);
  writeLong(writer, canister.paused, hash);
}

function writeQueues(writer: DigestWriter, queues: CanisterQueues): void {
  for (const { where, peer, message } of queues.messages()) writer.text(where).text(peer).value(message);
  writer.value([...queues.standing()]);
}
