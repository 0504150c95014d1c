/** Calls between canisters that are not answered to the end, as the state has them: open callbacks, and those whose response is being executed. */
import type { MessageTag } from "../../src/core/state/messages.ts";
import type { NetworkState } from "../../src/core/state/network-state.ts";

/** Tags of the requests, ascending. */
export function openCalls(state: NetworkState): MessageTag[] {
  const tags: MessageTag[] = [];
  for (const subnet of state.subnets.values()) {
    for (const { callbacks, paused } of subnet.canisters.values()) {
      for (const { requestTag } of callbacks.values()) tags.push(requestTag);
      if (paused?.kind === "message" && paused.callback !== null) tags.push(paused.callback.requestTag);
    }
  }
  return tags.sort((a, b) => a - b);
}
