/**
 * Calls as people write them: methods by their names, arguments and answers as Candid text.
 */
import { IDL } from "@icp-sdk/core/candid";
import { toHex } from "../base/bytes.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { candidText } from "../codec/candid-print.ts";
import { CandidTextError, candidTextToValues } from "../codec/candid-text.ts";
import { DidError } from "../codec/did/ast.ts";
import { parseDid } from "../codec/did/did.ts";
import { toIdl, type IdlMethod } from "../codec/did/to-idl.ts";

/** `callee`: for whoever asked for a method that is not there. */
export function methodOf(candid: string, callee: string, name: string): IdlMethod {
  const methods = methodsOf(candid);
  const method = methods.get(name);
  if (method !== undefined) return method;
  throw new CanneryError("no-such-method", `${callee} has no method ${name}. It has ${[...methods.keys()].join(", ")}`);
}

export function methodsOf(candid: string): ReadonlyMap<string, IdlMethod> {
  try {
    return toIdl(parseDid(candid)).methods;
  } catch (cause) {
    if (!(cause instanceof DidError)) throw cause;
    throw new CanneryError("candid-text", `The canister's description cannot be read: ${cause.message}`, { cause });
  }
}

export function argumentOf({ args }: IdlMethod, name: string, text: string): Uint8Array {
  try {
    return IDL.encode([...args], candidTextToValues(text, args));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const why = cause instanceof CandidTextError ? cause.message : cause.message.trim();
    throw new CanneryError("candid-argument", `${name} takes ${typesText(args)}: ${why}`, { cause });
  }
}

export function answerText(reply: Uint8Array, { results }: IdlMethod, name: string): string {
  try {
    return candidText(IDL.decode([...results], reply), results);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const what = `${name} answered with other bytes than ${typesText(results)}: ${toHex(reply)}`;
    throw new CanneryError("candid-answer", `${what} (${cause.message.trim()})`, { cause });
  }
}

function typesText(types: readonly IDL.Type[]): string {
  return `(${types.map((type) => type.display()).join(", ")})`;
}
