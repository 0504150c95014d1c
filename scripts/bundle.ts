/**
 * What `scripts/build.ts` bundles of the compiled `dist`: the entries for `require`, and the programs that start networks.
 */
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { rolldown, type LogLevel, type PluginContext, type RollupLog } from "rolldown";

/** Licences stay; explanations are in the files beside, and are read by nobody when a program starts. */
const COMMENTS = { legal: true, annotation: false, jsdoc: false };

/** Entries for `require`, as in package.json. */
const COMMON_JS = ["index", "testing", "pic"];

/**
 * The same for `require`: test runners such as Jest load nothing else. With what it depends on inside, as some of that is published as ES modules only.
 * Types are the same, in a folder that says it is CommonJS.
 */
export async function bundleCommonJs(dist: string): Promise<void> {
  const cjs = join(dist, "cjs");
  const input = Object.fromEntries(COMMON_JS.map((name) => [name, join(dist, `${name}.js`)]));
  const bundle = await rolldown({ input, platform: "node", plugins: [usersCopy], onLog });
  await bundle.write({ dir: cjs, format: "cjs", entryFileNames: "[name].js", chunkFileNames: "bundled-[name].js", comments: COMMENTS });
  await bundle.close();
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".d.ts")) cpSync(join(dist, path), join(cjs, path));
  }
  writeFileSync(join(cjs, "package.json"), JSON.stringify({ type: "commonjs" }));
}

/** Its classes are part of our interface. */
const SHARED = "@icp-sdk/core/";
const OWN_COPY = "?own";
const VIRTUAL = "\0";

/**
 * Principals and types are of the very classes that users' tests import. From version 6 on that package needs others that are ES modules only: where the
 * runner does not load those, nobody can have imported it either, and the copy inside is taken.
 */
const usersCopy = {
  name: "users-copy",
  async resolveId(this: PluginContext, source: string, importer: string | undefined) {
    if (!source.startsWith(SHARED)) return null;
    if (importer === VIRTUAL + source) return { id: source, external: true };
    if (!source.endsWith(OWN_COPY)) return VIRTUAL + source;
    return this.resolve(source.slice(0, -OWN_COPY.length), undefined, { skipSelf: true });
  },
  load(id: string) {
    if (!id.startsWith(VIRTUAL)) return null;
    const source = id.slice(VIRTUAL.length);
    const [users, own] = [source, source + OWN_COPY].map((name) => `require(${JSON.stringify(name)})`);
    return { code: `try { module.exports = ${users}; } catch { module.exports = ${own}; }`, moduleType: "js" as const };
  },
};

/** The programs, and the threads that they start: a thread's file must lie beside that of its program. */
const PROGRAMS = ["cli/main", "cli/launcher", "cli/pocket-ic", "host/server/network-thread", "host/pocketic/worker"];
/** Commands that meet what users import from the package stay as they are: one copy of a class. So do those that start no network. */
const LEFT = /\/(cli\/(call|explore|replay|trace|types|demo\/demo)|base\/cannery-error)\.js$/;
/** Loaded when a certificate is checked. */
const CLIENT = "@icp-sdk/core/agent";

/**
 * The programs in few files instead of three hundred: to find and read each costs more than to make a network. They take the places of those
 * in `cli`, from where everything else that they need lies as far as from any other folder of `dist`.
 */
export async function bundlePrograms(dist: string): Promise<void> {
  const input = Object.fromEntries(PROGRAMS.map((path) => [path.split("/").at(-1)!, join(dist, `${path}.js`)]));
  const leave = {
    name: "leave",
    resolveId(source: string, importer: string | undefined) {
      if (source === CLIENT) return { id: source, external: true };
      if (importer === undefined || !source.startsWith(".")) return null;
      const path = resolve(dirname(importer), source);
      return LEFT.test(path) ? { id: `../${relative(dist, path)}`, external: "absolute" as const } : null;
    },
  };
  const bundle = await rolldown({ input, platform: "node", plugins: [leave], onLog });
  const names = { entryFileNames: "[name].js", chunkFileNames: "bundled-[name].js" };
  await bundle.write({ dir: join(dist, "cli"), format: "esm", ...names, comments: COMMENTS });
  await bundle.close();
}

/** A name that a dependency exports twice from one module is nothing to know of. */
function onLog(level: LogLevel, log: RollupLog, print: (level: LogLevel, log: RollupLog) => void): void {
  if (level === "warn" && log.code !== "NAMESPACE_CONFLICT") print(level, log);
}
