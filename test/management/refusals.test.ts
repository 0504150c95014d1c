/**
 * Every method and every refusal of the sheet, from a canister and from a user; the state is afterwards what it was before.
 *
 * First what holds of all methods alike, by their entries in `METHODS`; then each method's own errors, one line each.
 */
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { firstLines, user } from "./support.ts";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import { METHODS } from "../../src/core/management/methods.ts";
import { MOCK_METHOD } from "../../src/core/state/mock-canisters.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { stateDigest } from "../../src/core/state-digest.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { ALICE, BOB, errorText, id, ManagementWorld, NO_VERSION, principal, principalText, settings } from "../support/management-world.ts";
import { compileWat } from "../support/ic0-wat.ts";

const MISSING = "0000000000000fff0101" as CanisterId;
const BAD = Uint8Array.of(1);
const BYTES = new Uint8Array(0);
const SNAPSHOT = { snapshot_id: new Uint8Array(18) };
const BITCOIN = { network: { mainnet: null } };
const ECDSA = { key_id: { curve: { secp256k1: null }, name: "key_1" }, derivation_path: [] };
const SCHNORR = { key_id: { algorithm: { ed25519: null }, name: "key_1" }, derivation_path: [] };
const VETKD = { key_id: { curve: { bls12_381_g2: null }, name: "key_1" }, context: BYTES };
const HTTP = {
  url: "https://example.org",
  method: { get: null },
  headers: [] as object[],
  body: [] as Uint8Array[],
  transform: [] as object[],
};
const REQUEST = { ...HTTP, max_response_bytes: [] as bigint[], is_replicated: [] as boolean[], pricing_version: [] };
const CHUNKED = {
  mode: { install: null },
  store_canister: [],
  chunk_hashes_list: [] as object[],
  wasm_module_hash: new Uint8Array(32),
  arg: BYTES,
};
const METADATA = {
  replace_snapshot: [],
  wasm_module_size: 1n,
  globals: [],
  wasm_memory_size: 0n,
  stable_memory_size: 0n,
  certified_data: BYTES,
  global_timer: [],
  on_low_wasm_memory_hook_status: [],
};

/** An argument that decodes; `of` is the canister it is about. */
function sample(method: string, of: CanisterId, subnet: PrincipalId): object {
  const samples: Record<string, object> = {
    create_canister: { settings: [], ...NO_VERSION },
    update_settings: { settings: settings(), ...NO_VERSION },
    install_code: { mode: { install: null }, wasm_module: BYTES, arg: BYTES, ...NO_VERSION },
    install_chunked_code: { target_canister: principal(of), ...CHUNKED, ...NO_VERSION },
    upload_chunk: { chunk: BAD },
    uninstall_code: NO_VERSION,
    canister_info: { num_requested_changes: [] },
    canister_metadata: { name: "about" },
    provisional_create_canister_with_cycles: { amount: [], settings: [], specified_id: [], ...NO_VERSION },
    provisional_top_up_canister: { amount: 1n },
    fetch_canister_logs: { filter: [] },
    take_canister_snapshot: { replace_snapshot: [], uninstall_code: [], ...NO_VERSION },
    load_canister_snapshot: { ...SNAPSHOT, ...NO_VERSION },
    delete_canister_snapshot: SNAPSHOT,
    read_canister_snapshot_metadata: SNAPSHOT,
    read_canister_snapshot_data: { ...SNAPSHOT, kind: { wasm_module: { offset: 0n, size: 1n } } },
    upload_canister_snapshot_metadata: METADATA,
    upload_canister_snapshot_data: { ...SNAPSHOT, kind: { wasm_chunk: null }, chunk: BAD },
    rename_canister: {
      rename_to: { ...id(MISSING), version: 1n, total_num_changes: 1n },
      requested_by: principal(ALICE),
      sender_canister_version: 0n,
    },
    http_request: REQUEST,
    flexible_http_request: { ...HTTP, max_response_bytes: [], replication: [] },
    ecdsa_public_key: { ...ECDSA, canister_id: [] },
    sign_with_ecdsa: { ...ECDSA, message_hash: new Uint8Array(32) },
    schnorr_public_key: { ...SCHNORR, canister_id: [] },
    sign_with_schnorr: { ...SCHNORR, message: BAD, aux: [] },
    vetkd_public_key: { ...VETKD, canister_id: [] },
    vetkd_derive_key: { ...VETKD, input: BAD, transport_public_key: new Uint8Array(48) },
    setup_initial_dkg: { node_ids: [], registry_version: 1n, subnet_id: [] },
    reshare_chain_key: { key_id: { Ecdsa: ECDSA.key_id }, subnet_id: principal(subnet), nodes: [], registry_version: 1n },
    bitcoin_get_balance: { ...BITCOIN, address: "", min_confirmations: [] },
    bitcoin_get_utxos: { ...BITCOIN, address: "", filter: [] },
    bitcoin_get_block_headers: { ...BITCOIN, start_height: 0, end_height: [] },
    bitcoin_send_transaction: { ...BITCOIN, transaction: BYTES },
    bitcoin_get_current_fee_percentiles: BITCOIN,
    node_metrics_history: { subnet_id: principal(subnet), start_at_timestamp_nanos: 0n },
    subnet_info: { subnet_id: principal(subnet) },
  };
  return { ...id(of), ...samples[method] };
}

