/**
 * Values of Candid methods as short text, for refusals and drawings.
 */

/** Deeper values are an ellipsis; so a value that holds itself ends too. */
const MAX_DEPTH = 4;
/** Elements and fields shown of one value. */
const MAX_ITEMS = 8;

/** Much like JavaScript would be written: `{id: 0n, name: "ann"}`. Big integers end in `suffix`. */
export function shown(value: unknown, suffix = "n", depth = 0): string {
  switch (typeof value) {
    case "bigint":
      return `${value}${suffix}`;
    case "string":
      return JSON.stringify(value);
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : shownObject(value, suffix, depth);
    default:
      return String(value);
  }
}

function shownObject(value: object, suffix: string, depth: number): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if ("toText" in value && typeof value.toText === "function") return String(value.toText());
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return `[${listed([...(value as Iterable<unknown>)], (one) => shown(one, suffix, depth + 1))}]`;
  }
  return `{${listed(Object.entries(value), ([name, field]) => `${name}: ${shown(field, suffix, depth + 1)}`)}}`;
}

function listed<T>(items: readonly T[], text: (item: T) => string): string {
  const texts = items.slice(0, MAX_ITEMS).map(text);
  if (items.length > MAX_ITEMS) texts.push(`… ${items.length - MAX_ITEMS} more`);
  return texts.join(", ");
}
