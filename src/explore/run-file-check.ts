/**
 * Whether something is a run file that can be repeated here; where it is not, what it is instead, and what to do. Files come from mails and from other
 * versions: whatever is in them, what is thrown is a `CanneryError`.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { Input } from "../core/inputs.ts";
import type { Choice } from "../core/schedule/schedule.ts";
import { REWRITER_VERSION } from "../core/wasm/rewrite.ts";
import type { RunFile } from "./run-file.ts";

export const RUN_FORMAT = "cannery-run-1";

/** Refuses what is none. Inputs, genesis and modules are still packed: see `unreadable`. */
export function checkedFile(file: unknown): RunFile {
  if (typeof file === "string")
    throw new CanneryError(
      "no-run-file",
      'a run file is given as parsed JSON, not as a text or a path: replay(JSON.parse(readFileSync(path, "utf8")))',
    );
  if (!isRecord(file) || typeof file.format !== "string" || !file.format.startsWith(ANY_FORMAT))
    throw new CanneryError(
      "no-run-file",
      `this is no run file of Cannery: its "format" is not ${JSON.stringify(RUN_FORMAT)}. \`cannery explore\` writes one when a run fails; in a program it is counterexample.run`,
    );
  if (file.format !== RUN_FORMAT)
    throw otherVersion(`its format is ${JSON.stringify(file.format.slice(0, 40))}, here it is ${JSON.stringify(RUN_FORMAT)}`);
  if (isNumber(file.rewriter) && file.rewriter !== REWRITER_VERSION)
    throw otherVersion(`its code counts instructions by rules ${file.rewriter}, here they are ${REWRITER_VERSION}`);
  for (const [field, is] of FIELDS) if (!is(file[field])) throw unreadable(`its "${field}" is missing or of another kind`);
  const run = file as unknown as RunFile;
  for (const { kind } of run.deviations) if (!Object.hasOwn(CHOICES, kind)) throw unknown("a choice", kind, Object.keys(CHOICES));
  for (const { kind } of run.inputs as Input[]) if (!Object.hasOwn(INPUTS, kind)) throw unknown("an input", kind, Object.keys(INPUTS));
  if (run.setupInputs > run.inputs.length)
    throw unreadable(`${run.setupInputs} inputs are said to be the setup's, and there are ${run.inputs.length}`);
  return { ...run, asked: run.asked ?? [] };
}

export function unreadable(what: string, cause?: unknown): CanneryError {
  return new CanneryError(
    "bad-run-file",
    `this run file is cut off, or was changed since it was written: ${what}. Take the file as it was written, or explore again from its seed`,
    { cause },
  );
}

function otherVersion(how: string): CanneryError {
  return new CanneryError(
    "other-version",
    `this run was made with another version of Cannery (${how}): replay it with that version, or explore again from its seed`,
  );
}

function unknown(what: string, kind: string, known: readonly string[]): CanneryError {
  return new CanneryError(
    "unknown-kind",
    `this run has ${what} of a kind that this version of Cannery does not know, ${JSON.stringify(kind.slice(0, 40))}: it was made with a newer one, or was changed by hand. Known are ${known.join(", ")}`,
  );
}

const ANY_FORMAT = "cannery-run-";

type Check = (value: unknown) => boolean;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const isListOf =
  (is: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(is);

const isMapOf =
  (is: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(is);

const has =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([field, is]) => is(value[field]));

const orNull =
  (is: Check): Check =>
  (value) =>
    value === null || is(value);

const isPick = has({ label: isText, candidates: isListOf(isText) });

function isAsked(choice: unknown): boolean {
  return isRecord(choice) && (choice.kind === "turn" || (choice.kind === "pick" && isPick(choice)));
}

/** Up to 29 bytes, in hex. */
const PRINCIPAL = /^(?:[0-9a-f]{2}){0,29}$/u;

const FIELDS: readonly (readonly [keyof RunFile, Check])[] = [
  ["rewriter", isNumber],
  ["genesis", has({ subnets: isListOf(isRecord) })],
  ["inputs", isListOf(has({ kind: isText }))],
  ["setupInputs", isCount],
  ["deviations", isListOf(has({ kind: isText, concerns: isText, nth: isCount, chose: isText }))],
  // Older files have none.
  ["asked", (value) => value === undefined || isListOf(has({ input: isCount, choice: isAsked }))(value)],
  ["stoppedAfter", orNull(isCount)],
  ["digest", isText],
  ["names", (value) => isMapOf(isText)(value) && Object.keys(value as object).every((id) => PRINCIPAL.test(id))],
  ["modules", isMapOf(orNull(isText))],
  ["failure", orNull(has({ kind: isText, name: isText, message: isText }))],
];

const CHOICES: Readonly<Record<Choice["kind"], true>> = {
  canister: true,
  message: true,
  ingress: true,
  hop: true,
  link: true,
  subnetRound: true,
  time: true,
  pick: true,
  turn: true,
  inspect: true,
  rejectRequest: true,
  loseRequest: true,
  loseResponse: true,
  refuseCall: true,
  pendingAnswer: true,
  execution: true,
};

const INPUTS: Readonly<Record<Input["kind"], true>> = {
  ingress: true,
  query: true,
  round: true,
  time: true,
  command: true,
  subnet: true,
  subnetDeletion: true,
  outcall: true,
  mock: true,
  bitcoin: true,
};
