/**
 * Admins of subnets that cost nothing: what they may do beside controllers, and what others are told.
 */
import { describe, expect, test } from "vitest";
import { createCanisterIdText, firstLines, user } from "./support.ts";
import {
  ALICE,
  BOB,
  decode,
  encode,
  errorText,
  id,
  idArg,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
} from "../support/management-world.ts";
import { NO_RESULT } from "../../src/core/management/candid.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { genesis } from "../../src/core/genesis.ts";
import type { SubnetKind } from "../../src/core/state/network-state.ts";

const ADMIN = "0c0c01" as PrincipalId;

function rented(kind: SubnetKind = "application", admins: readonly PrincipalId[] = [ADMIN]): ManagementWorld {
  return new ManagementWorld({ subnets: [{ kind, name: kind, costSchedule: "free", admins }] });
}

const CREATE = encode("create_canister", { settings: [], ...NO_VERSION });

describe("create_canister [management-canister#ic-create_canister]", () => {
  test("an admin creates canisters as a user, without cycles", () => {
    const net = rented();
    expect(user(net, "create_canister", CREATE, ADMIN)).toBeNull();
    const created = createCanisterIdText(net.reply("create_canister", CREATE, { sender: ADMIN }));
    const [canister] = [...net.subnet().canisters.values()];
    expect(created).toBe(principalText(canister.id));
    expect([canister.balanceCycles, canister.settings.controllers]).toEqual([0n, [ADMIN]]);
    expect(canister.history.entries[0].origin).toEqual({ kind: "user", user: ADMIN });
  });

  test("another user is told who the admins are", () => {
    const net = rented();
    const told = `IC0410: Only the subnet admins can perform certain actions.\nSubnet admins: ${principalText(ADMIN)}\nSender's ID: ${principalText(BOB)}\nExecute this call from a subnet admin or add the current caller as a subnet admin.`;
    expect(user(net, "create_canister", CREATE, BOB)).toContain(told);
    expect(net.error("create_canister", CREATE, { sender: BOB })).toContain(told);
    expect(net.subnet().canisters.size).toBe(0);
  });

  test("a free subnet without admins answers as one with admins, any other as it did before there were any", () => {
    expect(user(rented("application", []), "create_canister", CREATE, ADMIN)).toMatch(/^IC0410: .*\nSubnet admins: \nSender/);
    expect(user(new ManagementWorld(), "create_canister", CREATE, ADMIN)).toBe(
      "IC0406: Only canisters can call ic00 method create_canister",
    );
    expect(user(rented("cloud_engine"), "create_canister", CREATE, ADMIN)).toBeNull();
  });

  test("canisters of the subnet create canisters for nothing", () => {
    const net = rented();
    const from = net.create({ sender: BOB });
    net.reply("create_canister", CREATE, { from, cycles: 7n });
    expect(net.subnet().canisters.size).toBe(2);
  });
});

describe("controllers and admins alike", () => {
  const methods = ["canister_status", "canister_metrics", "start_canister", "uninstall_code", "stop_canister", "delete_canister"] as const;
  const argOf = (method: string, canister: CanisterId): Uint8Array =>
    method === "uninstall_code" ? encode("uninstall_code", { ...id(canister), ...NO_VERSION }) : idArg(canister);

  test.each(methods)("%s [management-canister#ic-canister_status]", (method) => {
    const net = rented();
    const canister = net.create();
    if (method === "delete_canister") net.canister(canister).status = { kind: "stopped" };
    const arg = argOf(method, canister);
    const denied =
      `IC0541: Only the controllers of the canister ${principalText(canister)} or subnet admins can perform certain actions.\n` +
      `Canister's controllers: ${principalText(ALICE)}\nSubnet admins: ${principalText(ADMIN)}\nSender's ID: ${principalText(BOB)}`;
    expect(firstLines(user(net, method, arg, BOB)!, 4)).toBe(denied);
    expect(firstLines(net.error(method, arg, { sender: BOB }), 4)).toBe(denied);
    expect(user(net, method, arg, ADMIN)).toBeNull();
    const outcome = net.call(method, arg, { sender: ADMIN });
    expect(outcome).toMatchObject(method === "stop_canister" ? { kind: "waiting" } : { kind: "answered", result: { kind: "reply" } });
  });

  test("update_settings stays with the controllers [management-canister#ic-update_settings]", () => {
    const net = rented();
    const canister = net.create();
    expect(user(net, "stored_chunks", idArg(canister), ADMIN)).toBe(
      `IC0512: Only controllers of canister ${principalText(canister)} can call ic00 method stored_chunks`,
    );
  });
});

