/** Processes that serve, for figures of what comes over a socket: started until they say that they are ready, and what CPU time they have used. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Serving {
  readonly child: ChildProcess;
  /** Its first line on standard output. */
  readonly line: string;
  /** From before it was started until that line, milliseconds. */
  readonly wallMilliseconds: number;
  /** CPU time of all its threads so far; `null` where that cannot be read. */
  cpuMilliseconds(): number | null;
  stop(): Promise<void>;
}

/** `node ARGS` until its first line. */
export async function serving(args: readonly string[]): Promise<Serving> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      const end = text.indexOf("\n");
      if (end !== -1) resolve(text.slice(0, end));
    });
    child.once("exit", (code) => reject(new Error(`node ${args.join(" ")} ended with ${code} before it said anything`)));
  });
  const wallMilliseconds = performance.now() - start;
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  return { child, line, wallMilliseconds, cpuMilliseconds: () => cpuMillisecondsOf(child.pid!), stop };
}

/** Source: Linux, `/proc/<pid>/task/<tid>/schedstat`: nanoseconds on a CPU come first. */
function cpuMillisecondsOf(pid: number): number | null {
  try {
    const nanos = readdirSync(`/proc/${pid}/task`).map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanos.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    return null; // no such file system
  }
}
