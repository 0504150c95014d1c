/**
 * `read_state`: a certificate of the paths asked for, as far as the caller may see them (`core/certification/read-permission.ts`).
 *
 * Source: interface spec, https-interface#http-read-state; http-interface.md 1.3, 3. Replica: `rs/http_endpoints/public/src/read_state.rs` (c7c5005).
 */
import type { RangesFormat } from "../../core/certification/certificate.ts";
import { refusedForSize, refusedPaths, type ReadRefusal } from "../../core/certification/read-permission.ts";
import { authenticate } from "./authentication.ts";
import { decodeFields, encodeFields } from "./cbor.ts";
import { parseEnvelope } from "./envelope.ts";
import { HttpRefusal } from "./refusal.ts";
import { cborAnswer } from "./responses.ts";
import type { Target } from "./route.ts";
import type { ServedNetwork } from "./served.ts";

export function readState(network: ServedNetwork, target: Target, version: 2 | 3, body: Uint8Array): Response {
  const envelope = parseEnvelope(decodeFields(body), "read_state", (bytes) => network.platform.sha256(bytes));
  const { paths, sender } = envelope.content;
  refuse(refusedForSize(paths));
  const { targets } = authenticate(envelope, network);
  const { state } = network;
  const endpoint = { kind: target.kind, id: target.kind === "canister" ? target.id : target.subnet, version };
  const { rootSubnetId } = state;
  refuse(refusedPaths(state.subnets.get(target.subnet)!, { paths, user: sender, targets, endpoint, rootSubnetId }));
  const certificate = network.certificate({ subnet: target.subnet, paths, ranges: rangesOf(target, version) });
  return cborAnswer(encodeFields({ certificate }));
}

const STATUS = { invalid: 400, forbidden: 403, notOffered: 404 } as const;

function refuse(refusal: ReadRefusal | null): void {
  if (refusal !== null) throw new HttpRefusal(STATUS[refusal.kind], refusal.text);
}

/** What the delegation tells of canister ids. */
function rangesOf(target: Target, version: 2 | 3): RangesFormat {
  if (version === 2) return { kind: "flat" };
  return target.kind === "canister" ? { kind: "tree", canister: target.id } : { kind: "none" };
}
