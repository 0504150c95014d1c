/**
 * Threshold signatures in a running network: where a call goes, what it costs, when it is answered, and that others can verify what comes out.
 */
import { createPublicKey, verify } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../../src/base/bytes.ts";
import { ARGUMENT, RESULT } from "../../src/core/management/candid-types.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { allCycles } from "../support/all-cycles.ts";
import { append, appendArgument, appendInfo, appendReject, call, program, send } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

const MANAGEMENT = "" as PrincipalId;
const FEE = 10_000_000_000n;
const HASH = sha256(new TextEncoder().encode("hello"));
const PATH = [Uint8Array.of(1), new TextEncoder().encode("two")];

type Method = keyof typeof ARGUMENT;
const ecdsa = (name = "key_1") => ({ curve: { secp256k1: null }, name });
const schnorrKey = (algorithm: "ed25519" | "bip340secp256k1", name = "key_1") => ({ algorithm: { [algorithm]: null }, name });
const vetkd = (name = "key_1") => ({ curve: { bls12_381_g2: null }, name });
const signEcdsa = (name = "key_1") => ({ message_hash: HASH, derivation_path: PATH, key_id: ecdsa(name) });

function encode(method: Method, value: object): Uint8Array {
  return IDL.encode(ARGUMENT[method] as unknown as IDL.Type[], [value]);
}

/** Has a canister make the call: what came back, and the cycles refunded with it. */
function ask(
  scene: Scenario,
  caller: CanisterId,
  method: string,
  arg: Uint8Array,
  cycles = 0n,
  callee: PrincipalId = MANAGEMENT,
): Uint8Array {
  const refunded = appendInfo("refunded");
  const end = scene.call(
    caller,
    "run",
    call(callee, {
      method,
      arg,
      cycles,
      onReply: program(append("+"), refunded, appendArgument, send),
      onReject: program(append("-"), refunded, appendReject, send),
    }),
  );
  if (end.kind === "rejected") throw new Error(end.message);
  return end.data;
}

interface Reply<T> {
  readonly refunded: bigint;
  readonly value: T;
}

function replyOf<T>(data: Uint8Array, result: keyof typeof RESULT): Reply<T> {
  if (data[0] !== "+".charCodeAt(0)) throw new Error(rejectOf(data).text);
  return { refunded: u64(data), value: IDL.decode(RESULT[result] as unknown as IDL.Type[], data.slice(9))[0] as T };
}

function rejectOf(data: Uint8Array): { readonly refunded: bigint; readonly code: number; readonly text: string } {
  expect(data[0]).toBe("-".charCodeAt(0));
  return { refunded: u64(data), code: data[9], text: new TextDecoder().decode(data.slice(10)) };
}

function u64(data: Uint8Array): bigint {
  return new DataView(data.buffer, data.byteOffset).getBigUint64(1, true);
}

function spki(prefix: string, key: Uint8Array) {
  return createPublicKey({ key: Buffer.from(concat(fromHex(prefix), key)), format: "der", type: "spki" });
}
const SECP256K1 = "3036301006072a8648ce3d020106052b8104000a032200";
const ED25519 = "302a300506032b6570032100";

