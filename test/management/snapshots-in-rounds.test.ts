/**
 * Snapshots in a running network: asked for by canisters and by users, in the middle of open calls, and what they cost the host.
 */
import { IDL } from "@icp-sdk/core/candid";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { ARGUMENT, RESULT } from "../../src/core/management/candid-types.ts";
import type { SnapshotMetadata } from "../../src/core/management/candid.ts";
import { MANAGEMENT_CANISTER, type CanisterId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { principal } from "../support/management-world.ts";
import { said, Scenario, subnets } from "../support/scenario.ts";
import {
  append,
  argument,
  call,
  certify,
  grow,
  growStable,
  heapFill,
  heapWrite,
  journal,
  note,
  passOn,
  plus,
  program,
  reply,
  send,
  setHook,
  setTimer,
  stableWrite,
  time,
  type Program,
} from "../universal/program.ts";

type Method = keyof typeof ARGUMENT;

function encode(method: Method, value: object): Uint8Array {
  return IDL.encode(ARGUMENT[method] as unknown as IDL.Type[], [value]);
}

const NO_VERSION = { sender_canister_version: [] };

function takeValue(of: CanisterId, uninstall = false): object {
  return { canister_id: principal(of), replace_snapshot: [], uninstall_code: [uninstall], ...NO_VERSION };
}

function take(scene: Scenario, of: CanisterId, uninstall = false): string {
  const [{ id }] = IDL.decode(
    RESULT.take_canister_snapshot,
    scene.manage("take_canister_snapshot", takeValue(of, uninstall)),
  ) as unknown as [{ id: Uint8Array }];
  return toHex(id);
}

function aboutValue(of: CanisterId, snapshot: string): { canister_id: ReturnType<typeof principal>; snapshot_id: Uint8Array } {
  return { canister_id: principal(of), snapshot_id: fromHex(snapshot) };
}

function load(scene: Scenario, of: CanisterId, snapshot: string): void {
  scene.manage("load_canister_snapshot", { ...aboutValue(of, snapshot), ...NO_VERSION });
}

/** Everything that a snapshot holds, of the canister. */
function held(scene: Scenario, of: CanisterId): object {
  const { execution, certifiedData, chunkStore } = scene.canister(of);
  const { module, heap, stable, globals } = execution!;
  return {
    module: module.hash,
    heap: [heap.wasmPages, toHex(heap.digest(nodePlatform.sha256))],
    stable: [stable.wasmPages, toHex(stable.digest(nodePlatform.sha256))],
    globals: toHex(globals),
    certifiedData: toHex(certifiedData),
    chunks: [...chunkStore.keys()],
  };
}

describe("from a canister", () => {
  test("takes and loads what it controls; refusals come as rejects [management-canister#ic-take_canister_snapshot] [management-canister#ic-load_canister_snapshot]", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    const by = (method: Method, value: object): string =>
      scene.run(a, call(MANAGEMENT_CANISTER, { method, arg: encode(method, value), cycles: 1_000n, ...passOn }));
    expect(by("take_canister_snapshot", takeValue(b))).toMatch(/^-\u0005Only the controllers of the canister/);
    scene.setSettings(b, { controllers: [principal(a), principal("0a0a01" as CanisterId)] });
    scene.run(b, program(note("before"), send));
    expect(by("take_canister_snapshot", takeValue(b))).toMatch(/^\+DIDL/);
    scene.run(b, program(note(" after"), send));
    const [snapshot] = scene.canister(b).snapshots.list.keys();
    expect(by("load_canister_snapshot", { ...aboutValue(b, snapshot), ...NO_VERSION })).toMatch(/^\+DIDL/);
    expect(scene.journal(b)).toBe("before");
    expect(scene.canister(b).history.entries.at(-1)!.origin).toMatchObject({ kind: "canister", canister: a });
    expect(by("load_canister_snapshot", { ...aboutValue(b, "00000000000000ff" + b), ...NO_VERSION })).toMatch(
      new RegExp(`^-\\u0003Could not find the snapshot ID ${principalText(b)}-255`),
    );
  });

  test("on another subnet [management-canister#ic-load_canister_snapshot]", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    scene.setSettings(b, { controllers: [principal(a)] });
    scene.setSettings(a, { controllers: [principal(a)] });
    const by = (method: Method, value: object): string =>
      scene.run(a, call(MANAGEMENT_CANISTER, { method, arg: encode(method, value), ...passOn }));
    expect(by("take_canister_snapshot", takeValue(b))).toMatch(/^\+/);
    const [snapshot] = scene.canister(b).snapshots.list.keys();
    // A snapshot can be loaded where its canister is, and nowhere else.
    expect(by("load_canister_snapshot", { ...aboutValue(a, snapshot), ...NO_VERSION })).toMatch(
      new RegExp(`^-\\u0003Could not find the snapshot ID ${principalText(b)}-0 for canister ${principalText(b)}\\.`),
    );
  });
});

