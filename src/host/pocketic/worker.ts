/**
 * A worker of the PocketIC server: some instances, on a thread of their own.
 */
import { parentPort } from "node:worker_threads";
import { CreationRefused, type InstanceConfig } from "../../api/pocketic/config.ts";
import { InstanceHandler } from "../../api/pocketic/handler.ts";
import type { InstanceHost } from "../../api/pocketic/instance-host.ts";
import { writeJson } from "../../api/pocketic/json.ts";
import { InstancePool } from "../../core/canister/instances.ts";
import { GenesisRefused } from "../../core/genesis.ts";
import type { WasmEngine } from "../../core/wasm/engine.ts";
import { ModuleCache } from "../../core/wasm/prepare.ts";
import { DEEP_STACK_BYTES } from "../deep-stack.ts";
import { delay, now } from "../clock.ts";
import { rewrittenStore } from "../module-cache.ts";
import { fetchOutcall } from "../outcall-node.ts";
import { nodePlatform } from "../platform-node.ts";
import { nodeSignatureChecks } from "../signature-checks-node.ts";
import { snapshotFolders } from "./snapshot-folders.ts";
import { featuresWith, systemFilesIn } from "./features.ts";
import { journalFile } from "./journal-file.ts";
import type { FromWorker, Outcome, Task, ToWorker } from "./messages.ts";

const port = parentPort!;
/** Live Wasm memories of one worker: a process has addresses for some thousand, and workers may be many. */
const LIVE_MEMORIES = 250;

/**
 * V8 counts a memory by its size, of which a small canister writes to a sixth, and collects all garbage when memories for two or three tests have come and gone.
 * Of shared ones it keeps no books.
 */
const engine: WasmEngine = { ...nodePlatform.engine, sharesMemoryFrom: 0 };

const environment = {
  platform: { ...nodePlatform, engine },
  modules: new ModuleCache({ store: rewrittenStore() }),
  pool: new InstancePool(engine, { instances: LIVE_MEMORIES }),
};
const handlers = new Map<number, InstanceHandler>();
let isSilent = false;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

const host: InstanceHost = {
  environment,
  stackBytes: DEEP_STACK_BYTES,
  checks: nodeSignatureChecks,
  now,
  delay,
  print: (line) => void (isSilent || tell({ kind: "printed", line })),
  fetchOutcall,
  snapshotFolders,
  features: featuresWith(() => systemFilesIn(process.env)),
  openJournal: journalFile,
};

function create(instance: number, config: InstanceConfig): Outcome {
  try {
    const handler = InstanceHandler.create(config, host);
    handlers.set(instance, handler);
    return { kind: "created", topology: writeJson(handler.topology()) };
  } catch (error) {
    if (error instanceof GenesisRefused || error instanceof CreationRefused) return { kind: "refused", message: error.message };
    throw error;
  }
}

async function outcomeOf(instance: number, task: Task, whenWaiting: () => void): Promise<Outcome> {
  switch (task.kind) {
    case "create":
      return create(instance, task.config);
    case "request": {
      const handler = handlers.get(instance)!;
      const response = await handler.handle(task.request, whenWaiting);
      return { kind: "response", response, isLive: handler.isProgressing };
    }
    case "drop": {
      const handler = handlers.get(instance);
      handlers.delete(instance);
      await handler?.close();
      return { kind: "dropped" };
    }
  }
}

function failure(error: unknown): Outcome {
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}

/** Resolves when the next task may begin. */
function begin({ number, instance, task, isRepeated }: ToWorker): Promise<void> {
  return new Promise((mayGoOn) => {
    isSilent = isRepeated;
    const whenWaiting = (): void => {
      tell({ kind: "waiting", number });
      mayGoOn();
    };
    void outcomeOf(instance, task, whenWaiting)
      .catch(failure)
      .then((outcome) => {
        isSilent = false;
        tell({ kind: "outcome", number, outcome });
        mayGoOn();
      });
  });
}

/** A request may take several turns of this thread: without the queue, effects would depend on how they meet, and could not be repeated. */
let last: Promise<void> = Promise.resolve();
port.on("message", (message: ToWorker) => {
  last = last.then(() => begin(message));
});

/** The first instance of a process takes several times as long as later ones, so a worker makes one before anybody waits for it. */
function warmUp(): void {
  const spec = { kind: "Application", instructionConfig: "Production", subnetAdmins: null, costSchedule: "Normal" } as const;
  const config: InstanceConfig = {
    subnets: [spec],
    gateway: null,
    stateDir: null,
    rateLimiting: true,
    exportLimits: true,
    betaFeatures: false,
    initialTimeNanos: null,
    autoProgress: null,
    mainnetNnsSubnetId: false,
    disableIngressValidation: false,
    icpFeatures: [],
  };
  InstanceHandler.create(config, host).instance.tick();
}

warmUp();
tell({ kind: "ready" });
