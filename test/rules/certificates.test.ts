/**
 * What a subnet certifies, looked up in the certificates themselves. Signatures are checked by the agents' own library in `test/network/certificates.test.ts`.
 */
import { decode } from "@dfinity/cbor";
import { Principal } from "@icp-sdk/core/principal";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha224, sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { concat, fromHex, toHex } from "../../src/base/bytes.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { decodeLeb128 } from "../../src/codec/leb128.ts";
import { representationIndependentHash } from "../../src/codec/request-id.ts";
import { path, type RangesFormat } from "../../src/core/certification/certificate.ts";
import { digestOf, type HashTree, type Path } from "../../src/core/certification/hash-tree.ts";
import { decodeCertificate } from "../../src/core/certification/encoding.ts";
import { lookup, subtreeAt } from "../../src/core/certification/lookup.ts";
import { answerFields, type QueryAnswer } from "../../src/core/certification/query-signature.ts";
import type { MessageId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import { canisterIdFromIndex } from "../../src/core/state/principal.ts";
import { append, call, certify, dataCertificate, dataCertificatePresent, program, reply, send, argument } from "../universal/program.ts";
import { decodeText, Scenario, subnets } from "../support/scenario.ts";
import { wat } from "../support/wat.ts";

interface Shown {
  readonly tree: HashTree;
  readonly signature: Uint8Array;
  readonly delegation: { readonly subnetId: string; readonly certificate: Shown } | null;
}

function shown(certificate: Uint8Array): Shown {
  expect(toHex(certificate.subarray(0, 3))).toBe("d9d9f7");
  const { delegation, ...rest } = decodeCertificate(certificate);
  return { ...rest, delegation: delegation === null ? null : { ...delegation, certificate: shown(delegation.certificate) } };
}

/** A custom section, which the text format cannot say. */
function section(name: string, content: string): Uint8Array {
  const [label, text] = [encodeUtf8(name), encodeUtf8(content)];
  return concat(Uint8Array.of(0, 1 + label.length + text.length, label.length), label, text);
}

const bytes = (id: string) => fromHex(id);
const FLAT: RangesFormat = { kind: "flat" };
const NONE: RangesFormat = { kind: "none" };

/** What a certificate of the scenario's subnet shows. */
function certified(
  scene: Scenario,
  paths: readonly Path[],
  { subnet = scene.subnet(0), ranges = FLAT }: { subnet?: SubnetId; ranges?: RangesFormat } = {},
): Shown {
  return shown(scene.net.certificate({ subnet, paths, ranges }));
}

/** A value as text, or `absent`, `unknown`. */
function textAt(tree: HashTree, ...labels: (string | Uint8Array)[]): string {
  const found = lookup(path(...labels), tree);
  return found.kind === "found" ? decodeText(found.value) : found.kind;
}

function bytesAt(tree: HashTree, ...labels: (string | Uint8Array)[]): Uint8Array {
  const found = lookup(path(...labels), tree);
  if (found.kind !== "found") throw new Error(found.kind);
  return found.value;
}

/** Labels below a path, as texts. */
function labelsAt(tree: HashTree, ...labels: (string | Uint8Array)[]): Uint8Array[] {
  const found = subtreeAt(path(...labels), tree);
  const walk = (tree: HashTree): Uint8Array[] =>
    tree.kind === "fork" ? [...walk(tree.left), ...walk(tree.right)] : tree.kind === "labeled" ? [tree.label] : [];
  return found.kind === "found" ? walk(found.tree) : [];
}

/** CBOR lists of byte strings, as hex. */
const hexIn = (cbor: Uint8Array): unknown =>
  JSON.parse(JSON.stringify(decode(cbor), (_, value) => (value instanceof Uint8Array ? toHex(value) : value)));

describe("calls [index#state-tree-request-status]", () => {
  const at = (scene: Scenario, id: MessageId, ...label: string[]) =>
    textAt(certified(scene, [path("request_status", bytes(id))]).tree, "request_status", bytes(id), ...label);

  test("unknown, received, then replied with the reply", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const { messageId } = scene.submit(a, "run", reply("hello"));
    expect(at(scene, messageId, "status")).toBe("absent");
    scene.rounds();
    expect([at(scene, messageId, "status"), at(scene, messageId, "reply"), at(scene, messageId, "reject_code")]).toEqual([
      "replied",
      "hello",
      "absent",
    ]);
  });

  test("processing while the call waits for others, absent again five minutes after the answer", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const id = scene.start(a, call(b, { arg: reply("late"), onReply: program(append(argument), send) }));
    scene.rounds();
    expect(at(scene, id, "status")).toBe("processing");
    scene.await(id);
    expect(at(scene, id, "status")).toBe("replied");
    scene.pass(301);
    scene.rounds();
    expect(at(scene, id, "status")).toBe("absent");
  });

  test("rejected, with code, message and error code", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const { messageId } = scene.submit(a, "nothing");
    scene.rounds();
    const { tree } = certified(scene, [path("request_status", bytes(messageId))]);
    expect(labelsAt(tree, "request_status", bytes(messageId)).map(decodeText)).toEqual([
      "error_code",
      "reject_code",
      "reject_message",
      "status",
    ]);
    expect(textAt(tree, "request_status", bytes(messageId), "status")).toBe("rejected");
    expect(bytesAt(tree, "request_status", bytes(messageId), "reject_code")).toEqual(Uint8Array.of(5));
    expect(textAt(tree, "request_status", bytes(messageId), "error_code")).toBe("IC0536");
    expect(textAt(tree, "request_status", bytes(messageId), "reject_message")).toContain("has no update method 'nothing'");
  });

  test("only the call that is asked for is shown", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const ids = ["1", "2", "3", "4", "5"].map((text) => scene.start(a, reply(text)));
    scene.rounds();
    const { tree } = certified(scene, [path("request_status", bytes(ids[2]!))]);
    expect(ids.map((id) => textAt(tree, "request_status", bytes(id), "reply"))).toEqual(["unknown", "unknown", "3", "unknown", "unknown"]);
    expect(textAt(tree, "canister")).toBe("unknown");
  });
});

