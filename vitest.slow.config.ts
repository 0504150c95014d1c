import { defineConfig } from "vitest/config";

/** The slow part: real limits of the platform, other Node versions, clean clones. Run by CI after the fast suite. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
