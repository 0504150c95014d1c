/**
 * The executions of a run, one after the other: who ran what, and the messages that came of it.
 */
import type { ExecutedEvent, NetworkEvent } from "../../core/events.ts";
import type { Replay } from "../../index.ts";
import { MessageIndex } from "../../trace/messages.ts";
import { rowOf } from "../../trace/rows.ts";

export interface Step {
  /** The position after it: 1 for the first. */
  readonly position: number;
  /** Names of the canisters that ran, and their methods; several when the network did something by itself between two stops. */
  readonly ran: readonly { readonly canister: string; readonly method: string; readonly entry: ExecutedEvent["entry"] }[];
  readonly title: string;
  /** Messages, choices and traps. */
  readonly lines: readonly string[];
}

/** Of a run that is at its end. */
export function stepsOf(run: Replay): Step[] {
  const { telling } = run;
  const index = new MessageIndex(run.trace);
  const tell = (event: NetworkEvent): string[] => {
    const row = rowOf(event, index, telling);
    if (row === null || row.kind === "gap") return [];
    const note = row.note === null ? "" : `: ${row.note}`;
    if (row.kind === "mark") return [`${row.isFailure ? "✗" : "●"} ${row.at}: ${row.label}${note}`];
    return [`${row.from} ${row.isLost ? "─✗" : "─▶"} ${row.to}: ${row.label}${row.isLost ? ", lost" : ""}${note}`];
  };
  const titleOf = (event: ExecutedEvent): string => {
    const name = telling.nameOf(event.canister);
    const call = event.tag === null ? null : index.message(event.tag);
    const from = call === null ? "" : ` ${call.message === "response" ? "from" : "for"} ${telling.nameOf(call.from)}`;
    const how = event.result.kind === "trap" ? ", and traps" : event.result.kind === "reject" ? ", and rejects" : "";
    return `${name} runs ${phrase(event)}${from}${how}`;
  };
  return run.steps.map((events, i) => {
    const executions = events.filter((event) => event.kind === "executed");
    return {
      position: i + 1,
      ran: executions.map(({ canister, method, entry }) => ({ canister: telling.nameOf(canister), method, entry })),
      title: executions.map(titleOf).join("; ") || "the network does something by itself",
      lines: events.flatMap(tell),
    };
  });
}

/** What became of the run; `null` for one that ended well. */
export function endingText({ failure }: Replay): string | null {
  return failure === null ? null : `The run ended with "${failure.name}": ${failure.message}`;
}

function phrase({ entry, method }: ExecutedEvent): string {
  switch (entry) {
    case "replyCallback":
      return `the callback of ${method} (a reply)`;
    case "rejectCallback":
      return `the callback of ${method} (a reject)`;
    case "cleanup":
      return `the cleanup of ${method}`;
    case "heartbeat":
      return "its heartbeat";
    case "globalTimer":
      return "its timer";
    case "lowWasmMemory":
      return "its hook for low memory";
    case "management":
    case "update":
    case "replicatedQuery":
      return method;
    case "init":
    case "preUpgrade":
    case "postUpgrade":
    case "start":
      return entry;
  }
}
