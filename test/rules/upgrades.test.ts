/**
 * Options of an upgrade, what code may do while it is installed, and what calls that are open meet afterwards.
 *
 * Source: interface spec, "IC method install_code"; management-canister.md 3; system-api.md 6.
 */
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { decodeText, Scenario, subnets } from "../support/scenario.ts";
import { universalCanister, type Bits } from "../universal/module.ts";
import {
  append,
  call,
  caller,
  certify,
  dataCertificate,
  evaluate,
  inReplicatedExecution,
  isController,
  journal,
  note,
  noteStable,
  NOTHING,
  number,
  program,
  reject,
  reply,
  setHook,
  slice,
  stableJournal,
  subnetSelf,
  trap,
  unreachable,
  version,
  whenEqual,
  type Program,
} from "../universal/program.ts";

type Upgrade = { readonly skip_pre_upgrade?: [boolean]; readonly wasm_memory_persistence?: [{ keep: null } | { replace: null }] };
const KEEP: Upgrade = { wasm_memory_persistence: [{ keep: null }] };
const REPLACE: Upgrade = { wasm_memory_persistence: [{ replace: null }] };

function upgrade(scene: Scenario, id: CanisterId, wasm: Uint8Array, options: Upgrade, arg: Program = NOTHING): string {
  const mode = { upgrade: [{ skip_pre_upgrade: [], wasm_memory_persistence: [], ...options }] };
  const argument = { mode, canister_id: Principal.fromHex(id), wasm_module: wasm, arg, sender_canister_version: [] };
  try {
    scene.manage("install_code", argument);
    return "upgraded";
  } catch (error) {
    return (error as Error).message;
  }
}

/** A module that says it keeps its main memory. */
function persistent(bits: Bits): Uint8Array {
  const name = new TextEncoder().encode("icp:private enhanced-orthogonal-persistence");
  return concat(universalCanister([], bits), Uint8Array.of(0, name.length + 1, name.length), name);
}

describe.each([32, 64] as const)("main memory kept over an upgrade, %i bit [management-canister#ic-install_code]", (bits) => {
  const scene = new Scenario();
  const id = scene.install(persistent(bits), { arg: note("heap ") });

  test("must be asked about: a module that keeps it is never upgraded by default", () => {
    expect(upgrade(scene, id, persistent(bits), {})).toMatch(
      /^IC0504: Missing upgrade option: Enhanced orthogonal persistence requires the/,
    );
    expect(upgrade(scene, id, universalCanister([], bits), KEEP)).toMatch(
      /^IC0504: Invalid upgrade option: The `wasm_memory_persistence: opt Keep`/,
    );
    expect(scene.journal(id)).toBe("heap ");
  });

  test("is there for post_upgrade, with the globals of the new module", () => {
    expect(upgrade(scene, id, persistent(bits), KEEP, note("and post_upgrade"))).toBe("upgraded");
    expect(scene.journal(id)).toBe("heap and post_upgrade");
  });

  test("is as it was when the upgrade fails", () => {
    expect(upgrade(scene, id, persistent(bits), KEEP, program(note("never"), unreachable))).toMatch(/^IC0502: /);
    expect(scene.journal(id)).toBe("heap and post_upgrade");
  });

  test("goes when asked to, and with a reinstallation", () => {
    expect(upgrade(scene, id, persistent(bits), REPLACE, note("new"))).toBe("upgraded");
    expect(scene.journal(id)).toBe("new");
    scene.reinstall(id, "reinstall", persistent(bits));
    expect(scene.journal(id)).toBe("");
  });
});

