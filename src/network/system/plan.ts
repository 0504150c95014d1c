/**
 * How each system canister is installed and configured, as data: whoever has a network, in process or as a PocketIC instance, carries it out.
 *
 * Replica: rs/pocket_ic_server/src/pocket_ic.rs, `update_cmc`, `deploy_icp_token`, `deploy_cycles_token`, `deploy_ii` (c7c5005), for balances and the rate.
 */
import { Principal } from "@icp-sdk/core/principal";
import type { NetworkState } from "../../core/state/network-state.ts";
import { principalId, principalOf, type PrincipalLike } from "../principals.ts";
import { accountIdentifier } from "./account-id.ts";
import {
  cmcInit,
  cyclesLedgerInit,
  identityFrontendInit,
  internetIdentityInit,
  ledgerInit,
  newSubnetType,
  rateUpdate,
  registryInit,
  subnetsForEverybody,
  subnetsOfType,
} from "./arguments.ts";
import { CYCLES_LEDGER_INDEX, GOVERNANCE, SYSTEM_CANISTER_IDS, type SystemCanister } from "./canisters.ts";

/** What a canister begins with, at its mainnet id and with the NNS root as its controller. */
export interface SystemInstallation {
  readonly name: SystemCanister;
  readonly cycles?: bigint;
  readonly arg?: Uint8Array;
}

/** A call of the cycles minting canister that only governance may make. */
export interface CmcCall {
  readonly method: string;
  readonly arg: Uint8Array;
}

/** An account with tokens at the beginning. */
export interface Funded {
  readonly owner: PrincipalLike;
  readonly e8s?: bigint;
  readonly cycles?: bigint;
}

const E8S_PER_ICP = 100_000_000n;
const TEST_ACCOUNT_E8S = 1_000_000_000n * E8S_PER_ICP;
/** Accounts of test keys that everybody has. Replica: `deploy_icp_token`. */
const TEST_ACCOUNTS = [
  "5b315d2f6702cb3a27d826161797d7b2c2e131cd312aece51d4d5574d1247087",
  "2b8fbde99de881f695f279d2a892b1137bfe81a42d7694e064b1be58701e1138",
];
/** Of the anonymous user on the cycles ledger, and of the canisters that pay. Replica: `INITIAL_CYCLES`. */
const PLENTY_CYCLES = (1n << 127n) - 1n;
export const DEFAULT_RATE = 35_200n;
/** Rates before this are older than the one that the canister begins with. Replica: rs/nns/cmc/src/lib.rs (c7c5005). */
const FIRST_RATE_SECONDS = 1_620_633_600n;

/** Candid of one `null`: no argument, for modules that take an optional one. */
const NOTHING = Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 1, 0x7f);
const ANONYMOUS = Principal.anonymous();
const principal = (text: string): Principal => Principal.fromText(text);

/** The anonymous user and the usual test accounts have tokens, and those given. */
export function ledger(funded: readonly Funded[] = []): SystemInstallation {
  const arg = ledgerInit(principal(GOVERNANCE), accountIdentifier(GOVERNANCE), [
    ...[...TEST_ACCOUNTS, accountIdentifier(ANONYMOUS)].map((account) => [account, TEST_ACCOUNT_E8S] as const),
    ...funded.map(({ owner, e8s = 0n }) => [accountIdentifier(owner), e8s] as const),
  ]);
  return { name: "ledger", arg };
}

export function cyclesLedger(funded: readonly Funded[] = []): SystemInstallation {
  const arg = cyclesLedgerInit(principal(CYCLES_LEDGER_INDEX), [
    [ANONYMOUS, PLENTY_CYCLES],
    ...funded.map(({ owner, cycles = 0n }) => [principalOf(principalId(owner)), cycles] as const),
  ]);
  return { name: "cycles-ledger", cycles: PLENTY_CYCLES, arg };
}

export function cyclesMinting({ withCyclesLedger }: { readonly withCyclesLedger: boolean }): SystemInstallation {
  const arg = cmcInit({
    ledger: principal(SYSTEM_CANISTER_IDS.ledger),
    governance: principal(GOVERNANCE),
    mintingAccount: accountIdentifier(GOVERNANCE),
    cyclesLedger: withCyclesLedger ? principal(SYSTEM_CANISTER_IDS["cycles-ledger"]) : null,
  });
  return { name: "cmc", cycles: PLENTY_CYCLES, arg };
}

export function candidUi(): SystemInstallation {
  return { name: "candid-ui", arg: NOTHING };
}

/** Knows of each range of canister ids which subnet has it. */
export function registry({ subnets, subnetOrder }: NetworkState): SystemInstallation {
  const ranges = subnetOrder.flatMap((subnet) =>
    subnets.get(subnet)!.config.ranges.map(({ start, end }) => ({
      ...{ start: principalOf(start), end: principalOf(end), subnet: principalOf(subnet) },
    })),
  );
  return { name: "registry", arg: registryInit(ranges) };
}

export function internetIdentity(): SystemInstallation {
  return {
    name: "internet-identity",
    cycles: PLENTY_CYCLES,
    arg: internetIdentityInit(principal(SYSTEM_CANISTER_IDS["internet-identity"])),
  };
}

/** Its pages, and where they and the canister behind them are reached. Replica: `deploy_ii_frontend`. */
export function internetIdentityFrontend(gatewayPort: number): SystemInstallation {
  const at = (name: string): string => `http://${name}.localhost:${gatewayPort}`;
  const { "internet-identity": backend, "internet-identity-frontend": frontend } = SYSTEM_CANISTER_IDS;
  const arg = identityFrontendInit({ backend: principal(backend), backendOrigin: at(backend), origins: [at(frontend), at("id.ai")] });
  return { name: "internet-identity-frontend", cycles: PLENTY_CYCLES, arg };
}

/** Ten-thousandths of an XDR, and so of 1 T cycles, that one ICP is worth, as of a time. */
export function conversionRate(timeNanos: bigint, xdrPermyriadPerIcp: bigint): CmcCall {
  const seconds = timeNanos / 1_000_000_000n;
  const arg = rateUpdate(seconds > FIRST_RATE_SECONDS ? seconds : FIRST_RATE_SECONDS + 1n, xdrPermyriadPerIcp);
  return { method: "set_icp_xdr_conversion_rate", arg };
}

/** Where everybody's canisters may be created. */
export function defaultSubnets(subnets: readonly Principal[]): CmcCall {
  return { method: "set_authorized_subnetwork_list", arg: subnetsForEverybody(subnets) };
}

/** Where those are created who ask for the type `fiduciary`. */
export function fiduciarySubnets(subnets: readonly Principal[]): CmcCall[] {
  return [
    { method: "update_subnet_type", arg: newSubnetType("fiduciary") },
    { method: "change_subnet_type_assignment", arg: subnetsOfType("fiduciary", subnets) },
  ];
}