/** Methods whose argument is that of another one, or of nobody's concern. */
const SHARED: Readonly<Record<string, keyof typeof ARGUMENT>> = { subnet_info: "subnet_id" };

function encode(method: string, value: object): Uint8Array {
  const name = SHARED[method] ?? (method in ARGUMENT ? (method as keyof typeof ARGUMENT) : "canister_id");
  return IDL.encode(ARGUMENT[name] as unknown as IDL.Type[], [value]);
}

/** Without the platform's own internals: those of raw calls, and of Cannery's mocks. */
const ALL = [...METHODS].filter(
  ([name]) => name !== MOCK_METHOD && !["raw_rand", "bitcoin_get_successors", "bitcoin_send_transaction_internal"].includes(name),
);

class Refusals extends ManagementWorld {
  /** The digest without the number of the next message, which each call of a test takes. */
  digest(): string {
    return stateDigest({ ...this.world.state, nextTag: 1 }, (bytes) => nodePlatform.sha256(bytes));
  }

  /** `IC0512: …`, first line, of a call that changed nothing and gave all cycles back. */
  refused(method: string, arg: Uint8Array, given: { from?: CanisterId; sender?: PrincipalId; cycles?: bigint } = {}): string {
    const before = this.digest();
    const outcome = this.call(method, arg, given);
    if (outcome.kind !== "answered" || outcome.result.kind !== "error") throw new Error(`${method} was not refused`);
    // A user's small change of settings is charged when it executes, also in vain.
    const isCharged = method === "update_settings" && given.from === undefined;
    if (!isCharged) expect(this.digest()).toBe(before);
    expect(outcome.refundCycles).toBe(given.cycles ?? 0n);
    return firstLines(errorText(outcome.result.error), 1);
  }

  /** The same of a user's submission; `null` when it is accepted. */
  submission(method: string, arg: Uint8Array, sender: PrincipalId = ALICE): string | null {
    const before = this.digest();
    const answer = user(this, method, arg, sender);
    expect(this.digest()).toBe(before);
    return answer === null ? null : firstLines(answer, 1);
  }
}