describe("canisters [index#state-tree-canister-information]", () => {
  const module = concat(
    wat("(module)"),
    section("icp:public candid:service", "service : {}"),
    section("icp:private notes", "secret"),
    section("name of nothing", "x"),
  );

  test("controllers, module hash and metadata; an empty canister has only controllers and its age, one that is gone nothing", () => {
    const scene = new Scenario();
    const id = scene.install(module);
    const show = () => certified(scene, [path("canister", bytes(id))]).tree;
    const at = (...labels: string[]) => lookup(path("canister", bytes(id), ...labels), show());
    expect(labelsAt(show(), "canister", bytes(id)).map(decodeText)).toEqual([
      "canister_creation_timestamp",
      "certified_data",
      "controllers",
      "last_install_timestamp",
      "metadata",
      "module_hash",
    ]);
    expect(hexIn(bytesAt(show(), "canister", bytes(id), "controllers"))).toEqual(["0a0a01"]);
    expect(at("module_hash")).toEqual({ kind: "found", value: sha256(module) });
    expect(textAt(show(), "canister", bytes(id), "metadata", "candid:service")).toBe("service : {}");
    expect(textAt(show(), "canister", bytes(id), "metadata", "notes")).toBe("secret");
    expect([at("metadata", "name of nothing"), at("metadata", "candid:args")].map(({ kind }) => kind)).toEqual(["absent", "absent"]);
    expect(at("certified_data")).toEqual({ kind: "found", value: new Uint8Array(0) });

    scene.setSettings(id, { controllers: ["0a0a01", id, "04"].map((of) => Principal.fromHex(of)) });
    expect(hexIn(bytesAt(show(), "canister", bytes(id), "controllers"))).toEqual([id, "04", "0a0a01"].sort());
    scene.uninstall(id);
    expect(labelsAt(show(), "canister", bytes(id)).map(decodeText)).toEqual(["canister_creation_timestamp", "controllers"]);
    expect(at("module_hash").kind).toBe("absent");
    scene.manageOne("stop_canister", id);
    scene.manageOne("delete_canister", id);
    expect(at("controllers").kind).toBe("absent");
  });

  test("when it was created, and when its code was deployed last: by an installation, an upgrade or a snapshot", () => {
    const scene = new Scenario();
    const id = scene.install(module);
    const times = () => {
      const { tree } = certified(scene, [path("canister", bytes(id))]);
      return ["canister_creation_timestamp", "last_install_timestamp"].map((name) => {
        const found = lookup(path("canister", bytes(id), name), tree);
        return found.kind === "found" ? decodeLeb128(found.value).value : found.kind;
      });
    };
    const [created] = times();
    const ofHistory = () => scene.canister(id).history.entries.at(-1)!.timestampNanos;
    expect([created, ...times()]).toEqual([scene.canister(id).history.entries[0]!.timestampNanos, created, ofHistory()]);
    const snapshot = { canister_id: Principal.fromHex(id), replace_snapshot: [], uninstall_code: [], sender_canister_version: [] };
    scene.manage("take_canister_snapshot", snapshot);
    const changes = [
      () => scene.reinstall(id, "upgrade", module),
      () => scene.reinstall(id, "reinstall", module),
      () => {
        const snapshot_id = fromHex([...scene.canister(id).snapshots.list.keys()][0]!);
        scene.manage("load_canister_snapshot", { canister_id: Principal.fromHex(id), snapshot_id, sender_canister_version: [] });
      },
    ];
    for (const change of changes) {
      const before = times();
      scene.pass(60);
      change();
      expect(times()).toEqual([created, ofHistory()]);
      expect(times()).not.toEqual(before);
    }
    scene.pass(60);
    expect(scene.reinstall(id, "upgrade", wat(`(module (func (export "canister_post_upgrade") unreachable))`)).kind).toBe("rejected");
    scene.setSettings(id, { controllers: [Principal.fromHex("0a0a01")] });
    expect(times()).not.toContain(ofHistory());
    scene.manage("take_canister_snapshot", { ...snapshot, uninstall_code: [true] });
    expect(times()).toEqual([created, "absent"]);
  });

  test("a module without metadata has an empty map", () => {
    const scene = new Scenario();
    const id = scene.install(wat("(module)"));
    const { tree } = certified(scene, [path("canister", bytes(id), "metadata", "candid:service"), path("canister", bytes(id), "metadata")]);
    expect(textAt(tree, "canister", bytes(id), "metadata", "candid:service")).toBe("absent");
  });
});

