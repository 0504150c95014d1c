/**
 * The system canisters: their names, their ids on the mainnet, and the subnets that own these.
 *
 * Source: principals-and-ids.md 6; dfinity/icp-cli, crates/icp-canister-interfaces.
 */

/** As they are called on the command line: `--system-canister ledger=PATH`. */
export type SystemCanister =
  "ledger" | "cycles-ledger" | "cmc" | "registry" | "candid-ui" | "internet-identity" | "internet-identity-frontend";

export const SYSTEM_CANISTER_IDS: Readonly<Record<SystemCanister, string>> = {
  ledger: "ryjl3-tyaaa-aaaaa-aaaba-cai",
  "cycles-ledger": "um5iw-rqaaa-aaaaq-qaaba-cai",
  cmc: "rkp4c-7iaaa-aaaaa-aaaca-cai",
  registry: "rwlgt-iiaaa-aaaaa-aaaaa-cai",
  "candid-ui": "a4gq6-oaaaa-aaaab-qaa4q-cai",
  "internet-identity": "rdmx6-jaaaa-aaaaa-aaadq-cai",
  "internet-identity-frontend": "uqzsh-gqaaa-aaaaq-qaada-cai",
};

/** Those that are written for Cannery and come with it. */
export const OWN_CANISTERS = ["ledger", "cycles-ledger", "cmc", "registry", "candid-ui"] as const satisfies readonly SystemCanister[];
export type OwnCanister = (typeof OWN_CANISTERS)[number];

export const GOVERNANCE = "rrkah-fqaaa-aaaaa-aaaaq-cai";
export const NNS_ROOT = "r7inp-6aaaa-aaaaa-aaabq-cai";
export const CYCLES_LEDGER_INDEX = "ul4oc-4iaaa-aaaaq-qaabq-cai";

/**
 * Canister indices of the mainnet subnet on which the Candid UI is: an application subnet gets them besides its own
 * (`SubnetRequest.canisterRanges`). Source: principals-and-ids.md 3.1, the fourth block of 2^20.
 */
export const CANDID_UI_RANGE = [0x300000n, 0x3fffffn] as const;
