/**
 * What an instance is configured with, where it changes what canisters may do.
 *
 * Replica: `state_machine_builder` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { NEW, PicInstance } from "../support/pic-instance.ts";
import { wat } from "../support/wat.ts";

const canister_id = Principal.fromText("lxzze-o7777-77777-aaaaa-cai");
const install = (pic: PicInstance, wasm_module: Uint8Array) =>
  pic.manage("install_code", { mode: { reinstall: null }, canister_id, wasm_module, arg: [], sender_canister_version: [] });

async function withConfig(icp_config: object): Promise<PicInstance> {
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] }, icp_config });
  await pic.create();
  return pic;
}

test("names of methods may be as long as they like without function_name_length_limits [replica: function name length limits]", async () => {
  const names = Array.from({ length: 201 }, (_, i) => `${"name".repeat(25)}${i}`);
  const module = wat(`(module (func $f) ${names.map((name) => `(export "canister_query ${name}" (func $f))`).join(" ")})`);
  const lifted = await withConfig({ function_name_length_limits: "Disabled" });
  expect(await install(lifted, module)).toHaveProperty("Ok");
  for (const icp_config of [{}, { function_name_length_limits: "Enabled" }, { beta_features: "Enabled" }])
    expect(await install(await withConfig(icp_config), module)).toMatchObject({
      Err: { error_code: "CanisterInvalidWasm", reject_message: expect.stringContaining("exceeds the allowed limit of 20000") as string },
    });
  // Everything else is checked all the same.
  const twice = wat('(module (func $f) (export "canister_query f" (func $f)) (export "canister_update f" (func $f)))');
  expect(await install(lifted, twice)).toMatchObject({ Err: { error_code: "CanisterInvalidWasm" } });
});

test("executions are held back by their rates unless canister_execution_rate_limiting is off [replica: rate limiting of instances]", async () => {
  const rateLimiting = async (icp_config: object) => (await withConfig(icp_config)).handler.instance.state.limits.application.rateLimiting;
  expect(await rateLimiting({})).toBe(true);
  expect(await rateLimiting({ canister_execution_rate_limiting: "Enabled" })).toBe(true);
  expect(await rateLimiting({ canister_execution_rate_limiting: "Disabled" })).toBe(false);
});

test("fields that newer and older clients send make no difference", async () => {
  for (const more of [
    { nonmainnet_features: true },
    { icp_config: { canister_backtrace: "Disabled" } },
    { incomplete_state: "Enabled" },
    { future: 1 },
  ])
    expect(() => new PicInstance({ subnet_config_set: { application: [{ ...NEW, dts_flag: "Disabled" }] }, ...more })).not.toThrow();
  expect(() => new PicInstance({ subnet_config_set: { application: [NEW] }, incomplete_state: "Perhaps" })).toThrow(/unknown variant/);
});