describe("certified data [index#state-tree-certified-data]", () => {
  const dataOf = (scene: Scenario, id: PrincipalId) =>
    textAt(certified(scene, [path("canister", bytes(id), "certified_data")]).tree, "canister", bytes(id), "certified_data");

  test("is what was set last by a message that did not trap, kept by an upgrade, emptied by an installation", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    expect(dataOf(scene, a)).toBe("");
    scene.run(a, program(certify("one"), reply()));
    scene.run(b, program(certify("other"), reply()));
    expect([dataOf(scene, a), dataOf(scene, b)]).toEqual(["one", "other"]);
    scene.run(a, program(certify("two"), append("x"), send, send));
    expect(dataOf(scene, a)).toBe("one");
    const wasm = scene.canister(a).execution!.module.uploaded;
    scene.reinstall(a, "upgrade", wasm);
    expect(dataOf(scene, a)).toBe("one");
    scene.reinstall(a, "reinstall", wasm);
    expect(dataOf(scene, a)).toBe("");
  });

  test("a query may show it to its caller, an update may not [canister-interface#system-api-certified-data]", () => {
    const scene = new Scenario(subnets(2));
    const [, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    scene.run(b, program(certify("sold"), reply()));
    const answer = scene.query(b, "look", program(append(dataCertificatePresent, dataCertificate), send));
    if (answer.kind !== "replied") throw new Error(JSON.stringify(answer));
    // Four bytes or eight: a number of the system.
    const start = answer.data.findIndex((byte, i) => byte === 0xd9 && answer.data[i + 1] === 0xd9);
    expect(answer.data[0]).toBe(1);
    const { tree, delegation } = shown(answer.data.subarray(start));
    expect(textAt(tree, "canister", bytes(b), "certified_data")).toBe("sold");
    expect(textAt(tree, "canister", bytes(b), "controllers")).toBe("unknown");
    expect(decodeLeb128(bytesAt(tree, "time")).value).toBe(scene.net.state.timeNanos);
    expect(delegation?.subnetId).toBe(scene.subnet(1));
    expect(labelsAt(delegation!.certificate.tree, "canister_ranges", bytes(scene.subnet(1)))).toHaveLength(1);
    expect(scene.run(b, program(append(dataCertificatePresent), send))).toMatch(/^\0+$/);
  });

  test("the delegation's format is that of the endpoint", () => {
    const scene = new Scenario(subnets(2));
    const b = scene.puppet({ subnet: 1 });
    const arg = program(append(dataCertificate), send);
    const { answer } = scene.net.step({
      kind: "query",
      sender: "04" as PrincipalId,
      receiver: b,
      method: "look",
      arg,
      senderInfo: null,
      ranges: "flat",
    });
    const { tree } = shown((answer as { data: Uint8Array }).data).delegation!.certificate;
    expect(lookup(path("subnet", bytes(scene.subnet(1)), "canister_ranges"), tree).kind).toBe("found");
    expect(textAt(tree, "canister_ranges")).toBe("unknown");
  });
});

