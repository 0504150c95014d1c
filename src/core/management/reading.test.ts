import { LOG_CAPACITY_BYTES } from "../canister/log.ts";
import { expect, test } from "vitest";
import {
  ALICE,
  BOB,
  decode,
  encode,
  errorText,
  firstLine,
  idArg,
  ManagementWorld,
  NO_VERSION,
  principal,
  principalText,
  settings,
  TRILLION,
} from "../../../test/support/management-world.ts";
import { compileWat } from "../../../test/support/ic0-wat.ts";
import type { CanisterId } from "../state/ids.ts";
import { memoryUsageBytes } from "../state/memory-usage.ts";

function withSection(binary: Uint8Array, name: string, content: string): Uint8Array {
  const [nameBytes, contentBytes] = [Buffer.from(name), Buffer.from(content)];
  const length = 1 + nameBytes.length + contentBytes.length;
  return new Uint8Array(Buffer.concat([binary, Buffer.from([0, length, nameBytes.length]), nameBytes, contentBytes]));
}

const MODULE = withSection(
  withSection(compileWat(`(module (memory 2) (global (mut i32) (i32.const 0)))`), "icp:public about", "all"),
  "icp:private secret",
  "mine",
);

/** A value of Candid with bigints and principals as texts, for comparing. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === "bigint") return `${part}n`;
      if (part instanceof Uint8Array) return Buffer.from(part).toString("hex");
      return part;
    }).replaceAll(/\{"__principal__":("[^"]+")\}/g, "$1"),
  );
}

test("canister_status: every field, with those beyond the published interface [management-canister#ic-canister_status] [management-canister#ic-canister_status-memory_metrics]", () => {
  const net = new ManagementWorld();
  const id = net.create({
    settings: {
      controllers: [principal(BOB), principal(ALICE)],
      environment_variables: [{ name: "a", value: "b" }],
      freezing_threshold: 0n,
    },
  });
  net.install(id, MODULE);
  const canister = net.canister(id);
  const status = plain(decode("canister_status", net.reply("canister_status", idArg(id))));
  const visibility = { controllers: null };
  expect(status).toEqual({
    status: { running: null },
    ready_for_migration: false,
    version: "1n",
    controller: principalText(ALICE),
    settings: {
      controller: principalText(ALICE),
      controllers: [principalText(ALICE), principalText(BOB)],
      compute_allocation: "0n",
      memory_allocation: "0n",
      freezing_threshold: "0n",
      reserved_cycles_limit: "5000000000000n",
      minimum_incoming_canister_call_cycles: "0n",
      wasm_memory_limit: "3221225472n",
      wasm_memory_threshold: "0n",
      log_visibility: visibility,
      snapshot_visibility: visibility,
      status_visibility: visibility,
      log_memory_limit: "4096n",
      environment_variables: [{ name: "a", value: "b" }],
    },
    module_hash: [canister.execution!.module.hash],
    memory_size: `${memoryUsageBytes(canister)}n`,
    memory_metrics: {
      wasm_memory_size: "131072n",
      stable_memory_size: "0n",
      // One of the module and the replica's own counter.
      global_memory_size: "64n",
      wasm_binary_size: `${MODULE.length}n`,
      custom_sections_size: `${"about".length + "all".length + "secret".length + "mine".length}n`,
      canister_history_size: `${2 * 192 + 2 * 30}n`,
      wasm_chunk_store_size: "0n",
      snapshots_size: "0n",
      log_memory_store_size: "0n",
    },
    cycles: `${canister.balanceCycles}n`,
    balance: [["00", `${canister.balanceCycles}n`]],
    freezing_threshold: "0n",
    reserved_cycles: "0n",
    idle_cycles_burned_per_day: `${(BigInt(memoryUsageBytes(canister)) * 317_500n * 86_400n) / 2n ** 30n}n`,
    query_stats: {
      num_calls_total: "0n",
      num_instructions_total: "0n",
      request_payload_bytes_total: "0n",
      response_payload_bytes_total: "0n",
    },
  });
  const { memory_metrics, memory_size } = status as { memory_metrics: Record<string, string>; memory_size: string };
  const sum = Object.values(memory_metrics).reduce((total, bytes) => total + Number.parseInt(bytes), 0);
  expect(`${sum}n`).toBe(memory_size);
});

test("canister_status: for controllers, the canister itself, and viewers [abstract-behavior#ic-management-canister-canister-status]", () => {
  const net = new ManagementWorld();
  const [id, other] = [net.create(), net.create()];
  net.reply("canister_status", idArg(id), { from: id });
  expect(firstLine(net.error("canister_status", idArg(id), { from: other, cycles: 3n }))).toBe(
    `IC0512: Only the controllers of the canister ${principalText(id)} can control it.`,
  );
  net.canister(id).settings = { ...net.canister(id).settings, statusVisibility: { kind: "allowedViewers", viewers: [other] } };
  net.reply("canister_status", idArg(id), { from: other });
});

test("ready_for_migration: stopped and without messages", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.canister(id).status = { kind: "stopped" };
  expect(decode<{ ready_for_migration: boolean }>("canister_status", net.reply("canister_status", idArg(id))).ready_for_migration).toBe(
    true,
  );
});

test("canister_metrics: controllers only, not the canister itself [management-canister#ic-canister_metrics]", () => {
  const net = new ManagementWorld();
  const id = net.create();
  net.canister(id).consumed.memory = 7n;
  expect(plain(decode("canister_metrics", net.reply("canister_metrics", idArg(id))))).toMatchObject({
    cycles_consumed: { memory: "7n", uninstall: "0n" },
  });
  expect(firstLine(net.error("canister_metrics", idArg(id), { from: id }))).toMatch(/^IC0512/);
});

test("canister_info: the newest changes, oldest first; twenty are kept and all are counted [management-canister#ic-canister_info]", () => {
  const net = new ManagementWorld();
  const [id, from] = [net.create(), net.create()];
  const info = (count: bigint | null) =>
    plain(
      decode(
        "canister_info",
        net.reply(
          "canister_info",
          encode("canister_info", { canister_id: principal(id), num_requested_changes: count === null ? [] : [count] }),
          { from },
        ),
      ),
    ) as {
      total_num_changes: string;
      recent_changes: { details: object; canister_version: string }[];
      module_hash: string[];
      controllers: string[];
    };
  expect(info(null)).toMatchObject({ total_num_changes: "1n", recent_changes: [], module_hash: [], controllers: [principalText(ALICE)] });
  net.install(id, MODULE);
  expect(info(1n).recent_changes).toEqual([
    {
      timestamp_nanos: `${net.world.state.timeNanos}n`,
      canister_version: "1n",
      origin: { from_user: { user_id: principalText(ALICE) } },
      details: { code_deployment: { mode: { install: null }, module_hash: net.canister(id).execution!.module.hash } },
    },
  ]);
  const self = encode("update_settings", {
    canister_id: principal(id),
    settings: settings({ controllers: [principal(ALICE), principal(from)] }),
    ...NO_VERSION,
  });
  for (let i = 0; i < 25; i++) net.reply("update_settings", self);
  const all = info(100n);
  expect([all.total_num_changes, all.recent_changes.length, all.recent_changes[19].canister_version]).toEqual(["27n", 20, "26n"]);
  const versioned = encode("uninstall_code", { canister_id: principal(id), sender_canister_version: [3n] });
  net.reply("uninstall_code", versioned, { from });
  expect(info(1n).recent_changes[0]).toMatchObject({
    origin: { from_canister: { canister_id: principalText(from), canister_version: ["3n"] } },
    details: { code_uninstall: null },
  });
  expect(net.error("canister_info", encode("canister_info", { canister_id: principal(id), num_requested_changes: [] }))).toBe(
    "IC0504: canister_info cannot be called by a user.",
  );
});

test("canister_metadata: public for all, private for controllers, hidden otherwise [management-canister#ic-canister_metadata]", () => {
  const net = new ManagementWorld();
  const [id, other] = [net.create(), net.create()];
  const read = (name: string) => encode("canister_metadata", { canister_id: principal(id), name });
  const name = principalText(id);
  expect(net.error("canister_metadata", read("about"), { from: other })).toBe(
    `IC0406: The canister ${name} has no Wasm module and hence no metadata is available.`,
  );
  net.install(id, MODULE);
  const value = (reply: Uint8Array) => Buffer.from(decode<{ value: Uint8Array }>("canister_metadata", reply).value).toString();
  expect(value(net.reply("canister_metadata", read("about"), { from: other }))).toBe("all");
  const hidden = `IC0406: The canister ${name} has no metadata section with the name secret.`;
  expect(net.error("canister_metadata", read("secret"), { from: other })).toBe(hidden);
  net.canister(id).settings = { ...net.canister(id).settings, controllers: [other] };
  expect(value(net.reply("canister_metadata", read("secret"), { from: other }))).toBe("mine");
  expect(net.error("canister_metadata", read("none"), { from: other })).toBe(
    `IC0406: The canister ${name} has no metadata section with the name none.`,
  );
});

function answered(net: ManagementWorld, method: string, arg: Uint8Array, sender = ALICE) {
  const answer = net.query("" as CanisterId, method, arg, { sender });
  if (answer.kind === "replied") return answer.data;
  if (answer.kind !== "rejected" || answer.error === null) throw new Error("neither reply nor error");
  return errorText(answer.error);
}

test("query calls of the management canister [abstract-behavior#query-call] [management-canister#ic-fetch_canister_logs]", () => {
  const net = new ManagementWorld();
  const id = net.create({ amount: TRILLION });
  const name = principalText(id);
  const logs = (filter: unknown[] = []) => encode("fetch_canister_logs", { canister_id: principal(id), filter });
  for (let i = 0; i < 3; i++)
    net
      .canister(id)
      .log.append({ dropped: 0, records: [{ timestampNanos: BigInt(10 * i), content: Uint8Array.of(i) }] }, LOG_CAPACITY_BYTES);

  expect(answered(net, "canister_status", idArg(id))).toEqual(net.reply("canister_status", idArg(id)));
  expect(answered(net, "canister_metrics", idArg(id))).toEqual(net.reply("canister_metrics", idArg(id)));
  const info = encode("canister_info", { canister_id: principal(id), num_requested_changes: [] });
  expect(answered(net, "canister_info", info, BOB)).toBeInstanceOf(Uint8Array);
  const indices = (arg: Uint8Array) =>
    decode<{ canister_log_records: { idx: bigint; content: Uint8Array }[] }>(
      "fetch_canister_logs",
      answered(net, "fetch_canister_logs", arg) as Uint8Array,
    ).canister_log_records.map(({ idx, content }) => [idx, content[0]]);
  expect(indices(logs())).toEqual([
    [0n, 0],
    [1n, 1],
    [2n, 2],
  ]);
  expect(indices(logs([{ by_idx: { start: 1n, end: 2n } }]))).toEqual([[1n, 1]]);
  expect(indices(logs([{ by_timestamp_nanos: { start: 10n, end: 21n } }]))).toEqual([
    [1n, 1],
    [2n, 2],
  ]);

  expect(answered(net, "fetch_canister_logs", logs(), BOB)).toBe(
    `IC0406: Caller ${principalText(BOB)} is not allowed to access canister logs`,
  );
  net.canister(id).settings = { ...net.canister(id).settings, logVisibility: { kind: "public" } };
  expect(answered(net, "fetch_canister_logs", logs(), BOB)).toBeInstanceOf(Uint8Array);
  expect(firstLine(answered(net, "canister_status", idArg(id), BOB) as string)).toMatch(/^IC0512/);
  expect(answered(net, "start_canister", idArg(id))).toBe("IC0536: Query method start_canister not found.");
  expect(answered(net, "canister_status", Uint8Array.of(1))).toMatch(/^IC0408: Error decoding candid: /);
  expect(answered(net, "list_canisters", Uint8Array.from(Buffer.from("4449444c0000", "hex")))).toBe(
    "IC0406: list_canisters is only available on subnets with subnet admins",
  );
  net.subnet().canisters.delete(id);
  expect(answered(net, "canister_status", idArg(id))).toBe(`IC0301: Canister ${name} not found`);
  expect(net.error("fetch_canister_logs", logs(), { from: id })).toBe(
    "IC0406: fetch_canister_logs API is only accessible to end users in non-replicated mode",
  );
});
