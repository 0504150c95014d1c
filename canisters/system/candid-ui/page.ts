/**
 * The page of the Candid UI: shows a canister's methods and calls them, with arguments as Candid text, as the anonymous user.
 */
import { Actor, CanisterStatus, HttpAgent } from "@icp-sdk/core/agent";
import type { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { candidTextToValues } from "../../../src/codec/candid-text.ts";
import { parseDid } from "../../../src/codec/did/did.ts";
import { toIdl, type IdlMethod } from "../../../src/codec/did/to-idl.ts";
import { shown } from "../../../src/network/shown.ts";

type Service = Record<string, (...args: unknown[]) => Promise<unknown>>;

const methods = document.querySelector<HTMLElement>("#methods")!;
const target = document.querySelector<HTMLFormElement>("#target")!;
const input = target.querySelector("input")!;

target.addEventListener("submit", (event) => {
  event.preventDefault();
  const address = new URL(location.href);
  address.searchParams.set("id", input.value.trim());
  location.assign(address);
});

const id = new URLSearchParams(location.search).get("id");
if (id !== null) {
  input.value = id;
  show(id).catch((error: unknown) => methods.replaceChildren(text("pre", String(error), "failed")));
}

async function show(canister: string): Promise<void> {
  const canisterId = Principal.fromText(canister);
  const agent = await HttpAgent.create({ host: location.origin, shouldFetchRootKey: true });
  const candid = await interfaceOf(agent, canisterId);
  const described = toIdl(parseDid(candid));
  const actor = Actor.createActor<Service>(() => described.service, { agent, canisterId });
  methods.replaceChildren(...[...described.methods].map(([name, method]) => methodForm(name, method, actor)), text("pre", candid));
}

async function interfaceOf(agent: HttpAgent, canisterId: Principal): Promise<string> {
  const status = await CanisterStatus.request({ agent, canisterId, paths: ["candid"] });
  const candid = status.get("candid");
  if (typeof candid !== "string") throw new Error(`${canisterId.toText()} does not show a Candid interface`);
  return candid;
}

function methodForm(name: string, method: IdlMethod, actor: Service): HTMLElement {
  const form = document.createElement("form");
  const argument = document.createElement("textarea");
  argument.value = method.args.length === 0 ? "()" : "";
  argument.placeholder = displayed(method.args);
  const answer = text("pre", "");
  const run = document.createElement("button");
  run.textContent = method.mode === "query" || method.mode === "composite_query" ? "Query" : "Call";
  const title = text("code", name);
  title.append(text("span", ` : ${displayed(method.args)} → ${displayed(method.results)}`, "kind"));
  form.append(title, argument, run, answer);
  form.dataset["method"] = name;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer.className = "";
    answer.textContent = "…";
    void call(actor, name, method, argument.value).then(
      (reply) => void (answer.textContent = reply),
      (error: unknown) => {
        answer.className = "failed";
        answer.textContent = error instanceof Error ? error.message : String(error);
      },
    );
  });
  return form;
}

function displayed(types: readonly IDL.Type[]): string {
  return `(${types.map((type) => type.display()).join(", ")})`;
}

async function call(actor: Service, name: string, method: IdlMethod, argument: string): Promise<string> {
  const reply = await actor[name]!(...candidTextToValues(argument.trim() === "" ? "()" : argument, method.args));
  return method.results.length === 0 ? "()" : shown(reply, "");
}

function text(tag: string, content: string, className = ""): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = content;
  element.className = className;
  return element;
}
