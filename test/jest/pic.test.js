/** The drop-in for `@dfinity/pic`, whose suites are mostly Jest's. */
const { readFileSync } = require("node:fs");
const { join, dirname } = require("node:path");
const { gunzipSync } = require("node:zlib");
const { IDL } = require("@icp-sdk/core/candid");
const { Principal } = require("@icp-sdk/core/principal");
const { createIdentity, generateRandomIdentity, PocketIc, PocketIcServer } = require("cannery/pic");

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

test("principals are of the class that the suite imports", async () => {
  const pic = await PocketIc.create();
  const canisterId = await pic.createCanister();
  const subnets = await pic.getApplicationSubnets();
  const controllers = await pic.getControllers(canisterId);
  for (const id of [
    canisterId,
    subnets[0].id,
    controllers[0],
    createIdentity("alice").getPrincipal(),
    generateRandomIdentity().getPrincipal(),
  ])
    expect(id).toBeInstanceOf(Principal);
  expect(canisterId).toEqual(Principal.fromText(canisterId.toText()));
  // A reply's principals are the types' of the suite.
  const arg = IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: canisterId }]);
  expect(arg).toBeInstanceOf(Uint8Array);
  await pic.tearDown();
});
