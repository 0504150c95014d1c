/**
 * A cloud engine and the other subnets do not know each other.
 *
 * Source: messaging.md 6.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { Scenario } from "../support/scenario.ts";
import { call, passOn, reply } from "../universal/program.ts";

describe("calls between a cloud engine and another subnet [replica: cloud engines]", () => {
  const scene = new Scenario({
    subnets: [
      { kind: "application", name: "application", keyNames: ["test_key_1"] },
      { kind: "cloud_engine", name: "application" },
      { kind: "application", name: "application" },
    ],
  });
  const [app, engine, other] = [0, 1, 2].map((subnet) => scene.puppet({ subnet })) as [CanisterId, CanisterId, CanisterId];
  const neighbour = scene.puppet({ subnet: 1 });
  const manage = (from: CanisterId, method: string, arg: Uint8Array) =>
    scene.run(from, call("" as PrincipalId, { method, arg, cycles: 100_000_000_000n, ...passOn }));

  test("find no route, in either direction", () => {
    expect(scene.run(app, call(other, { arg: reply("other"), ...passOn }))).toBe("+other");
    expect(scene.run(engine, call(neighbour, { arg: reply("neighbour"), ...passOn }))).toBe("+neighbour");
    expect(scene.run(app, call(engine, passOn))).toBe(`-\x03No route to canister ${principalText(engine)}`);
    expect(scene.run(engine, call(app, passOn))).toBe(`-\x03No route to canister ${principalText(app)}`);
  });

  test("nor do management calls about canisters on the other side", () => {
    const about = (id: CanisterId) =>
      new Uint8Array(IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: Principal.fromHex(id) }]));
    expect(manage(app, "canister_status", about(engine))).toBe(
      `-\x03Unable to route management canister request canister_status: SubnetNotFound(CanisterId(${principalText(engine)}), DepositCycles)`,
    );
    expect(manage(engine, "canister_status", about(app))).toMatch(/^-\x03Unable to route .*SubnetNotFound/);
    expect(manage(engine, "raw_rand", new Uint8Array(IDL.encode([], [])))).toMatch(/^\+DIDL/);
  });

  test("keys on the other side are not there", () => {
    const key = IDL.Record({
      canister_id: IDL.Opt(IDL.Principal),
      derivation_path: IDL.Vec(IDL.Vec(IDL.Nat8)),
      key_id: IDL.Record({ curve: IDL.Variant({ secp256k1: IDL.Null }), name: IDL.Text }),
    });
    const arg = new Uint8Array(
      IDL.encode([key], [{ canister_id: [], derivation_path: [], key_id: { curve: { secp256k1: null }, name: "test_key_1" } }]),
    );
    expect(manage(other, "ecdsa_public_key", arg)).toMatch(/^\+DIDL/);
    expect(manage(engine, "ecdsa_public_key", arg)).toBe(
      "-\x03Unable to route management canister request ecdsa_public_key: " +
        'ChainKeyError("Requested unknown threshold key: ecdsa:Secp256k1:test_key_1, existing keys: []")',
    );
  });
});
