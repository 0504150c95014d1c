/**
 * The command `cannery` in processes of its own, compiled, as a user runs it. Nobody sleeps here: tests wait for lines and for ends.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeAll } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export class Running {
  readonly child: ChildProcess;
  /** Never rejects. */
  readonly ended: Promise<Ended>;
  private readonly lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.child = child;
    let stdout = "";
    let stderr = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    this.ended = new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line of standard output; throws with what was said when there is none. */
  async line(): Promise<string> {
    const { value, done } = (await this.lines.next()) as IteratorResult<string, undefined>;
    if (done !== true) return value;
    const { code, stderr } = await this.ended;
    throw new Error(`the process ended with code ${code} without a further line:\n${stderr}`);
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Records of running networks, and processes, of one test. */
export interface Bench {
  readonly folder: string;
  /** Runs a program of `dist/cli`. */
  spawn(program: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Running;
  /** `cannery ARGS` until it ends. */
  run(...args: string[]): Promise<Ended>;
  /** `cannery status --json`. */
  status(): Promise<StatusEntry[]>;
  /** `cannery start --port 0 --json ARGS`, ready. */
  start(...args: string[]): Promise<Running & { readonly ready: ReadyLine }>;
}

/** Of `cannery status --json`. */
export interface StatusEntry extends ReadyLine {
  readonly port: number;
  readonly directory: string;
  readonly defaultEffectiveCanisterId: string;
}

export interface ReadyLine {
  readonly url: string;
  readonly rootKey: string;
  readonly pid: number;
  readonly subnets: readonly { readonly id: string; readonly kind: string; readonly name: string }[];
}

/** On a machine that does much else. */
const BUILD_MILLISECONDS = 300_000;

/** Compiles the package; nothing when it is of these sources already. */
export async function buildCannery(): Promise<void> {
  await promisify(execFile)(process.execPath, ["--import", "tsx", join(ROOT, "scripts", "build.ts")]);
}

/** One for each test; what still runs when the test ends is killed. */
export function bench(): () => Bench {
  let children: ChildProcess[] = [];
  beforeAll(buildCannery, BUILD_MILLISECONDS);
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    children = [];
  });
  return () => {
    const folder = temporaryFolder("start");
    const self: Bench = {
      folder,
      spawn(program, args, environment = {}) {
        const child = spawn(process.execPath, [join(ROOT, "dist", "cli", program), ...args], {
          cwd: ROOT,
          env: { ...process.env, CANNERY_RUNNING_DIR: join(folder, "running"), ...environment },
          stdio: ["ignore", "pipe", "pipe"],
        });
        children.push(child);
        return new Running(child);
      },
      run: (...args) => self.spawn("main.js", args).ended,
      status: async () => JSON.parse((await self.run("status", "--json")).stdout) as StatusEntry[],
      async start(...args) {
        const running = self.spawn("main.js", ["start", "--port", "0", "--json", ...args]);
        const ready = JSON.parse(await running.line()) as ReadyLine;
        return Object.assign(running, { ready });
      },
    };
    return self;
  };
}

/** A page under this name, whatever it resolves to. */
export function got(host: string, port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, headers: { host: `${host}:${port}` } }, (response) => {
      response.resume();
      resolve(response);
    });
    asked.on("error", reject).end();
  });
}
