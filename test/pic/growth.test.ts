/**
 * Instances that grow: a canister created at an id of the mainnet brings the mainnet's subnet with it.
 *
 * Replica: `route` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { Cbor, Certificate } from "@icp-sdk/core/agent";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { encodeFields } from "../../src/api/http/cbor.ts";
import { rootKey } from "../../src/core/certification/certificate.ts";
import { ANONYMOUS, base64, creation, encoded, NEW, PicInstance, raw } from "../support/pic-instance.ts";

const II = "rdmx6-jaaaa-aaaaa-aaadq-cai";
const CANDID_UI = "a4gq6-oaaaa-aaaab-qaa4q-cai";
const II_SUBNET = "uzr34-akd3s-xrdag-3ql62-ocgoh-ld2ao-tamcv-54e7j-krwgb-2gm4z-oqe";
const CANDID_UI_SUBNET = "pae4o-o6dxf-xki7q-ezclx-znyd6-fnk6w-vkv5z-5lfwh-xym2i-otrrw-fqe";

const application = () => new PicInstance({ subnet_config_set: { application: [NEW] } });
const subnetOf = async (pic: PicInstance, canister: string) => (await pic.ask("/read/get_subnet", { canister_id: raw(canister) })).json;

describe("a canister created at an id of the mainnet [replica: subnets on demand]", () => {
  test("brings the named subnet with its mainnet id, ranges and threshold keys", async () => {
    const pic = application();
    expect(await pic.create(II)).toHaveProperty("Ok");
    expect(await subnetOf(pic, II)).toEqual({ subnet_id: raw(II_SUBNET) });
    const subnet = (await pic.topology()).get(II_SUBNET)!;
    expect(subnet).toMatchObject({ subnet_kind: "II", instruction_config: "Production", subnet_admins: null, cost_schedule: "Normal" });
    const ranges = subnet.canister_ranges.map(({ start, end }) => [start, end].map(({ canister_id }) => text(canister_id)));
    expect(ranges).toEqual([
      [II, II],
      ["uc7f6-kaaaa-aaaaq-qaaaa-cai", "ijz7v-ziaaa-aaaaq-7777q-cai"],
      // The second block of allocated ids.
      ["7tjcv-pp777-77776-qaaaa-cai", "dypy6-4h777-77776-7777q-cai"],
    ]);
    expect(pic.handler.instance.state.subnets.get(subnetId(II_SUBNET))!.config.keyNames).toEqual(["key_1"]);
  });

  test("brings an application subnet where the mainnet's has no name; others of it are created there too", async () => {
    const pic = application();
    const before = (await pic.ask("/read/get_time")).json as { nanos_since_epoch: bigint };
    expect(await pic.create(CANDID_UI)).toHaveProperty("Ok");
    const { nanos_since_epoch } = (await pic.ask("/read/get_time")).json as { nanos_since_epoch: bigint };
    // A round when the subnet is there, and the one of the creation.
    expect(nanos_since_epoch - before.nanos_since_epoch).toBe(2n);
    expect(await pic.create("fs35c-jyaaa-aaaab-qaaaa-cai")).toHaveProperty("Ok");
    for (const id of [CANDID_UI, "fs35c-jyaaa-aaaab-qaaaa-cai"])
      expect(await subnetOf(pic, id)).toEqual({ subnet_id: raw(CANDID_UI_SUBNET) });
    expect((await pic.topology()).size).toBe(2);
    expect((await pic.topology()).get(CANDID_UI_SUBNET)).toMatchObject({ subnet_kind: "Application" });
    // Those that say nothing go where they went before.
    const { Ok } = await pic.create();
    expect(text(base64(Buffer.from(Ok!, "base64").subarray(-10)))).toBe("lxzze-o7777-77777-aaaaa-cai");
    expect(await pic.create(CANDID_UI)).toMatchObject({ Err: { error_code: "CanisterAlreadyInstalled" } });
  });

  test("is refused for ids that are not the mainnet's, and for those of the NNS", async () => {
    const pic = application();
    const refusal = async (id: string): Promise<unknown> => {
      const payload = base64(encoded("provisional_create_canister_with_cycles", creation(id)));
      const call = {
        sender: ANONYMOUS,
        canister_id: "",
        effective_principal: "None",
        method: "provisional_create_canister_with_cycles",
        payload,
      };
      return pic.ask("/update/submit_ingress_message", call);
    };
    const message = (why: string) => ({ status: 400, json: { message: `BadIngressMessage("The effective canister ID ${why}")` } });
    expect(await refusal("2vxsx-fae")).toEqual(
      message("2vxsx-fae does not belong to an existing subnet and it is not a mainnet canister ID."),
    );
    expect(await refusal("nti35-np7aa-aaaaa-aaaaa-cai")).toEqual(
      message("nti35-np7aa-aaaaa-aaaaa-cai does not belong to an existing subnet and it is not a mainnet canister ID."),
    );
    expect(await refusal("rwlgt-iiaaa-aaaaa-aaaaa-cai")).toEqual(
      message(
        "rwlgt-iiaaa-aaaaa-aaaaa-cai belongs to the NNS subnet on the IC mainnet for which PocketIC provides a `SubnetKind`: please set up your PocketIC instance with a subnet of that `SubnetKind`.",
      ),
    );
    expect((await pic.topology()).size).toBe(1);
  });

  test.each(["the public interface", "an HTTP gateway"])("brings the subnet when the call comes by %s", async (way) => {
    const pic = application();
    const { nanos_since_epoch } = (await pic.ask("/read/get_time")).json as { nanos_since_epoch: bigint };
    const method_name = "provisional_create_canister_with_cycles";
    const arg = encoded(method_name, creation(CANDID_UI));
    const content = {
      request_type: "call",
      sender: Uint8Array.of(4),
      canister_id: new Uint8Array(),
      method_name,
      arg,
      ingress_expiry: nanos_since_epoch + 60_000_000_000n,
    };
    const other = encodeFields({ content: { ...content, method_name: "create_canister" } });
    const path = `/api/v2/canister/${CANDID_UI}/call`;
    const headers: [string, string][] = [["content-type", "application/cbor"]];
    const gateway = { url: `http://localhost${path}`, headers, domains: null, customDomains: [] };
    const post = (body: Uint8Array) => {
      const request = { method: "POST", path, contentType: "application/cbor", body, stored: null };
      return pic.handler.handle(way === "an HTTP gateway" ? { ...request, gateway } : request);
    };
    expect(await post(other)).toMatchObject({ status: 400 });
    expect((await pic.topology()).size).toBe(1);
    expect(await post(encodeFields({ content }))).toMatchObject({ status: 202 });
    await pic.ask("/update/tick", {});
    expect(await subnetOf(pic, CANDID_UI)).toEqual({ subnet_id: raw(CANDID_UI_SUBNET) });
  });

  test("the new subnet is certified by the root from its first round on, and takes part in ticks", async () => {
    const pic = application();
    await pic.create(CANDID_UI);
    const { instance } = pic.handler;
    expect(instance.state.subnets.get(subnetId(CANDID_UI_SUBNET))!.round).toBe(2);
    const { nanos_since_epoch } = (await pic.ask("/read/get_time")).json as { nanos_since_epoch: bigint };
    const content = {
      request_type: "read_state",
      sender: Uint8Array.of(4),
      paths: [[new TextEncoder().encode("time")]],
      ingress_expiry: nanos_since_epoch + 1n,
    };
    const answer = await pic.send("POST", `/api/v2/canister/${CANDID_UI}/read_state`, encodeFields({ content }), "application/cbor");
    expect(answer.status).toBe(200);
    const { certificate } = Cbor.decode<{ certificate: Uint8Array }>(answer.body as Uint8Array);
    const canisterId = Principal.fromText(CANDID_UI);
    await expect(
      Certificate.create({ certificate, rootKey: rootKey(instance.state), principal: { canisterId }, disableTimeVerification: true }),
    ).resolves.toBeDefined();
  });
});

function text(canisterId: string): string {
  return Principal.fromUint8Array(Buffer.from(canisterId, "base64")).toText();
}

function subnetId(id: string) {
  return Buffer.from(Principal.fromText(id).toUint8Array()).toString("hex") as never;
}
