/**
 * One compile of one Motoko program, in a thread of its own that ends with it.
 *
 * The compiler (OCaml, translated to JavaScript) keeps counters between compiles: the same source compiled twice in one
 * process gives other bytes. In a fresh thread the bytes depend on nothing but the request.
 *
 * Plain JavaScript, since a thread on Node 20 gets no TypeScript loader from its parent. The types are compile.ts's.
 */
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

/** Severity of a diagnostic; 2 is a warning, 3 information. */
const ERROR = 1;

const require = createRequire(import.meta.url);
const mo = require("motoko");

mo.loadPackage(require("motoko/packages/latest/core.json"));
for (const [path, text] of Object.entries(workerData.sources)) mo.write(path, text);
mo.setPublicMetadata([...workerData.publicMetadata]);
for (const flag of workerData.memoryFlags ?? []) mo.compiler.gcFlags(flag);

const { code, diagnostics } = mo.compiler.compileWasm("ic", workerData.entry);

/** Diagnostics of the wanted kind, a line each. */
function lines(isError) {
  return diagnostics
    .filter(({ severity }) => (severity === ERROR) === isError)
    .map(({ source, code, message, range: { start } }) => `${source}:${start.line + 1}:${start.character + 1}: ${message} [${code}]`);
}

parentPort.postMessage(
  code
    ? {
        kind: "compiled",
        wasm: Uint8Array.from(code.wasm),
        candid: code.candid.trim(),
        stable: (code.stable ?? "").trim(),
        warnings: lines(false),
      }
    : { kind: "refused", errors: lines(true) },
);
