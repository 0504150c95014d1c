import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { CONTRACT_VERSION, serverVersion } from "./pocket-ic-version.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder("version");
});

const locked = (...versions: readonly string[]): string =>
  ["serde", ...versions.map(() => "pocket-ic")]
    .map((name, i) => `[[package]]\nname = "${name}"\nversion = "${versions[i - 1] ?? "1.0.1"}"\nsource = "registry"\n`)
    .join("\n");

test("the newest contract's, or what the environment says", () => {
  expect(serverVersion({})).toBe(CONTRACT_VERSION);
  expect(serverVersion({ CANNERY_POCKET_IC_VERSION: "12.0.0", CARGO_MANIFEST_DIR: folder })).toBe("12.0.0");
});

test("under cargo, that of the client in the lock of the package or of its workspace", () => {
  expect(serverVersion({ CARGO_MANIFEST_DIR: folder })).toBe(CONTRACT_VERSION);
  writeFileSync(join(folder, "Cargo.lock"), locked("13.0.0"));
  const member = join(folder, "crates", "tests");
  mkdirSync(member, { recursive: true });
  for (const cargoPackage of [folder, member]) expect(serverVersion({ CARGO_MANIFEST_DIR: cargoPackage })).toBe("13.0.0");
});

test("the newest one where the lock has no client, or two", () => {
  for (const versions of [[], ["12.0.0", "13.0.0"]]) {
    writeFileSync(join(folder, "Cargo.lock"), locked(...versions));
    expect(serverVersion({ CARGO_MANIFEST_DIR: folder })).toBe(CONTRACT_VERSION);
  }
});
