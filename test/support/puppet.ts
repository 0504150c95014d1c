/**
 * The universal canister (`test/universal/`) by the names under which the first tests know it: `append…` adds to the answer.
 */
import { HOOKS, universalCanister, type Hook } from "../universal/module.ts";
import * as does from "../universal/program.ts";
import type { Program, Value } from "../universal/program.ts";

export { HOOKS };
export type { CallOptions, Program } from "../universal/program.ts";
export {
  accept,
  append,
  appendZeros,
  badCallbacks,
  burn,
  call,
  certify,
  grow,
  growStable,
  note,
  noteStable,
  NOTHING,
  passOn,
  print,
  program,
  reject,
  reply,
  send,
  setHook,
  setTimer,
  spin,
  trap,
  unreachable,
} from "../universal/program.ts";

/** How many `call_perform` of this execution returned 2, as u32. */
export const appendRefused: Program = does.append(does.refusedCalls);
export const appendJournal: Program = does.append(does.journal);
export const appendStableJournal: Program = does.append(does.stableJournal);
/** The argument, in a reply callback the reply. */
export const appendArgument: Program = does.append(does.argument);
/** The reject code as a byte, then the text. */
export const appendReject: Program = does.append(does.slice(does.rejectCode, 0, 1), does.rejectMessage);
export const appendCaller: Program = does.append(does.caller);
export const appendVariable = (name: string): Program => does.append(does.variable(name));

/** `timer` switches the timer off and gives what it was. */
const INFO = {
  balance: does.slice(does.balance, 0, 8),
  refunded: does.slice(does.refunded, 0, 8),
  available: does.slice(does.available, 0, 8),
  deadline: does.deadline,
  time: does.time,
  version: does.version,
  status: does.status,
  rejectCode: does.rejectCode,
  timer: does.timerWas(0),
} as const satisfies Record<string, Value>;

/** A number the system knows, as u64. */
export const appendInfo = (what: keyof typeof INFO): Program => does.append(INFO[what]);

/** A puppet that also exports the named hooks. */
export function puppet(...hooks: readonly Hook[]): Uint8Array {
  return universalCanister(hooks);
}
