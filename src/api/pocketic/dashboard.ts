/**
 * A page about the canisters of an instance, for a developer's browser.
 *
 * Source: pocketic-server.md 9. Ours: its looks, but for the heading.
 */
import type { NetworkState } from "../../core/state/network-state.ts";
import { principalText } from "../../core/state/principal.ts";

export function dashboard({ state }: { readonly state: NetworkState }): string {
  const rows = [...state.subnets.entries()].flatMap(([subnet, { canisters }]) =>
    [...canisters.values()].map((canister) => {
      const cells = [
        principalText(canister.id),
        principalText(subnet),
        canister.status.kind,
        canister.execution?.module.hash ?? "",
        String(canister.balanceCycles),
        canister.settings.controllers.map(principalText).join(" "),
      ];
      return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
    }),
  );
  const titles = ["Canister", "Subnet", "Status", "Module", "Cycles", "Controllers"].map((title) => `<th>${title}</th>`).join("");
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>PocketIC Dashboard</title></head>
<body>
<h1>PocketIC Dashboard</h1>
<p>Round ${state.round}</p>
<table><thead><tr>${titles}</tr></thead><tbody>${rows.join("\n")}</tbody></table>
</body>
</html>
`;
}
