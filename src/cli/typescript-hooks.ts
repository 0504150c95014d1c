/**
 * What Node runs, in a thread of its own, for each `import`: see `typescript.ts`.
 */
import { readFile } from "node:fs/promises";
import { createRequire, type LoadHook } from "node:module";
import { fileURLToPath } from "node:url";
import type TypeScript from "typescript";

let project = "";

/** `path` is a file of the project. */
export function initialize(path: string): void {
  project = path;
}

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/u.test(url)) return next(url, context);
  const typescript = compiler();
  if (typescript === null) return next(url, context);
  const fileName = fileURLToPath(url);
  const { ModuleKind, ScriptTarget } = typescript;
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022, inlineSourceMap: true };
  const { outputText } = typescript.transpileModule(await readFile(fileName, "utf8"), { fileName, compilerOptions });
  return { format: "module", source: outputText, shortCircuit: true };
};

let found: typeof TypeScript | null | undefined;

/** The project's own; `null` when it has none, or one without this interface. */
function compiler(): typeof TypeScript | null {
  if (found !== undefined) return found;
  const require = createRequire(project);
  try {
    const typescript = require("typescript") as typeof TypeScript;
    found = typeof typescript.transpileModule === "function" ? typescript : null;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "MODULE_NOT_FOUND") throw error;
    found = null;
  }
  return found;
}