describe("signatures are verified by others [management-canister#ic-sign_with_ecdsa]", () => {
  test("ECDSA, by the public key of the same path", () => {
    const scene = new Scenario();
    const caller = scene.puppet();
    const asked = encode("ecdsa_public_key", { canister_id: [], derivation_path: PATH, key_id: ecdsa() });
    const { value: key } = replyOf<{ public_key: Uint8Array; chain_code: Uint8Array }>(
      ask(scene, caller, "ecdsa_public_key", asked),
      "public_key",
    );
    expect([key.public_key.length, key.chain_code.length]).toEqual([33, 32]);
    const reply = replyOf<{ signature: Uint8Array }>(
      ask(scene, caller, "sign_with_ecdsa", encode("sign_with_ecdsa", signEcdsa()), FEE + 5n),
      "signature",
    );
    expect(reply.refunded).toBe(5n);
    const publicKey = spki(SECP256K1, Uint8Array.from(key.public_key));
    expect(
      verify("sha256", Buffer.from("hello"), { key: publicKey, dsaEncoding: "ieee-p1363" }, Uint8Array.from(reply.value.signature)),
    ).toBe(true);
  });

  test("Schnorr, with the taproot tweak and on Ed25519 [management-canister#ic-sign_with_schnorr] [management-canister#ic-schnorr_public_key]", () => {
    const scene = new Scenario();
    const caller = scene.puppet();
    const message = new TextEncoder().encode("a message of any length");
    const keyOf = (algorithm: "ed25519" | "bip340secp256k1") => {
      const arg = encode("schnorr_public_key", { canister_id: [], derivation_path: PATH, key_id: schnorrKey(algorithm) });
      return Uint8Array.from(
        replyOf<{ public_key: Uint8Array }>(ask(scene, caller, "schnorr_public_key", arg), "public_key").value.public_key,
      );
    };
    const sign = (algorithm: "ed25519" | "bip340secp256k1", aux: object[] = []) => {
      const arg = encode("sign_with_schnorr", { message, derivation_path: PATH, key_id: schnorrKey(algorithm), aux });
      return Uint8Array.from(
        replyOf<{ signature: Uint8Array }>(ask(scene, caller, "sign_with_schnorr", arg, FEE), "signature").value.signature,
      );
    };
    expect(verify(null, message, spki(ED25519, keyOf("ed25519")), sign("ed25519"))).toBe(true);
    const internal = keyOf("bip340secp256k1").slice(1);
    expect(schnorr.verify(sign("bip340secp256k1"), message, internal)).toBe(true);
    const tweak = schnorr.utils.taggedHash("TapTweak", internal);
    const output = schnorr.utils
      .lift_x(BigInt(`0x${Buffer.from(internal).toString("hex")}`))
      .add(schnorr.Point.BASE.multiply(BigInt(`0x${Buffer.from(tweak).toString("hex")}`)));
    const tweaked = sign("bip340secp256k1", [{ bip341: { merkle_root_hash: new Uint8Array(0) } }]);
    expect(schnorr.verify(tweaked, message, output.toBytes(true).slice(1))).toBe(true);
  });

  test("vetKD: the key that the transport key opens is a BLS signature by the derived public key [management-canister#ic-vetkd_derive_key] [management-canister#ic-vetkd_public_key]", () => {
    const scene = new Scenario();
    const caller = scene.puppet();
    const { G1, G2 } = bls12_381;
    const [context, input, secret] = [Uint8Array.of(7), Uint8Array.of(8, 9), 99n];
    const arg = encode("vetkd_public_key", { canister_id: [], context, key_id: vetkd() });
    const key = replyOf<{ public_key: Uint8Array }>(ask(scene, caller, "vetkd_public_key", arg), "vetkd_public_key").value.public_key;
    const derive = encode("vetkd_derive_key", {
      input,
      context,
      transport_public_key: G1.Point.BASE.multiply(secret).toBytes(true),
      key_id: vetkd(),
    });
    const derived = replyOf<{ encrypted_key: Uint8Array }>(ask(scene, caller, "vetkd_derive_key", derive, FEE), "vetkd_derive_key");
    const encrypted = Uint8Array.from(derived.value.encrypted_key);
    const opened = G1.Point.fromBytes(encrypted.slice(144)).subtract(G1.Point.fromBytes(encrypted.slice(0, 48)).multiply(secret));
    const publicKey = G2.Point.fromBytes(Uint8Array.from(key));
    const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_";
    const hashed = G1.Point.fromAffine(G1.hashToCurve(concat(publicKey.toBytes(true), input), { DST }).toAffine());
    expect(bls12_381.fields.Fp12.eql(bls12_381.pairing(opened, G2.Point.BASE), bls12_381.pairing(hashed, publicKey))).toBe(true);
  });
});

