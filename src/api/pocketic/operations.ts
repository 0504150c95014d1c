/**
 * What can be asked of an instance, by the path of the endpoint: JSON in, JSON out, and the state changes between.
 *
 * Source: pocketic-server.md 5, 6. Replica: the operations in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import { toBase64 } from "../../codec/base64.ts";
import type { IngressEntry } from "../../core/ingress/history.ts";
import type { Answer, RoundMakers } from "../../core/inputs.ts";
import { nodeOf } from "../../core/certification/topology-tree.ts";
import type { MessageId, PrincipalId, SubnetId } from "../../core/state/ids.ts";
import { principalBytes, principalText } from "../../core/state/principal.ts";
import { ErrorCode } from "../../core/state/rejects.ts";
import { canisterIsEmpty, canisterNotFound, badIngress, conversionError, errorResponse, failed, OperationFailed, rejectResponse, subnetNotFound } from "./failure.ts"; // prettier-ignore
import type { PicSubnetKind } from "./config.ts";
import { AWAIT_ROUNDS, type Instance } from "./instance.ts";
import { mockFlexibleOutcall, mockOutcall, outcallJson, waitingOutcalls } from "./outcalls.ts";
import { effectivePrincipal, routed, routedCall, subnetJson, subnetOfCall } from "./routing.ts";
import { blob, fields, list, maybe, principal, principalIn, required, u64, unsigned, type Fields, type Reader } from "./shape.ts";
import { downloadSnapshot, uploadSnapshot } from "./snapshots.ts";
import { topologyJson } from "./topology.ts";

/** A blob of the server's store, as it was uploaded. */
export interface StoredBlob {
  readonly bytes: Uint8Array;
  readonly isGzip: boolean;
}

/** `body` is the request's JSON; `stored` the blob that it names, `null` when there is none. The result is JSON. */
export type Operation = (instance: Instance, body: unknown, stored: StoredBlob | null) => unknown;

/** Those that are no counterparts of the mainnet's. Source: the crate `pocket-ic` 15.0.0, `delete_subnet`. */
const DELETABLE: readonly PicSubnetKind[] = ["Application", "CloudEngine", "System", "VerifiedApplication"];

export const READ_GET: Readonly<Record<string, Operation>> = {
  topology: (instance) => topology(instance),
  get_time: (instance) => ({ nanos_since_epoch: instance.timeNanos }),
  get_canister_http: (instance) => waitingOutcalls(instance).map(outcallJson),
};

export const READ_POST: Readonly<Record<string, Operation>> = {
  query(instance, body) {
    const call = routedCall(body, "body");
    return queryResult(instance.query(call, subnetOfCall(instance, call)));
  },
  get_controllers: (instance, body) =>
    canisterIn(instance, body).settings.controllers.map((id) => ({ principal_id: toBase64(principalBytes(id)) })),
  get_cycles: (instance, body) => ({ cycles: canisterIn(instance, body).balanceCycles }),
  get_stable_memory(instance, body) {
    const { stable } = executionIn(instance, body);
    const bytes = new Uint8Array(stable.byteLength);
    stable.read(0, bytes, 0, bytes.length);
    return { blob: toBase64(bytes) };
  },
  get_subnet(instance, body) {
    const canister = instance.canister(canisterIdIn(body));
    return canister === null ? null : { subnet_id: toBase64(principalBytes(canister.subnetId)) };
  },
  pub_key(instance, body) {
    const id = principalIn("subnet_id")(body, "body") as SubnetId;
    const subnet = instance.subnet(id);
    if (subnet === null) throw subnetNotFound(id);
    return [...subnet.config.publicKeyDer];
  },
  ingress_status(instance, body) {
    const given = fields(body, "body");
    const { subnet, id } = messageIn(instance, required(given, "raw_message_id", fields));
    const caller = maybe(given, "raw_caller", callerReader);
    const entry = instance.statusOf(subnet, id);
    if (caller !== null && entry !== null && entry.user !== caller)
      throw new OperationFailed("The user tries to access Request ID not signed by the caller.", 403);
    return entry === null ? null : outcomeOf(entry);
  },
};