describe("list_canisters [management-canister#ic-list_canisters]", () => {
  const list = (net: ManagementWorld, sender: PrincipalId, arg = NO_RESULT) => {
    const answer = net.query("" as PrincipalId, "list_canisters", arg, { sender });
    if (answer.kind === "rejected") return errorText(answer.error!);
    if (answer.kind !== "replied") throw new Error(answer.kind);
    const { canisters } = decode<{ canisters: { start: unknown; end: unknown }[] }>("list_canisters", answer.data);
    return canisters.map(({ start, end }) => [String(start), String(end)]);
  };

  test("ranges without gaps, of the canisters that are there", () => {
    const net = rented();
    expect(list(net, ADMIN)).toEqual([]);
    const [a, b, c, d] = Array.from({ length: 4 }, () => net.create());
    expect(list(net, ADMIN)).toEqual([[principalText(a), principalText(d)]]);
    net.canister(c).status = { kind: "stopped" };
    net.reply("delete_canister", idArg(c), { sender: ADMIN });
    expect(list(net, ADMIN)).toEqual([
      [principalText(a), principalText(b)],
      [principalText(d), principalText(d)],
    ]);
  });

  test("refused to others, elsewhere, and with a bad argument", () => {
    expect(list(rented(), BOB)).toMatch(/^IC0410: Only the subnet admins can perform certain actions\.\n/);
    expect(list(new ManagementWorld(), ADMIN)).toBe("IC0406: list_canisters is only available on subnets with subnet admins");
    expect(list(rented(), ADMIN, Uint8Array.of(1))).toMatch(/^IC0408: /);
  });

  test("there is no such call", () => {
    const net = rented();
    expect(net.error("list_canisters", NO_RESULT, { from: net.create() })).toBe(
      "IC0536: Management canister has no method 'list_canisters'",
    );
    expect(user(net, "list_canisters", NO_RESULT, ADMIN)).toBe("IC0536: ic00 interface does not expose method list_canisters");
  });
});

test("status_visibility admits viewers beside controllers, admins and the canister itself [management-canister#ic-canister_status]", () => {
  const net = rented();
  const viewer = "0d0d01" as PrincipalId;
  const canister = net.create({ settings: { status_visibility: { allowed_viewers: [principal(viewer)] } } });
  for (const sender of [viewer, ADMIN, ALICE])
    expect(net.query("" as PrincipalId, "canister_status", idArg(canister), { sender }).kind).toBe("replied");
  expect(net.call("canister_status", idArg(canister), { from: canister })).toMatchObject({ result: { kind: "reply" } });
  expect(net.query("" as PrincipalId, "canister_status", idArg(canister), { sender: BOB })).toMatchObject({ error: { code: 541 } });
});

test.each([
  ["application", "normal"],
  ["system", "free"],
  ["verified_application", "free"],
] as const)("a %s subnet with the %s cost schedule has no admins", (kind, costSchedule) => {
  const subnets = [{ kind, name: kind, costSchedule, admins: [ADMIN] }];
  expect(() => genesis({ seed: 0n, latency: "instant", subnets }, () => new Uint8Array(28))).toThrow(/can have subnet admins/);
});