describe("whose key", () => {
  test("a public key can be asked for on behalf of another canister, and is another one [management-canister#ic-ecdsa_public_key]", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    const keyOf = (caller: CanisterId, canister_id: unknown[]) => {
      const arg = encode("ecdsa_public_key", { canister_id, derivation_path: [], key_id: ecdsa() });
      return replyOf<{ public_key: Uint8Array }>(ask(scene, caller, "ecdsa_public_key", arg), "public_key").value.public_key;
    };
    expect(keyOf(a, [])).not.toEqual(keyOf(b, []));
    expect(keyOf(a, [Principal.fromUint8Array(fromHex(b))])).toEqual(keyOf(b, []));
  });

  test("keys of other subnets are used from everywhere, at the price of the subnet that signs [management-canister#ic-sign_with_ecdsa]", () => {
    const scene = new Scenario({
      subnets: [
        { kind: "application", name: "application" },
        { kind: "application", name: "fiduciary" },
        { kind: "system", name: "testkeys" },
      ],
    });
    const caller = scene.puppet();
    const price = 26_153_846_153n;
    const sign = (name: string, cycles: bigint) =>
      ask(scene, caller, "sign_with_ecdsa", encode("sign_with_ecdsa", signEcdsa(name)), cycles);
    expect(rejectOf(sign("key_1", price - 1n)).text).toMatch(
      /^sign_with_ecdsa request sent with \d+ cycles, but \d+ cycles are required\.$/,
    );
    expect(replyOf(sign("key_1", price + 2n), "signature").refunded).toBe(2n);
    expect(replyOf(sign("dfx_test_key", FEE), "signature").refunded).toBe(0n);
    expect(rejectOf(sign("key_9", FEE))).toEqual({
      refunded: FEE,
      code: 3,
      text:
        'Unable to route management canister request sign_with_ecdsa: ChainKeyError("Requested unknown or disabled threshold key: ecdsa:Secp256k1:key_9, existing enabled keys: ' +
        "[ecdsa:Secp256k1:dfx_test_key, ecdsa:Secp256k1:key_1, ecdsa:Secp256k1:test_key_1, schnorr:Bip340Secp256k1:dfx_test_key, schnorr:Bip340Secp256k1:key_1, schnorr:Bip340Secp256k1:test_key_1, " +
        'schnorr:Ed25519:dfx_test_key, schnorr:Ed25519:key_1, schnorr:Ed25519:test_key_1, vetkd:Bls12_381_G2:dfx_test_key, vetkd:Bls12_381_G2:key_1, vetkd:Bls12_381_G2:test_key_1]")',
    });
  });

  test("callers on the NNS pay nothing, and may name the subnet [replica: sign_with_threshold]", () => {
    const scene = new Scenario({
      subnets: [
        { kind: "system", name: "nns" },
        { kind: "application", name: "fiduciary" },
      ],
    });
    const caller = scene.puppet();
    const sign = (callee: PrincipalId, arg = encode("sign_with_ecdsa", signEcdsa())) =>
      ask(scene, caller, "sign_with_ecdsa", arg, 7n, callee);
    expect(replyOf(sign(MANAGEMENT), "signature").refunded).toBe(7n);
    expect(replyOf(sign(scene.subnet(1) as SubnetId), "signature").refunded).toBe(7n);
    expect(rejectOf(sign(scene.subnet(0))).text).toBe(
      `Subnet ${principalText(scene.subnet(0))} does not hold threshold key ecdsa:Secp256k1:key_1.`,
    );
    expect(rejectOf(sign(scene.subnet(1), new Uint8Array(0)))).toEqual({
      refunded: 7n,
      code: 4,
      text: "An empty message cannot be signed",
    });
  });
});