describe("subnets", () => {
  const network = () =>
    new Scenario({
      subnets: [
        { kind: "application", name: "application", nodeCount: 4 },
        { kind: "system", name: "nns", nodeCount: 4 },
        { kind: "system", name: "ii", nodeCount: 1 },
        { kind: "cloud_engine", name: "cloud_engine", nodeCount: 1 },
      ],
    });

  test("public key, type and ranges of each; cloud engines are shown by the root and themselves [index#state-tree-subnet]", () => {
    const scene = network();
    const [app, nns, ii, engine] = scene.net.state.subnetOrder as [SubnetId, SubnetId, SubnetId, SubnetId];
    const ids = (subnet: SubnetId) => labelsAt(certified(scene, [path("subnet")], { subnet }).tree, "subnet").map(toHex);
    expect([ids(nns), ids(app), ids(engine)]).toEqual([[app, nns, ii, engine].sort(), [app, nns, ii].sort(), [engine]]);
    const { tree } = certified(scene, [path("subnet")], { subnet: nns });
    const kinds = [app, nns, ii, engine].map((id) => textAt(tree, "subnet", bytes(id), "type"));
    expect(kinds).toEqual(["application", "system", "system", "cloud_engine"]);
    for (const id of [app, nns, ii]) {
      const { publicKeyDer } = scene.net.state.subnets.get(id)!.config;
      expect(bytesAt(tree, "subnet", bytes(id), "public_key")).toEqual(publicKeyDer);
    }
    expect(toHex(scene.net.rootKey)).toBe(toHex(bytesAt(tree, "subnet", bytes(nns), "public_key")));
    const index = (i: bigint) => canisterIdFromIndex(i);
    const block = scene.net.state.subnets.get(nns)!.config.allocationRange;
    const ranges = [
      [index(0n), index(6n)],
      [index(8n), index(0xfffffn)],
      [block.start, block.end],
    ];
    expect(hexIn(bytesAt(tree, "subnet", bytes(nns), "canister_ranges"))).toEqual(ranges);
  });

  test("nodes and metrics are those of the own subnet", () => {
    const scene = network();
    const [app, nns] = scene.net.state.subnetOrder as [SubnetId, SubnetId];
    const a = scene.puppet();
    const { tree } = certified(scene, [path("subnet")], { subnet: app });
    const nodes = labelsAt(tree, "subnet", bytes(app), "node");
    expect(nodes).toHaveLength(4);
    for (const node of nodes) {
      const key = toHex(bytesAt(tree, "subnet", bytes(app), "node", node, "public_key"));
      expect(key).toMatch(/^302a300506032b6570032100[0-9a-f]{64}$/);
      expect(toHex(node)).toBe(toHex(concat(sha224(fromHex(key)), Uint8Array.of(2))));
    }
    expect([lookup(path("subnet", bytes(nns), "node"), tree).kind, lookup(path("subnet", bytes(nns), "metrics"), tree).kind]).toEqual([
      "absent",
      "absent",
    ]);
    const metrics = () =>
      toHex(bytesAt(certified(scene, [path("subnet", bytes(app), "metrics")], { subnet: app }).tree, "subnet", bytes(app), "metrics"));
    const before = metrics();
    expect(before).toMatch(/^a4000101/);
    scene.run(a, reply());
    expect(metrics()).not.toBe(before);
  });

  test("ranges by shard, five to one [index#state-tree-canister-ranges]", () => {
    const scene = network();
    const [, nns, ii] = scene.net.state.subnetOrder as [SubnetId, SubnetId, SubnetId];
    const { tree } = certified(scene, [path("canister_ranges", bytes(ii))], { subnet: nns });
    const index = (i: bigint) => canisterIdFromIndex(i);
    expect(labelsAt(tree, "canister_ranges", bytes(ii)).map(toHex)).toEqual([index(7n)]);
    const [first, second] = hexIn(bytesAt(tree, "canister_ranges", bytes(ii), bytes(index(7n)))) as string[][];
    expect([first, second]).toEqual([
      [index(7n), index(7n)],
      [index(0x2100000n), index(0x21fffffn)],
    ]);
    expect(textAt(tree, "canister_ranges", bytes(nns))).toBe("unknown");
  });

  test("lists of ranges of other subnets are for old clients [replica: deprecated canister ranges]", () => {
    const scene = network();
    const [app, nns] = scene.net.state.subnetOrder as [SubnetId, SubnetId];
    const listed = (ranges: RangesFormat) => {
      const { tree } = certified(scene, [path("subnet")], { subnet: app, ranges });
      return [app, nns].map((id) => lookup(path("subnet", bytes(id), "canister_ranges"), tree).kind);
    };
    expect([listed(FLAT), listed(NONE)]).toEqual([
      ["found", "found"],
      ["unknown", "found"],
    ]);
  });
});

