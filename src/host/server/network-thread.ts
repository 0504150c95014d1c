/**
 * A served network in a thread of its own: so a canister that computes for long keeps no other network, and no signal, waiting.
 */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import type { InstanceRequest } from "../../api/pocketic/handler.ts";
import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { CanneryError } from "../../base/cannery-error.ts";
import { principalText } from "../../core/state/principal.ts";
import { now } from "../clock.ts";
import { customDomainsOf } from "../custom-domains.ts";
import { DEEP_STACK_BYTES } from "../deep-stack.ts";
import type { Outcome } from "../pocketic/messages.ts";
import { begin } from "./beginning.ts";
import { withDeveloperPages } from "./developer-pages.ts";
import { instanceOf } from "./instance.ts";
import { listen } from "./listen.ts";
import type { FromNetwork, NetworkPlan, ReadyNetwork, ToNetwork } from "./plan.ts";
import { customDomain, installBehindGateway } from "./system.ts";

assert(!isMainThread && parentPort !== null, "a network's thread is started by start.ts");
const port = parentPort;
const tell = (message: FromNetwork): void => port.postMessage(message);

try {
  const { ready, asInstance, close } = await serveNetwork(workerData as NetworkPlan);
  port.on("message", (message: ToNetwork) => {
    if (message.kind === "stop") void close().then(() => tell({ kind: "stopped" }));
    else void asInstance(message.request).then((outcome) => tell({ kind: "answer", number: message.number, outcome }));
  });
  tell({ kind: "ready", ...ready });
} catch (error) {
  if (!(error instanceof CanneryError)) throw error;
  tell({ kind: "refused", code: error.code, message: error.message });
}

interface Served {
  readonly ready: ReadyNetwork;
  readonly asInstance: (request: InstanceRequest) => Promise<Outcome>;
  readonly close: () => Promise<void>;
}

async function serveNetwork(plan: NetworkPlan): Promise<Served> {
  const { net, funded } = await begin(plan, {
    latency: plan.profile,
    timeNanos: now(),
    outcalls: "fetch",
    limits: { stackBytes: DEEP_STACK_BYTES },
    trace: false,
    print: (line) => void process[plan.prints].write(`${line}\n`),
  });
  net.live(plan.delayMilliseconds === undefined ? {} : { delayMilliseconds: plan.delayMilliseconds });
  const named = plan.customDomains === null ? null : customDomainsOf(plan.customDomains);
  const gateway = net.handler({ domains: plan.domains, customDomain: customDomain(net, named) });
  const listening = await listen(withDeveloperPages(net, gateway), { ...plan, isOwnThread: true });
  await installBehindGateway(net, plan.system, listening.port);
  const { subnets, subnetOrder } = net.state;
  const ready: ReadyNetwork = {
    url: listening.url,
    port: listening.port,
    rootKey: toHex(net.rootKey),
    subnets: net.subnets,
    funded,
    defaultEffectiveCanisterId: principalText(subnets.get(subnetOrder[0]!)!.config.allocationRange.start),
  };
  const close = async (): Promise<void> => {
    net.live(false);
    net.manual();
    await listening.close();
  };
  return { ready, asInstance: instanceOf(net), close };
}
