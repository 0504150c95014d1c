/**
 * Values that JSON does not have, in JSON: amounts as decimal strings in an object, bytes as whoever writes them says.
 */

/** Records with one of these fields, as a text, are not taken for records. */
export interface PackedBytes {
  readonly bytes?: string;
  readonly before?: string;
  readonly module?: string;
  readonly after?: string;
}

export function pack(value: unknown, bytes: (bytes: Uint8Array) => PackedBytes): unknown {
  if (typeof value === "bigint") return { nat: value.toString() };
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value)) return value.map((item) => pack(item, bytes));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item, bytes)]));
}

export function unpack(value: unknown, bytes: (packed: PackedBytes) => Uint8Array): unknown {
  if (Array.isArray(value)) return value.map((item) => unpack(item, bytes));
  if (typeof value !== "object" || value === null) return value;
  if ("nat" in value) return BigInt(value.nat as string);
  // A field `bytes` of a record holds what was packed itself, never a text.
  const { bytes: inText, before } = value as PackedBytes;
  if (typeof inText === "string" || typeof before === "string") return bytes(value as PackedBytes);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item, bytes)]));
}
