import { defineConfig } from "vitest/config";
import { reporters } from "./scripts/ci/vitest.ts";

/** The slow part: real limits of the platform, other Node versions. One file at a time, as some need the machine for themselves. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    reporters: reporters("slow"),
  },
});