describe("delegations [certification#certification-delegation]", () => {
  const scene = new Scenario({
    subnets: [
      { kind: "application", name: "application" },
      { kind: "system", name: "nns" },
    ],
  });
  const [app, nns] = scene.net.state.subnetOrder as [SubnetId, SubnetId];
  const of = (ranges: RangesFormat) => certified(scene, [], { subnet: app, ranges }).delegation!;

  test("the root subnet needs none; those of others are the root's, which has none itself", () => {
    expect(certified(scene, [], { subnet: nns }).delegation).toBeNull();
    const { subnetId, certificate } = of(NONE);
    expect([subnetId, certificate.delegation]).toEqual([app, null]);
    expect(bytesAt(certificate.tree, "subnet", bytes(app), "public_key")).toEqual(scene.net.state.subnets.get(app)!.config.publicKeyDer);
    expect(textAt(certificate.tree, "subnet", bytes(app), "type")).toBe("application");
    expect(textAt(certificate.tree, "subnet", bytes(nns), "public_key")).toBe("unknown");
  });

  test("in each format of canister ranges", () => {
    const canister = scene.net.state.subnets.get(app)!.config.allocationRange.start;
    const kinds = ({ certificate: { tree } }: ReturnType<typeof of>) => [
      lookup(path("subnet", bytes(app), "canister_ranges"), tree).kind,
      labelsAt(tree, "canister_ranges", bytes(app)).length,
    ];
    expect(kinds(of(FLAT))).toEqual(["found", 0]);
    expect(kinds(of({ kind: "tree", canister }))).toEqual(["unknown", 1]);
    expect(kinds(of(NONE))).toEqual(["unknown", 0]);
    // No shard: it is proved that there is none.
    const below = of({ kind: "tree", canister: canisterIdFromIndex(0n) }).certificate.tree;
    expect(lookup(path("canister_ranges", bytes(app), bytes(canisterIdFromIndex(0n))), below).kind).toBe("absent");
  });

  test("are renewed every five minutes", () => {
    const before = of(NONE).certificate;
    const time = ({ tree }: Shown) => decodeLeb128(bytesAt(tree, "time")).value;
    expect(scene.net.state.timeNanos - time(before)).toBeLessThan(300_000_000_000n);
    scene.pass(300);
    expect(time(of(NONE).certificate) - time(before)).toBe(300_000_000_000n);
  });
});

