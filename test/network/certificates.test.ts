/** Certificates of a network in process, verified by the library that agents use, signatures and times included. */
import { CanisterStatus, Certificate, IC_ROOT_KEY, lookupResultToBuffer } from "@icp-sdk/core/agent";
import { Principal } from "@icp-sdk/core/principal";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { Cannery, Subnet } from "../../src/index.ts";
import { installMotoko } from "../programs/motoko.ts";
import { network, program, refusal } from "../support/network.ts";

interface Facts {
  certify(data: Uint8Array): Promise<void>;
  certificate(): Promise<[] | [Uint8Array]>;
}

interface Counter {
  inc(): Promise<bigint>;
  fail(): Promise<void>;
}

/** The clock of who verifies; only the dates of this process, and none of its timers. */
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** The verifier's clock is the network's, or off by some minutes. */
function clockOf(net: Cannery, minutesOff = 0): void {
  vi.setSystemTime(Number(net.time / 1_000_000n) + minutesOff * 60_000);
}

type Target = { readonly canisterId: Principal } | { readonly subnetId: Principal };
const ofCanister = (canister: { readonly id: Principal }): Target => ({ canisterId: canister.id });
const ofSubnet = (subnet: Subnet): Target => ({ subnetId: Principal.fromText(subnet.id) });

function verified(net: Cannery, certificate: Uint8Array, principal: Target, rootKey = net.rootKey): Promise<Certificate> {
  return Certificate.create({ certificate, rootKey, principal });
}

function textAt(certificate: Certificate, ...path: (string | Uint8Array)[]): string | undefined {
  const value = lookupResultToBuffer(certificate.lookup_path(path as never));
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

test("the status of calls, on the root subnet and behind a delegation", async () => {
  const net = await network({ application: 1, nns: true });
  clockOf(net);
  for (const subnet of net.subnets) {
    const counter = await net.install<Counter>(program("counter"), { subnet });
    const call = counter.submit("inc");
    await call;
    const id = fromHex(call.id);
    const certificate = await verified(net, net.readState(counter, [["request_status", id]]), ofCanister(counter));
    expect(textAt(certificate, "request_status", id, "status")).toBe("replied");
    expect(textAt(certificate, "request_status", id, "reply")).toBe("DIDL\0\x01\x7d\x01");
    expect(certificate.lookup_path(["request_status", id, "reject_code"]).status).toBe("Absent");
    expect(certificate.cert.delegation === undefined).toBe(subnet.name === "nns");
  }
});

test("certified data of a Motoko canister, in the certificate that its query gives", async () => {
  const net = await network({ application: 2 });
  const facts = await installMotoko<Facts>(net, "facts", { subnet: net.subnets[1]! });
  await facts.actor.certify(Uint8Array.of(1, 2, 3));
  clockOf(net);
  const [bytes] = await facts.actor.certificate();
  const certificate = await verified(net, bytes!, ofCanister(facts));
  expect(lookupResultToBuffer(certificate.lookup_path(["canister", facts.id.toUint8Array(), "certified_data"]))).toEqual(
    Uint8Array.of(1, 2, 3),
  );
  expect(certificate.lookup_path(["canister", facts.id.toUint8Array(), "controllers"]).status).toBe("Unknown");
});

test("refused: the root key of another network, another canister's subnet, a tree that was changed [certification#certificate] [certification#root-of-trust]", async () => {
  const net = await network({ application: 2 });
  clockOf(net);
  const [, second] = net.subnets;
  const mine = await net.createCanister({ subnet: second! });
  const bytes = net.readState(mine, [["canister", mine, "controllers"]]);
  await expect(verified(net, bytes, ofCanister(mine))).resolves.toBeInstanceOf(Certificate);
  expect(await refusal(verified(net, bytes, ofCanister(mine), fromHex(IC_ROOT_KEY)))).toMatchObject({
    message: expect.stringContaining("Invalid signature"),
  });
  const other = await net.createCanister({ subnet: net.subnets[0]! });
  expect((await refusal(verified(net, bytes, ofCanister(other)))).message).toContain("does not include the canister");
  const forged = bytes.slice();
  // The anonymous principal among the controllers becomes another.
  const at = forged.findLastIndex((byte, i) => byte === 0x04 && forged[i - 1] === 0x41);
  forged[at] = 0x05;
  expect((await refusal(verified(net, forged, ofCanister(mine)))).message).toContain("Invalid signature");
});

test("the time is the network's: agents refuse certificates that are old, or from the future", async () => {
  const net = await network({ time: new Date("2026-01-01T00:00:00Z"), latency: "mainnet" });
  const read = () => net.readState(net.subnets[0]!);
  const outcome = async (minutes: number): Promise<string> => {
    clockOf(net, minutes);
    const bytes = read();
    return verified(net, bytes, ofSubnet(net.subnets[0]!)).then(
      () => "accepted",
      ({ message }: Error) => message,
    );
  };
  expect(await outcome(4)).toBe("accepted");
  expect(await outcome(6)).toContain("past");
  expect(await outcome(-6)).toContain("future");
  await net.advanceTime({ hours: 1 });
  expect(await outcome(0)).toBe("accepted");
});

test("who is asked about, and what is in no range", async () => {
  const net = await network({ application: 2 });
  clockOf(net);
  const [first, second] = net.subnets as [Subnet, Subnet];
  const certificate = await verified(net, net.readState(second, [["subnet", Principal.fromText(second.id)]]), ofSubnet(second));
  expect(textAt(certificate, "subnet", Principal.fromText(second.id).toUint8Array(), "type")).toBe("application");
  expect(textAt(certificate, "subnet", Principal.fromText(first.id).toUint8Array(), "type")).toBeUndefined();
  // Ids that no canister has yet are in a range all the same: agents take the time from there.
  const nobody = Principal.fromText(net.canisterIds[0] ?? "lxzze-o7777-77777-aaaaa-cai");
  await expect(verified(net, net.readState(nobody), { canisterId: nobody })).resolves.toBeInstanceOf(Certificate);
  expect(() => net.readState("rwlgt-iiaaa-aaaaa-aaaaa-cai")).toThrow(expect.objectContaining({ code: "no-such-canister" }));
});

test("keys of the nodes, as agents read them to verify queries, for any canister of the subnet", async () => {
  const net = await network({ application: 1, nns: true });
  clockOf(net);
  for (const subnet of net.subnets) {
    const { id } = await net.createCanister({ subnet });
    const bytes = net.readState(id, [["subnet"]]);
    const { subnetId, nodeKeys } = CanisterStatus.fetchNodeKeys(bytes, id, net.rootKey);
    expect(subnetId).toBe(subnet.id);
    expect(nodeKeys.size).toBe(13);
    for (const [node, key] of nodeKeys) expect(node).toBe(Principal.selfAuthenticating(key).toText());
  }
});
