/**
 * A network with system canisters, in process: two application subnets, one of them with the ids around the Candid UI's, the NNS, and the II subnet.
 */
import { Certificate, lookupResultToBuffer } from "@icp-sdk/core/agent";
import type { Principal } from "@icp-sdk/core/principal";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../src/base/bytes.ts";
import { decodeHashTree } from "../../src/core/certification/encoding.ts";
import { digestOf } from "../../src/core/certification/hash-tree.ts";
import { lookup } from "../../src/core/certification/lookup.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/index.ts";
import { CANDID_UI_RANGE, SYSTEM_CANISTER_IDS, type OwnCanister } from "../../src/network/system/canisters.ts";
import { installSystemCanisters, type SystemOptions } from "../../src/network/system/install.ts";

const made = new Map<string, Promise<Cannery>>();

/** A fork of a network with these system canisters, which is made once. */
export async function systemNetwork(names: readonly OwnCanister[]) {
  const key = names.join();
  if (!made.has(key)) made.set(key, newNetwork(names));
  const net = (await made.get(key)!).fork();
  const at = (name: OwnCanister) => net.canister(SYSTEM_CANISTER_IDS[name]);
  return { net, at };
}

export async function newNetwork(names: readonly OwnCanister[], options: SystemOptions & { time?: Date } = {}): Promise<Cannery> {
  const { time } = options;
  const net = await Cannery.create({
    ...(time === undefined ? {} : { time }),
    subnets: [
      { kind: "application", name: "application", canisterRanges: [CANDID_UI_RANGE] },
      { kind: "application", name: "application" },
      { kind: "system", name: "nns" },
      { kind: "system", name: "ii" },
    ],
    print: false,
  });
  await installSystemCanisters(net, Object.fromEntries(names.map((name) => [name, systemModule(name)])), options);
  return net;
}

/** A certificate, checked by the agents' library with all its signatures. */
export function verified(net: Cannery, canisterId: Principal, certificate: Uint8Array): Promise<Certificate> {
  return Certificate.create({ certificate, rootKey: net.rootKey, principal: { canisterId }, disableTimeVerification: true });
}

/** What a certificate says that a canister has certified, in hex. */
export async function certifiedData(net: Cannery, canisterId: Principal, certificate: Uint8Array): Promise<string> {
  const found = await verified(net, canisterId, certificate);
  const value = lookupResultToBuffer(found.lookup_path(["canister", canisterId.toUint8Array(), "certified_data"]));
  if (value === undefined) throw new Error("the certificate shows no certified data");
  return toHex(value);
}

/** A tree that a canister certifies, held to its certificate: `get` gives the value at a path, in hex. */
export async function certifiedTree(net: Cannery, canisterId: Principal, certificate: Uint8Array, encoded: Uint8Array) {
  const tree = decodeHashTree(encoded);
  const digest = toHex(digestOf(tree, sha256));
  const certified = await certifiedData(net, canisterId, certificate);
  if (digest !== certified) throw new Error(`the tree's digest is ${digest}, and ${certified} is certified`);
  return {
    get(...path: string[]): string | null {
      const labels = path.map((label) => new TextEncoder().encode(label));
      const found = lookup(labels, tree);
      return found.kind === "found" ? toHex(found.value) : null;
    },
  };
}

// Accounts and arguments of ICRC-1 and ICRC-2, with nothing where nothing is said.

type Owner = { getPrincipal(): Principal };

export function account(owner: Owner | Principal, subaccount?: Uint8Array) {
  return { owner: "getPrincipal" in owner ? owner.getPrincipal() : owner, subaccount: subaccount === undefined ? [] : [subaccount] };
}

export function transfer(fields: object) {
  return { from_subaccount: [], fee: [], memo: [], created_at_time: [], ...fields };
}

export function approval(fields: object) {
  return { ...transfer({}), expected_allowance: [], expires_at: [], ...fields };
}
