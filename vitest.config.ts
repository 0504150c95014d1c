import { defineConfig } from "vitest/config";
import { reporters, WORKERS } from "./scripts/ci/vitest.ts";

/** The fast suite: what `npm test` runs. Slow tests are in test/slow, with a configuration of their own. Time limits end what hangs; a busy machine is no failure. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["test/slow/**", "**/node_modules/**"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: WORKERS,
    reporters: reporters("fast"),
  },
});
