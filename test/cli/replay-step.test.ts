/**
 * `cannery replay --step` as a script talks to it.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { openRun } from "../../src/cli/replay/run-file.ts";
import { Stepper } from "../../src/cli/replay/stepper.ts";
import { CanneryError, replay, withoutModules, type RunFile } from "../../src/index.ts";
import { withdrawals } from "../explore/bank.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporaryFolder("step");
const RUN = join(folder, "run.json");
let file: RunFile;

beforeAll(async () => {
  file = (await withdrawals("withdrawUnsafe").run()).counterexample!.run;
  writeFileSync(RUN, JSON.stringify(file));
});

/** What the commands are answered, without a process. */
function answers(...commands: string[]): string[] {
  const stepper = new Stepper(replay(file));
  stepper.run.to(0);
  return commands.map((command) => {
    try {
      return stepper.answer(command).text;
    } catch (error) {
      if (error instanceof CanneryError) return error.message;
      throw error;
    }
  });
}

/** What it says to these lines. */
function converse(
  lines: readonly string[],
  ...args: string[]
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const command = ["--import", "tsx", join(root, "src/cli/main.ts"), "replay", RUN, "--step", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8", input: lines.join("\n") });
  return { code: status, out: stdout, err: stderr };
}

test("from a pipe: each command, and its answer; code 1 where one was refused", () => {
  const { code, out, err } = converse(["# a comment, and an empty line", "", "next", "fly", "query bank nothing", "back", "quit", "next"]);
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(out).toMatch(/^A run of \d+ executions\. The run ended with "nobody is paid what was not there"[^]*- second: at once/u);
  const [next, fly, nothing, back, ...more] = out.split(/^> .*\n/mu).slice(1);
  expect(next).toMatch(/^\[1\/\d+\] round \d+: bank runs withdrawUnsafe for alice\n[^]*● schedule: chosen: second: at once/u);
  expect(fly).toMatch(/there is no command "fly": there are next, back/u);
  expect(nothing).toMatch(/bank has no method nothing\. It has /u);
  expect(back).toMatch(/^\[0\/\d+\] where the body begins/u);
  expect(more).toEqual([]);
});

test("as JSON: a line for each answer", () => {
  const { code, out } = converse(["goto end", "state ledger", "fly"], "--json");
  expect(code).toBe(1);
  const lines = out.trim().split("\n");
  const [first, end, state, fly] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({ position: 0, choices: ["second: at once"], failure: { kind: "invariant" } });
  expect(end).toMatchObject({ position: replay(file).length, digest: file.digest, ran: [{ canister: "ledger" }] });
  expect(state).toMatchObject({ name: "ledger", status: "running", queues: [{ where: "output", kind: "answer", with: "bank" }, {}] });
  expect(fly).toMatchObject({ error: { code: "unknown-command" } });
});

test("forth and back, to places, and everywhere the canisters answer", () => {
  const total = 'query ledger total (principal "2vxsx-fae")';
  const [before, as, balance, until, after, end, , start, where] = answers(
    total, "as alice", "q bank balance", "until ledger.pay", "q bank balance '()'", "n 1000", "back 2", "goto 0", "where",
  ); // prettier-ignore
  expect([before, as, balance, after]).toEqual(["(0 : nat)", "Queries are alice's from now on.", "(100 : nat)", "(100 : nat)"]);
  expect(until).toMatch(/^… past \d+ executions?\n\[\d+\/\d+\] round \d+: ledger runs pay for bank/u);
  expect(end).toMatch(/The run ended with/u);
  expect(start).toBe(where);
});

test("a canister's state, the executions, the diagram, what was chosen, and help", () => {
  const [, bank, overview, list, trace, choices, help] = answers("goto 1", "state bank", "state", "list", "trace 2", "choices", "help");
  expect(bank).toMatch(/^bank \([a-z0-9-]+\), running, module [0-9a-f]{16}…/u);
  expect(bank).toMatch(/ open calls +withdrawUnsafe, called by alice: not answered, waits for /u);
  expect(overview).toMatch(/Canisters:[^]*ledger[^]*Who waits:[^]*bank\.withdrawUnsafe \(called by alice\) waits for /u);
  expect(list).toMatch(/▶ +1 +bank runs withdrawUnsafe for alice\n +2/u);
  expect(trace).toMatch(/more/u);
  expect(choices).toBe("- second: at once");
  expect(help).toMatch(/query, q CANISTER METHOD \[ARGS\]/u);
});

test("what cannot be done is said", () => {
  const [update, nobody, far, never, trap, wrong, less] = answers(
    "query bank withdraw (1)", "query nobody x", "goto 99", "until nobody", "until trap", "query ledger total (1)", "next -1",
  ); // prettier-ignore
  expect(update).toMatch(/bank\.withdraw changes things.*bank has balance/u);
  expect(nobody).toMatch(/there is no canister nobody here: there are ledger, bank/u);
  expect(far).toMatch(/there is no position 99/u);
  expect(never).toMatch(/nothing of nobody runs between here and the end.*Canisters that run are bank, ledger/u);
  expect(trap).toMatch(/nothing traps between here and the end/u);
  expect(wrong).toMatch(/total takes \(principal\)/u);
  expect(less).toMatch(/a number of executions is expected.*"-1"/u);
});

test("the key that completes: commands, canisters, their queries, users", () => {
  const stepper = new Stepper(replay(file));
  expect(stepper.completions("un")).toEqual(["until"]);
  expect(stepper.completions("state le")).toEqual(["state ledger"]);
  expect(stepper.completions("q ba")).toEqual(["q bank "]);
  expect(stepper.completions("q bank ba")).toEqual(["q bank balance "]);
  expect(stepper.completions("as al")).toEqual(["as alice"]);
});

test("a run without its modules takes them from files", () => {
  const slim = join(folder, "slim.json");
  writeFileSync(slim, JSON.stringify(withoutModules(file)));
  expect(() => openRun(slim, { module: [] })).toThrow(/slim\.json: the run was made with modules that are not here.*--module FILE/u);
  const module = Object.values(file.modules).map((base64, i) => {
    const path = join(folder, `${i}.wasm`);
    writeFileSync(path, Buffer.from(base64!, "base64"));
    return path;
  });
  expect(openRun(slim, { module }).net.digest()).toBe(file.digest);
  expect(() => openRun(slim, { module: ["/nowhere.wasm"] })).toThrow(/There is no file \/nowhere\.wasm/u);
  expect(() => openRun(folder, { module })).toThrow(/cannot be read: EISDIR/u);
  writeFileSync(slim, JSON.stringify(file).slice(0, 5_000));
  expect(() => openRun(slim, { module })).toThrow(/is not JSON.*cut off or damaged/u);
});
