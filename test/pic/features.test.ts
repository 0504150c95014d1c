/**
 * `icp_features`: the system canisters that an instance has from the beginning, and block makers.
 *
 * Replica: `rs/pocket_ic_server/src/pocket_ic.rs`, packages/pocket-ic/src/common/rest.rs (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { CreationRefused } from "../../src/api/pocketic/config.ts";
import { featuresWith } from "../../src/host/pocketic/features.ts";
import { systemModuleFile } from "../../src/host/system-modules.ts";
import { fileURLToPath } from "node:url";
import { NEW, PicInstance, raw } from "../support/pic-instance.ts";

const LEDGER = "ryjl3-tyaaa-aaaaa-aaaba-cai";
const REGISTRY = "rwlgt-iiaaa-aaaaa-aaaaa-cai";
const CMC = "rkp4c-7iaaa-aaaaa-aaaca-cai";
const CYCLES_LEDGER = "um5iw-rqaaa-aaaaq-qaaba-cai";
const II = "rdmx6-jaaaa-aaaaa-aaadq-cai";
const NNS_ROOT = "r7inp-6aaaa-aaaaa-aaabq-cai";
const ANONYMOUS = Principal.anonymous();
const Account = IDL.Record({ owner: IDL.Principal, subaccount: IDL.Opt(IDL.Vec(IDL.Nat8)) });

const DEFAULT = "DefaultConfig";
const kinds = async (pic: PicInstance): Promise<string[]> =>
  [...(await pic.topology()).values()].map(({ subnet_kind }) => subnet_kind).sort();

async function called<T>(pic: PicInstance, canister: string, method: string, args: Uint8Array, result: IDL.Type): Promise<T> {
  const answer = await pic.update(raw(canister), method, args);
  return IDL.decode([result], new Uint8Array(Buffer.from(answer.Ok!, "base64")))[0] as T;
}

describe("icp_features", () => {
  test("the ICP ledger, with tokens of the anonymous user, on an NNS subnet of its own", async () => {
    const pic = new PicInstance({ subnet_config_set: { application: [NEW] }, icp_features: { icp_token: DEFAULT } });
    expect(await kinds(pic)).toEqual(["Application", "NNS"]);
    const balance = await called<bigint>(
      pic,
      LEDGER,
      "icrc1_balance_of",
      IDL.encode([Account], [{ owner: ANONYMOUS, subaccount: [] }]),
      IDL.Nat,
    );
    expect(balance).toBe(10n ** 17n);
    expect((await pic.ask("/read/get_controllers", { canister_id: raw(LEDGER) })).json).toEqual([{ principal_id: raw(NNS_ROOT) }]);
  });

  test("cycles minting and its time: a nanosecond for each subnet and each step [replica: rounds of icp_features]", async () => {
    const nanos = 1_620_633_601_000_000_000n;
    const config = { subnet_config_set: { nns: NEW, application: [NEW] }, icp_features: { cycles_minting: DEFAULT } };
    const pic = new PicInstance({ ...config, initial_time: { Timestamp: { nanos_since_epoch: nanos } } });
    expect((await pic.ask("/read/get_time")).json).toEqual({ nanos_since_epoch: nanos + 7n });
    const rate = await called<{ data: { xdr_permyriad_per_icp: bigint; timestamp_seconds: bigint } }>(
      pic,
      CMC,
      "get_icp_xdr_conversion_rate",
      IDL.encode([], []),
      IDL.Record({ data: IDL.Record({ xdr_permyriad_per_icp: IDL.Nat64, timestamp_seconds: IDL.Nat64 }) }),
    );
    expect(rate.data).toEqual({ xdr_permyriad_per_icp: 35_200n, timestamp_seconds: nanos / 1_000_000_000n });
    const [subnet] = [...(await pic.topology())].filter(([, { subnet_kind }]) => subnet_kind === "Application").map(([id]) => id);
    const subnets = await called<Principal[]>(pic, CMC, "get_default_subnets", IDL.encode([], []), IDL.Vec(IDL.Principal));
    expect(subnets.map(String)).toEqual([subnet]);
    expect(() => new PicInstance({ ...config, initial_time: { Timestamp: { nanos_since_epoch: nanos - 1n } } })).toThrow(
      /must be no earlier than 1620633601000000000/,
    );
  });

  test("a subnet that comes later is known to the cycles minting canister", async () => {
    const pic = new PicInstance({ subnet_config_set: { nns: NEW }, icp_features: { cycles_minting: DEFAULT } });
    await pic.create("a4gq6-oaaaa-aaaab-qaa4q-cai");
    const subnets = await called<Principal[]>(pic, CMC, "get_default_subnets", IDL.encode([], []), IDL.Vec(IDL.Principal));
    expect(subnets.map(String)).toEqual(["pae4o-o6dxf-xki7q-ezclx-znyd6-fnk6w-vkv5z-5lfwh-xym2i-otrrw-fqe"]);
  });

  test("the registry knows which subnet a canister is on, also of subnets that come later", async () => {
    const pic = new PicInstance({ subnet_config_set: { application: [NEW, NEW] }, icp_features: { registry: DEFAULT } });
    expect(await kinds(pic)).toEqual(["Application", "Application", "NNS"]);
    const Request = IDL.Record({ principal: IDL.Opt(IDL.Principal) });
    const Subnet = IDL.Variant({ Ok: IDL.Record({ subnet_id: IDL.Opt(IDL.Principal) }), Err: IDL.Text });
    const subnetOf = async (id: string): Promise<unknown> => {
      const arg = IDL.encode([Request], [{ principal: [Principal.fromText(id)] }]);
      return called(pic, REGISTRY, "get_subnet_for_canister", arg, Subnet);
    };
    const actual = async (id: string): Promise<object> => {
      const { subnet_id } = (await pic.ask("/read/get_subnet", { canister_id: raw(id) })).json as { subnet_id: string };
      return { Ok: { subnet_id: [Principal.fromUint8Array(Uint8Array.from(Buffer.from(subnet_id, "base64")))] } };
    };
    const LATER = "a4gq6-oaaaa-aaaab-qaa4q-cai";
    expect(await subnetOf(REGISTRY)).toEqual(await actual(REGISTRY));
    expect(await subnetOf(LATER)).toEqual({ Err: "Canister is not assigned to any subnet." });
    await pic.create();
    await pic.create(LATER);
    for (const id of ["7tjcv-pp777-77776-qaaaa-cai", LATER]) expect(await subnetOf(id)).toEqual(await actual(id));
    expect((await pic.ask("/read/get_controllers", { canister_id: raw(REGISTRY) })).json).toEqual([{ principal_id: raw(NNS_ROOT) }]);
  });

  test("cycles of the anonymous user; fiduciary subnets have a type", async () => {
    const pic = new PicInstance({
      subnet_config_set: { fiduciary: NEW },
      icp_features: { cycles_minting: DEFAULT, icp_token: DEFAULT, cycles_token: DEFAULT },
    });
    expect(await kinds(pic)).toEqual(["Fiduciary", "II", "NNS"]);
    const owner = { owner: ANONYMOUS, subaccount: [] };
    expect(await called<bigint>(pic, CYCLES_LEDGER, "icrc1_balance_of", IDL.encode([Account], [owner]), IDL.Nat)).toBe(2n ** 127n - 1n);
    const types = await called<{ data: [string, Principal[]][] }>(
      pic,
      CMC,
      "get_subnet_types_to_subnets",
      IDL.encode([], []),
      IDL.Record({ data: IDL.Vec(IDL.Tuple(IDL.Text, IDL.Vec(IDL.Principal))) }),
    );
    expect(types.data.map(([name, ids]) => [name, ids.map(String)])).toEqual([
      ["fiduciary", ["pzp6e-ekpqk-3c5x7-2h6so-njoeq-mt45d-h3h6c-q3mxf-vpeq5-fk5o7-yae"]],
    ]);
  });

  test("Internet Identity with a module that is given; without one it is refused with where to put it", () => {
    const config = { subnet_config_set: { application: [NEW] }, icp_features: { ii: DEFAULT } };
    expect(() => new PicInstance(config)).toThrow(
      /icp_features.ii: download it and give its path, CANNERY_SYSTEM_CANISTERS="internet-identity=PATH"/,
    );
    const path = fileURLToPath(systemModuleFile("identity-stand-in"));
    const pic = new PicInstance(config, { features: featuresWith(() => ({ "internet-identity": path })) });
    expect(
      pic.handler.instance.canister(Buffer.from(Principal.fromText(II).toUint8Array()).toString("hex") as never)?.execution,
    ).not.toBeNull();
  });

  test.each(["nns_governance", "sns", "bitcoin", "dogecoin", "canister_migration"])("%s is refused by its name", (feature) => {
    const create = () => new PicInstance({ subnet_config_set: { application: [NEW] }, icp_features: { [feature]: DEFAULT } });
    expect(create).toThrow(CreationRefused);
    expect(create).toThrow(new RegExp(`icp_features.${feature}`));
  });

  test("nns_ui is refused without what it needs [replica: requirements of nns_ui]", () => {
    const create = (more: object) => () => new PicInstance({ subnet_config_set: {}, icp_features: { nns_ui: DEFAULT }, ...more });
    expect(create({})).toThrow("The `nns_ui` feature requires an HTTP gateway to be created via `http_gateway_config`.");
    expect(create({ http_gateway_config: {} })).toThrow("The `nns_ui` feature requires the `cycles_minting` feature to be enabled, too.");
  });
});
