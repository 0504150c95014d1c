/**
 * Which paths a `read_state` request may ask for: by endpoint, by who asks, and all paths of one request together.
 *
 * Source: interface spec, abstract-behavior#certified-state-reads (`may_read_path_for_canister`, `may_read_path_for_subnet`) and
 * https-interface#http-read-state; http-interface.md 1.3. Replica: `rs/http_endpoints/public/src/read_state.rs` (`verify_paths`, c7c5005): it does not
 * compare the effective id of the call that a status is of, which the specification asks for.
 */
import { toHex } from "../../base/bytes.ts";
import { decodeUtf8, decodeUtf8Lossy } from "../../base/utf8.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { InvalidPrincipal, principalOfBytes, principalText } from "../state/principal.ts";
import type { Label, Path } from "./hash-tree.ts";

export interface ReadRequest {
  readonly paths: readonly Path[];
  readonly user: PrincipalId;
  /** Receivers that the sender's delegations allow; `null` for all. */
  readonly targets: ReadonlySet<PrincipalId> | null;
  /** Which endpoint was asked, and the id in its address. */
  readonly endpoint: { readonly kind: "canister" | "subnet"; readonly id: PrincipalId; readonly version: 2 | 3 };
  readonly rootSubnetId: PrincipalId;
}

/** Why a request is refused, in the words of the replica's answer: it is wrong (400), not allowed (403), or asks for what is not offered (404). */
export interface ReadRefusal {
  readonly kind: "invalid" | "forbidden" | "notOffered";
  readonly text: string;
}

const MAX_PATHS = 1000;
const MAX_LABELS = 127;

/** Checked before anything else of a request. */
export function refusedForSize(paths: readonly Path[]): ReadRefusal | null {
  if (paths.length > MAX_PATHS) {
    return invalid(`Too many paths in read state request: got ${paths.length} paths, but at most ${MAX_PATHS} are allowed.`);
  }
  const deep = paths.find((path) => path.length > MAX_LABELS);
  if (deep === undefined) return null;
  return invalid(`At least one path in read state request is too deep: got ${deep.length} labels, but at most ${MAX_LABELS} are allowed.`);
}

