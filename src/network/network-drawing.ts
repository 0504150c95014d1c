/**
 * Drawings of a network: the trace's diagram with the names and the Candid that the network knows.
 */
import { ANONYMOUS, MANAGEMENT_CANISTER, type PrincipalId } from "../core/state/ids.ts";
import { principalText } from "../core/state/principal.ts";
import { MOCK_METHOD } from "../core/state/mock-canisters.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { draw, type DrawOptions } from "../trace/draw.ts";
import type { TracedMessage } from "../trace/messages.ts";
import type { Arrow, RowOptions } from "../trace/rows.ts";
import type { MethodCodec } from "./method-codec.ts";
import { principalId, type PrincipalLike } from "./principals.ts";
import { shown } from "./shown.ts";
import type { Session } from "./session.ts";

/** What is drawn, and how. */
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
  const usual = rowOptions(session, { values, management });
  return draw(session.trace.since(since ?? 0), {
    ...rest,
    nameOf: (id) => own.get(id) ?? usual.nameOf(id),
    include: (message) => usual.include!(message) && (include === undefined || include(message)),
    label: (arrow) => label?.(arrow) ?? usual.label!(arrow),
  });
}

/** How a network's messages are told, to whoever makes rows of them. */
export function rowOptions(
  session: Session,
  { values = false, management = false }: Pick<NetworkDrawOptions, "values" | "management">,
): RowOptions {
  return {
    nameOf: (id) => nameInLane(session, id),
    include: (message) => management || !isManagement(message),
    label: (arrow) => (values ? labelWithValues(session, arrow) : null),
  };
}

/** What users ask of the management canister, and how mocks ask for what they do. */
export function isManagement({ message, to, method }: TracedMessage): boolean {
  return to === MANAGEMENT_CANISTER && (message === "ingress" || method === MOCK_METHOD);
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

function labelWithValues(session: Session, arrow: Arrow): string | null {
  const { message, isAnswer } = arrow;
  return decoded(session, arrow, (codec, data) => {
    if (!isAnswer)
      return `${message.method}(${codec
        .decodeArgs(data)
        .map((value) => named(session, shown(value, "")))
        .join(", ")})`;
    const value = codec.decode(data, message.method);
    return value === undefined ? "reply" : `reply ${named(session, shown(value, ""))}`;
  });
}

/** With names in the place of principals that were given some. */
function named(session: Session, text: string): string {
  return text.replace(/\b[a-z2-7]{5}(?:-[a-z2-7]{1,5})+\b/gu, (principal) => {
    for (const [id, name] of session.names.given) if (principalText(id) === principal) return name;
    return principal;
  });
}

/** What was sent, as Candid text. */
export function candidOf(session: Session, arrow: Arrow): string | null {
  return decoded(session, arrow, (codec, data) => codec.candidOf(arrow.isAnswer ? "answer" : "argument", data));
}

/** `null` where there is nothing to decode, or nobody knows how. */
function decoded(session: Session, { message, payload }: Arrow, tell: (codec: MethodCodec, data: Uint8Array) => string): string | null {
  if (payload.kind !== "data") return null;
  const callee = message.message === "response" ? message.from : message.to;
  const codec = codecOf(session, callee, message.method);
  if (codec === null) return null;
  try {
    return tell(codec, payload.data);
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