test("what there is at the root; a network here has no API boundary nodes [index#state-tree] [index#state-tree-api-bn]", () => {
  const scene = new Scenario();
  const { tree } = certified(scene, [path("api_boundary_nodes"), path("metadata"), path("nothing")]);
  const whole = certified(scene, [[]]).tree;
  expect(labelsAt(whole).map(decodeText)).toEqual([
    "api_boundary_nodes",
    "canister",
    "canister_ranges",
    "metadata",
    "request_status",
    "streams",
    "subnet",
    "time",
  ]);
  expect(lookup(path("api_boundary_nodes"), tree).kind).toBe("absent");
  expect(lookup(path("nothing"), tree).kind).toBe("absent");
  expect(decodeLeb128(bytesAt(tree, "metadata", "height")).value).toBe(BigInt(scene.net.state.round));
});

describe("certificates follow from the state alone", () => {
  test("the time is the state's, and a certificate changes nothing [index#state-tree-time]", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const digest = scene.net.digest();
    const [first, second] = [1, 2].map(() => scene.net.certificate({ subnet: scene.subnet(0), paths: [], ranges: NONE }));
    expect(second).toEqual(first);
    expect(scene.net.digest()).toBe(digest);
    scene.pass(1.5);
    scene.run(a, reply());
    const { tree } = certified(scene, []);
    expect(decodeLeb128(bytesAt(tree, "time")).value).toBe(scene.net.state.timeNanos);
  });

  test("whoever asked before: forks, snapshots and networks that were never asked agree", () => {
    const work = (scene: Scenario, round: number): void => {
      const a = scene.net.state.subnets.get(scene.subnet(0))!.canisters.first()![0];
      for (let i = 0; i < 3; i++) scene.run(a, program(certify(`${round} ${i}`), reply(`${i}`)));
      if (round % 2 === 0) scene.puppet();
      if (round % 3 === 1) {
        const b = scene.puppet();
        scene.uninstall(b);
        scene.manageOne("stop_canister", b);
        scene.manageOne("delete_canister", b);
      }
      if (round === 3) scene.pass(400);
    };
    const root = (scene: Scenario) => toHex(digestOf(certified(scene, []).tree, sha256));
    const [asked, silent] = [new Scenario(), new Scenario()];
    for (const scene of [asked, silent]) scene.puppet();
    const roots: string[] = [];
    const snapshots = [];
    for (let round = 0; round < 6; round++) {
      for (const scene of [asked, silent]) work(scene, round);
      roots.push(root(asked));
      snapshots.push(asked.net.snapshot());
      const fork = asked.net.fork();
      fork.step({ kind: "round", subnets: null });
      fork.certificate({ subnet: asked.subnet(0), paths: [], ranges: NONE });
    }
    expect(root(silent)).toBe(roots.at(-1));
    for (const round of [4, 1, 3]) {
      asked.net.restore(snapshots[round]!);
      expect(root(asked)).toBe(roots[round]);
      // Scenarios check invariants: that the kept trees are those of the state is one of them.
      work(asked, round + 1);
    }
  });
});

test("a node signs answers to queries, rejects included [https-interface#http-query]", () => {
  const scene = new Scenario(subnets(2));
  const b = scene.puppet({ subnet: 1 });
  const subnet = scene.subnet(1);
  const requestId = "ab".repeat(32) as MessageId;
  const { tree } = certified(scene, [path("subnet")], { subnet });
  for (const method of ["look", "nothing"]) {
    const answer = scene.query(b, method, program(append("seen"), send)) as QueryAnswer;
    const { node, signature, timestampNanos } = scene.net.signAnswer({ subnet, requestId, answer });
    expect(timestampNanos).toBe(scene.net.state.timeNanos);
    const fields = { ...answerFields(answer), timestamp: timestampNanos, request_id: fromHex(requestId) };
    expect(answerFields(answer)).toMatchObject(
      method === "look"
        ? { status: "replied", reply: { arg: answer.kind === "replied" && answer.data } }
        : { status: "rejected", reject_code: 5, error_code: "IC0536" },
    );
    const message = concat(new TextEncoder().encode("\x0Bic-response"), representationIndependentHash(fields, sha256));
    const key = bytesAt(tree, "subnet", bytes(subnet), "node", bytes(node), "public_key").subarray(12);
    expect(ed25519.verify(signature, message, key)).toBe(true);
    expect(ed25519.verify(signature, concat(message, Uint8Array.of(0)), key)).toBe(false);
  }
});