export const UPDATE: Readonly<Record<string, Operation>> = {
  submit_ingress_message(instance, body) {
    const call = routedCall(body, "body");
    const subnet = subnetOfCall(instance, call);
    const { id, answer } = instance.submit(call, subnet);
    if (answer.kind === "refused") return { Err: errorResponse(answer.error, false) };
    return { Ok: { effective_principal: subnetJson(subnet), message_id: toBase64(fromHex(id)) } };
  },
  await_ingress_message(instance, body) {
    const { subnet, id } = messageIn(instance, fields(body, "body"));
    for (let round = 0; round < AWAIT_ROUNDS; round++) {
      const entry = instance.statusOf(subnet, id);
      const outcome = entry === null ? null : outcomeOf(entry);
      if (outcome !== null) return outcome;
      instance.tick();
    }
    throw badIngress(`Failed to answer to ingress 0x${id} after ${AWAIT_ROUNDS} rounds.`);
  },
  tick(instance, body) {
    const given = fields(body, "body");
    const blockMakers = (maybe(given, "blockmakers", blockmakersReader) ?? []).map((item) => makersOf(instance, item));
    const first = maybe(given, "first_subnet", principalIn("subnet_id")) as SubnetId | null;
    const last = maybe(given, "last_subnet", principalIn("subnet_id")) as SubnetId | null;
    for (const id of [first, last]) if (id !== null && instance.subnet(id) === null) throw subnetNotFound(id);
    if (first !== null && first === last) throw failed("InvalidTickConfigs", '"first_subnet and last_subnet are the same"');
    instance.tick({ first, last, blockMakers });
    return null;
  },
  set_time: (instance, body) => setTime(instance, body, false),
  set_certified_time: (instance, body) => setTime(instance, body, true),
  add_cycles(instance, body) {
    const canister = canisterIn(instance, body).id;
    const cycles = required(body as Fields, "amount", unsigned(128));
    instance.answered({ kind: "command", command: "addCycles", canister, cycles });
    return { cycles: instance.canister(canister)!.balanceCycles };
  },
  set_stable_memory(instance, body, stored) {
    const canister = canisterIdIn(body);
    required(body as Fields, "blob_id", blob);
    if (stored === null) throw conversionError("Bad blob id");
    const bytes = stored.isGzip ? unpacked(instance, stored.bytes) : stored.bytes;
    executionIn(instance, body);
    const answer = instance.answered({ kind: "command", command: "setStableMemory", canister, bytes });
    if (answer.kind === "refused") throw badIngress(answer.error.description);
    return null;
  },
  canister_snapshot_download: (instance, body) => downloadSnapshot(instance, instance.host.snapshotFolders, body),
  canister_snapshot_upload: (instance, body) => uploadSnapshot(instance, instance.host.snapshotFolders, body),
  delete_subnet(instance, body) {
    const subnet = principalIn("subnet_id")(body, "body") as SubnetId;
    if (instance.subnet(subnet) === null) throw subnetNotFound(subnet);
    const { kind } = instance.specs[instance.state.subnetOrder.indexOf(subnet)]!;
    if (!DELETABLE.includes(kind)) throw new OperationFailed(`Subnet ${principalText(subnet)} of kind ${kind} cannot be deleted.`);
    const answer = instance.answered({ kind: "subnetDeletion", subnet });
    if (answer.kind === "refused") throw new OperationFailed(answer.error.description);
    return null;
  },
  mock_canister_http(instance, body) {
    mockOutcall(instance, body);
    return null;
  },
  mock_flexible_canister_http(instance, body) {
    mockFlexibleOutcall(instance, body);
    return null;
  },
};

export function topology(instance: Instance): object {
  const { sha256 } = instance.host.environment.platform;
  return topologyJson(instance.state, instance.specs, instance.defaultCanisterId, sha256);
}

function canisterIdIn(body: unknown): PrincipalId {
  return principalIn("canister_id")(body, "body");
}

function canisterIn(instance: Instance, body: unknown) {
  const id = canisterIdIn(body);
  const canister = instance.canister(id);
  if (canister === null) throw canisterNotFound(id);
  return canister;
}

function executionIn(instance: Instance, body: unknown) {
  const { id, execution } = canisterIn(instance, body);
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

/** As an object, or as bare base64, which is what `@dfinity/pic` sends. */
const callerReader: Reader<PrincipalId> = (value, what) =>
  typeof value === "string" ? principal(value, what) : principalIn("principal_id")(value, what);

const MESSAGE_ID_BYTES = 32;

function messageIn(instance: Instance, given: Fields): { readonly subnet: SubnetId; readonly id: MessageId } {
  const bytes = required(given, "message_id", blob);
  const effective = required(given, "effective_principal", effectivePrincipal);
  if (bytes.length !== MESSAGE_ID_BYTES) throw conversionError("Bad message id");
  return { subnet: routed(instance, effective, false), id: toHex(bytes) as MessageId };
}

/** `null` while there is no outcome. */
function outcomeOf({ status }: IngressEntry): object | null {
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

function setTime(instance: Instance, body: unknown, certified: boolean): null {
  const time = required(fields(body, "body"), "nanos_since_epoch", u64);
  if (!instance.setTime(time, certified)) throw failed("SettingTimeIntoPast", `(${instance.timeNanos}, ${time})`);
  return null;
}

/** A list, or before version 12 of the contract an object around it. */
const blockmakersReader: Reader<Fields[]> = (value, what) =>
  list(fields)(Array.isArray(value) ? value : required(fields(value, what), "blockmakers_per_subnet", (inner) => inner), what);

/** Nodes must be of the subnet, and who makes the block cannot have failed to. */
function makersOf(instance: Instance, given: Fields): [SubnetId, RoundMakers] {
  const subnet = required(given, "subnet", principalIn("subnet_id")) as SubnetId;
  const maker = required(given, "blockmaker", principalIn("node_id"));
  const failedMakers = required(given, "failed_blockmakers", list(principalIn("node_id")));
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
