/**
 * What types cannot hold: the core has no clock, no chance, no I/O and no order that a host decides; imports run one way.
 * Source: style.md, "Pure and deterministic" and "Finding your way". `test/repository/lint.test.ts` has an offender for each rule.
 */
import tseslint from "typescript-eslint";
import { layers } from "./scripts/lint/layers.js";

const TIME = "Time is an input: it arrives with rounds and `time` steps.";
const HOST = "Nothing here asks the host: effects live in src/host, and come in through its interfaces.";
const LOCALE = "What it says depends on the host.";
const COLLECTED = "Garbage collection must not be observable.";
const SYNCHRONOUS = "The core is synchronous: a step runs to completion, and an outcall is an event going out and an input coming back.";
const APPROXIMATE = "Engines may differ in its last bit: use integers.";

const globals = (message, names) => names.map((name) => ({ name, message }));
const properties = (message, object, names) => names.map((property) => ({ object, property, message }));

/** What neither the core nor the asynchronous faces over it may know. */
const effects = [
  ...globals(TIME, ["Date", "performance", "Temporal"]),
  ...globals(LOCALE, ["Intl"]),
  ...globals(COLLECTED, ["WeakRef", "FinalizationRegistry"]),
  ...globals("The engine is an interface: src/core/wasm/engine.ts.", ["WebAssembly"]),
  ...globals(HOST, ["process", "console", "fetch", "crypto", "navigator", "window", "self", "globalThis", "Buffer"]),
  ...globals("Who waits, and how, is up to the host: Host.macrotask.", ["setTimeout", "setInterval", "setImmediate"]),
];
const synchronous = [
  ...globals(SYNCHRONOUS, ["Promise", "queueMicrotask", "Atomics", "SharedArrayBuffer", "AbortController", "AbortSignal"]),
];

const chance = [
  ...properties("Chance comes from the seeded Prng in the state.", "Math", ["random"]),
  { property: "localeCompare", message: "Its order depends on the host: compare code units." },
  { property: "toLocaleString", message: LOCALE },
  { property: "toLocaleLowerCase", message: LOCALE },
  { property: "toLocaleUpperCase", message: LOCALE },
];
const approximate = properties(
  APPROXIMATE,
  "Math",
  "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow sin sinh tan tanh".split(" "),
);

const asynchronous = [
  { selector: ":function[async=true]", message: SYNCHRONOUS },
  { selector: "AwaitExpression, ForOfStatement[await=true]", message: SYNCHRONOUS },
];
const unordered = [
  { selector: "ForInStatement", message: "State the order: a sorted collection, or an array where arrival is the meaning." },
];

const noNode = { regex: "^node:", message: HOST };
/** Packages that the core may use: data formats and hashes, without effects of their own. */
const otherPackage = {
  regex: "^(?!\\.|node:|@icp-sdk/core/(?:candid|principal)$|@noble/(?:hashes|curves)/|@dfinity/cbor$|cbor2$)",
  message: "The core uses no packages but those allowed in eslint.config.js.",
};

/** Synchronous and without effects. */
const PURE = ["base", "codec", "crypto", "core", "trace", "explore/strategies"].map((folder) => `src/${folder}/**/*.ts`);
/** May wait for what is given to them; still no clock, chance or I/O of their own. */
const ASYNCHRONOUS = ["api", "explore", "network", "testing"].map((folder) => `src/${folder}/**/*.ts`);
const TESTS = ["**/*.test.ts", "**/*.fixture.ts"];

export default tseslint.config(
  { ignores: ["dist/**", "generated/**", ".cache/**", "**/.*", "examples/**/*.azle.ts"] },
  {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { cannery: { rules: { layers } }, "@typescript-eslint": tseslint.plugin },
    rules: {
      "no-var": "error",
      "prefer-const": "error",
      "no-debugger": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/no-unused-expressions": ["error", { allowTernary: true, allowShortCircuit: true }],
      // A promise that nobody awaits hides its failure, in a test most of all.
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // Strings need no comparator: their own order is that of code units, on every host.
      "@typescript-eslint/require-array-sort-compare": "error",
    },
  },
  { files: ["src/**/*.ts"], ignores: TESTS, rules: { "cannery/layers": "error" } },
  {
    files: ["src/**/*.ts"],
    ignores: [...TESTS, "src/host/engine.ts"],
    rules: { "no-restricted-globals": ["error", ...effects.filter(({ name }) => name === "WebAssembly")] },
  },
  {
    files: ASYNCHRONOUS,
    ignores: TESTS,
    rules: {
      "no-restricted-globals": ["error", ...effects],
      "no-restricted-properties": ["error", ...chance],
      "no-restricted-syntax": ["error", ...unordered],
      "no-restricted-imports": ["error", { patterns: [noNode] }],
    },
  },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      "no-restricted-globals": ["error", ...effects, ...synchronous],
      "no-restricted-properties": ["error", ...chance, ...approximate],
      "no-restricted-syntax": ["error", ...unordered, ...asynchronous],
      "no-restricted-imports": ["error", { patterns: [noNode, otherPackage] }],
    },
  },
  {
    files: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": ["error", ...globals("Wait for what happens, not for a while.", ["setTimeout", "setInterval"])],
      "no-restricted-properties": [
        "error",
        ...["test", "it", "describe"].flatMap((object) => properties("Every test runs.", object, ["only", "skip", "todo"])),
      ],
    },
  },
);
