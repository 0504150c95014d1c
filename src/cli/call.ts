/**
 * `cannery call CANISTER METHOD ARGS`: a call as anybody may make it; arguments and answer as Candid text.
 */
import { existsSync, readFileSync } from "node:fs";
import { AnonymousIdentity, CertifiedRejectErrorCode, fetchCandid, HttpAgent, RejectError, UncertifiedRejectUpdateErrorCode, type Identity } from "@icp-sdk/core/agent"; // prettier-ignore
import { Principal } from "@icp-sdk/core/principal";
import { fromHex, toHex } from "../base/bytes.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { identityOfPem } from "../host/pem-identity.ts";
import { SYSTEM_CANISTER_IDS } from "../network/system/canisters.ts";
import { answerText, argumentOf, methodOf } from "./candid-call.ts";
import { chosenNetwork, type WhichNetwork } from "./running.ts";

export interface CallOptions extends WhichNetwork {
  /** Ask one replica only, whatever the description says. */
  readonly query: boolean;
  /** Ask for a certified answer, also where the method is a query. */
  readonly update: boolean;
  /** PEM file of a private key, or `anonymous`. */
  readonly identity: string;
  /** A file that describes the canister, in the place of its own description. */
  readonly candid?: string;
  readonly json: boolean;
}

export async function call(canisterText: string, name: string, argsText: string, options: CallOptions): Promise<void> {
  try {
    const { kind, reply, candid } = await answerOf(canisterText, name, argsText, options);
    console.log(options.json ? JSON.stringify({ kind, candid, reply: toHex(reply) }) : candid);
  } catch (error) {
    if (options.json && error instanceof CanneryError) {
      const { code, message } = error;
      console.log(JSON.stringify({ error: { code, message, ...(error instanceof Rejected ? error.reject : {}) } }));
    }
    throw error;
  }
}

interface Answered {
  readonly kind: "query" | "update";
  readonly reply: Uint8Array;
  /** The reply as text. */
  readonly candid: string;
}

async function answerOf(canisterText: string, name: string, argsText: string, options: CallOptions): Promise<Answered> {
  if (options.query && options.update)
    throw new CanneryError("bad-option", "A call is a query or an update: give one of --query and --update.");
  const identity = identityOf(options.identity);
  const { url, rootKey } = chosenNetwork(options);
  const canister = canisterOf(canisterText);
  const agent = HttpAgent.createSync({ host: url, rootKey: fromHex(rootKey), retryTimes: 0, identity });
  try {
    const description = options.candid === undefined ? await candidOf(agent, canister) : described(options.candid);
    const method = methodOf(description, canister.toText(), name);
    const arg = argumentOf(method, name, argsText);
    const kind = options.query || (method.mode !== "update" && !options.update) ? "query" : "update";
    const reply = await (kind === "query" ? query : update)(agent, canister, name, arg);
    return { kind, reply, candid: answerText(reply, method, name) };
  } catch (cause) {
    if (cause instanceof CanneryError || !(cause instanceof Error)) throw cause;
    throw new CanneryError("call-failed", cause.message, { cause });
  }
}

function identityOf(given: string): Identity {
  return given === "anonymous" ? new AnonymousIdentity() : identityOfPem(given);
}

/** An id, or the name of a system canister. */
function canisterOf(text: string): Principal {
  const system: Readonly<Record<string, string>> = SYSTEM_CANISTER_IDS;
  try {
    return Principal.fromText(Object.hasOwn(system, text) ? system[text]! : text);
  } catch (cause) {
    const names = Object.keys(system).join(", ");
    throw new CanneryError("bad-principal", `${JSON.stringify(text)} is neither the id of a canister nor one of ${names}`, { cause });
  }
}

async function candidOf(agent: HttpAgent, canister: Principal): Promise<string> {
  try {
    return await fetchCandid(canister.toText(), agent);
  } catch (cause) {
    const why = "there is no such canister, it has no code, or its module has no public section candid:service";
    const help = "Give its description with --candid FILE";
    throw new CanneryError("no-candid", `${canister.toText()} shows nobody a Candid description: ${why}. ${help}`, { cause });
  }
}

function described(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new CanneryError("file-missing", `There is no file ${file}. Give the path of a .did file.`);
}

/** What the canister, or the platform in its place, refused. */
class Rejected extends CanneryError {
  readonly reject: { readonly rejectCode: number; readonly errorCode: string | null };

  constructor(method: string, rejectCode: number, errorCode: string | undefined, message: string) {
    super("rejected", `${method} was rejected with code ${rejectCode} (${errorCode ?? "no error code"}): ${message}`);
    this.reject = { rejectCode, errorCode: errorCode ?? null };
  }
}

async function update(agent: HttpAgent, canister: Principal, methodName: string, arg: Uint8Array): Promise<Uint8Array> {
  try {
    return (await agent.update(canister, { methodName, arg })).reply as Uint8Array;
  } catch (error) {
    const code = error instanceof RejectError ? error.cause.code : null;
    if (!(code instanceof CertifiedRejectErrorCode) && !(code instanceof UncertifiedRejectUpdateErrorCode)) throw error;
    throw new Rejected(methodName, code.rejectCode, code.rejectErrorCode, code.rejectMessage);
  }
}

async function query(agent: HttpAgent, canister: Principal, methodName: string, arg: Uint8Array): Promise<Uint8Array> {
  const answer = await agent.query(canister, { methodName, arg });
  if (answer.status === "replied") return answer.reply.arg;
  throw new Rejected(methodName, answer.reject_code, answer.error_code, answer.reject_message);
}