describe("in the middle of an open call", () => {
  const scenario = (): { scene: Scenario; a: CanisterId; b: CanisterId } => {
    const latency = { name: "slow", roundNanos: 1_000_000_000n, hopRounds: { min: 10, max: 10 } };
    const scene = new Scenario({ ...subnets(2), latency });
    return { scene, a: scene.puppet(), b: scene.puppet({ subnet: 1 }) };
  };
  const ask = (b: CanisterId): Program =>
    program(note("asked"), call(b, { arg: reply("yes"), onReply: program(note(" ", argument), append(journal), send) }));

  test("a snapshot holds what the canister remembers of it; loaded meanwhile, the callback goes on from there [management-canister#ic-take_canister_snapshot]", () => {
    const { scene, a, b } = scenario();
    const open = scene.start(a, ask(b));
    scene.rounds();
    const snapshot = take(scene, a);
    scene.run(a, program(note(" more"), send));
    expect(scene.journal(a)).toBe("asked more");
    load(scene, a, snapshot);
    expect(scene.outcome(open)).toBe("processing");
    expect(said(scene.await(open))).toBe("asked yes");
    expect(scene.journal(a)).toBe("asked yes");
  });

  test("loaded later, the call is over: its callback does not run again [abstract-behavior#ic-management-canister-load-canister-snapshot]", () => {
    const { scene, a, b } = scenario();
    const open = scene.start(a, ask(b));
    scene.rounds();
    const snapshot = take(scene, a);
    scene.await(open);
    expect(scene.journal(a)).toBe("asked yes");
    load(scene, a, snapshot);
    scene.rounds(5);
    expect(scene.journal(a)).toBe("asked");
    expect(scene.canister(a).callContexts.size + scene.canister(a).callbacks.size).toBe(0);
    scene.manageOne("stop_canister", a);
    expect(scene.canister(a).status.kind).toBe("stopped");
  });

  test("uninstalled as it is taken, the canister answers for its open calls, and what comes back only brings cycles [abstract-behavior#ic-management-canister-take-canister-snapshot]", () => {
    const { scene, a, b } = scenario();
    const open = scene.start(a, ask(b));
    scene.rounds();
    const snapshot = take(scene, a, true);
    expect(scene.outcome(open)).toBe("IC0406: Canister has been uninstalled.");
    scene.rounds(25);
    load(scene, a, snapshot);
    expect(scene.journal(a)).toBe("asked");
    expect(scene.canister(a).callContexts.size + scene.canister(a).callbacks.size).toBe(0);
  });
});

test("an uploaded snapshot brings its timer, one that was taken does not [abstract-behavior#ic-management-canister-load-canister-snapshot]", () => {
  const scene = new Scenario();
  const a = scene.puppet({ hooks: ["global_timer"] });
  scene.run(a, program(setHook("global_timer", note("timer")), setTimer(plus(time, 1_000_000_000n)), send));
  const taken = take(scene, a);
  scene.pass(2);
  scene.rounds(2);
  expect(scene.journal(a)).toBe("timer");

  load(scene, a, taken);
  scene.rounds(2);
  expect(scene.journal(a)).toBe("");

  const read = (kind: object): Uint8Array => {
    const data = scene.manage("read_canister_snapshot_data", { ...aboutValue(a, taken), kind });
    return (IDL.decode(RESULT.read_canister_snapshot_data, data)[0] as unknown as { chunk: Uint8Array }).chunk;
  };
  const metadata = IDL.decode(
    RESULT.read_canister_snapshot_metadata,
    scene.manage("read_canister_snapshot_metadata", aboutValue(a, taken)),
  )[0] as unknown as SnapshotMetadata;
  const made = scene.manage("upload_canister_snapshot_metadata", { canister_id: principal(a), replace_snapshot: [], ...metadata });
  const copy = toHex((IDL.decode(RESULT.upload_canister_snapshot_metadata, made)[0] as unknown as { snapshot_id: Uint8Array }).snapshot_id);
  for (const [part, size] of [
    ["wasm_module", metadata.wasm_module_size],
    ["wasm_memory", metadata.wasm_memory_size],
  ] as const) {
    const chunk = read({ [part]: { offset: 0n, size } });
    scene.manage("upload_canister_snapshot_data", { ...aboutValue(a, copy), kind: { [part]: { offset: 0n } }, chunk });
  }
  load(scene, a, copy);
  scene.rounds(2);
  expect(scene.journal(a)).toBe("timer");
});

test("a heavy call uses up the round's budget: the next waits for another round [replica: instruction limit of a round's management calls]", () => {
  const scene = new Scenario();
  const a = scene.puppet();
  const ids = [1, 2, 3].map(() =>
    scene.submit(MANAGEMENT_CANISTER, "take_canister_snapshot", encode("take_canister_snapshot", takeValue(a))),
  );
  const done = (): number => ids.filter(({ messageId }) => scene.status(messageId)?.kind === "replied").length;
  const counts = [1, 2, 3].map(() => {
    scene.rounds();
    return done();
  });
  expect(counts).toEqual([1, 2, 3]);
});

