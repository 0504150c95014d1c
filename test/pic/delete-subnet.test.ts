/**
 * `delete_subnet`, of version 15 of the contract: a subnet is no more, with all that was on it.
 *
 * Source: the crate `pocket-ic` 15.0.0, `PocketIc::delete_subnet`.
 */
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { base64, NEW, PicInstance, raw } from "../support/pic-instance.ts";
import * as does from "../universal/program.ts";
import { program, puppet } from "../support/puppet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FIRST = "lxzze-o7777-77777-aaaaa-cai";
const SECOND = "7tjcv-pp777-77776-qaaaa-cai";
const two = (more: object = {}) => new PicInstance({ subnet_config_set: { application: [NEW, NEW] }, ...more });
const subnetOf = async (pic: PicInstance, canister: string): Promise<string> =>
  ((await pic.ask("/read/get_subnet", { canister_id: raw(canister) })).json as { subnet_id: string }).subnet_id;

async function withTwoCanisters(pic: PicInstance): Promise<string> {
  await pic.create();
  const other = [...(await pic.topology()).entries()].find(
    ([, { canister_ranges }]) => canister_ranges[0]!.start.canister_id === raw(SECOND),
  )![0];
  const creation = { amount: [10n ** 18n], settings: [], specified_id: [], sender_canister_version: [] };
  expect(await pic.manage("provisional_create_canister_with_cycles", creation, { SubnetId: raw(other) })).toHaveProperty("Ok");
  for (const id of [FIRST, SECOND]) {
    const canister_id = Principal.fromText(id);
    const code = { mode: { install: null }, canister_id, wasm_module: puppet(), arg: [], sender_canister_version: [] };
    expect(await pic.manage("install_code", code)).toHaveProperty("Ok");
  }
  return other;
}

test("a deleted subnet is in no topology, its canisters are not there, and calls to them are rejected", async () => {
  const pic = two();
  const deleted = await withTwoCanisters(pic);
  expect(await subnetOf(pic, SECOND)).toBe(raw(deleted));
  const callee = Buffer.from(Principal.fromText(SECOND).toUint8Array()).toString("hex") as never;
  const onReject = program(does.append(does.rejectMessage), does.send);
  const onReply = program(does.append("replied"), does.send);
  const ask = () =>
    pic.update(raw(FIRST), "run", program(does.call(callee, { method: "run", arg: program(does.send), onReply, onReject })));
  expect(await ask()).toEqual({ Ok: base64("replied") });
  expect(await pic.ask("/update/delete_subnet", { subnet_id: raw(deleted) })).toEqual({ status: 200, json: null });
  expect([...(await pic.topology()).keys()]).not.toContain(deleted);
  expect((await pic.topology()).size).toBe(1);
  expect((await pic.ask("/read/get_subnet", { canister_id: raw(SECOND) })).json).toBeNull();
  expect(await pic.ask("/read/pub_key", { subnet_id: raw(deleted) })).toEqual({
    status: 400,
    json: { message: `SubnetNotFound(${deleted})` },
  });
  expect(await pic.ask("/read/get_cycles", { canister_id: raw(SECOND) })).toMatchObject({ status: 400 });
  const { Ok } = await ask();
  expect(Buffer.from(Ok!, "base64").toString()).toMatch(new RegExp(`No route to canister ${SECOND}`));
  const query = { sender: "BA==", canister_id: raw(SECOND), effective_principal: "None", method: "look", payload: "" };
  expect(await pic.ask("/read/query", query)).toEqual({
    status: 400,
    json: { message: `BadIngressMessage("Canister ${SECOND} does not belong to any subnet.")` },
  });
  expect(await pic.ask("/update/delete_subnet", { subnet_id: raw(deleted) })).toMatchObject({ status: 400 });
  // Ids are not given again, and the next subnet is another.
  expect(await pic.create("a4gq6-oaaaa-aaaab-qaa4q-cai")).toHaveProperty("Ok");
  expect((await pic.topology()).size).toBe(2);
});

test("the root and the counterparts of the mainnet's subnets stay", async () => {
  const pic = new PicInstance({ subnet_config_set: { ii: NEW, application: [NEW] } });
  const topology = [...(await pic.topology()).entries()];
  const [ii] = topology.find(([, { subnet_kind }]) => subnet_kind === "II")!;
  expect(await pic.ask("/update/delete_subnet", { subnet_id: raw(ii) })).toMatchObject({ status: 400 });
  const alone = new PicInstance({ subnet_config_set: { application: [NEW] } });
  const [root] = [...(await alone.topology()).keys()];
  expect(await alone.ask("/update/delete_subnet", { subnet_id: raw(root!) })).toMatchObject({ status: 400 });
  expect(await pic.ask("/update/delete_subnet", { subnet_id: raw("2vxsx-fae") })).toEqual({
    status: 400,
    json: { message: "SubnetNotFound(2vxsx-fae)" },
  });
});

test("it stays deleted in a state directory", async () => {
  const state_dir = temporaryFolder("state");
  const pic = two({ state_dir });
  const deleted = await withTwoCanisters(pic);
  await pic.ask("/update/delete_subnet", { subnet_id: raw(deleted) });
  await pic.handler.close();
  const again = new PicInstance({ subnet_config_set: {}, state_dir });
  expect([...(await again.topology()).keys()]).not.toContain(deleted);
  await again.handler.close();
});