describe("of all methods alike [management-canister#ic-management-canister]", () => {
  test.each(ALL)("%s: an argument that does not decode", (method, info) => {
    const net = new Refusals();
    const from = net.create();
    const nns = info.sender === "nns";
    const expected = nns
      ? `IC0504: ${method} is called by ${principalText(from)}. It can only be called by NNS.`
      : method === "fetch_canister_logs"
        ? "IC0406: fetch_canister_logs API is only accessible to end users in non-replicated mode"
        : method === "create_canister"
          ? "IC0408: Payload deserialization error."
          : "IC0408: Error decoding candid: ";
    expect(net.refused(method, BAD, { from, cycles: 9n })).toContain(expected);
    const submitted = net.submission(method, BAD);
    if (info.ingress === "never") expect(submitted).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
    else if (method === "create_canister") expect(submitted).toBe("IC0406: Only canisters can call ic00 method create_canister");
    else if (info.ingress === "whitelist") expect(submitted).toBeNull();
    else expect(submitted).toContain(`IC0408: Failed to parse payload for ic00 method ${method}: IC0408: Error decoding candid: `);
  });

  const targeted = ALL.filter(([, { destination }]) => destination.kind === "canister");

  test.each(targeted)("%s: a canister that is not there", (method, info) => {
    const net = new Refusals(info.sender === "nns" ? { subnets: [{ kind: "system", name: "nns" }] } : {});
    const from = net.create();
    const arg = encode(method, sample(method, MISSING, net.subnet().config.id));
    const expected: Record<string, string> = {
      fetch_canister_logs: "IC0406: fetch_canister_logs API is only accessible to end users in non-replicated mode",
      install_chunked_code: `IC0301: InstallChunkedCode Error: Store canister ${principalText(MISSING)} was not found on subnet ${principalText(net.subnet().config.id)} of target canister ${principalText(MISSING)}`,
    };
    expect(net.refused(method, arg, { from, cycles: 9n })).toBe(
      expected[method] ?? `IC0301: Canister ${principalText(MISSING)} not found.`,
    );
    const submitted = net.submission(method, arg);
    if (info.ingress === "never") expect(submitted).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
    else if (info.ingress === "onlyCanisters") expect(submitted).toBe(`IC0406: Only canisters can call ic00 method ${method}`);
    else if (info.ingress === "whitelist") expect(submitted).toBeNull();
    else expect(submitted).toBe(`IC0301: Canister ${principalText(MISSING)} not found`);
  });

  // Loading looks for the snapshot first, and then at rights: snapshots.test.ts.
  const guarded = targeted.filter(
    ([name, { ingress }]) =>
      name !== "load_canister_snapshot" && ["controller", "controllerOrAdmin", "statusVisibility", "snapshotVisibility"].includes(ingress),
  );

  test.each(guarded)("%s: a caller without the right to it", (method, info) => {
    const net = new Refusals();
    const canister = net.create();
    const other = net.create();
    const arg = encode(method, sample(method, canister, net.subnet().config.id));
    // Replica: reading metadata has words of its own once it executes.
    const named = method === "read_canister_snapshot_metadata" ? "read read_canister_snapshot_metadata snapshot metadata" : method;
    const stranger = (who: PrincipalId, as = named) =>
      info.ingress === "snapshotVisibility"
        ? `IC0406: Caller ${principalText(who)} is not allowed to call ${as}`
        : `IC0512: Only the controllers of the canister ${principalText(canister)} can control it.`;
    expect(net.refused(method, arg, { from: other, cycles: 9n })).toBe(stranger(other));
    // Who was accepted before it lost the right.
    expect(net.refused(method, arg, { sender: BOB })).toBe(stranger(BOB));
    const submitted =
      info.ingress === "controller"
        ? `IC0512: Only controllers of canister ${principalText(canister)} can call ic00 method ${method}`
        : stranger(BOB, method);
    expect(net.submission(method, arg, BOB)).toBe(submitted);
    expect(net.submission(method, arg, ALICE)).toBeNull();
  });

  test.each(ALL.filter(([, { ingress }]) => ingress === "never" || ingress === "onlyCanisters"))("%s: not for users", (method, info) => {
    const net = new Refusals();
    const arg = encode(method, sample(method, net.create(), net.subnet().config.id));
    const text =
      info.ingress === "never"
        ? `ic00 method ${method} can not be called via ingress messages`
        : `Only canisters can call ic00 method ${method}`;
    expect(net.submission(method, arg)).toBe(`IC0406: ${text}`);
  });

  test("canisters of other subnets create none, ask for no outcall and no chance", () => {
    const subnets = [1, 2].map(() => ({ kind: "application" as const, name: "application" }));
    const net = new Refusals({ subnets });
    const from = net.create({ subnet: 1 });
    const text = `IC0504: Incorrect sender subnet id: ${principalText(net.subnet(1).config.id)}. Sender should be on the same subnet or on the NNS subnet.`;
    for (const method of ["create_canister", "http_request", "flexible_http_request", "raw_rand"]) {
      expect(net.refused(method, BAD, { from, cycles: 9n })).toBe(text);
    }
  });

  test("a name that there is not", () => {
    const net = new Refusals();
    expect(net.refused("frobnicate", BAD, { from: net.create(), cycles: 9n })).toBe(
      "IC0536: Management canister has no method 'frobnicate'",
    );
    expect(net.submission("frobnicate", BAD)).toBe("IC0536: ic00 interface does not expose method frobnicate");
  });
});

