/**
 * A network's trace as a page: with the names, the Candid and the subnets that the network knows.
 */
import type { ChosenEvent } from "../core/events.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { route } from "../core/state/world.ts";
import { toHtml, type PageOptions } from "../trace/page/page.ts";
import { candidOf, rowOptions } from "./network-drawing.ts";
import type { Session } from "./session.ts";

/** What the page shows. */
export interface NetworkPageOptions extends Partial<Pick<PageOptions, "title" | "failure" | "choice" | "isFault">> {
  /** Only what happened after this position of the trace: `net.trace.position`, asked before. */
  readonly since?: number;
  /** Shows also what users ask of the management canister, such as installing, and how mocks ask for what they do. */
  readonly management?: boolean;
}

export function networkPage(session: Session, options: NetworkPageOptions): string {
  const { since = 0, management = false, title = "Messages", failure = null } = options;
  return toHtml(session.trace.since(since), {
    title,
    failure,
    ...rowOptions(session, { values: true, management }),
    value: (arrow) => candidOf(session, arrow),
    choice: options.choice ?? (({ deviation }: ChosenEvent) => `${deviation.concerns}: ${deviation.chose}`),
    isFault: options.isFault ?? (() => false),
    subnetOf: (id) => subnetName(session, id),
  });
}

/** As several subnets have one name, with the number of each. */
function subnetName(session: Session, id: PrincipalId): string | null {
  const { state } = session.core;
  const { subnets, subnetOrder } = state;
  const subnetId = route(state, id);
  if (subnetId === null) return null;
  const name = subnets.get(subnetId)!.config.name;
  return subnetOrder.length === 1 ? `subnet (${name})` : `subnet ${subnetOrder.indexOf(subnetId)} (${name})`;
}