test("a canister that runs out of cycles loses its snapshots [replica: uninstalled for lack of cycles]", () => {
  const scene = new Scenario();
  const a = scene.puppet();
  scene.setSettings(a, { freezing_threshold: 0n });
  take(scene, a);
  scene.net.step({ kind: "command", command: "setBalance", canister: a, cycles: 1n });
  scene.pass(1_000_000);
  scene.rounds(2);
  expect(scene.canister(a)).toMatchObject({ execution: null, snapshots: { sizeBytes: 0, nextLocalId: 1 } });
});

describe("what snapshots cost the host", () => {
  test("pages are shared, by all snapshots and the canister, until one of them writes", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    scene.run(a, program(grow(64), heapFill(500_000, 1_000_000, 7), growStable(16), stableWrite(0, "x"), send));
    const snapshots = [1, 2, 3].map(() => take(scene, a));
    const canister = scene.canister(a);
    const chunks = (memory: { chunk(index: number): unknown }): unknown[] => [2, 3, 4, 5].map((index) => memory.chunk(index));
    expect(chunks(canister.execution!.heap).filter((chunk) => chunk !== undefined)).toHaveLength(4);
    for (const snapshot of canister.snapshots.list.values()) {
      const own = chunks(canister.execution!.heap);
      chunks(snapshot.heap).forEach((chunk, i) => expect(chunk).toBe(own[i]));
    }
    scene.run(a, program(heapWrite(600_000, "new"), send));
    load(scene, a, snapshots[1]);
    const restored = chunks(scene.canister(a).execution!.heap);
    const kept = chunks([...scene.canister(a).snapshots.list.values()][0].heap);
    restored.forEach((chunk, i) => expect(chunk).toBe(kept[i]));
  });

  test("a fork's snapshots are its own", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const made = scene.manage("upload_canister_snapshot_metadata", {
      ...{ canister_id: principal(a), replace_snapshot: [], wasm_module_size: 100n, globals: [], wasm_memory_size: 65_536n },
      ...{ stable_memory_size: 0n, certified_data: new Uint8Array(0), global_timer: [], on_low_wasm_memory_hook_status: [] },
    });
    const { snapshot_id } = IDL.decode(RESULT.upload_canister_snapshot_metadata, made)[0] as unknown as { snapshot_id: Uint8Array };
    const before = scene.net.digest();
    const past = scene.net.snapshot();
    const write = (): void =>
      void scene.manage("upload_canister_snapshot_data", {
        ...aboutValue(a, toHex(snapshot_id)),
        kind: { wasm_memory: { offset: 10n } },
        chunk: Uint8Array.of(1, 2, 3),
      });
    write();
    const written = scene.net.digest();
    expect(written).not.toBe(before);
    scene.net.restore(past);
    expect(scene.net.digest()).toBe(before);
    write();
    const [{ heap }] = scene.canister(a).snapshots.list.values();
    expect(heap.pageCount).toBe(1);
  });
});

const step = fc.oneof(
  fc
    .record({ at: fc.nat(200_000), byte: fc.integer({ min: 1, max: 255 }) })
    .map(({ at, byte }) => heapWrite(300_000 + at, Uint8Array.of(byte))),
  fc.record({ at: fc.nat(60_000), byte: fc.nat(255) }).map(({ at, byte }) => program(growStable(1), stableWrite(at, Uint8Array.of(byte)))),
  fc.constant(grow(1)),
  fc.constant(note("n")),
  fc.nat(255).map((byte) => certify(Uint8Array.of(byte))),
);
const steps = fc.array(fc.oneof(step, fc.constant(null)), { maxLength: 6 });

test("load undoes whatever happened since take, and take sees what load brought [management-canister#ic-load_canister_snapshot]", () => {
  const scene = new Scenario({ limits: { checkpointRounds: 5 } });
  const perform = (of: CanisterId, list: readonly (Program | null)[]): void => {
    // `null`: all live instances go, which nobody may notice.
    for (const one of list) {
      if (one === null) scene.dropInstances();
      else expect(scene.run(of, program(one, send))).toBe("");
    }
  };
  fc.assert(
    fc.property(steps, steps, steps, fc.boolean(), (before, after, last, elsewhere) => {
      const [a, b] = [scene.puppet(), scene.puppet()];
      perform(a, [grow(10), ...before]);
      const snapshot = take(scene, a);
      const then = held(scene, a);
      const size = scene.canister(a).snapshots.sizeBytes;
      perform(a, after);
      const target = elsewhere ? b : a;
      if (elsewhere) scene.rounds(5);
      load(scene, target, snapshot);
      expect(held(scene, target)).toEqual(then);
      const again = take(scene, target);
      expect(scene.canister(target).snapshots.list.get(again as never)!.sizeBytes).toBe(size);
      perform(target, last);
      load(scene, target, again);
      expect(held(scene, target)).toEqual(then);
    }),
    { numRuns: 15 },
  );
});
