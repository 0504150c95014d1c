/**
 * A guide that is walked through: in the order of reading its files are laid into a project and its commands run there, and what a command prints is
 * what the guide shows. What stands for anything, within a line or over several, is `…`.
 *
 *     ```ts bank.test.ts         a file of this name; one that is there already, made by a command, must have this text
 *     ```console                 `$ npx cannery …` or `$ npx vitest …`, and what it prints; what stands behind `> ` is typed
 *     ```motoko                  quoted from the source that was named last
 *     <!-- file bank.wasm: generated/bugs/ledger.wasm.gz -->
 *     <!-- source: examples/bugs/check-then-act/buggy.mo -->
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const STEP = /^<!-- (file (?<target>\S+)|source): (?<path>\S+) -->$|^```(?<language>\w+)(?: (?<name>\S+))?\n(?<text>[\s\S]*?)^```$/gmu;

/** Whether a guide is of this kind. */
export function isWalk(markdown: string): boolean {
  return /^```console$/m.test(markdown);
}

export interface Walk {
  /** Where what the guide takes from this repository lies. */
  readonly root: string;
  /** An empty project, `node_modules` aside. */
  readonly project: string;
  /** The scripts that stand for `npx cannery` and `npx vitest`. */
  readonly programs: Readonly<Record<string, string>>;
}

export function walk(guide: string, markdown: string, { root, project, programs }: Walk): void {
  let source = "";
  for (const { groups } of markdown.matchAll(STEP)) {
    const { target, path, language, name, text = "" } = groups!;
    if (path !== undefined && target !== undefined) writeFileSync(join(project, target), gunzipSync(readFileSync(join(root, path))));
    else if (path !== undefined) source = readFileSync(join(root, path), "utf8");
    else if (language === "console") runCommand(guide, text, project, programs);
    else if (language === "motoko") expectShown(guide, text, source.includes(text) ? text : source);
    else if (name !== undefined) layFile(guide, join(project, name), text);
  }
}

function layFile(guide: string, file: string, text: string): void {
  if (existsSync(file)) expectShown(guide, text, readFileSync(file, "utf8"));
  else writeFileSync(file, text);
}

function runCommand(guide: string, text: string, project: string, programs: Walk["programs"]): void {
  const [, command, output] = /^\$ npx (.*)\n([\s\S]*)$/u.exec(text)!;
  const [program, ...args] = command!.split(" ");
  const input = [...output!.matchAll(/^> (.*)$/gmu)].map(([, typed]) => typed).join("\n");
  const { stdout, stderr } = spawnSync(process.execPath, [programs[program!]!, ...args], { cwd: project, encoding: "utf8", input });
  expectShown(`${guide}, ${command}`, output!, `${stdout}${stderr}`);
}

function expectShown(where: string, shown: string, there: string): void {
  const pattern = shown.trim().split("…").map(escaped).join("[\\s\\S]*?");
  const tidy = there.replaceAll(/\x1b\[[\d;]*m/gu, "").trim();
  if (!new RegExp(`^${pattern}$`, "u").test(tidy))
    throw new Error(`docs/guides/${where}: the guide shows\n${shown}\nand there is\n${tidy}`);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
}
