/**
 * What types cannot hold: the core has no clock, no chance, no I/O and no unordered walk, and imports run one way.
 * Source: style.md, "Pure and deterministic" and "Finding your way"; docs/architecture.md.
 */
import tseslint from "typescript-eslint";
import { layers } from "./scripts/lint-layers.js";

const effects = [
  { name: "Date", message: "Time is an input: it arrives with rounds and `time` steps." },
  { name: "Intl", message: "Its results depend on the host." },
  { name: "WeakRef", message: "Garbage collection must not be observable." },
  { name: "FinalizationRegistry", message: "Garbage collection must not be observable." },
  { name: "process", message: "The core asks nothing of the host." },
  { name: "console", message: "What happens is an event; faces print." },
  { name: "setTimeout", message: "Nothing waits in the core." },
  { name: "setInterval", message: "Nothing waits in the core." },
  { name: "setImmediate", message: "Nothing waits in the core." },
  { name: "queueMicrotask", message: "The core is synchronous." },
  { name: "fetch", message: "An outcall is an event going out and an input coming back." },
  { name: "WebAssembly", message: "The engine is an interface: core/wasm/engine.ts." },
];

const chance = [
  { object: "Math", property: "random", message: "Chance comes from the seeded Prng in the state." },
  { object: "performance", property: "now", message: "Time is an input." },
  { property: "localeCompare", message: "Its order depends on the host: compare code units." },
];

const pure = ["src/base", "src/codec", "src/crypto", "src/core", "src/trace", "src/explore/strategies"];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "generated/**", ".cache/**"] },
  { files: ["**/*.ts", "**/*.mts"], languageOptions: { parser: tseslint.parser }, plugins: { cannery: { rules: { layers } } } },
  {
    files: ["**/*.ts"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-debugger": "error",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/consistent-type-imports": "off",
      "@typescript-eslint/no-unused-expressions": ["error", { allowTernary: true, allowShortCircuit: true }],
    },
  },
  { files: ["src/**/*.ts"], rules: { "cannery/layers": "error" } },
  {
    files: pure.map((folder) => `${folder}/**/*.ts`),
    ignores: ["**/*.test.ts", "**/*.fixture.ts"],
    rules: {
      "no-restricted-globals": ["error", ...effects],
      "no-restricted-properties": ["error", ...chance],
      "no-restricted-syntax": [
        "error",
        { selector: ":function[async=true]", message: "The core is synchronous: a step runs to completion." },
        { selector: "AwaitExpression", message: "The core is synchronous." },
        { selector: "NewExpression[callee.name='Promise']", message: "The core is synchronous." },
        { selector: "ForInStatement", message: "State the order: for … of a sorted collection or an array." },
      ],
      "no-restricted-imports": ["error", { patterns: [{ group: ["node:*"], message: "Effects live in src/host." }] }],
    },
  },
  {
    files: ["src/network/**/*.ts", "src/api/**/*.ts", "src/explore/**/*.ts", "src/testing/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...effects.filter(({ name }) => ["Date", "Intl", "WeakRef", "process", "WebAssembly"].includes(name)),
      ],
      "no-restricted-properties": ["error", ...chance],
      "no-restricted-imports": ["error", { patterns: [{ group: ["node:*"], message: "Effects live in src/host." }] }],
    },
  },
);
