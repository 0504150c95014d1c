/**
 * What can be asked of an instance, by the path of the endpoint: JSON in, JSON out, and the state changes between.
 *
 * Source: pocketic-server.md 5, 6. Replica: the operations in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { fromHex } from "../../base/bytes.ts";
import { toBase64 } from "../../codec/base64.ts";
import type { IngressStatus } from "../../core/events.ts";
import type { Answer, RoundMakers } from "../../core/inputs.ts";
import { nodeOf } from "../../core/certification/topology-tree.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import { principalBytes, principalText } from "../../core/state/principal.ts";
import { ErrorCode } from "../../core/state/rejects.ts";
import { awaitIngress } from "./awaiting.ts";
import { canisterIsEmpty, canisterNotFound, badIngress, conversionError, errorResponse, failed, OperationFailed, rejectResponse, subnetNotFound } from "./failure.ts"; // prettier-ignore
import type { PicSubnetKind } from "./config.ts";
import type { Instance } from "./instance.ts";
import { mockedFlexibleOutcall, mockedOutcall, mockFlexibleOutcall, mockOutcall, outcallJson, waitingOutcalls } from "./outcalls.ts";
import { gift, ingressQuestion, messageId, tickConfigs, time, type SubnetBlockMakers } from "./questions.ts";
import { routed, routedCall, subnetJson, subnetOfCall } from "./routing.ts";
import { blob, principalIn, required, type Fields, type Reader } from "./shape.ts";
import { downloadSnapshot, snapshotDownload, snapshotUpload, uploadSnapshot } from "./snapshots.ts";
import { topologyJson } from "./topology.ts";

/** A blob of the server's store, as it was uploaded. */
export interface StoredBlob {
  readonly bytes: Uint8Array;
  readonly isGzip: boolean;
}

/**
 * Reads what is asked of a request's JSON and of the blob that it names (`null` when there is none), and throws what is wrong with that; the
 * function that comes back does it. So a request is told what is wrong with itself before anybody looks for the instance. The result is JSON.
 */
export type Operation = (body: unknown, stored: StoredBlob | null) => (instance: Instance) => unknown;

function taking<T>(read: Reader<T>, run: (instance: Instance, asked: T) => unknown): Operation {
  return (body) => {
    const asked = read(body, "body");
    return (instance) => run(instance, asked);
  };
}

export const READ_GET: Readonly<Record<string, (instance: Instance) => unknown>> = {
  topology,
  get_time: (instance) => ({ nanos_since_epoch: instance.timeNanos }),
  get_canister_http: (instance) => waitingOutcalls(instance).map(outcallJson),
};

const canisterId = principalIn("canister_id");
const subnetId: Reader<SubnetId> = (value, what) => principalIn("subnet_id")(value, what) as SubnetId;

export const READ_POST: Readonly<Record<string, Operation>> = {
  query: taking(routedCall, (instance, call) => queryResult(instance.query(call, subnetOfCall(instance, call)))),
  get_controllers: taking(canisterId, (instance, id) =>
    canisterIn(instance, id).settings.controllers.map((controller) => ({ principal_id: toBase64(principalBytes(controller)) })),
  ),
  get_cycles: taking(canisterId, (instance, id) => ({ cycles: canisterIn(instance, id).balanceCycles })),
  get_stable_memory: taking(canisterId, (instance, id) => {
    const { stable } = executionIn(instance, id);
    const bytes = new Uint8Array(stable.byteLength);
    stable.read(0, bytes, 0, bytes.length);
    return { blob: toBase64(bytes) };
  }),
  get_subnet: taking(canisterId, (instance, id) => {
    const canister = instance.canister(id);
    return canister === null ? null : { subnet_id: toBase64(principalBytes(canister.subnetId)) };
  }),
  pub_key: taking(subnetId, (instance, id) => {
    const subnet = instance.subnet(id);
    if (subnet === null) throw subnetNotFound(id);
    return [...subnet.config.publicKeyDer];
  }),
  ingress_status: taking(ingressQuestion, (instance, { message, caller }) => {
    const entry = instance.statusOf(routed(instance, message.effective, false), message.id);
    if (caller !== null && entry !== null && entry.user !== caller)
      throw new OperationFailed("The user tries to access Request ID not signed by the caller.", 403);
    return entry === null ? null : outcomeOf(entry.status);
  }),
};

/** Those that are no counterparts of the mainnet's. Source: the crate `pocket-ic` 15.0.0, `delete_subnet`. */
const DELETABLE: readonly PicSubnetKind[] = ["Application", "CloudEngine", "System", "VerifiedApplication"];

