/**
 * `cannery call CANISTER METHOD ARGS`: a call as anybody may make it, by the anonymous user; arguments and answer as Candid text.
 */
import { fetchCandid, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../base/cannery-error.ts";
import { fromHex } from "../base/bytes.ts";
import { candidText } from "../codec/candid-print.ts";
import { CandidTextError, candidTextToValues } from "../codec/candid-text.ts";
import { parseDid } from "../codec/did/did.ts";
import { toIdl, type IdlMethod } from "../codec/did/to-idl.ts";
import { chosenNetwork, type WhichNetwork } from "./running.ts";

export interface CallOptions extends WhichNetwork {
  /** Ask for a certified answer, also where the method is a query. */
  readonly update: boolean;
}

export async function call(canisterText: string, name: string, argsText: string, options: CallOptions): Promise<void> {
  const { url, rootKey } = chosenNetwork(options);
  const canister = canisterOf(canisterText);
  const agent = HttpAgent.createSync({ host: url, rootKey: fromHex(rootKey), retryTimes: 0 });
  try {
    const method = await methodOf(agent, canister, name);
    const arg = argumentOf(method, name, argsText);
    const reply = await send(agent, canister, name, arg, method.mode !== "update" && !options.update);
    console.log(candidText(IDL.decode([...method.results], reply), method.results));
  } catch (cause) {
    if (cause instanceof CanneryError || !(cause instanceof Error)) throw cause;
    throw new CanneryError("call-failed", cause.message, { cause });
  }
}

function canisterOf(text: string): Principal {
  try {
    return Principal.fromText(text);
  } catch (cause) {
    throw new CanneryError("bad-principal", `${JSON.stringify(text)} is not the id of a canister`, { cause });
  }
}

async function methodOf(agent: HttpAgent, canister: Principal, name: string): Promise<IdlMethod> {
  const { methods } = toIdl(parseDid(await candidOf(agent, canister)));
  const method = methods.get(name);
  if (method !== undefined) return method;
  throw new CanneryError("no-such-method", `${canister.toText()} has no method ${name}. It has ${[...methods.keys()].join(", ")}`);
}

async function candidOf(agent: HttpAgent, canister: Principal): Promise<string> {
  try {
    return await fetchCandid(canister.toText(), agent);
  } catch (cause) {
    const why = "there is no such canister, it has no code, or its module has no public section candid:service";
    throw new CanneryError("no-candid", `${canister.toText()} shows nobody a Candid description: ${why}`, { cause });
  }
}

function argumentOf({ args }: IdlMethod, name: string, text: string): Uint8Array {
  try {
    return IDL.encode([...args], candidTextToValues(text, args));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const types = `(${args.map((type) => type.display()).join(", ")})`;
    const why = cause instanceof CandidTextError ? cause.message : cause.message.trim();
    throw new CanneryError("candid-argument", `${name} takes ${types}: ${why}`, { cause });
  }
}

async function send(agent: HttpAgent, canister: Principal, methodName: string, arg: Uint8Array, isQuery: boolean): Promise<Uint8Array> {
  if (!isQuery) return (await agent.update(canister, { methodName, arg })).reply as Uint8Array;
  const answer = await agent.query(canister, { methodName, arg });
  if (answer.status === "replied") return answer.reply.arg;
  throw new CanneryError(
    "rejected",
    `${methodName} was rejected with code ${answer.reject_code} (${answer.error_code ?? "no error code"}): ${answer.reject_message}`,
  );
}
