/** icp-cli projects in process: the example's own file, and projects of a temporary folder. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import type { Canister, ProjectManifest } from "../../src/index.ts";
import { network, program, refusal } from "../support/network.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/users-and-posts/icp.yaml", import.meta.url));

let directory = "";
beforeEach(() => {
  directory = temporaryFolder("deploy");
});

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}

async function copyProgram(name: string, to: string): Promise<void> {
  await mkdir(dirname(join(directory, to)), { recursive: true });
  await copyFile(program(name), join(directory, to));
}

async function variables(canister: Canister): Promise<Readonly<Record<string, string>>> {
  return (await canister.status()).environmentVariables;
}

test("the example's project: two canisters that find each other by their ids", async () => {
  const net = await network();
  const { users, posts } = await net.deploy(EXAMPLE, {
    artifacts: { users: program("users-and-posts-users"), posts: program("users-and-posts-posts") },
  });
  const ids = { "PUBLIC_CANISTER_ID:users": `${users}`, "PUBLIC_CANISTER_ID:posts": `${posts}` };
  expect(await variables(users!)).toEqual(ids);
  expect(await variables(posts!)).toEqual(ids);
  const ann = await users!.actor["register"]!("Ann");
  await posts!.actor["publish"]!(ann, "hello");
  expect(await posts!.actor["list"]!()).toMatchObject([{ author: { name: "Ann" }, text: "hello" }]);
  expect(users!.name).toBe("users");
});

test("artifacts where the build left them: pre-built files with their hash, and icp's cache", async () => {
  const net = await network();
  await copyProgram("counter", "dist/counter.wasm.gz");
  await copyProgram("parallel-calls-callee", ".icp/cache/artifacts/callee");
  const project = (sha256: string): string => `
canisters:
  - name: counter
    build:
      steps:
        - type: pre-built
          path: dist/counter.wasm.gz
          sha256: ${sha256}
  - name: callee
    build:
      steps:
        - type: script
          command: "false"
`;
  await write("icp.yaml", project("ab".repeat(32)));
  const error = await refusal(net.deploy(directory));
  expect(error.message).toContain("the project says abab");
  expect(net.canisterIds).toEqual([]); // nothing was created
  const seen = /the SHA-256 ([0-9a-f]{64})/u.exec(error.message)![1]!;
  await write("icp.yaml", project(seen));
  const { counter, callee } = await net.deploy(join(directory, "icp.yaml"));
  expect(await counter!.actor["inc"]!()).toBe(1n);
  await callee!.actor["ping"]!();
});

test("canisters in folders of their own, settings, environments, init arguments, variables from files", async () => {
  const net = await network({ application: 2 });
  await write(
    "icp.yaml",
    `
canisters:
  - services/*
networks: []
environments:
  - name: staging
    network: ic
    canisters: [bank]
    settings:
      bank:
        freezing_threshold: 2d
        environment_variables: { LEVEL: debug }
    init_args:
      bank: '(principal "lxzze-o7777-77777-aaaaa-cai")'
`,
  );
  await write(
    "services/bank/canister.yaml",
    `
name: bank
build:
  steps: [{ type: pre-built, path: bank.wasm.gz }]
sync:
  steps: []
settings:
  compute_allocation: 3
  freezing_threshold: 90d
  reserved_cycles_limit: 1.5t
  wasm_memory_limit: 1gib
  log_visibility: public
  environment_variables:
    LEVEL: info
    KEY: { path: ./secret }
init_args:
  value: '(principal "aaaaa-aa")'
  format: candid
`,
  );
  await write("services/bank/secret", "  hidden\n");
  await copyProgram("reentrancy-bank", "services/bank/bank.wasm.gz");
  await write("services/counter/canister.yaml", "name: counter\nbuild: { steps: [{ type: pre-built, path: c.wasm.gz }] }\n");
  await copyProgram("counter", "services/counter/c.wasm.gz");
  await write("services/readme.txt", "no canister");

  const local = await net.deploy(directory, { cycles: 10n ** 15n, subnet: { counter: net.subnets[1]! } });
  expect(Object.keys(local)).toEqual(["bank", "counter"]);
  expect(await variables(local["bank"]!)).toMatchObject({
    LEVEL: "info",
    KEY: "hidden",
    "PUBLIC_CANISTER_ID:counter": `${local["counter"]}`,
  });
  const status = await local["bank"]!.status();
  expect(status.freezingThresholdSeconds).toBe(7_776_000n);
  expect(status.raw["settings"]).toMatchObject({
    compute_allocation: 3n,
    reserved_cycles_limit: 1_500_000_000_000n,
    log_visibility: { public: null },
  });
  expect(`${local["counter"]}`).toBe("7tjcv-pp777-77776-qaaaa-cai"); // the first id of the second subnet

  const staging = await net.deploy(directory, { environment: "staging", cycles: 10n ** 15n, sender: net.identity("deployer") });
  expect(Object.keys(staging)).toEqual(["bank"]);
  expect((await staging["bank"]!.status()).freezingThresholdSeconds).toBe(172_800n);
  expect(await variables(staging["bank"]!)).toMatchObject({ LEVEL: "debug" });
  expect((await staging["bank"]!.status()).controllers.map(String)).toEqual([net.identity("deployer").principal.toText()]);
});

test("build scripts run when asked for, and their failure is shown", async () => {
  const net = await network();
  await copyProgram("counter", "counter.wasm.gz");
  const steps = (command: string): string => `
canisters:
  - name: counter
    build:
      steps:
        - type: script
          commands:
            - ${command}
`;
  await write("icp.yaml", steps('cp counter.wasm.gz "$ICP_WASM_OUTPUT_PATH"'));
  const error = await refusal(net.deploy(directory));
  expect(error).toMatchObject({ code: "not-built" });
  expect(error.message).toContain('Run "icp build counter"');
  expect(error.message).toContain("{ build: true }");
  const { counter } = await net.deploy(directory, { build: true });
  expect(await counter!.actor["inc"]!()).toBe(1n);
  await write("icp.yaml", steps("echo broken && exit 3"));
  expect((await refusal(net.deploy(directory, { build: true }))).message).toContain("ended with 3:\nbroken");
});

test("a project as an object", async () => {
  const net = await network();
  const project: ProjectManifest = { canisters: [{ name: "counter", build: { steps: [{ type: "pre-built", path: "counter.wasm.gz" }] } }] };
  await copyProgram("counter", "counter.wasm.gz");
  const { counter } = await net.deploy(project, { directory });
  expect(await counter!.actor["inc"]!()).toBe(1n);
});

test("what cannot be deployed is refused by name", async () => {
  const net = await network();
  const refused = async (project: unknown, message: string): Promise<void> => {
    const artifacts = { a: program("counter") };
    const has = JSON.stringify(project).includes('"name":"a"');
    expect((await refusal(net.deploy(project as ProjectManifest, { directory, ...(has ? { artifacts } : {}) }))).message).toContain(
      message,
    );
  };
  const build = { steps: [] };
  await refused({ canister: [] }, 'unknown key "canister"');
  await refused({ canisters: [{ build }] }, "a canister has a name");
  await refused({ canisters: [{ name: "a" }] }, 'either a "build" or a "recipe" section');
  await refused({ canisters: [{ name: "a", build, recipe: {} }] }, 'either a "build" or a "recipe" section');
  await refused(
    {
      canisters: [
        { name: "a", build },
        { name: "a", build },
      ],
    },
    "two canisters have the name a",
  );
  await refused({ canisters: [{ name: "a", build, init_args: "(5)" }] }, "which takes (): 1 values given where 0 are expected");
  await refused(
    { canisters: [{ name: "a", build, settings: { memory_allocation: "2gi" } }] },
    '"2gi" is not a number with one of the suffixes kb, kib',
  );
  await refused({ canisters: [{ name: "a", build, settings: { frozen: 1 } }] }, 'there is no canister setting "frozen"');
  await refused({ canisters: ["nowhere"] }, "there is no canister file");
  await refused({ canisters: [{ name: "b", build }] }, "canister b is not built");
  expect((await refusal(net.deploy(directory))).message).toContain("there is no project file");
  expect((await refusal(net.deploy({ canisters: [] }, { environment: "production" }))).message).toContain(
    'no environment "production"; there are local, ic',
  );
  expect((await refusal(net.deploy({ canisters: [] }, { artifacts: { x: "y" } }))).message).toContain(
    '"x", which the project does not have',
  );
  await write("icp.yaml", "canisters: [");
  expect((await refusal(net.deploy(directory))).message).toContain("is not YAML");
});
