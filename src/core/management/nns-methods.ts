/**
 * Methods by which the NNS governs the network: `setup_initial_dkg`, `reshare_chain_key`, `rename_canister`. Who else calls them was refused before;
 * a right call is refused by name, as the subnets of a network here are what they were made as.
 *
 * Source: management-canister.md 1.1, 1.2, 1.5. Replica: `rs/execution_environment/src/{execution_environment,canister_manager}.rs` (c7c5005).
 */
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import { printedKey } from "../state/chain-keys.ts";
import type { UserError } from "../state/rejects.ts";
import { requireController } from "./access.ts";
import { fail } from "./call.ts";
import { idOf } from "./candid.ts";
import { notAuthorized, notImplemented, repeatedNode } from "./errors.ts";
import { forCanisters, reading, withArgument } from "./method.ts";
import { keyNotHeld } from "./outside-errors.ts";
import { chainKeyOfMaster } from "./threshold-keys.ts";

/** `sbzkb-zqaaa-aaaaa-aaaiq-cai`, the only one that renames. Replica: `rs/execution_environment/src/util.rs`. */
const MIGRATION_CANISTER = "00000000000000110101" as CanisterId;

export const setupInitialDkg = forCanisters(
  withArgument("setup_initial_dkg", ({ call }, { node_ids }) => fail(call, repeated(node_ids.map(idOf)) ?? notImplemented(call.method))),
);

export const reshareChainKey = forCanisters(
  withArgument("reshare_chain_key", ({ subnet, call }, { key_id, nodes }) => {
    const key = chainKeyOfMaster(key_id);
    if (!subnet.config.keyNames.includes(key.name)) return fail(call, keyNotHeld(subnet.config.id, printedKey(key)));
    return fail(call, repeated(nodes.map(idOf)) ?? notImplemented(call.method));
  }),
);

export const renameCanister = reading("rename_canister", requireController, ({ call }) =>
  fail(call, call.sender === MIGRATION_CANISTER ? notImplemented(call.method) : notAuthorized()),
);

function repeated(nodes: readonly PrincipalId[]): UserError | null {
  const node = nodes.find((id, index) => nodes.indexOf(id) < index);
  return node === undefined ? null : repeatedNode(node);
}
