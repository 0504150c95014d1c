/** All figures of the bench, in the order in which they run. */
import { canistersAlive } from "./canisters-alive.ts";
import { certificates } from "./certificates.ts";
import { cpuRatio } from "./cpu-ratio.ts";
import { createAndInstall } from "./create-and-install.ts";
import type { Figure } from "./figure.ts";
import { exploration } from "./exploration.ts";
import { heapIndependence } from "./heap-independence.ts";
import { http } from "./http.ts";
import { interCanisterCalls } from "./inter-canister-calls.ts";
import { perTest } from "./per-test.ts";
import { pocketIcServer } from "./pocket-ic-server.ts";
import { largeModules } from "./large-modules.ts";
import { rewriterSpeed } from "./rewriter-speed.ts";
import { roundIndependence } from "./round-independence.ts";
import { snapshotRestore } from "./snapshot-restore.ts";
import { startReady } from "./start-ready.ts";
import { updateCalls } from "./update-calls.ts";

export const FIGURES: readonly Figure[] = [
  cpuRatio,
  rewriterSpeed,
  updateCalls,
  interCanisterCalls,
  heapIndependence,
  roundIndependence,
  certificates,
  createAndInstall,
  startReady,
  http,
  pocketIcServer,
  largeModules,
  snapshotRestore,
  perTest,
  exploration,
  canistersAlive,
];
