/** Function names, as the custom section `name` gives them. */
import type { DecodedModule } from "./module.ts";
import { ByteReader, utf8 } from "./reader.ts";

/** Function names by the user's index from the custom section `name`; whatever is broken there is ignored, as the platform does. */
export function functionNames(module: DecodedModule): Map<number, string> {
  const names = new Map<number, string>();
  const section = module.customSections.find(({ name }) => name === "name");
  if (section === undefined) return names;
  const reader = new ByteReader(section.content);
  try {
    while (!reader.atEnd) {
      const id = reader.byte();
      const size = reader.u32();
      const content = reader.take(size);
      if (id !== 1) continue;
      const inner = new ByteReader(content);
      for (let n = inner.u32(); n > 0; n--) {
        const index = inner.u32();
        const text = utf8(inner.take(inner.u32()));
        if (text !== null && index < module.functions.length) names.set(index, text);
      }
    }
  } catch {
    // A name section may hold anything; what could be read of it is kept.
  }
  return names;
}
