/** The drop-in for `@dfinity/pic`, whose suites are mostly Jest's. */
const { readFileSync } = require("node:fs");
const { join, dirname } = require("node:path");
const { gunzipSync } = require("node:zlib");
const { PocketIc, PocketIcServer } = require("cannery/pic");

const counterFile = join(dirname(require.resolve("cannery/package.json")), "generated/motoko/counter.wasm.gz");
const idlFactory = ({ IDL }) => IDL.Service({ inc: IDL.Func([], [IDL.Nat], []), get: IDL.Func([], [IDL.Nat], ["query"]) });

test("a suite written for pic-js", async () => {
  const server = await PocketIcServer.start();
  const pic = await PocketIc.create(server.getUrl());
  const { actor } = await pic.setupCanister({ idlFactory, wasm: gunzipSync(readFileSync(counterFile)) });
  await actor.inc();
  expect(await actor.get()).toBe(1n);
  await pic.tearDown();
  await server.stop();
});