export const UPDATE: Readonly<Record<string, Operation>> = {
  submit_ingress_message: taking(routedCall, (instance, call) => {
    const subnet = subnetOfCall(instance, call);
    const { id, answer } = instance.submit(call, subnet);
    if (answer.kind === "refused") return { Err: errorResponse(answer.error, false) };
    return { Ok: { effective_principal: subnetJson(subnet), message_id: toBase64(fromHex(id)) } };
  }),
  await_ingress_message: taking(messageId, (instance, { effective, id }) =>
    outcomeOf(awaitIngress(instance, routed(instance, effective, false), id)),
  ),
  tick: taking(tickConfigs, (instance, { first, last, blockMakers }) => {
    const makers = blockMakers.map((item) => makersOf(instance, item));
    for (const id of [first, last]) if (id !== null && instance.subnet(id) === null) throw subnetNotFound(id);
    if (first !== null && first === last) throw failed("InvalidTickConfigs", '"first_subnet and last_subnet are the same"');
    instance.tick({ first, last, blockMakers: makers });
    return null;
  }),
  set_time: taking(time, (instance, nanos) => setTime(instance, nanos, false)),
  set_certified_time: taking(time, (instance, nanos) => setTime(instance, nanos, true)),
  add_cycles: taking(gift, (instance, { id, cycles }) => {
    const { id: canister } = canisterIn(instance, id);
    instance.answered({ kind: "command", command: "addCycles", canister, cycles });
    return { cycles: instance.canister(canister)!.balanceCycles };
  }),
  set_stable_memory(body, stored) {
    const canister = canisterId(body, "body");
    required(body as Fields, "blob_id", blob);
    if (stored === null) throw conversionError("Bad blob id");
    return (instance) => {
      const bytes = stored.isGzip ? unpacked(instance, stored.bytes) : stored.bytes;
      executionIn(instance, canister);
      const answer = instance.answered({ kind: "command", command: "setStableMemory", canister, bytes });
      if (answer.kind === "refused") throw badIngress(answer.error.description);
      return null;
    };
  },
  canister_snapshot_download: taking(snapshotDownload, downloadSnapshot),
  canister_snapshot_upload: taking(snapshotUpload, uploadSnapshot),
  delete_subnet: taking(subnetId, (instance, subnet) => {
    if (instance.subnet(subnet) === null) throw subnetNotFound(subnet);
    const { kind } = instance.specs[instance.state.subnetOrder.indexOf(subnet)]!;
    if (!DELETABLE.includes(kind)) throw new OperationFailed(`Subnet ${principalText(subnet)} of kind ${kind} cannot be deleted.`);
    const answer = instance.answered({ kind: "subnetDeletion", subnet });
    if (answer.kind === "refused") throw new OperationFailed(answer.error.description);
    return null;
  }),
  mock_canister_http: taking(mockedOutcall, (instance, mock) => {
    mockOutcall(instance, mock);
    return null;
  }),
  mock_flexible_canister_http: taking(mockedFlexibleOutcall, (instance, mock) => {
    mockFlexibleOutcall(instance, mock);
    return null;
  }),
};

export function topology(instance: Instance): object {
  const { sha256 } = instance.host.environment.platform;
  return topologyJson(instance.state, instance.specs, instance.defaultCanisterId, sha256);
}

function canisterIn(instance: Instance, id: CanisterId) {
  const canister = instance.canister(id);
  if (canister === null) throw canisterNotFound(id);
  return canister;
}

function executionIn(instance: Instance, id: CanisterId) {
  const { execution } = canisterIn(instance, id);
  if (execution === null) throw canisterIsEmpty(id);
  return execution;
}

/** Bound to what an instance may hold at once. */
const MAX_UNPACKED_BYTES = 2 ** 32;

function unpacked(instance: Instance, bytes: Uint8Array): Uint8Array {
  try {
    return instance.host.environment.platform.gunzip(bytes, MAX_UNPACKED_BYTES);
  } catch {
    throw conversionError("Decompression failed");
  }
}

/** `null` while there is no outcome. */
function outcomeOf(status: IngressStatus): object | null {
  switch (status.kind) {
    case "replied":
      return { Ok: toBase64(status.data) };
    case "rejected":
      return { Err: rejectResponse(status, true) };
    default:
      return null;
  }
}

function queryResult(answer: Answer): object {
  switch (answer.kind) {
    case "replied":
      return { Ok: toBase64(answer.data) };
    case "rejected": {
      const { reject, error } = answer;
      return { Err: rejectResponse({ ...reject, errorCode: error?.code ?? ErrorCode.CanisterRejectedMessage }, false) };
    }
    case "refused":
      return { Err: errorResponse(answer.error, false) };
    case "accepted":
      throw new Error("a query is answered at once");
  }
}

function setTime(instance: Instance, nanos: bigint, certified: boolean): null {
  if (!instance.setTime(nanos, certified)) throw failed("SettingTimeIntoPast", `(${instance.timeNanos}, ${nanos})`);
  return null;
}

/** Nodes must be of the subnet, and who makes the block cannot have failed to. */
function makersOf(instance: Instance, { subnet, maker, failedMakers }: SubnetBlockMakers): [SubnetId, RoundMakers] {
  if (failedMakers.includes(maker)) throw failed("BlockmakerContainedInFailed", principalText(maker));
  const record = instance.subnet(subnet);
  if (record === null) throw subnetNotFound(subnet);
  const { platform } = instance.host.environment;
  const nodes = Array.from({ length: record.config.nodeCount }, (_, node) => nodeOf(instance.state, subnet, node, platform).id);
  const numberOf = (node: PrincipalId): number => {
    const number = nodes.indexOf(node);
    if (number === -1) throw failed("BlockmakerNotFound", principalText(node));
    return number;
  };
  return [subnet, { failed: failedMakers.map(numberOf), maker: numberOf(maker) }];
}
