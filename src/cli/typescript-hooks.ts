/**
 * What Node runs, in a thread of its own, for each `import`: see `typescript.ts`. Types are taken off by what the project has: TypeScript itself, which has lost its interface
 * for programs in version 7; esbuild; or Vite, which comes with Vitest.
 */
import { readFile } from "node:fs/promises";
import { createRequire, type LoadHook } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type TypeScript from "typescript";

let project = "";

/** `path` is a file of the project. */
export function initialize(path: string): void {
  project = path;
}

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/u.test(url)) return next(url, context);
  const transpile = await (found ??= transpiler());
  if (transpile === null) return next(url, context);
  const fileName = fileURLToPath(url);
  const source = await transpile(await readFile(fileName, "utf8"), fileName);
  return { format: "module", source, shortCircuit: true };
};

/** JavaScript with its source map. */
type Transpile = (source: string, fileName: string) => Promise<string>;

let found: Promise<Transpile | null> | null = null;

async function transpiler(): Promise<Transpile | null> {
  return (await byTypeScript()) ?? (await byEsbuild()) ?? (await byVite());
}

async function byTypeScript(): Promise<Transpile | null> {
  const typescript = await packageOf<{ readonly default?: typeof TypeScript }>("typescript", project);
  const { transpileModule, ModuleKind, ScriptTarget } = typescript?.default ?? {};
  if (transpileModule === undefined) return null;
  const compilerOptions = { module: ModuleKind!.ESNext, target: ScriptTarget!.ES2022, inlineSourceMap: true };
  return (source, fileName) => Promise.resolve(transpileModule(source, { fileName, compilerOptions }).outputText);
}

interface Esbuild {
  transform(source: string, options: Readonly<Record<string, unknown>>): Promise<{ readonly code: string }>;
}

async function byEsbuild(): Promise<Transpile | null> {
  const esbuild = await packageOf<Esbuild>("esbuild", project);
  if (typeof esbuild?.transform !== "function") return null;
  return async (source, sourcefile) =>
    (await esbuild.transform(source, { loader: "ts", target: "es2022", sourcemap: "inline", sourcefile })).code;
}

type ViteTransform = (source: string, fileName: string, options: object) => Promise<{ readonly code: string; readonly map: unknown }>;

interface Vite {
  /** Since version 8. */
  readonly transformWithOxc?: ViteTransform;
  readonly transformWithEsbuild?: ViteTransform;
}

async function byVite(): Promise<Transpile | null> {
  // Some package managers show a project only what it asks for itself.
  const vitest = pathOf("vitest/package.json", project);
  const vite = (await packageOf<Vite>("vite", project)) ?? (vitest === null ? null : await packageOf<Vite>("vite", vitest));
  const transform = vite?.transformWithOxc ?? vite?.transformWithEsbuild;
  if (transform === undefined) return null;
  return async (source, fileName) => {
    const { code, map } = await transform(source, fileName, { sourcemap: true });
    const inline = Buffer.from(JSON.stringify(map)).toString("base64");
    return `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}`;
  };
}

/** A package as a file sees it; `null` where it is not. */
async function packageOf<T>(name: string, from: string): Promise<T | null> {
  const path = pathOf(name, from);
  return path === null ? null : ((await import(pathToFileURL(path).href)) as T);
}

function pathOf(name: string, from: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null; // which is the question
  }
}
