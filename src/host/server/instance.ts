/**
 * A served network as an instance of PocketIC's server. What that takes is loaded with the first request: few networks are asked.
 */
import type { InstanceHandler, InstanceRequest } from "../../api/pocketic/handler.ts";
import { Cannery } from "../../network/cannery.ts";
import { runningNetwork } from "../../network/running.ts";
import { delay } from "../clock.ts";
import { nodeHost } from "../node-host.ts";
import { fetchOutcall } from "../outcall-node.ts";
import { featuresWith } from "../pocketic/features.ts";
import { journalFile } from "../pocketic/journal-file.ts";
import type { Outcome } from "../pocketic/messages.ts";
import { snapshotFolders } from "../pocketic/snapshot-folders.ts";

/** Answers requests, each with what became of it. */
export function instanceOf(net: Cannery): (request: InstanceRequest) => Promise<Outcome> {
  let loading: Promise<InstanceHandler> | null = null;
  const load = async (): Promise<InstanceHandler> => {
    const { InstanceHandler } = await import("../../api/pocketic/handler.ts");
    const { environment, signatureChecks: checks, now } = nodeHost();
    // Printing, the web and the beginning are the network's own affair.
    const own = { print: () => undefined, fetchOutcall, features: featuresWith(() => ({})), openJournal: journalFile };
    const host = { environment, checks, now, delay, snapshotFolders, ...own };
    return InstanceHandler.over(runningNetwork(Cannery.inside(net)), host);
  };
  return async (request) => {
    try {
      const handler = await (loading ??= load());
      return { kind: "response", response: await handler.handle(request), isLive: handler.isProgressing };
    } catch (error) {
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  };
}
