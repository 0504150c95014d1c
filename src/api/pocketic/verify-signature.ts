/**
 * Whether a canister signed something, under whichever root key: for test suites of canisters that sign.
 *
 * Source: pocketic-server.md 3. Replica: `verify_signature` in `rs/pocket_ic_server/src/main.rs` (c7c5005).
 */
import { equal } from "../../base/bytes.ts";
import { BLS_DER_PREFIX } from "../../crypto/network-keys.ts";
import { checkCanisterSignature, type Trust } from "../http/canister-signature.ts";
import { parsePublicKey } from "../http/signatures.ts";
import type { InstanceResponse } from "./handler.ts";
import { json } from "./responses.ts";
import { blob, fields, required } from "./shape.ts";

const ROOT_KEY_BYTES = BLS_DER_PREFIX.length + 96;

export function verifyCanisterSignature(body: unknown, platform: Trust["platform"]): InstanceResponse {
  const given = fields(body, "body");
  const [message, signature, publicKey, rootKey] = ["msg", "sig", "pubkey", "root_pubkey"].map((name) => required(given, name, blob)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const key = parsePublicKey(publicKey);
  if (key.scheme !== "canister") return json(400, { Err: "Failed to parse DER encoded public key: it is none of canister signatures" });
  if (rootKey.length !== ROOT_KEY_BYTES || !equal(rootKey.subarray(0, BLS_DER_PREFIX.length), BLS_DER_PREFIX))
    return json(400, { Err: "Failed to parse DER encoded root public key: it is no BLS12-381 key" });
  const problem = checkCanisterSignature({ rootKey, platform }, key, message, signature);
  return problem === null ? json(200, { Ok: null }) : json(406, { Err: `Canister signature verification failed: ${problem}` });
}