const WASM = compileWat(`(module (memory 1))`);

/** One refusal: the network, the canister it is about, and what is asked for. */
interface Row {
  readonly what: string;
  readonly method: string;
  readonly given?: object;
  readonly before?: (net: Refusals, canister: CanisterId) => void;
  /** Of which network, where it is not the ordinary one. */
  readonly limits?: Record<string, unknown>;
  readonly expected: string | RegExp;
  /** Instructions are charged, so that the state is not what it was. */
  readonly charged?: true;
}

const changed = (given: Record<string, unknown>) => ({ settings: settings(given) });
const stop = (net: Refusals, canister: CanisterId) => void (net.canister(canister).status = { kind: "stopped" });
const filled = (net: Refusals, canister: CanisterId) => void net.install(canister, WASM);
const variables = (...list: [string, string][]) => changed({ environment_variables: list.map(([name, value]) => ({ name, value })) });
const upgrade = (persistence?: "keep" | "replace") => ({
  mode: { upgrade: [{ skip_pre_upgrade: [], wasm_memory_persistence: persistence === undefined ? [] : [{ [persistence]: null }] }] },
});
const persistent = (net: Refusals, canister: CanisterId) =>
  void net.install(canister, withSection("icp:private enhanced-orthogonal-persistence"));
const hashes = (count: number, bytes = 32) => Array.from({ length: count }, () => ({ hash: new Uint8Array(bytes) }));

function withSection(name: string): Uint8Array {
  return new Uint8Array([...WASM, 0, name.length + 1, name.length, ...Buffer.from(name)]);
}

