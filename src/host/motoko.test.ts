import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { Cannery } from "../index.ts";

const directory = temporaryFolder("motoko");

test("a Motoko source is compiled with what it imports, and installed", async () => {
  await writeFile(join(directory, "greeting.mo"), 'module { public func greet(name : Text) : Text { "Hello, " # name } }');
  await writeFile(
    join(directory, "hello.mo"),
    'import Greeting "greeting";\npersistent actor { public query func hello(name : Text) : async Text { Greeting.greet(name) } }',
  );
  const net = await Cannery.create();
  const hello = await net.install<{ hello(name: string): Promise<string> }>(join(directory, "hello.mo"));
  expect(await hello.actor.hello("Ann")).toBe("Hello, Ann");
  expect(hello.name).toBe("hello");
});

test("errors of the compiler, and packages that do not come with it, are told", async () => {
  const net = await Cannery.create();
  await writeFile(join(directory, "broken.mo"), 'persistent actor { public func f() : async Nat { "text" } }');
  await expect(net.install(join(directory, "broken.mo"))).rejects.toThrow(/broken\.mo does not compile:\n {2}broken\.mo:1:\d+: /u);
  await writeFile(join(directory, "foreign.mo"), 'import Json "mo:json/Json";\npersistent actor {}');
  await expect(net.install(join(directory, "foreign.mo"))).rejects.toThrow("imports mo:json, which does not come with the compiler");
});
