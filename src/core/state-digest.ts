/**
 * The digest of a network's state: equal states, equal digests, on every machine and engine version.
 *
 * Everything that later behaviour depends on is in it; epochs, instances, stamps and indexes (which follow from the rest) are not.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../base/bytes.ts";
import { DigestWriter } from "../codec/state-digest.ts";
import type { ExecutionState } from "./canister/execution-state.ts";
import type { PagedMemory } from "./canister/paged-memory.ts";
import type { CanisterQueues } from "./queues/canister-queues.ts";
import type { CanisterState } from "./state/canister.ts";
import type { LongExecution } from "./state/long-execution.ts";
import { viewOf } from "./rules/effects.ts";
import type { NetworkState, SubnetState } from "./state/network-state.ts";
import type { CanisterSnapshot } from "./state/snapshots.ts";

/** Hex of SHA-256. `hash` is the platform's SHA-256, for memory pages (whose digests are cached). */
export function stateDigest(state: NetworkState, hash: (bytes: Uint8Array) => Uint8Array): string {
  const writer = new DigestWriter(sha256.create());
  writer.bigint(state.timeNanos).number(state.round).number(state.nextTag).number(state.nextExecution).value(state.prng.state);
  writer.map(state.subnets.size);
  for (const [id, subnet] of state.subnets.entries()) {
    writer.text(id);
    writeSubnet(writer, subnet, hash);
  }
  return toHex(writer.digest());
}

type Hash = (bytes: Uint8Array) => Uint8Array;

function writeSubnet(writer: DigestWriter, subnet: SubnetState, hash: Hash): void {
  writer.number(subnet.priorityHandedBack).number(subnet.priorityOwed);
  writer.number(subnet.round).bigint(subnet.nextCanisterIndex).value(subnet.randomness.state);
  writer.value([...subnet.compiledModules.keys()]).value(subnet.blockMakers.samples);
  writeQueues(writer, subnet.queues);
  writer.map(subnet.streams.size);
  for (const [id, stream] of subnet.streams.entries()) {
    writer.text(id).list(stream.length);
    for (const { message, availableRound } of stream.arrivals()) writer.number(availableRound).value(message);
    writer.value(stream.standing());
  }
  writer.value([...subnet.refunds.entries()]);
  writer.value([...subnet.ingressHistory.entries()]);
  writer.value(subnet.pendingIngress);
  writer
    .value([...subnet.pendingCalls.values()])
    .number(subnet.nextPendingCallId)
    .value(subnet.consumed)
    .bigint(subnet.consumedCountedTwice)
    .number(subnet.updateTransactions);
  writer.map(subnet.canisters.size);
  for (const [id, canister] of subnet.canisters.entries()) {
    writer.text(id);
    writeCanister(writer, canister, hash);
  }
}

function writeCanister(writer: DigestWriter, canister: CanisterState, hash: Hash): void {
  writer.bigint(canister.createdNanos).value(canister.installedNanos).value(canister.settings).value(canister.status);
  writer.bigint(canister.balanceCycles).bigint(canister.reservedCycles).bigint(canister.postponedIngressCycles);
  writer.value(canister.consumed).value(canister.callContexts).value(canister.callbacks);
  writer.number(canister.nextCallContextId).number(canister.nextCallbackId).bytes(canister.certifiedData);
  writer.bigint(canister.globalTimerNanos).number(canister.version).value(canister.history);
  writer.value(canister.log.records).bigint(canister.log.nextIndex);
  writer.text(canister.nextTask).text(canister.lowMemoryHook);
  writer.number(canister.accumulatedPriority).number(canister.prioritySettledRound).bigint(canister.lastChargeNanos);
  writer.number(canister.executedRounds).number(canister.heapDeltaDebitBytes).number(canister.installCodeDebitInstructions);
  writer.value([...canister.chunkStore.keys()].sort()).value(canister.queryStats);
  writer.number(canister.snapshots.nextLocalId).map(canister.snapshots.list.size);
  for (const snapshot of canister.snapshots.list.values()) writeSnapshot(writer, snapshot, hash);
  writeQueues(writer, canister.queues);
  writeExecution(writer, canister.execution, hash);
  writeLong(writer, canister.paused, hash);
}

/** What a canister is in the middle of. What ran and is held follows from the state in which it began, but is written all the same: it decides what comes. */
export function writeLong(writer: DigestWriter, long: LongExecution | null, hash: Hash): void {
  if (long === null) {
    writer.null();
    return;
  }
  writer.text(long.kind).number(long.startedRound).bigint(long.prepaidCycles).value(long.message);
  if (long.kind === "message") writer.value(long.callback).bigint(long.refundedCycles);
  if (long.held === null) {
    writer.null();
    return;
  }
  if (long.kind === "installation") {
    const { slices, slicesDone, instructions, error, working } = long.held;
    writer.value(slices).number(slicesDone).number(instructions).value(error);
    writer.bigint(working.balanceCycles).number(working.version).bigint(working.globalTimerNanos).bytes(working.certifiedData);
    writer.value(working.log.records).value(working.history);
    writeExecution(writer, working.execution, hash);
    return;
  }
  const { contextId, outcome, overlay, slicesDone } = long.held;
  writer.number(contextId).number(slicesDone).value(outcome.pausedSlices);
  writer.value(outcome.result).number(outcome.instructions).value(outcome.calls).value(outcome.certifiedData);
  writer.value(outcome.globalTimerNanos).value(outcome.logs.records);
  const { acceptedCycles, burnedCycles, mintedCycles, newlyReservedCycles } = viewOf(outcome);
  writer.bigint(acceptedCycles).bigint(burnedCycles).bigint(mintedCycles).bigint(newlyReservedCycles);
  writeExecution(writer, overlay.state, hash);
}

export function writeExecution(writer: DigestWriter, execution: ExecutionState | null, hash: Hash): void {
  if (execution === null) {
    writer.null();
    return;
  }
  writer.text(execution.module.hash).bytes(execution.globals);
  for (const memory of [execution.heap, execution.stable]) writeMemory(writer, memory, hash);
}

function writeMemory(writer: DigestWriter, memory: PagedMemory, hash: Hash): void {
  writer.number(memory.wasmPages).bytes(memory.digest(hash));
}

function writeSnapshot(writer: DigestWriter, { heap, stable, code, chunkStore, ...rest }: CanisterSnapshot, hash: Hash): void {
  writer.value(rest).value([...chunkStore.keys()].sort());
  if (code.kind === "module") writer.text(code.module.hash);
  else writeMemory(writer.number(code.length), code.bytes, hash);
  writeMemory(writer, heap, hash);
  writeMemory(writer, stable, hash);
}

function writeQueues(writer: DigestWriter, queues: CanisterQueues): void {
  const messages = [...queues.messages()];
  writer.list(messages.length);
  for (const { where, peer, message } of messages) writer.text(where).text(peer).value(message);
  writer.value([...queues.standing()]);
}
