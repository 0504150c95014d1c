/**
 * `pocketIcServerTestMilliseconds`: what a small test costs through PocketIC's REST API: an instance, a Motoko canister created and installed, two calls,
 * and the instance deleted, with JSON over a socket and a worker that did the same before.
 */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { loadGenerated } from "../examples/modules.ts";
import { ARGUMENT } from "../src/core/management/candid-types.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded, timedAsync } from "./measure.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const encode = (name: "provisional_create_canister_with_cycles" | "install_code", value: object): string =>
  Buffer.from(IDL.encode(ARGUMENT[name] as unknown as IDL.Type[], [value])).toString("base64");

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  execFileSync(process.execPath, ["--import", "tsx", `${ROOT}scripts/build.ts`], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const server = spawn(process.execPath, [`${ROOT}dist/cli/pocket-ic.js`], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await createInterface({ input: server.stdout })
      [Symbol.asyncIterator]()
      .next()
      .then(({ value }) => [value])) as [string];
    const url = `http://127.0.0.1:${/\d+$/.exec(line)![0]}`;
    const post = async (path: string, body: object): Promise<unknown> => {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return response.json();
    };
    const canister = Buffer.from("ffffffffffe000000101", "hex");
    const nothing = Buffer.from(IDL.encode([], [])).toString("base64");
    const creation = encode("provisional_create_canister_with_cycles", {
      amount: [10n ** 18n],
      settings: [],
      specified_id: [],
      sender_canister_version: [],
    });
    const code = encode("install_code", {
      mode: { install: null },
      canister_id: Principal.fromUint8Array(canister),
      wasm_module: loadGenerated("counter"),
      arg: new Uint8Array(),
      sender_canister_version: [],
    });
    const once = (): Promise<number> =>
      timedAsync(async () => {
        const spec = { state_config: "New", instruction_config: "Production" };
        const { Created } = (await post("/instances", { subnet_config_set: { application: [spec] } })) as {
          Created: { instance_id: number };
        };
        const at = `/instances/${Created.instance_id}`;
        const update = async (canister_id: string, method: string, payload: string): Promise<void> => {
          const call = { sender: "BA==", canister_id, effective_principal: "None", method, payload };
          const { Ok } = (await post(`${at}/update/submit_ingress_message`, call)) as { Ok: object };
          const outcome = (await post(`${at}/update/await_ingress_message`, Ok)) as object;
          if (!("Ok" in outcome)) throw new Error(JSON.stringify(outcome));
        };
        await update("", "provisional_create_canister_with_cycles", creation);
        await update("", "install_code", code);
        await update(canister.toString("base64"), "inc", nothing);
        await update(canister.toString("base64"), "inc", nothing);
        await fetch(url + at, { method: "DELETE" });
      });
    for (let i = 0; i < (isQuick ? 5 : 30); i++) await once();
    const times: number[] = [];
    for (let i = 0; i < (isQuick ? 10 : 50); i++) times.push(await once());
    const warm = median(times);
    progress(`  ${warm.toFixed(2)} ms a test`);
    return { pocketIcServerTestMilliseconds: rounded(warm) };
  } finally {
    server.kill();
  }
}

export const pocketIcServer: Figure = {
  name: "pocketIcServerTestMilliseconds",
  aim: { kind: "at most", value: 15, of: (results) => results["pocketIcServerTestMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
