/**
 * Drawings of a network: the trace's diagram with the names and the Candid that the network knows.
 */
import { ANONYMOUS, MANAGEMENT_CANISTER, type PrincipalId } from "../core/state/ids.ts";
import { MOCK_METHOD } from "../core/state/mock-canisters.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { draw, type DrawOptions } from "../trace/draw.ts";
import type { TracedMessage } from "../trace/messages.ts";
import type { Arrow } from "../trace/rows.ts";
import type { MethodCodec } from "./method-codec.ts";
import { principalId, type PrincipalLike } from "./principals.ts";
import { shown } from "./shown.ts";
import type { Session } from "./session.ts";

export interface NetworkDrawOptions extends Omit<DrawOptions, "names" | "nameOf"> {
  /** Names for this drawing, by the text of a principal; those given before apply as well. */
  readonly names?: Readonly<Record<string, string>> | ReadonlyMap<PrincipalLike, string>;
  /** Only what happened after this position of the trace: `net.trace.position`, asked before. */
  readonly since?: number;
  /** Shows arguments and replies, decoded by the callee's Candid. */
  readonly values?: boolean;
  /** Shows also what users ask of the management canister, such as installing, and how mocks ask for what they do. */
  readonly management?: boolean;
}

export function drawNetwork(session: Session, options: NetworkDrawOptions): string {
  const { names, since, values = false, management = false, include, label, ...rest } = options;
  const own = namesOf(names);
  const isManagement = (message: TracedMessage): boolean =>
    message.message === "ingress"
      ? message.to === MANAGEMENT_CANISTER
      : message.method === MOCK_METHOD && session.mocks.isMock(message.from);
  return draw(session.trace.since(since ?? 0), {
    ...rest,
    nameOf: (id) => own.get(id) ?? nameInLane(session, id),
    include: (message) => (management || !isManagement(message)) && (include === undefined || include(message)),
    label: (arrow) => label?.(arrow) ?? (values ? labelWithValues(session, arrow) : null),
  });
}

/** Subnets appear as callees of management calls: they are one lane with the management canister. */
function nameInLane(session: Session, id: PrincipalId): string {
  if (session.core.state.subnets.has(id as never)) return session.nameOf(MANAGEMENT_CANISTER);
  if (id === ANONYMOUS) return session.nameOf(id);
  const name = session.names.get(id);
  return name ?? `${session.nameOf(id).slice(0, 5)}…`;
}

function namesOf(names: NetworkDrawOptions["names"]): Map<PrincipalId, string> {
  if (names === undefined) return new Map();
  const entries: [PrincipalLike, string][] =
    names instanceof Map ? [...(names as ReadonlyMap<PrincipalLike, string>)] : Object.entries(names);
  return new Map(entries.map(([who, name]) => [principalId(who), name]));
}

function labelWithValues(session: Session, { message, isAnswer, payload }: Arrow): string | null {
  if (payload.kind !== "data") return null;
  const callee = message.message === "response" ? message.from : message.to;
  const codec = codecOf(session, callee, message.method);
  if (codec === null) return null;
  try {
    if (!isAnswer)
      return `${message.method}(${codec
        .decodeArgs(payload.data)
        .map((value) => shown(value, ""))
        .join(", ")})`;
    const value = codec.decode(payload.data, session.nameOf(callee));
    return value === undefined ? "reply" : `reply ${shown(value, "")}`;
  } catch (error) {
    if (error instanceof CanneryError) return null; // bytes of another type than the description says: shown without values
    throw error;
  }
}

function codecOf(session: Session, callee: PrincipalId, method: string): MethodCodec | null {
  try {
    return session.interfaceOf(callee)?.methods.get(method) ?? null;
  } catch (error) {
    if (error instanceof CanneryError) return null; // no such canister any more, or no description
    throw error;
  }
}
