/**
 * A choice that was not the ordinary one, as an event: so that traces and diagrams show it where it was made.
 */
import type { ChosenEvent } from "../events.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { NetworkState } from "../state/network-state.ts";
import { route } from "../state/world.ts";
import type { Deviation } from "./recorder.ts";
import type { Choice } from "./schedule.ts";

export function chosenEvent(state: NetworkState, choice: Choice, deviation: Deviation): ChosenEvent {
  const at = placeOf(choice);
  const subnet = (at === null ? null : route(state, at)) ?? state.rootSubnetId;
  const round = state.subnets.get(subnet)!.round;
  return { kind: "chosen", round, timeNanos: state.timeNanos, subnet, deviation, at, tag: tagOf(choice) };
}

function placeOf(choice: Choice): PrincipalId | null {
  switch (choice.kind) {
    case "message":
      return choice.canister;
    case "rejectRequest":
    case "loseRequest":
    case "loseResponse":
    case "inspect":
    case "pendingAnswer":
      return choice.message.to;
    case "refuseCall":
      return choice.message.from;
    case "execution":
      return choice.execution.canister;
    case "hop":
    case "link":
      return choice.to;
    case "canister":
    case "ingress":
    case "subnetRound":
      return choice.subnet;
    case "pick":
    case "turn":
    case "time":
      return null;
  }
}

function tagOf(choice: Choice): number | null {
  switch (choice.kind) {
    case "rejectRequest":
    case "loseRequest":
    case "loseResponse":
    case "refuseCall":
    case "inspect":
    case "pendingAnswer":
      return choice.message.tag ?? null;
    case "execution":
      return choice.execution.tag;
    case "message":
    case "hop":
    case "link":
    case "canister":
    case "ingress":
    case "subnetRound":
    case "pick":
    case "turn":
    case "time":
      return null;
  }
}
