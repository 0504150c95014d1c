/**
 * A worker of the PocketIC server: one instance, on a thread of its own, so that a canister that runs long holds up nobody else's.
 */
import { parentPort } from "node:worker_threads";
import type { InstanceConfig } from "../../api/pocketic/config.ts";
import { InstanceHandler } from "../../api/pocketic/handler.ts";
import type { InstanceHost } from "../../api/pocketic/instance.ts";
import { writeJson } from "../../api/pocketic/json.ts";
import { CanneryError } from "../../base/cannery-error.ts";
import { InstancePool } from "../../core/canister/instances.ts";
import { GenesisRefused } from "../../core/genesis.ts";
import { ModuleCache } from "../../core/wasm/prepare.ts";
import { delay, now } from "../clock.ts";
import { rewrittenStore } from "../module-cache.ts";
import { fetchOutcall } from "../outcall.ts";
import { nodePlatform } from "../platform-node.ts";
import { nodeSignatureChecks } from "../signature-checks-node.ts";
import type { FromWorker, Outcome, Task, ToWorker } from "./messages.ts";

const port = parentPort!;
/** Live Wasm memories of one worker: a process has addresses for some thousand, and there may be a hundred workers. */
const LIVE_INSTANCES = 64;

const modules = new ModuleCache({ store: rewrittenStore() });

function host(print: (line: string) => void): InstanceHost {
  return {
    environment: { platform: nodePlatform, modules, pool: new InstancePool(nodePlatform.engine, { instances: LIVE_INSTANCES }) },
    checks: nodeSignatureChecks,
    now,
    delay,
    print,
    fetchOutcall,
  };
}

let handler: InstanceHandler | null = null;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

function create(config: InstanceConfig): Outcome {
  try {
    handler = new InstanceHandler(
      config,
      host((line) => tell({ kind: "printed", line })),
    );
    return { kind: "created", topology: writeJson(handler.topology()) };
  } catch (error) {
    if (error instanceof GenesisRefused || error instanceof CanneryError) return { kind: "refused", message: error.message };
    throw error;
  }
}

async function outcomeOf(task: Task): Promise<Outcome> {
  switch (task.kind) {
    case "create":
      return create(task.config);
    case "request": {
      const response = await handler!.handle(task.request);
      return { kind: "response", response, isProgressing: handler?.isProgressing ?? false };
    }
    case "drop": {
      const dropped = handler;
      handler = null;
      await dropped?.close();
      return { kind: "dropped" };
    }
  }
}

port.on("message", ({ number, task }: ToWorker) => {
  outcomeOf(task).then(
    (outcome) => tell({ kind: "outcome", number, outcome }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      tell({ kind: "outcome", number, outcome: { kind: "failed", message } });
    },
  );
});

/** The first instance of a process takes several times as long as later ones, so a worker makes one before anybody waits for it. */
function warmUp(): void {
  const spec = { kind: "Application", instructionConfig: "Production", subnetAdmins: null, costSchedule: "Normal" } as const;
  const config: InstanceConfig = {
    subnets: [spec],
    gateway: null,
    stateDir: null,
    rateLimiting: true,
    initialTimeNanos: null,
    autoProgress: null,
    mainnetNnsSubnetId: false,
    disableIngressValidation: false,
    icpFeatures: [],
  };
  const { instance } = new InstanceHandler(
    config,
    host(() => undefined),
  );
  for (let i = 0; i < 3; i++) instance.tick();
}

warmUp();
tell({ kind: "ready" });
