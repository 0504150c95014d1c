/**
 * `state_dir`: instances that are there again in another server.
 *
 * Replica: `PocketIc::try_new`, `Drop for PocketIc` in `rs/pocket_ic_server/src/pocket_ic.rs`; packages/pocket-ic/tests/tests.rs (c7c5005).
 */
import { Principal } from "@icp-sdk/core/principal";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { CreationRefused } from "../../src/api/pocketic/config.ts";
import { base64, NEW, PicInstance, raw } from "../support/pic-instance.ts";
import { append, appendJournal, note, print, program, puppet, send } from "../support/puppet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const CANISTER = "lxzze-o7777-77777-aaaaa-cai";
let folder: string;

beforeEach(() => {
  folder = temporaryFolder("state");
});

const first = () => new PicInstance({ subnet_config_set: { application: [NEW] }, state_dir: folder });
const again = (more: object = {}) => new PicInstance({ subnet_config_set: {}, state_dir: folder, ...more });
const time = async (pic: PicInstance) => ((await pic.ask("/read/get_time")).json as { nanos_since_epoch: bigint }).nanos_since_epoch;

async function withPuppet(pic: PicInstance): Promise<void> {
  await pic.create();
  const canister_id = Principal.fromText(CANISTER);
  await pic.manage("install_code", { mode: { install: null }, canister_id, wasm_module: puppet(), arg: [], sender_canister_version: [] });
}

test("an instance goes on where it was, two nanoseconds later [replica: time on a resumed instance]", async () => {
  const pic = first();
  const topology = await pic.topology();
  await pic.ask("/update/set_certified_time", { nanos_since_epoch: 1_700_000_000_000_000_000n });
  await pic.handler.close();
  const resumed = again();
  expect(await time(resumed)).toBe(1_700_000_000_000_000_002n);
  expect(await resumed.topology()).toEqual(topology);
  await resumed.handler.close();
  // The configuration is that of the first session; its end is another round, the new session another.
  const third = again({ subnet_config_set: { nns: NEW, system: [NEW] } });
  expect([await time(third), (await third.topology()).size]).toEqual([1_700_000_000_000_000_004n, 1]);
  await third.handler.close();
  const later = again({ initial_time: { Timestamp: { nanos_since_epoch: 1_800_000_000_000_000_000n } } });
  expect(await time(later)).toBe(1_800_000_000_000_000_000n);
  await later.handler.close();
});

test("canisters, their state and calls under way are there again, and nothing is printed twice", async () => {
  const lines: string[] = [];
  const host = { print: (line: string) => void lines.push(line) };
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] }, state_dir: folder }, host);
  await withPuppet(pic);
  await pic.update(raw(CANISTER), "run", program(note("kept"), print("once"), send));
  await pic.ask("/update/add_cycles", { canister_id: raw(CANISTER), amount: 12_345 });
  const call = { sender: "BA==", canister_id: raw(CANISTER), effective_principal: "None", method: "run" };
  const submitted = await pic.ask("/update/submit_ingress_message", { ...call, payload: base64(program(append("later"), send)) });
  const digest = (await pic.ask("/read/get_cycles", { canister_id: raw(CANISTER) })).json;
  await pic.handler.close();
  const resumed = new PicInstance({ subnet_config_set: {}, state_dir: folder }, host);
  expect(lines.length).toBe(1);
  const { Ok } = submitted.json as { Ok: object };
  expect((await resumed.ask("/update/await_ingress_message", Ok)).json).toEqual({ Ok: base64("later") });
  expect(await resumed.update(raw(CANISTER), "run", program(appendJournal, send))).toEqual({ Ok: base64("kept") });
  const { cycles } = (await resumed.ask("/read/get_cycles", { canister_id: raw(CANISTER) })).json as { cycles: bigint };
  expect(cycles).toBeLessThan((digest as { cycles: bigint }).cycles);
  await resumed.handler.close();
});

test("subnets that came while it ran are there again", async () => {
  const pic = first();
  await pic.create("rdmx6-jaaaa-aaaaa-aaadq-cai");
  const topology = await pic.topology();
  await pic.handler.close();
  const resumed = again();
  expect(await resumed.topology()).toEqual(topology);
  expect((await resumed.ask("/read/get_controllers", { canister_id: raw("rdmx6-jaaaa-aaaaa-aaadq-cai") })).status).toBe(200);
  await resumed.handler.close();
});

test("what a server that was killed had done is there, up to the last whole line", async () => {
  const pic = first();
  await withPuppet(pic);
  const before = await time(pic);
  appendFileSync(join(folder, "cannery.jsonl"), '{"kind":"tick","clockNa');
  const resumed = again();
  expect(await time(resumed)).toBe(before + 1n);
  expect(await resumed.update(raw(CANISTER), "run", program(append("there"), send))).toEqual({ Ok: base64("there") });
  await resumed.handler.close();
  await expect(again().handler.close()).resolves.toBeUndefined();
});

test("folders that cannot be read are refused", async () => {
  const refusal = (): string => {
    try {
      again();
    } catch (error) {
      if (error instanceof CreationRefused) return error.message;
      throw error;
    }
    throw new Error("it was taken");
  };
  expect(refusal()).toBe('Subnet config failed to validate: "ExtendedSubnetConfigSet must contain at least one subnet"');
  writeFileSync(join(folder, "topology.json"), "{}");
  expect(refusal()).toMatch(/one of the replica's/);
  rmSync(join(folder, "topology.json"));
  for (const text of ["hello\n", '{"format":"other"}\n', "null\n"]) {
    writeFileSync(join(folder, "cannery.jsonl"), text);
    expect(refusal()).toMatch(/has no state of an instance that Cannery can read/);
  }
  rmSync(join(folder, "cannery.jsonl"));
  await first().handler.close();
  const path = join(folder, "cannery.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace(/"digest":"../, '"digest":"zz'));
  expect(refusal()).toMatch(/another version of Cannery/);
  expect(() => new PicInstance({ subnet_config_set: { application: [NEW] }, state_dir: path })).toThrow(/cannot be used/);
});
