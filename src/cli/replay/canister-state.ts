/**
 * A canister as it is at a place of a run: what a developer looks at, as data and as text.
 */
import { decodeUtf8Lossy } from "../../base/utf8.ts";
import type { CallOrigin, CanisterState } from "../../core/state/canister.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import { memoryUsageBytes } from "../../core/state/memory-usage.ts";
import { principalText } from "../../core/state/principal.ts";
import { route } from "../../core/state/world.ts";
import type { Session } from "../../network/session.ts";

export interface ShownCanister {
  readonly name: string;
  readonly id: string;
  readonly status: CanisterState["status"]["kind"];
  /** Decimal text. */
  readonly cycles: string;
  readonly memory: { readonly bytes: number; readonly heapBytes: number; readonly stableBytes: number };
  /** SHA-256 of its module, hex; `null` when it is empty. */
  readonly module: string | null;
  readonly controllers: readonly string[];
  /** Messages that wait for it, or that it has sent and that are not on their way yet. */
  readonly queues: readonly QueuedMessage[];
  /** Calls that it is in the middle of: not answered, or waiting for others. */
  readonly callContexts: readonly { readonly of: string; readonly isAnswered: boolean; readonly waitsFor: readonly string[] }[];
  /** Seconds until its timer is due; `null` without one. */
  readonly timerSeconds: number | null;
  readonly log: readonly string[];
}

interface QueuedMessage {
  readonly where: "block" | "input" | "output";
  readonly kind: "call" | "answer";
  readonly with: string;
  readonly method: string | null;
}

export function shownCanister(session: Session, id: PrincipalId): ShownCanister {
  const canister = session.canisterState(id);
  const { execution, settings } = canister;
  const nameOf = (principal: PrincipalId): string => session.nameOf(principal);
  const { timeNanos } = session.core.state;
  return {
    name: nameOf(id),
    id: principalText(id),
    status: canister.status.kind,
    cycles: String(canister.balanceCycles),
    memory: { bytes: memoryUsageBytes(canister), heapBytes: execution?.heapBytes ?? 0, stableBytes: execution?.stableBytes ?? 0 },
    module: execution?.module.hash ?? null,
    controllers: settings.controllers.map(nameOf),
    queues: [...inBlock(session, id), ...inQueues(canister, nameOf)],
    callContexts: [...canister.callContexts.values()].map((context) => ({
      of: originText(context.origin, nameOf),
      isAnswered: context.responded,
      waitsFor: [...canister.callbacks.values()]
        .filter(({ callContextId }) => callContextId === context.id)
        .map(({ respondent, method }) => `${nameOf(respondent)}.${method}`),
    })),
    timerSeconds: canister.globalTimerNanos === 0n ? null : Number((canister.globalTimerNanos - timeNanos) / 1_000_000n) / 1000,
    log: canister.log.records.map(({ content }) => decodeUtf8Lossy(content)),
  };
}

/** Users' calls that wait for the next block. */
function inBlock(session: Session, id: PrincipalId): QueuedMessage[] {
  const { state } = session.core;
  const pending = state.subnets.get(route(state, id)!)!.pendingIngress;
  return [...pending]
    .filter(({ receiver }) => receiver === id)
    .map(({ sender, method }) => ({ where: "block", kind: "call", with: session.nameOf(sender), method }));
}

function inQueues({ queues, callbacks }: CanisterState, nameOf: (id: PrincipalId) => string): QueuedMessage[] {
  return [...queues.messages()].map(({ where, peer, message }) => ({
    where: where === "output" ? "output" : "input",
    kind: message.kind === "response" ? "answer" : "call",
    with: nameOf(peer),
    method: message.kind === "response" ? (callbacks.get(message.callbackId)?.method ?? null) : message.method,
  }));
}

function originText(origin: CallOrigin, nameOf: (id: PrincipalId) => string): string {
  switch (origin.kind) {
    case "ingress":
      return `${origin.method}, called by ${nameOf(origin.user)}`;
    case "canister":
      return `${origin.method}, called by ${nameOf(origin.canister)}`;
    case "systemTask":
      return origin.task;
  }
}

/** Lines of a log shown. */
const MAX_LOG = 10;

export function canisterText(canister: ShownCanister): string {
  const { name, id, status, cycles, memory, module, controllers, queues, callContexts, timerSeconds, log } = canister;
  const code = module === null ? "no code" : `module ${module.slice(0, 16)}…`;
  return [
    `${name} (${id}), ${status}, ${code}`,
    `  cycles       ${grouped(cycles)}`,
    `  memory       ${grouped(memory.bytes)} bytes: heap ${grouped(memory.heapBytes)}, stable ${grouped(memory.stableBytes)}`,
    `  controllers  ${controllers.join(", ") || "none"}`,
    ...listed("queues", queues.map(queuedText), "empty"),
    ...listed(
      "open calls",
      callContexts.map(
        ({ of, isAnswered, waitsFor }) =>
          `${of}: ${isAnswered ? "answered, but not done" : "not answered"}${waitsFor.length === 0 ? "" : `, waits for ${waitsFor.join(", ")}`}`,
      ),
      "none",
    ),
    ...(timerSeconds === null ? [] : [`  timer        ${timerSeconds <= 0 ? "due" : `due in ${timerSeconds} s`}`]),
    ...listed("log", log.slice(-MAX_LOG), "empty"),
  ].join("\n");
}

function queuedText({ where, kind, with: peer, method }: QueuedMessage): string {
  const what = method ?? "a call";
  if (where === "block") return `${what} from ${peer}, waits for a block`;
  if (where === "input") return kind === "call" ? `${what} from ${peer}, waits to be run` : `answer of ${peer} to ${what}, waits to be run`;
  return kind === "call" ? `${what} to ${peer}, about to leave` : `answer to ${peer}, about to leave`;
}

/** The first beside the name, the others below it. */
function listed(name: string, lines: readonly string[], none: string): string[] {
  const shown = lines.length === 0 ? [none] : lines;
  return shown.map((line, i) => `  ${(i === 0 ? name : "").padEnd(11)}  ${line.replaceAll("\n", "\n               ")}`);
}

function grouped(amount: number | string): string {
  return String(amount).replace(/\B(?=(?:\d{3})+$)/gu, ",");
}
