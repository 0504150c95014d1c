/** Which paths users may read: of their own calls and of what is public, at the endpoint that is for it. */
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../../src/base/bytes.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { path } from "../../src/core/certification/certificate.ts";
import type { Path } from "../../src/core/certification/hash-tree.ts";
import { refusedForSize, refusedPaths, type ReadRequest } from "../../src/core/certification/read-permission.ts";
import type { MessageId, PrincipalId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { ALICE, Scenario } from "../support/scenario.ts";
import { wat } from "../support/wat.ts";
import { reply } from "../universal/program.ts";

const BOB = "0b0b01" as PrincipalId;
const NOBODY = fromHex("00000000000000070101");

const scene = new Scenario({
  subnets: [
    { kind: "application", name: "application", nodeCount: 1 },
    { kind: "system", name: "nns", nodeCount: 1 },
  ],
});
const [app, nns] = [scene.subnet(0), scene.subnet(1)];

function section(name: string, content: string): Uint8Array {
  const [label, text] = [encodeUtf8(name), encodeUtf8(content)];
  return concat(Uint8Array.of(0, 1 + label.length + text.length, label.length), label, text);
}
const canister = scene.install(concat(wat("(module)"), section("icp:public open", "1"), section("icp:private closed", "2")));
const worker = scene.puppet();
const call = scene.start(worker, reply("done"));
scene.rounds();

const id = (of: string) => fromHex(of);
type Endpoint = ReadRequest["endpoint"];
const CANISTER: Endpoint = { kind: "canister", id: canister, version: 3 };
const SUBNET: Endpoint = { kind: "subnet", id: app, version: 3 };

/** `yes`, or the kind of refusal. */
function may(paths: readonly Path[], endpoint: Endpoint = CANISTER, given: Partial<ReadRequest> = {}): string {
  const subnet = scene.net.state.subnets.get(app)!;
  return refusedPaths(subnet, { paths, user: ALICE, targets: null, endpoint, rootSubnetId: nns, ...given })?.kind ?? "yes";
}

function text(paths: readonly Path[], endpoint: Endpoint = CANISTER, given: Partial<ReadRequest> = {}): string {
  const subnet = scene.net.state.subnets.get(app)!;
  return refusedPaths(subnet, { paths, user: ALICE, targets: null, endpoint, rootSubnetId: nns, ...given })?.text ?? "";
}

/** The same endpoint in both versions, then the other. */
const everywhere = (...labels: (string | Uint8Array)[]): string[] =>
  [CANISTER, { ...CANISTER, version: 2 } as const, SUBNET, { ...SUBNET, version: 2 } as const].map((endpoint) =>
    may([path(...labels)], endpoint),
  );

describe("paths by endpoint: canister 3 and 2, subnet 3 and 2 [abstract-behavior#certified-state-reads] [https-interface#http-read-state]", () => {
  const all = (kind: string) => [kind, kind, kind, kind];

  test("what everybody may read everywhere", () => {
    for (const labels of [["time"], ["subnet"], ["api_boundary_nodes"]]) expect(everywhere(...labels)).toEqual(all("yes"));
    for (const below of [[], ["public_key"], ["type"], ["node"], ["node", NOBODY], ["node", NOBODY, "public_key"]]) {
      expect(everywhere("subnet", id(nns), ...below)).toEqual(all("yes"));
    }
    for (const below of [[], ["domain"], ["ipv4_address"], ["ipv6_address"]]) {
      expect(everywhere("api_boundary_nodes", NOBODY, ...below)).toEqual(all("yes"));
    }
  });

  test("what nobody may read anywhere", () => {
    const none: (string | Uint8Array)[][] = [
      [],
      ["canister"],
      ["canister", id(canister)],
      ["canister", id(canister), "certified_data"],
      ["canister", id(canister), "metadata"],
      ["canister_ranges"],
      ["request_status"],
      ["request_status", id(call), "other"],
      ["request_status", id(call), "reply", "x"],
      ["metadata"],
      ["streams"],
      ["time", "x"],
      ["subnet", id(app), "node", NOBODY, "other"],
      ["subnet", id(app), "other"],
      ["api_boundary_nodes", NOBODY, "other"],
      ["\uFEFFtime"],
      ["nothing"],
    ];
    for (const labels of none) expect(everywhere(...labels)).toEqual(all("notOffered"));
    expect(text([path("nothing")])).toBe("Invalid path requested.");
  });

  test("lists of ranges, shards, metrics, canisters, calls", () => {
    expect(everywhere("subnet", id(app), "canister_ranges")).toEqual(["notOffered", "yes", "notOffered", "yes"]);
    expect(everywhere("subnet", id(nns), "canister_ranges")).toEqual(all("yes"));
    expect(everywhere("canister_ranges", id(app))).toEqual(["notOffered", "notOffered", "yes", "yes"]);
    expect(everywhere("subnet", id(app), "metrics")).toEqual(["notOffered", "notOffered", "yes", "yes"]);
    for (const field of ["module_hash", "controllers", "canister_creation_timestamp", "last_install_timestamp"]) {
      expect(everywhere("canister", id(canister), field)).toEqual(["yes", "yes", "notOffered", "notOffered"]);
    }
    expect(everywhere("request_status", id(call))).toEqual(["yes", "yes", "yes", "notOffered"]);
    for (const field of ["status", "reply", "reject_code", "reject_message", "error_code"]) {
      expect(may([path("request_status", id(call), field)])).toBe("yes");
    }
  });
});

describe("ids and names", () => {
  test("of what the address is about", () => {
    const [here, there] = [principalText(canister), principalText(worker)];
    expect(text([path("canister", id(worker), "controllers")])).toBe(
      `Effective principal id in URL ${here} does not match requested principal id: ${there}.`,
    );
    expect(may([path("subnet", id(nns), "metrics")], SUBNET)).toBe("invalid");
    expect(may([path("canister", id(worker), "metadata", "open")])).toBe("invalid");
  });

  test("that are none", () => {
    expect(text([path("canister", new Uint8Array(30), "controllers")])).toContain("Could not parse principal ID: ");
    expect(text([path("canister", id(canister), "metadata", Uint8Array.of(0xff))])).toContain("Could not parse the custom section name: ");
    expect(text([path("request_status", new Uint8Array(31))])).toContain("Invalid request id in paths.");
  });

  test("two of them in one request", () => {
    const other = "77".repeat(32);
    const status = (of: string) => path("request_status", id(of));
    expect(may([status(call), path("request_status", id(call), "reply")])).toBe("yes");
    expect(text([status(call), status(other)])).toBe(
      `More than one non-unique request ID exists in request_status paths: 0x${call} and 0x${other}.`,
    );
    const ranges = (of: string) => path("canister_ranges", id(of));
    expect(text([ranges(app), ranges(app), ranges(nns)], SUBNET)).toBe(
      `More than one non-unique subnet ID exists in canister_ranges paths: ${principalText(app)} and ${principalText(nns)}.`,
    );
  });

  test("the first refusal counts", () => {
    expect(may([path("time"), path("nothing"), path("request_status", new Uint8Array(1))])).toBe("notOffered");
  });
});

describe("who asks", () => {
  const ofCall = [path("request_status", id(call), "status")];

  test("calls are shown to their sender; of unknown ones anybody may learn that they are unknown", () => {
    expect(text(ofCall, CANISTER, { user: BOB })).toBe("The user tries to access Request ID not signed by the caller.");
    expect(may([path("request_status", id("11".repeat(32) as MessageId))], CANISTER, { user: BOB })).toBe("yes");
  });

  test("a delegation that is for other canisters does not show the call", () => {
    expect(may(ofCall, CANISTER, { targets: new Set([worker]) })).toBe("yes");
    expect(text(ofCall, CANISTER, { targets: new Set([canister]) })).toBe(
      "The user tries to access request IDs for canisters not belonging to sender delegation targets.",
    );
  });

  test("private metadata is for controllers; names that are not there are for everybody", () => {
    const metadata = (name: string, user: PrincipalId) => may([path("canister", id(canister), "metadata", name)], CANISTER, { user });
    expect([metadata("open", BOB), metadata("closed", ALICE), metadata("closed", BOB), metadata("none", BOB)]).toEqual([
      "yes",
      "yes",
      "forbidden",
      "yes",
    ]);
    expect(text([path("canister", id(canister), "metadata", "closed")], CANISTER, { user: BOB })).toBe(
      "Custom section closed can only be requested by the controllers of the canister.",
    );
  });
});

test("at most 1,000 paths of 127 labels", () => {
  const labels = (count: number): Path => Array.from({ length: count }, () => encodeUtf8("x"));
  const paths = (count: number): Path[] => Array.from({ length: count }, () => labels(1));
  expect([refusedForSize(paths(1000)), refusedForSize([labels(127)])]).toEqual([null, null]);
  expect(refusedForSize(paths(1001))?.text).toBe("Too many paths in read state request: got 1001 paths, but at most 1000 are allowed.");
  expect(refusedForSize([labels(1), labels(128)])?.text).toBe(
    "At least one path in read state request is too deep: got 128 labels, but at most 127 are allowed.",
  );
});