const ROWS: readonly Row[] = [
  {
    what: "IC0504: compute allocation",
    method: "update_settings",
    given: changed({ compute_allocation: 101n }),
    expected: "IC0504: ComputeAllocation expected to be in the range [0..100], got 101",
  },
  {
    what: "IC0504: memory allocation",
    method: "update_settings",
    given: changed({ memory_allocation: 1n << 64n }),
    expected: /^IC0504: MemoryAllocation expected to be in the range \[0\.\.2\^64-1\], got 18_?446/,
  },
  {
    what: "IC0504: freezing threshold",
    method: "update_settings",
    given: changed({ freezing_threshold: 1n << 64n }),
    expected: /^IC0504: Freezing threshold expected to be in the range of \[0\.\.2\^64-1\], got /,
  },
  {
    what: "IC0504: reserved cycles limit",
    method: "update_settings",
    given: changed({ reserved_cycles_limit: 1n << 128n }),
    expected: /^IC0504: Reserved cycles limit expected to be in the range of \[0\.\.2\^128-1\], got /,
  },
  {
    what: "IC0504: Wasm memory limit",
    method: "update_settings",
    given: changed({ wasm_memory_limit: (1n << 48n) + 1n }),
    expected: /^IC0504: Wasm memory limit expected to be in the range of \[0\.\.2\^64-1\], got /,
  },
  {
    what: "IC0504: Wasm memory threshold",
    method: "update_settings",
    given: changed({ wasm_memory_threshold: 1n << 64n }),
    expected: /^IC0504: Wasm memory threshold expected to be in the range of \[0\.\.2\^64-1\], got /,
  },
  {
    what: "IC0101: compute of the subnet",
    method: "update_settings",
    given: changed({ compute_allocation: 100n }),
    before: (net) => void net.create({ settings: { compute_allocation: 100n }, amount: 10n ** 18n }),
    expected:
      "IC0101: Canister requested a compute allocation of 100% which cannot be satisfied because the Subnet's remaining compute capacity is 49%.",
  },
  {
    what: "IC0101: memory of the subnet",
    method: "update_settings",
    given: changed({ memory_allocation: 3n << 40n }),
    expected: /^IC0101: Canister requested 3\.00 TiB of memory but only .* are available in the subnet\.$/,
  },
  {
    what: "IC0530",
    method: "update_settings",
    given: changed({ compute_allocation: 50n }),
    before: (net, canister) => void (net.canister(canister).balanceCycles = 10n ** 9n),
    expected:
      /^IC0530: Cannot increase compute allocation to 50% due to insufficient cycles\. At least \d+ additional cycles are required\.$/,
  },
  {
    what: "IC0531",
    method: "update_settings",
    given: changed({ memory_allocation: 1n << 35n }),
    before: (net, canister) => void (net.canister(canister).balanceCycles = 10n ** 9n),
    expected:
      /^IC0531: Cannot increase memory allocation to 32\.00 GiB due to insufficient cycles\. At least \d+ additional cycles are required\.$/,
  },
  {
    what: "IC0540",
    method: "update_settings",
    given: changed({ reserved_cycles_limit: 4n }),
    before: (net, canister) => void (net.canister(canister).reservedCycles = 5n),
    expected: "IC0540: Cannot set the reserved cycles limit 4 below the reserved cycles balance of the canister 5.",
  },
  {
    what: "IC0408: eleven controllers",
    method: "update_settings",
    given: changed({ controllers: Array.from({ length: 11 }, () => principal(ALICE)) }),
    expected: "IC0408: Error decoding candid: Deserialize error: The number of elements exceeds maximum allowed 10",
  },
  {
    what: "IC0408: environment variables twice",
    method: "update_settings",
    given: variables(["a", "b"], ["a", "c"]),
    expected: "IC0408: Duplicate environment variables are not allowed",
  },
  {
    what: "IC0408: too many environment variables",
    method: "update_settings",
    given: variables(...Array.from({ length: 21 }, (_, i): [string, string] => [`v${i}`, ""])),
    expected: "IC0408: Too many environment variables: 21 (max: 20)",
  },
  {
    what: "IC0408: a long name",
    method: "update_settings",
    given: variables(["n".repeat(129), ""]),
    expected: `IC0408: Environment variable name "${"n".repeat(129)}" exceeds the maximum allowed length of 128.`,
  },
  {
    what: "IC0408: a long value",
    method: "update_settings",
    given: variables(["n", "v".repeat(129)]),
    expected: `IC0408: Environment variable value "${"v".repeat(129)}" exceeds the maximum allowed length of 128.`,
  },

  {
    what: "IC0514",
    method: "install_code",
    given: { wasm_module: WASM },
    before: filled,
    charged: true,
    expected:
      /^IC0514: Canister \S+ cannot be installed because the canister is not empty\. Try installing with mode='reinstall' instead\.$/,
  },
  {
    what: "IC0537",
    method: "install_code",
    given: { ...upgrade(), wasm_module: WASM },
    charged: true,
    expected: /^IC0537: /,
  },
  {
    what: "IC0207",
    method: "install_code",
    given: { wasm_module: WASM },
    before: (net, canister) => void (net.canister(canister).balanceCycles = 10n ** 9n),
    expected:
      /^IC0207: Canister installation failed with `Canister \S+ is out of cycles: please top up the canister with at least \d+ additional cycles`\.$/,
  },
  {
    what: "IC0209",
    method: "install_code",
    given: { mode: { reinstall: null }, wasm_module: WASM },
    limits: { rateLimiting: true },
    before: (net, canister) => void (net.canister(canister).installCodeDebitInstructions = 10 ** 15),
    charged: true,
    expected:
      /^IC0209: Canister \S+ is rate limited because it executed too many instructions in the previous install_code messages\. Please retry installation after several minutes\.$/,
  },
  { what: "IC0505: no module", method: "install_code", given: { wasm_module: BAD }, charged: true, expected: /^IC0505: / },
  {
    what: "IC0504: persistence must be chosen",
    method: "install_code",
    given: { ...upgrade(), wasm_module: WASM },
    before: persistent,
    charged: true,
    expected: "IC0504: Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade option.",
  },
  {
    what: "IC0504: persistence must be supported",
    method: "install_code",
    given: { ...upgrade("keep"), wasm_module: WASM },
    before: persistent,
    charged: true,
    expected:
      "IC0504: Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new canister module supports enhanced orthogonal persistence.",
  },
  {
    what: "IC0504: 101 chunks",
    method: "install_chunked_code",
    given: { chunk_hashes_list: hashes(101) },
    expected: "IC0504: InstallChunkedCode Error: chunk_hashes_list length 101 exceeds the maximum of 100 chunks",
  },
  {
    what: "IC0504: a chunk that is not there",
    method: "install_chunked_code",
    given: { chunk_hashes_list: hashes(1) },
    charged: true,
    expected: /^IC0504: Error from Wasm chunk store: Chunk hash \[0, 0, .*\] was not found\.$/,
  },
  {
    what: "IC0504: a hash of 31 bytes",
    method: "install_chunked_code",
    given: { chunk_hashes_list: hashes(1, 31) },
    charged: true,
    expected: "IC0504: Error from Wasm chunk store: Chunk hash is invalid. The length is not 32.",
  },
  {
    what: "IC0504: another module",
    method: "install_chunked_code",
    charged: true,
    expected: /^IC0504: Error from Wasm chunk store: Wasm module hash \[.*\] does not match given hash \[0, .*\]\.$/,
  },

  {
    what: "IC0504: a chunk too large",
    method: "upload_chunk",
    given: { chunk: new Uint8Array(1_048_577) },
    charged: true,
    expected: "IC0504: Error from Wasm chunk store: Wasm chunk size 1048577 exceeds the maximum chunk size of 1048576.",
  },
  {
    what: "IC0504: a store that is full",
    method: "upload_chunk",
    before: (net, canister) => void (net.canister(canister).chunkStore = new Map(Array.from({ length: 100 }, (_, i) => [String(i), BAD]))),
    charged: true,
    expected:
      "IC0504: Error from Wasm chunk store: Wasm chunk store has already reached maximum capacity of 104857600 bytes or the maximum number of entries, 100.",
  },
  {
    what: "IC0210",
    method: "upload_chunk",
    limits: { rateLimiting: true },
    before: (net, canister) => void (net.canister(canister).heapDeltaDebitBytes = 10 ** 15),
    charged: true,
    expected: /^IC0210: Canister \S+ is heap delta rate limited: current delta debit is 1000000000000000, but limit is \d+\.$/,
  },

  { what: "IC0510", method: "delete_canister", expected: /^IC0510: Canister \S+ must be stopped before it is deleted\.$/ },
  {
    what: "IC0406: no section of that name",
    method: "canister_metadata",
    before: filled,
    expected: /^IC0406: The canister \S+ has no metadata section with the name about\.$/,
  },
  {
    what: "IC0406: no module, no metadata",
    method: "canister_metadata",
    expected: /^IC0406: The canister \S+ has no Wasm module and hence no metadata is available\.$/,
  },

  {
    what: "IC0406: a URL too long",
    method: "http_request",
    given: { url: "u".repeat(8193) },
    expected: "IC0406: url size 8193 exceeds 8192",
  },
  {
    what: "IC0406: too large an answer",
    method: "http_request",
    given: { max_response_bytes: [2_000_001n] },
    expected: "IC0406: max_response_bytes expected to be in the range [0..2000000], got 2000001",
  },
  {
    what: "IC0406: a method for one node",
    method: "http_request",
    given: { method: { put: null } },
    expected: /^IC0406: The requested HTTP method is only allowed for non-replicated requests, /,
  },
  {
    what: "IC0406: somebody else's transform",
    method: "http_request",
    given: { transform: [{ function: [principal(MISSING), "t"], context: BYTES }] },
    expected: /^IC0406: transform principal id expected to be \S+, got /,
  },
  {
    what: "IC0406: cycles for an outcall",
    method: "http_request",
    expected: /^IC0406: http_request request sent with 9 cycles, but \d+ cycles are required\.$/,
  },
  {
    what: "IC0406: cycles for a signature",
    method: "sign_with_ecdsa",
    expected: /^IC0406: sign_with_ecdsa request sent with 9 cycles, but \d+ cycles are required\.$/,
  },
  {
    what: "IC0408: a hash of another length",
    method: "sign_with_ecdsa",
    given: { message_hash: BAD },
    expected: /^IC0408: Error decoding candid: invalid length 1, /,
  },
  {
    what: "IC0406: a key that the subnet has not",
    method: "sign_with_schnorr",
    given: { key_id: { algorithm: { ed25519: null }, name: "no" } },
    expected: /^IC0406: Subnet \S+ does not hold threshold key schnorr:Ed25519:no\.$/,
  },
  {
    what: "IC0406: aux for Ed25519",
    method: "sign_with_schnorr",
    given: { aux: [{ bip341: { merkle_root_hash: BYTES } }] },
    expected: "IC0406: Schnorr algorithm Ed25519 does not support aux input",
  },
  {
    what: "IC0406: aux of another length",
    method: "sign_with_schnorr",
    given: { key_id: { algorithm: { bip340secp256k1: null }, name: "key_1" }, aux: [{ bip341: { merkle_root_hash: BAD } }] },
    expected: "IC0406: Invalid aux field for Bip340Secp256k1",
  },
  { what: "IC0406: no transport key", method: "vetkd_derive_key", expected: "IC0406: The provided transport public key is invalid." },
  { what: "IC0406: no chain", method: "bitcoin_get_balance", expected: "IC0406: No bitcoin canisters available." },
  {
    what: "IC0305",
    method: "load_canister_snapshot",
    charged: true,
    expected: /^IC0305: Could not find the snapshot ID \S+ for canister \S+\.$/,
  },
];

