/**
 * Signing in: a module given for Internet Identity is installed at its id; a canister's delegations are accepted from agents.
 */
import { Actor, HttpAgent, SignIdentity, type DerEncodedPublicKey, type Identity, type PublicKey, type Signature } from "@icp-sdk/core/agent"; // prettier-ignore
import { IDL } from "@icp-sdk/core/candid";
import { Delegation, DelegationChain, DelegationIdentity, Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { systemModule, systemModules } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/index.ts";
import { SYSTEM_CANISTER_IDS } from "../../src/network/system/canisters.ts";
import { installSystemCanisters } from "../../src/network/system/install.ts";
import { es256 } from "../support/webauthn.ts";

const II = SYSTEM_CANISTER_IDS["internet-identity"];

function network(): Promise<Cannery> {
  return Cannery.create({
    subnets: [
      { kind: "system", name: "nns" },
      { kind: "system", name: "ii" },
    ],
    time: new Date(),
    print: false,
  });
}

test("without a module the refusal says where there is one", async () => {
  const net = await network();
  await expect(installSystemCanisters(net, {}, { internetIdentity: true })).rejects.toMatchObject({
    code: "no-internet-identity",
    message: expect.stringContaining("https://github.com/dfinity/internet-identity/releases") as string,
  });
});

test("other modules take the places of our own", () => {
  const other = Uint8Array.of(0, 1, 2);
  const modules = systemModules({ cmc: other, "internet-identity": other });
  expect(modules.cmc).toBe(other);
  expect(modules["internet-identity"]).toBe(other);
  expect(modules.ledger!.length).toBeGreaterThan(100_000);
});

interface StandIn {
  prepare_delegation(number: bigint, site: string, session: Uint8Array, life: [] | [bigint]): Promise<[Uint8Array, bigint]>;
  get_delegation(number: bigint, site: string, session: Uint8Array, expiration: bigint): Promise<Got>;
}
type Got =
  | {
      readonly signed_delegation: {
        readonly delegation: { readonly pubkey: Uint8Array; readonly expiration: bigint };
        readonly signature: Uint8Array;
      };
    }
  | { readonly no_such_delegation: null };
interface Site {
  whoami(): Promise<Principal>;
}
const SignedDelegation = IDL.Record({
  delegation: IDL.Record({ pubkey: IDL.Vec(IDL.Nat8), expiration: IDL.Nat64, targets: IDL.Opt(IDL.Vec(IDL.Principal)) }),
  signature: IDL.Vec(IDL.Nat8),
});
const identityIdl = (): IDL.ServiceClass =>
  IDL.Service({
    whoami: IDL.Func([], [IDL.Principal], []),
    prepare_delegation: IDL.Func([IDL.Nat64, IDL.Text, IDL.Vec(IDL.Nat8), IDL.Opt(IDL.Nat64)], [IDL.Vec(IDL.Nat8), IDL.Nat64], []),
    get_delegation: IDL.Func(
      [IDL.Nat64, IDL.Text, IDL.Vec(IDL.Nat8), IDL.Nat64],
      [IDL.Variant({ signed_delegation: SignedDelegation, no_such_delegation: IDL.Null })],
      ["query"],
    ),
  });
const site = (): IDL.ServiceClass => IDL.Service({ whoami: IDL.Func([], [IDL.Principal], []) });

/** A user whose device is a security key. */
class SecurityKey extends SignIdentity {
  private readonly key = es256();

  override getPublicKey(): PublicKey {
    return { toDer: () => this.key.der as DerEncodedPublicKey };
  }

  override async sign(message: Uint8Array): Promise<Signature> {
    return (await this.key.sign(message)) as Signature;
  }
}

function actorOf<T>(net: Cannery, identity: Identity, idl: IDL.InterfaceFactory): T {
  const agent = HttpAgent.createSync({ identity, host: "http://localhost", fetch: net.fetch, rootKey: net.rootKey, retryTimes: 0 });
  return Actor.createActor<T>(idl, { agent, canisterId: II });
}

test("a security key signs in: its session asks for a delegation, and the session of the site acts as the user there", async () => {
  const net = await network();
  await installSystemCanisters(net, { "internet-identity": systemModule("identity-stand-in") }, { internetIdentity: true });
  // The device signs for a session of the browser, so that the user touches it once.
  const [device, browser, site] = [new SecurityKey(), Ed25519KeyIdentity.generate(), Ed25519KeyIdentity.generate()];
  const until = new Date(Date.now() + 600_000);
  const atIdentity = DelegationIdentity.fromDelegation(browser, await DelegationChain.create(device, browser.getPublicKey(), until));
  const identity = actorOf<StandIn & Site>(net, atIdentity, identityIdl);
  expect(String(await identity.whoami())).toBe(device.getPrincipal().toText());
  const key = new Uint8Array(site.getPublicKey().toDer());
  const [userKey, expiration] = await identity.prepare_delegation(10_000n, "https://site.example", key, []);
  const got = await identity.get_delegation(10_000n, "https://site.example", key, expiration);
  if (!("signed_delegation" in got)) throw new Error("there is no delegation");
  const { delegation, signature } = got.signed_delegation;
  const signed = { delegation: new Delegation(delegation.pubkey, delegation.expiration), signature: signature as Signature };
  const chain = DelegationChain.fromDelegations([signed], userKey as DerEncodedPublicKey);
  const user = actorOf<Site>(net, DelegationIdentity.fromDelegation(site, chain), identityIdl);
  expect(String(await user.whoami())).toBe(Principal.selfAuthenticating(userKey).toText());
  // The canister signed for the site's key: another session has nothing of it.
  const thief = actorOf<Site>(net, DelegationIdentity.fromDelegation(browser, chain), identityIdl);
  await expect(thief.whoami()).rejects.toThrow(/signature/i);
});

test("a session with a delegation of the canister acts as the user", async () => {
  const net = await network();
  await installSystemCanisters(net, { "internet-identity": systemModule("identity-stand-in") }, { internetIdentity: true });
  const identity = net.canister<StandIn>(II).actor;
  const session = await Ed25519KeyIdentity.generate();
  const key = new Uint8Array(session.getPublicKey().toDer());
  const [userKey, expiration] = await identity.prepare_delegation(10_000n, "https://site.example", key, []);
  const got = await identity.get_delegation(10_000n, "https://site.example", key, expiration);
  if (!("signed_delegation" in got)) throw new Error("there is no delegation");
  const { delegation, signature } = got.signed_delegation;
  const chain = (signed: Uint8Array): DelegationChain =>
    DelegationChain.fromDelegations(
      [{ delegation: new Delegation(delegation.pubkey, delegation.expiration), signature: signed as Signature }],
      userKey as never,
    );
  const act = async (by: DelegationChain): Promise<Principal> => {
    const agent = await HttpAgent.create({
      identity: DelegationIdentity.fromDelegation(session, by),
      host: "http://localhost",
      fetch: net.fetch,
      rootKey: net.rootKey,
    });
    return Actor.createActor<Site>(site, { agent, canisterId: II }).whoami();
  };
  const user = Principal.selfAuthenticating(userKey);
  expect(String(await act(chain(signature)))).toBe(user.toText());
  const forged = signature.slice();
  forged[forged.length - 5]! ^= 1;
  await expect(act(chain(forged))).rejects.toThrow(/signature|certificate|delegation/iu);
  expect(await identity.get_delegation(10_001n, "https://site.example", key, expiration)).toEqual({ no_such_delegation: null });
});
