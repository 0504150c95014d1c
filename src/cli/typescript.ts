/**
 * TypeScript files in a Node that does not read them by itself (before 22.18): hooks for `import` that take the types off with a compiler of the project
 * that the file is in. Nothing of it is a dependency of ours, and newer Nodes need none of it.
 */
import { register } from "node:module";

/** For files beside `path`, and what they import. Without a compiler there, imports of TypeScript fail as they did. */
export function readTypeScript(path: string): void {
  // Not in the types of the oldest Node that we know: which way TypeScript is read, `false` where it is not.
  const { typescript } = process.features as { readonly typescript?: string | false };
  if (typeof typescript === "string") return;
  // Where this file is read as TypeScript, all others are.
  if (import.meta.url.endsWith(".ts")) return;
  register("./typescript-hooks.js", import.meta.url, { data: path });
  process.setSourceMapsEnabled(true);
}