const FOR_USERS = new Set(["controller", "controllerOrAdmin", "statusVisibility"]);

describe("each method's own errors [management-canister#ic-management-canister]", () => {
  test.each(ROWS.map((row) => [row.method, row.what, row] as const))("%s: %s", (method, _what, row) => {
    const made = () => {
      const net = new Refusals(row.limits === undefined ? {} : { limits: row.limits });
      const from = net.create();
      const canister = net.create({ settings: { controllers: [principal(ALICE), principal(from)] } });
      row.before?.(net, canister);
      return { net, from, canister, arg: encode(method, { ...sample(method, canister, net.subnet().config.id), ...row.given }) };
    };
    const told = (net: Refusals, given: { from?: CanisterId; cycles?: bigint }, arg: Uint8Array, canister: CanisterId): string => {
      if (row.charged === undefined) return net.refused(method, arg, given);
      const { version, history, execution, status } = net.canister(canister);
      const error = firstLines(net.error(method, arg, given), 1);
      expect(net.canister(canister)).toMatchObject({ version, history, status });
      expect(net.canister(canister).execution?.module.hash).toBe(execution?.module.hash);
      return error;
    };
    const matches = (error: string) =>
      expect(error)[typeof row.expected === "string" ? "toBe" : "toMatch"](row.expected as string & RegExp);
    const asCanister = made();
    matches(told(asCanister.net, { from: asCanister.from, cycles: 9n }, asCanister.arg, asCanister.canister));
    if (!FOR_USERS.has(METHODS.get(method)!.ingress)) return;
    const asUser = made();
    if (!(typeof row.expected === "string" && row.expected.startsWith("IC0408: Error")))
      expect(asUser.net.submission(method, asUser.arg)).toBeNull();
    matches(told(asUser.net, {}, asUser.arg, asUser.canister));
  });

  test("delete_canister: IC0203 and IC0512 for itself", () => {
    const net = new Refusals();
    const canister = net.create({ settings: { controllers: [principal(ALICE)] } });
    stop(net, canister);
    const arg = encode("delete_canister", id(canister));
    expect(net.refused("delete_canister", arg, { from: canister })).toBe(
      `IC0512: Canister ${principalText(canister)} cannot delete itself.`,
    );
    const { timeNanos } = net.world.state;
    const request = {
      kind: "request",
      tag: 1,
      sender: canister,
      receiver: canister,
      callbackId: 1,
      method: "x",
      arg: BYTES,
      cycles: 0n,
      deadline: 0,
    };
    net.canister(canister).queues.pushInput({ ...request, callTree: { depth: 1, startNanos: timeNanos } } as never, "local");
    expect(net.refused("delete_canister", arg)).toBe(
      `IC0203: Canister ${principalText(canister)} has messages in its queues and cannot be deleted now. Please retry after some time.`,
    );
  });

  test("create_canister: cycles, canisters, ids", () => {
    const arg = encode("create_canister", { settings: [], ...NO_VERSION });
    const net = new Refusals();
    const from = net.create();
    const text = (sent: bigint) =>
      `IC0403: Creating a canister requires a fee of 500000000000 that is deducted from the canister's initial balance but only ${sent} cycles were received with the create_canister request.`;
    expect(net.refused("create_canister", arg, { from, cycles: 9n })).toBe(text(9n));
    const bad = encode("create_canister", { settings: [settings({ compute_allocation: 101n })], ...NO_VERSION });
    expect(net.refused("create_canister", bad, { from, cycles: 10n ** 12n })).toMatch(/^IC0504: ComputeAllocation/);
    const full = new Refusals({ limits: { maxCanisters: 1 } });
    expect(full.refused("create_canister", arg, { from: full.create(), cycles: 10n ** 12n })).toMatch(
      /^IC0102: Subnet \S+ has reached the allowed canister limit of 1 canisters\. Retry creating the canister\.$/,
    );
    net.subnet().nextCanisterIndex += 1n << 20n;
    expect(net.refused("create_canister", arg, { from, cycles: 10n ** 12n })).toMatch(
      /^IC0101: Could not create canister\. Subnet has surpassed/,
    );
  });

  test("provisional methods: who, and which id", () => {
    const net = new Refusals();
    const from = net.create();
    const at = (specified: CanisterId) =>
      encode("provisional_create_canister_with_cycles", {
        ...sample("provisional_create_canister_with_cycles", from, from),
        specified_id: [principal(specified)],
      });
    const method = "provisional_create_canister_with_cycles";
    expect(net.refused(method, at(from), { from, cycles: 9n })).toMatch(/^IC0408: The `specified_id` \S+ is invalid because it belongs to/);
    expect(net.refused(method, at(MISSING), { from, cycles: 9n })).toMatch(
      /^IC0405: Unsuccessful validation of specified ID: Specified CanisterId/,
    );
    net.whitelist([BOB]);
    for (const name of [method, "provisional_top_up_canister"]) {
      const arg = encode(name, sample(name, from, from));
      expect(net.refused(name, arg, { from, cycles: 9n })).toBe("IC0536: Sender not authorized to use method.");
      expect(net.submission(name, arg, ALICE)).toBe(`IC0406: Caller ${principalText(ALICE)} is not allowed to call ic00 method ${name}`);
      expect(net.submission(name, arg, BOB)).toBeNull();
    }
  });
});