/** The first path that may not be read, in the state of the subnet; `null` when all may. */
export function refusedPaths(subnet: SubnetState, request: ReadRequest): ReadRefusal | null {
  const seen: Seen = { call: null, ranges: null };
  for (const path of request.paths) {
    const refusal = refusedPath(subnet, request, path, seen);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Of which a request may name only one. */
interface Seen {
  call: MessageId | null;
  ranges: PrincipalId | null;
}

function refusedPath(subnet: SubnetState, request: ReadRequest, path: Path, seen: Seen): ReadRefusal | null {
  const { endpoint } = request;
  const [root, id, ...rest] = path;
  const below = rest.map(decodeUtf8Lossy);
  switch (root === undefined ? null : decodeUtf8Lossy(root)) {
    case "time":
      return path.length === 1 ? null : NOT_OFFERED;
    case "api_boundary_nodes":
      return below.length === 0 || is(below, ["domain", "ipv4_address", "ipv6_address"]) ? null : NOT_OFFERED;
    case "subnet":
      return id === undefined ? null : refusedSubnet(request, id, below);
    case "canister":
      return id === undefined || endpoint.kind !== "canister" ? NOT_OFFERED : refusedCanister(subnet, request, id, rest, below);
    case "canister_ranges":
      return id === undefined || below.length > 0 || endpoint.kind !== "subnet" ? NOT_OFFERED : refusedRanges(id, seen);
    case "request_status":
      if (id === undefined || (endpoint.kind === "subnet" && endpoint.version === 2)) return NOT_OFFERED;
      return below.length === 0 || is(below, STATUS_FIELDS) ? refusedStatus(subnet, request, id, seen) : NOT_OFFERED;
    default:
      return NOT_OFFERED;
  }
}

const STATUS_FIELDS = ["status", "reply", "reject_code", "reject_message", "error_code"];

function is(below: readonly string[], labels: readonly string[]): boolean {
  return below.length === 1 && labels.includes(below[0]!);
}

function refusedSubnet({ endpoint, rootSubnetId }: ReadRequest, id: Label, below: readonly string[]): ReadRefusal | null {
  if (below.length === 0 || is(below, ["public_key", "type"])) return null;
  if (below[0] === "node") return below.length < 3 || (below.length === 3 && below[2] === "public_key") ? null : NOT_OFFERED;
  if (is(below, ["metrics"]) && endpoint.kind === "subnet") return withPrincipal(id, (subnet) => refusedOther(endpoint.id, subnet));
  if (!is(below, ["canister_ranges"])) return NOT_OFFERED;
  return endpoint.version === 2 ? null : withPrincipal(id, (subnet) => (subnet === rootSubnetId ? null : NOT_OFFERED));
}

const CANISTER_FIELDS = ["controllers", "module_hash", "canister_creation_timestamp", "last_install_timestamp"];

function refusedCanister(
  subnet: SubnetState,
  { endpoint, user }: ReadRequest,
  id: Label,
  rest: readonly Label[],
  below: readonly string[],
): ReadRefusal | null {
  if (is(below, CANISTER_FIELDS)) return withPrincipal(id, (canister) => refusedOther(endpoint.id, canister));
  if (below.length !== 2 || below[0] !== "metadata") return NOT_OFFERED;
  const name = decodeUtf8(rest[1]!);
  if (name === null) return invalid("Could not parse the custom section name: it is not UTF-8.");
  return withPrincipal(id, (canister) => refusedOther(endpoint.id, canister) ?? refusedMetadata(subnet, canister, name, user));
}

function refusedMetadata(subnet: SubnetState, id: PrincipalId, name: string, user: PrincipalId): ReadRefusal | null {
  const canister = subnet.canisters.get(id);
  const section = canister?.execution?.module.info.customSections.find((section) => section.name === name);
  if (canister === undefined || section?.visibility !== "private" || canister.settings.controllers.includes(user)) return null;
  return forbidden(`Custom section ${[...name].slice(0, 100).join("")} can only be requested by the controllers of the canister.`);
}

function refusedRanges(id: Label, seen: Seen): ReadRefusal | null {
  return withPrincipal(id, (subnet) => {
    const before = seen.ranges;
    seen.ranges = subnet;
    if (before === null || before === subnet) return null;
    const [a, b] = [before, subnet].map(principalText);
    return invalid(`More than one non-unique subnet ID exists in canister_ranges paths: ${a} and ${b}.`);
  });
}

const REQUEST_ID_BYTES = 32;

function refusedStatus(subnet: SubnetState, { user, targets }: ReadRequest, id: Label, seen: Seen): ReadRefusal | null {
  if (id.length !== REQUEST_ID_BYTES) {
    return invalid(`Invalid request id in paths. Maybe the request ID is not of ${REQUEST_ID_BYTES} bytes in length?!`);
  }
  const call = toHex(id) as MessageId;
  const before = seen.call;
  seen.call = call;
  if (before !== null && before !== call) {
    return invalid(`More than one non-unique request ID exists in request_status paths: 0x${before} and 0x${call}.`);
  }
  const entry = subnet.ingressHistory.get(call);
  if (entry === undefined) return null;
  if (entry.user !== user) return forbidden("The user tries to access Request ID not signed by the caller.");
  if (targets === null || targets.has(entry.receiver)) return null;
  return forbidden("The user tries to access request IDs for canisters not belonging to sender delegation targets.");
}

function refusedOther(effective: PrincipalId, requested: PrincipalId): ReadRefusal | null {
  if (effective === requested) return null;
  const [a, b] = [effective, requested].map(principalText);
  return invalid(`Effective principal id in URL ${a} does not match requested principal id: ${b}.`);
}

function withPrincipal(label: Label, then: (id: PrincipalId) => ReadRefusal | null): ReadRefusal | null {
  try {
    return then(principalOfBytes(label));
  } catch (error) {
    if (error instanceof InvalidPrincipal) return invalid(`Could not parse principal ID: ${error.message}.`);
    throw error;
  }
}

const NOT_OFFERED: ReadRefusal = { kind: "notOffered", text: "Invalid path requested." };

function invalid(text: string): ReadRefusal {
  return { kind: "invalid", text };
}

function forbidden(text: string): ReadRefusal {
  return { kind: "forbidden", text };
}
