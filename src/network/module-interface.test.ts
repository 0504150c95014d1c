import { IDL } from "@icp-sdk/core/candid";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../base/utf8.ts";
import { nodePlatform } from "../host/platform-node.ts";
import { interfaceOfBytes, interfaceOfCandid } from "./module-interface.ts";

/** An empty module with custom sections. */
function moduleWith(sections: Readonly<Record<string, string>>): Uint8Array {
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  for (const [name, content] of Object.entries(sections)) {
    const body = [name.length, ...encodeUtf8(name), ...encodeUtf8(content)];
    bytes.push(0, (body.length & 0x7f) | 0x80, body.length >> 7, ...body);
  }
  return Uint8Array.from(bytes);
}

test("public or private sections, compressed or not; arguments of their own go before those of the service", () => {
  const service = "type A = nat; service : (text) -> { go : (A) -> (A) query; stay : () -> () }";
  for (const visibility of ["public", "private"]) {
    const module = moduleWith({ [`icp:${visibility} candid:service`]: service, [`icp:${visibility} candid:args`]: "(A, opt text)" });
    for (const bytes of [module, new Uint8Array(gzipSync(module))]) {
      const found = interfaceOfBytes(bytes, nodePlatform, "it")!;
      expect([...found.methods.keys()]).toEqual(["go", "stay"]);
      expect(found.methods.get("go")!.isQuery).toBe(true);
      expect(found.initArgs!.text).toBe("(nat, opt text)");
      expect(found.initArgs!.encode([1n, []], () => "it")).toEqual(IDL.encode([IDL.Nat, IDL.Opt(IDL.Text)], [1n, []]));
    }
  }
  expect(interfaceOfBytes(moduleWith({ "icp:public candid:service": service }), nodePlatform, "it")!.initArgs!.text).toBe("(text)");
});

test("no description, no module, a module cut short: null, and installing will judge", () => {
  expect(interfaceOfBytes(moduleWith({ name: "x" }), nodePlatform, "it")).toBeNull();
  expect(interfaceOfBytes(encodeUtf8("not Wasm"), nodePlatform, "it")).toBeNull();
  const whole = moduleWith({ "icp:public candid:service": "service : {}" });
  for (let length = 0; length < whole.length; length++) expect(interfaceOfBytes(whole.subarray(0, length), nodePlatform, "it")).toBeNull();
});

test("a description with a mistake is refused with its place", () => {
  expect(() => interfaceOfCandid("service : { go : (Missing) -> () }", null, "shop")).toThrow(
    /the Candid description of shop cannot be used: line 1, column/u,
  );
});
