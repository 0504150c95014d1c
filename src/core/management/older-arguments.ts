/**
 * Arguments in forms of older interfaces, which the platform still takes.
 *
 * Replica: `CreateCanisterArgs::decode`, `InstallChunkedCodeArgs::decode` in `rs/types/management_canister_types/src/lib.rs` (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { CandidArgs } from "../../codec/candid-args.ts";
import type { ArgumentName, ArgumentValue } from "./candid.ts";
import { CHUNKED_WITH_BLOBS } from "./candid-types.ts";

const chunked = new CandidArgs(CHUNKED_WITH_BLOBS);

/** The value in today's form of an argument that is none of today's; throws when it is of no older form either. */
export function decodeOlder(name: ArgumentName, bytes: Uint8Array, reason: unknown): unknown {
  switch (name) {
    // Before there were settings there was no argument: whatever is Candid stands for the defaults.
    case "create_canister":
      IDL.decode([], bytes);
      return { settings: [], sender_canister_version: [] } satisfies ArgumentValue["create_canister"];
    // Hashes were blobs without a record around each.
    case "install_chunked_code": {
      const [value] = chunked.decode(bytes) as [{ readonly chunk_hashes_list: readonly Uint8Array[] }];
      return { ...value, chunk_hashes_list: value.chunk_hashes_list.map((hash) => ({ hash })) };
    }
    default:
      throw reason;
  }
}
