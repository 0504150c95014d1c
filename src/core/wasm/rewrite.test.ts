import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { randomModule } from "../../../test/support/random-module.ts";
import { wat } from "../../../test/support/wat.ts";
import { decode } from "./decode.ts";
import { rewrite, REWRITER_VERSION } from "./rewrite.ts";
import { validateFunctions } from "./measure.ts";

test("caches and run files name the rewriter's version: it goes up with every change of the output", () => {
  const digest = createHash("sha256");
  for (let seed = 0; seed < 30; seed++) {
    for (const wide of [false, true]) {
      const module = decode(wat(randomModule(seed, { wide }), { check: false }));
      const measured = validateFunctions(module);
      for (const variant of ["fast", "exact"] as const) digest.update(rewrite(module, measured, variant));
    }
  }
  // A new digest without a new version would let old files of the disk cache run as if they were the new code.
  expect({ version: REWRITER_VERSION, digest: digest.digest("hex").slice(0, 16) }).toEqual({ version: 8, digest: "6df5975311776b44" });
});

test("the same module gives the same bytes, however often and in whatever order it is rewritten", () => {
  const modules = [3, 4, 5].map((seed) => decode(wat(randomModule(seed))));
  const once = modules.map((module) => rewrite(module, validateFunctions(module), "fast"));
  for (const module of [...modules].reverse()) rewrite(module, validateFunctions(module), "exact");
  expect(modules.map((module) => rewrite(module, validateFunctions(module), "fast"))).toEqual(once);
});
