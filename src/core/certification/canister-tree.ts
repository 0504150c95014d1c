/**
 * What is certified of a canister: `/canister/<id>`.
 *
 * Source: interface spec, index#state-tree-canister-information and index#state-tree-certified-data; http-interface.md 3. Replica:
 * `rs/canonical_state/src/lazy_tree_conversion.rs` (`CanisterFork`, c7c5005).
 */
import { fromHex } from "../../base/bytes.ts";
import type { CanisterState } from "../state/canister.ts";
import type { PreparedModule } from "../wasm/module-info.ts";
import { encodePrincipals } from "./encoding.ts";
import { leaf, type HashTree } from "./hash-tree.ts";
import { labelMap, type LabelMap } from "./label-map.ts";
import { natural } from "./state-tree.ts";

/**
 * Whether a canister runs, and what it owns, makes no difference; without code there are only its controllers and its age. The two times are newer
 * than the replica above (interface spec 0.66).
 */
export function canisterTree({ settings, execution, certifiedData, createdNanos, installedNanos }: CanisterState): HashTree {
  const always = [
    ["canister_creation_timestamp", natural(createdNanos)],
    ["controllers", leaf(encodePrincipals(settings.controllers))],
  ] as const;
  if (execution === null) return labelMap(always);
  return labelMap([
    ...always,
    ["certified_data", leaf(certifiedData)],
    ["last_install_timestamp", natural(installedNanos!)],
    ["metadata", metadataOf(execution.module)],
    ["module_hash", leaf(fromHex(execution.module.hash))],
  ]);
}

/** Descriptions are long, and the same in all canisters of a module: each is hashed once. */
const metadata = new WeakMap<PreparedModule, LabelMap>();

function metadataOf(module: PreparedModule): LabelMap {
  let tree = metadata.get(module);
  if (tree === undefined) {
    tree = labelMap(module.info.customSections.map(({ name, content }) => [name, leaf(content)]));
    metadata.set(module, tree);
  }
  return tree;
}