test("bad arguments are refused with all cycles back [management-canister#ic-sign_with_schnorr]", () => {
  const scene = new Scenario();
  const caller = scene.puppet();
  const refused = (method: Method, value: object) => {
    const { refunded, code, text } = rejectOf(ask(scene, caller, method, encode(method, value), FEE));
    expect(refunded).toBe(FEE);
    return `${code} ${text}`;
  };
  const message = Uint8Array.of(1);
  const aux = (length: number) => [{ bip341: { merkle_root_hash: new Uint8Array(length) } }];
  expect(refused("sign_with_schnorr", { message, derivation_path: [], key_id: schnorrKey("ed25519"), aux: aux(0) })).toBe(
    "4 Schnorr algorithm Ed25519 does not support aux input",
  );
  expect(refused("sign_with_schnorr", { message, derivation_path: [], key_id: schnorrKey("bip340secp256k1"), aux: aux(31) })).toBe(
    "4 Invalid aux field for Bip340Secp256k1",
  );
  const transport_public_key = new Uint8Array(48);
  expect(refused("vetkd_derive_key", { input: message, context: message, transport_public_key, key_id: vetkd() })).toBe(
    "4 The provided transport public key is invalid.",
  );
  expect(refused("sign_with_ecdsa", { ...signEcdsa(), message_hash: message })).toMatch(
    /^3 Unable to route management canister request sign_with_ecdsa: UserError\(UserError \{ code: InvalidManagementPayload/,
  );
  expect(refused("sign_with_ecdsa", { ...signEcdsa(), derivation_path: new Array(256).fill(message) })).toMatch(
    /exceeds maximum allowed 255/,
  );
  expect(scene.submit(MANAGEMENT, "sign_with_ecdsa", encode("sign_with_ecdsa", signEcdsa())).answer).toMatchObject({
    kind: "refused",
    error: { description: "ic00 method sign_with_ecdsa can not be called via ingress messages" },
  });
});

test("at most twenty calls wait for one key; cycles are conserved while they do [management-canister#ic-sign_with_ecdsa]", () => {
  const scene = new Scenario();
  const caller = scene.puppet();
  const before = allCycles(scene.net.state);
  const arg = encode("sign_with_ecdsa", signEcdsa());
  const sent = scene.start(
    caller,
    program(
      call(MANAGEMENT, { method: "sign_with_ecdsa", arg, cycles: FEE + 3n, times: 20 }),
      call(MANAGEMENT, { method: "sign_with_ecdsa", arg, cycles: FEE, onReject: program(append("-"), appendReject, send) }),
    ),
  );
  scene.rounds(2);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size).toBe(20);
  expect(allCycles(scene.net.state)).toBe(before);
  scene.rounds(3);
  expect(scene.outcome(sent)).toContain("sign_with_ecdsa request failed: request queue for key ecdsa:Secp256k1:key_1 is full.");
  expect(scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size).toBe(0);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.consumed.ecdsaOutcalls).toBe(20n * FEE);
  expect(allCycles(scene.net.state)).toBe(before);
});

test("a canister deleted or stopped meanwhile: the signature finds nobody, or is waited for [abstract-behavior#ic-management-canister-stopping-a-canister]", () => {
  const scene = new Scenario();
  const caller = scene.puppet();
  scene.start(caller, call(MANAGEMENT, { method: "sign_with_ecdsa", arg: encode("sign_with_ecdsa", signEcdsa()), cycles: FEE }));
  scene.rounds(2);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size).toBe(1);
  const stop = scene.ask("stop_canister", caller);
  scene.uninstall(caller);
  scene.rounds(4);
  expect(scene.net.state.subnets.get(scene.subnet(0))!.pendingCalls.size).toBe(0);
  expect(scene.outcome(stop)).not.toBe("processing");
});

test("consensus may take longer: a schedule decides", () => {
  let left = 3;
  const scene = new Scenario(
    {},
    { schedule: { ordinary: false, choose: (choice) => (choice.kind === "pendingAnswer" && left-- > 0 ? 1 : 0) } },
  );
  const caller = scene.puppet();
  const sent = scene.start(
    caller,
    call(MANAGEMENT, {
      method: "sign_with_ecdsa",
      arg: encode("sign_with_ecdsa", signEcdsa()),
      cycles: FEE,
      onReply: program(append("+"), send),
    }),
  );
  scene.rounds(6);
  expect(scene.outcome(sent)).toBe("processing");
  scene.rounds(1);
  expect(scene.outcome(sent)).toBe("+");
  expect(scene.net.deviations()).toHaveLength(3);
});
