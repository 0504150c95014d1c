/**
 * Bounds that the platform's own types put on arguments, beyond Candid: breaking one is a decoding error.
 *
 * Source: management-canister.md 2.1, 7. Replica: `rs/types/management_canister_types/src/{lib,bounded_vec}.rs` (c7c5005).
 */
import { Principal } from "@icp-sdk/core/principal";
import { U128_MAX } from "../../base/integers.ts";
import type { Opt, SettingsValue, SnapshotGlobalValue } from "./candid.ts";

/** Most principals in a list of the settings. */
const MAX_PRINCIPALS = 10;
const MAX_PATH_ELEMENTS = 255;
const HASH_BYTES = 32;
const TRANSPORT_KEY_BYTES = 48;
const MAX_PRINCIPAL_BYTES = 29;

/** What is wrong with the value, in the decoder's words; `null` when nothing is. */
export function outOfBounds(value: object): string | null {
  const tooMany = (limit: number): string => `Deserialize error: The number of elements exceeds maximum allowed ${limit}`;
  if (hasLongPrincipal(value)) return "Deserialize error: Bytes is longer than 29 bytes.";
  if (principalLists(value).some((list) => list.length > MAX_PRINCIPALS)) return tooMany(MAX_PRINCIPALS);
  if ("derivation_path" in value && (value.derivation_path as unknown[]).length > MAX_PATH_ELEMENTS) return tooMany(MAX_PATH_ELEMENTS);
  if ("message_hash" in value) return fixed(value.message_hash as Uint8Array, HASH_BYTES);
  if ("transport_public_key" in value) return fixed(value.transport_public_key as Uint8Array, TRANSPORT_KEY_BYTES);
  if ("snapshot_id" in value) return snapshotId(value.snapshot_id as Uint8Array);
  if ("replace_snapshot" in value) {
    const [id] = value.replace_snapshot as Opt<Uint8Array>;
    const refused = id === undefined ? null : snapshotId(id);
    if (refused !== null) return refused;
  }
  if ("globals" in value && (value.globals as SnapshotGlobalValue[]).some((global) => "v128" in global && global.v128 > U128_MAX)) {
    return "Deserialize error: u128 out of range";
  }
  return null;
}

/** Our Candid library reads principals of any length. */
function hasLongPrincipal(value: unknown): boolean {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return false;
  if (Principal.isPrincipal(value)) return value.toUint8Array().length > MAX_PRINCIPAL_BYTES;
  return Object.values(value).some(hasLongPrincipal);
}

const LOCAL_SNAPSHOT_ID_BYTES = 8;
const MAX_SNAPSHOT_ID_BYTES = LOCAL_SNAPSHOT_ID_BYTES + 29;

/** Replica: `SnapshotId` in `rs/types/base_types/src/lib.rs` (c7c5005), where both texts name the same length. */
function snapshotId({ length }: Uint8Array): string | null {
  const given = `Deserialize error: Invalid length of SnapshotId: Invalid snapshot ID length: provided ${length}`;
  if (length < LOCAL_SNAPSHOT_ID_BYTES) return `${given}, minumum length expected ${MAX_SNAPSHOT_ID_BYTES}.`;
  if (length > MAX_SNAPSHOT_ID_BYTES) return `${given}, maximum length expected ${MAX_SNAPSHOT_ID_BYTES}.`;
  return null;
}

function fixed(bytes: Uint8Array, length: number): string | null {
  return bytes.length === length ? null : `invalid length ${bytes.length}, expected an array of length ${length}`;
}

function principalLists(value: object): readonly Principal[][] {
  const settings = settingsOf(value);
  if (settings === null) return [];
  const lists: Principal[][] = [...settings.controllers];
  for (const visibility of [...settings.log_visibility, ...settings.snapshot_visibility, ...settings.status_visibility]) {
    if ("allowed_viewers" in visibility) lists.push(visibility.allowed_viewers);
  }
  return lists;
}

function settingsOf(value: object): SettingsValue | null {
  if (!("settings" in value)) return null;
  const settings = value.settings as SettingsValue | Opt<SettingsValue>;
  if (!Array.isArray(settings)) return settings as SettingsValue;
  return (settings as Opt<SettingsValue>)[0] ?? null;
}