describe("hooks of an upgrade [canister-interface#system-api-upgrades]", () => {
  test("pre_upgrade that traps stops the upgrade, unless it is skipped", () => {
    const scene = new Scenario();
    const id = scene.puppet({ arg: program(note("old"), noteStable("kept"), setHook("pre_upgrade", trap("not now"))) });
    expect(upgrade(scene, id, universalCanister(), {})).toMatch(/^IC0503: Error from Canister \S+: .*'not now'/);
    expect(upgrade(scene, id, universalCanister(), { skip_pre_upgrade: [false] })).toMatch(/'not now'/);
    expect(scene.journal(id)).toBe("old");
    expect(upgrade(scene, id, universalCanister(), { skip_pre_upgrade: [true] })).toBe("upgraded");
    expect([scene.journal(id), scene.look(id, reply(stableJournal))]).toEqual(["", "kept"]);
  });

  test("one version for all of it, the same that both hooks see", () => {
    const scene = new Scenario();
    const id = scene.puppet();
    scene.run(id, program(setHook("pre_upgrade", noteStable(version)), reply()));
    const before = scene.canister(id).version;
    expect(upgrade(scene, id, universalCanister(), {}, noteStable(version))).toBe("upgraded");
    expect(scene.canister(id).version).toBe(before + 1);
    const answer = scene.query(id, "look", reply(stableJournal));
    if (answer.kind !== "replied") throw new Error(JSON.stringify(answer));
    const seen = new DataView(answer.data.buffer, answer.data.byteOffset);
    expect([seen.getBigUint64(0, true), seen.getBigUint64(8, true)]).toEqual([BigInt(before), BigInt(before + 1)]);
  });
});

describe("code that runs in an installation [canister-interface#system-api-init]", () => {
  test("knows who installs it, is replicated, and may certify", () => {
    const scene = new Scenario();
    const seen = whenEqual(isController(caller), number(1), note(slice(inReplicatedExecution, 0, 1), "controller"));
    const id = scene.puppet({ arg: program(seen, certify("init"), note(slice(subnetSelf, 0, 0))) });
    expect(scene.journal(id)).toBe("\x01controller");
    expect(decodeText(scene.canister(id).certifiedData)).toBe("init");
    expect(upgrade(scene, id, universalCanister(), {})).toBe("upgraded");
    expect(decodeText(scene.canister(id).certifiedData)).toBe("init");
    scene.reinstall(id, "reinstall", universalCanister());
    expect(decodeText(scene.canister(id).certifiedData)).toBe("");
  });

  test.each([
    ["answer", "msg_reply_data_append", append("x")],
    ["reject", "msg_reject", reject("x")],
    ["call", "call_new", call("04" as CanisterId)],
    ["use a certificate", "data_certificate_size", evaluate(dataCertificate)],
  ])("may not %s, and then nothing is installed", (_what, api, statement) => {
    const scene = new Scenario();
    expect(() => scene.puppet({ arg: statement })).toThrow(
      new RegExp(`IC0504: Error from Canister \\S+: .*"ic0_${api}" cannot be executed in init mode`),
    );
    const id = scene.puppet({ arg: note("old") });
    expect(upgrade(scene, id, universalCanister(), {}, statement)).toMatch(
      new RegExp(`^IC0504: .*"ic0_${api}" cannot be executed in init mode`),
    );
    expect(scene.journal(id)).toBe("old");
  });
});

test("the callbacks of calls that are open run in the new code, with the environment the old one gave them [canister-interface#callbacks]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const id = scene.start(a, call(b, { arg: reply("b"), onReply: reply("the old program") }));
  scene.rounds();
  // The first program that the new code keeps is where the old callback's was.
  const arg = program(note("new "), setHook("pre_upgrade", reply("the new program after ", journal)));
  expect(upgrade(scene, a, universalCanister(), {}, arg)).toBe("upgraded");
  scene.await(id);
  expect(scene.outcome(id)).toBe("the new program after new ");
});

test("an upgrade to a module without the callbacks' table fails them when they run [canister-interface#callbacks]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const id = scene.start(a, call(b, { arg: reply("b"), onReply: reply("never"), onCleanup: note("never") }));
  scene.rounds();
  expect(upgrade(scene, a, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), {})).toBe("upgraded");
  scene.await(id);
  expect(scene.outcome(id)).toMatch(/^IC0504: .*table not found.*call_on_cleanup also failed:/s);
});

test("stopped, a canister is upgraded without meeting its own calls [index#canister-lifecycle]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const id = scene.start(a, call(b, { arg: reply("b"), onReply: program(noteStable("answered, "), reply("in the old code")) }));
  scene.rounds();
  scene.manageOne("stop_canister", a);
  expect(scene.outcome(id)).toBe("in the old code");
  expect(upgrade(scene, a, universalCanister(), {}, noteStable("then upgraded"))).toBe("upgraded");
  scene.manageOne("start_canister", a);
  expect(scene.look(a, reply(stableJournal))).toBe("answered, then upgraded");
});
