/**
 * A failing run is repeated from its file: the same digest, and any place of it to look at.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { replay, withoutModules, type Counterexample, type RunFile } from "../../src/index.ts";
import { toMermaid } from "../../src/trace/formats.ts";
import { modulesOf, withdrawals } from "./bank.ts";
import { mutatedRun, outcomeOf } from "./mutated-run.ts";

let found: Counterexample;
let file: RunFile;

beforeAll(async () => {
  found = (await withdrawals("withdrawUnsafe").run()).counterexample!;
  file = JSON.parse(JSON.stringify(found.run)) as RunFile;
});

describe("a run from its file", () => {
  test("has the same digest and the same diagram, twice", () => {
    for (let i = 0; i < 2; i++) {
      const again = replay(file);
      expect(again.net.digest()).toBe(found.run.digest);
      expect(again.failure?.name).toBe("nobody is paid what was not there");
      expect(again.draw()).toContain("withdrawUnsafe");
    }
  });

  test("stops at any message, forth and back, and its canisters can be looked at there", () => {
    const run = replay(file);
    const { net } = run;
    const paid = (): unknown[] => {
      const [ledger, bank] = net.canisterIds.map((id) => net.canister(id));
      const alice = net.identity("alice");
      return [ledger!.look["total"]!(alice.getPrincipal()), bank!.as(alice).look["balance"]!()];
    };
    const forth: unknown[] = [];
    const digests: string[] = [];
    for (run.to(0); ; run.forth()) {
      forth.push(paid());
      digests.push(net.digest());
      if (run.position === run.length) break;
    }
    expect(forth[0]).toEqual([0n, 100n]);
    expect(forth.at(-1)).toEqual([120n, 100n]);
    expect(new Set(digests).size).toBe(run.length + 1);
    for (; run.position > 0; run.back()) {
      expect(paid()).toEqual(forth[run.position]);
      expect(net.digest()).toBe(digests[run.position]);
    }
    expect(() => run.to(run.length + 1)).toThrow(/no position/u);
  });

  test("takes no calls; a fork of it does", async () => {
    const run = replay(file);
    run.to(3);
    const [, bank] = run.net.canisterIds;
    await expect(run.net.canister(bank!).actor["balance"]!()).rejects.toThrow(/repeats a run/u);
    const fork = run.net.fork();
    expect(await fork.canister(bank!).as(fork.identity("alice")).actor["balance"]!()).toBe(100n);
  });

  test("tells what the body picked, where it picked it, however it is drawn", () => {
    const run = replay(file);
    expect(run.draw()).toMatch(/withdrawUnsafe[^]*● chosen +│ +second: at once[^]*withdrawUnsafe/u);
    expect(toMermaid(run.trace, run.telling)).toMatch(
      /p0->>p1: withdrawUnsafe\(60\)\n {2}Note over p2: ● chosen: second: at once\n {2}p0->>p1/u,
    );
    expect(run.page()).toContain("second: at once");
    expect(run.choices).toEqual(["second: at once"]);
    run.to(0);
    expect(run.draw()).not.toContain("chosen");
  });

  test("tells what happened from each position to the next", () => {
    const run = replay(file);
    expect(run.steps).toHaveLength(run.length);
    for (const step of run.steps) expect(step.filter(({ kind }) => kind === "executed")).toHaveLength(1);
    expect(run.steps.flat()).toEqual(run.trace);
    const forth = [];
    for (run.to(0); run.position < run.length;) {
      run.forth();
      forth.push(run.trace);
    }
    expect(forth.at(-1)).toEqual(run.steps.flat());
    expect(forth[0]).toEqual(run.steps[0]);
  });

  test("needs the very modules it was made with", () => {
    const slim = withoutModules(file);
    expect(JSON.stringify(slim).length).toBeLessThan(20_000);
    expect(() => replay(slim)).toThrow(/modules that are not here/u);
    expect(() => replay(slim, { modules: [new Uint8Array(10)] })).toThrow(/modules given have/u);
    expect(replay(slim, { modules: modulesOf() }).net.digest()).toBe(found.run.digest);
  });

  test("damaged in any way, is replayed or refused in a sentence", () => {
    const outcomes = new Set(Array.from({ length: 60 }, (_, seed) => outcomeOf(() => replay(mutatedRun(file, seed)))));
    expect(outcomes).toContain("bad-run-file");
  });

  test("says what is wrong with a file that is none, or was changed", () => {
    expect(() => replay({})).toThrow(/no run file/u);
    expect(() => replay({ ...file, format: "cannery-run-9" })).toThrow(/another version of Cannery \(its format is "cannery-run-9"/u);
    expect(() => replay({ ...file, inputs: undefined })).toThrow(/cut off.*"inputs" is missing/u);
    expect(() => replay({ ...file, deviations: [{ kind: "teleport", concerns: "x", nth: 0, chose: "y" }] })).toThrow(
      /a choice of a kind that this version of Cannery does not know, "teleport"/u,
    );
    const [hash, base64] = Object.entries(file.modules)[0]!;
    expect(() => replay({ ...file, modules: { ...file.modules, [hash]: base64!.replace("A", "B") } })).toThrow(/other bytes/u);
    expect(() => replay({ ...file, rewriter: 1 })).toThrow(/another version/u);
    expect(() => replay({ ...file, deviations: [], inputs: file.inputs.slice(0, -1) })).toThrow(/did not repeat/u);
  });
});
