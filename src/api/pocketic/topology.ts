/**
 * The subnets of an instance: which kind is which, with the ids and canister ranges that clients count on, and how clients are told.
 *
 * Source: pocketic-server.md 4.3, 4.7. Replica: `conv_type`, `subnet_size`, `subnet_kind_subnet_id`, `compute_subnet_seed`, `create_subnet` and
 * `topology` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005). All named subnets but the NNS have their mainnet ids.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { toBase64 } from "../../codec/base64.ts";
import type { SubnetRequest } from "../../core/genesis.ts";
import type { CanisterId, SubnetId } from "../../core/state/ids.ts";
import type { Limits } from "../../core/state/limits.ts";
import type { CanisterRange, NetworkState, SubnetConfig, SubnetKind } from "../../core/state/network-state.ts";
import { parsePrincipal, principalBytes, principalText } from "../../core/state/principal.ts";
import { isThere } from "../../core/state/world.ts";
import { SUBNET_KINDS, type InstanceConfig, type PicSubnetKind, type SubnetSpec } from "./config.ts";
import type { MainnetSubnet } from "./mainnet.ts";

interface KindTraits {
  readonly kind: SubnetKind;
  /** Name in `genesis.ts`, by which mainnet ranges are given. */
  readonly name: string;
  readonly nodeCount: number;
  /** Text of the mainnet id. */
  readonly id?: string;
  readonly keyNames?: readonly string[];
}

const NNS_ID = "tdb26-jop6k-aogll-7ltgs-eruif-6kk7m-qpktf-gdiqx-mxtrf-vb5e6-eqe";

const TRAITS: Readonly<Record<PicSubnetKind, KindTraits>> = {
  NNS: { kind: "system", name: "nns", nodeCount: 40 },
  SNS: { kind: "application", name: "sns", nodeCount: 34, id: "x33ed-h457x-bsgyx-oqxqf-6pzwv-wkhzr-rm2j3-npodi-purzm-n66cg-gae" },
  II: {
    kind: "system",
    name: "ii",
    nodeCount: 34,
    id: "uzr34-akd3s-xrdag-3ql62-ocgoh-ld2ao-tamcv-54e7j-krwgb-2gm4z-oqe",
    keyNames: ["key_1"],
  },
  Fiduciary: {
    kind: "application",
    name: "fiduciary",
    nodeCount: 34,
    id: "pzp6e-ekpqk-3c5x7-2h6so-njoeq-mt45d-h3h6c-q3mxf-vpeq5-fk5o7-yae",
    keyNames: ["key_1"],
  },
  Bitcoin: { kind: "system", name: "bitcoin", nodeCount: 13, id: "w4rem-dv5e3-widiz-wbpea-kbttk-mnzfm-tzrc7-svcj3-kbxyb-zamch-hqe" },
  TestThresholdKeys: {
    kind: "application",
    name: "testkeys",
    nodeCount: 13,
    id: "fuqsr-in2lc-zbcjj-ydmcw-pzq7h-4xm2z-pto4i-dcyee-5z4rz-x63ji-nae",
    keyNames: ["dfx_test_key", "test_key_1"],
  },
  System: { kind: "system", name: "system", nodeCount: 13 },
  Application: { kind: "application", name: "application", nodeCount: 13 },
  CloudEngine: { kind: "cloud_engine", name: "cloud_engine", nodeCount: 13 },
  VerifiedApplication: { kind: "verified_application", name: "verified_application", nodeCount: 13 },
};

/** Practically none. Replica: `SubnetInstructionConfig::Benchmarking` in `state_machine_builder`. */
const NO_LIMIT = 99_999_999_999_999;
const BENCHMARKING: Partial<Limits> = {
  messageInstructions: NO_LIMIT,
  sliceInstructions: NO_LIMIT,
  roundInstructions: NO_LIMIT,
  queryInstructions: NO_LIMIT,
  queryTreeInstructions: NO_LIMIT,
};

export function subnetRequest(spec: SubnetSpec, config: Pick<InstanceConfig, "mainnetNnsSubnetId">): SubnetRequest {
  return {
    keyNames: [],
    ...requestOf(TRAITS[spec.kind]),
    costSchedule: spec.costSchedule === "Free" ? "free" : "normal",
    ...(spec.subnetAdmins === null ? {} : { admins: spec.subnetAdmins }),
    ...(spec.kind === "NNS" && config.mainnetNnsSubnetId ? { id: parsePrincipal(NNS_ID) as SubnetId } : {}),
    ...(spec.instructionConfig === "Benchmarking" ? { limits: BENCHMARKING } : {}),
  };
}

/** The subnet that an instance has by a name of `genesis.ts`: with the mainnet's id, nodes and keys. */
export function namedSubnet(name: string): SubnetRequest {
  return requestOf(Object.values(TRAITS).find((traits) => traits.name === name)!);
}

function requestOf({ id, ...traits }: KindTraits): SubnetRequest {
  return id === undefined ? traits : { ...traits, id: parsePrincipal(id) as SubnetId };
}

/** The mainnet's subnet in an instance: its kind, its own id and its ranges. */
export function mainnetSubnet({ id, ranges }: MainnetSubnet): { readonly spec: SubnetSpec; readonly request: SubnetRequest } {
  const text = principalText(id);
  const kind = text === NNS_ID ? "NNS" : (SUBNET_KINDS.find((candidate) => TRAITS[candidate].id === text) ?? "Application");
  const spec: SubnetSpec = { kind, instructionConfig: "Production", subnetAdmins: null, costSchedule: "Normal" };
  const request = subnetRequest(spec, { mainnetNnsSubnetId: true });
  // Kinds of the mainnet have their ranges by their names.
  return { spec, request: request.id === id ? request : { ...request, id, canisterRanges: ranges } };
}

/** What would be asked of PocketIC for a subnet that was made without it. */
export function specOf({ kind, name, costSchedule, admins }: SubnetConfig): SubnetSpec {
  const kinds = Object.entries(TRAITS) as [PicSubnetKind, KindTraits][];
  const [found] = kinds.find(([, traits]) => traits.name === name) ?? kinds.findLast(([, traits]) => traits.kind === kind)!;
  return {
    kind: found,
    instructionConfig: "Production",
    subnetAdmins: admins.length === 0 ? null : admins,
    costSchedule: costSchedule === "free" ? "Free" : "Normal",
  };
}

/** Kinds whose first subnet hosts canisters that are created without saying where; else it is the first subnet. */
const DEFAULT_HOSTS: readonly PicSubnetKind[] = ["Application", "CloudEngine", "VerifiedApplication", "System"];

/** First id that the subnet gives out which hosts canisters by default. */
export function defaultEffectiveCanisterId(state: NetworkState, specs: readonly SubnetSpec[]): CanisterId {
  const wanted = DEFAULT_HOSTS.find((kind) => specs.some((spec) => spec.kind === kind));
  const index = wanted === undefined ? 0 : specs.findIndex(({ kind }) => kind === wanted);
  return state.subnets.get(state.subnetOrder[index]!)!.config.allocationRange.start;
}

/** `specs` are in the order of the network's subnets. */
export function topologyJson(
  state: NetworkState,
  specs: readonly SubnetSpec[],
  defaultId: CanisterId,
  sha256: (bytes: Uint8Array) => Uint8Array,
): object {
  const entries = state.subnetOrder.map((id, index) => {
    const { ranges } = state.subnets.get(id)!.config;
    const { kind, instructionConfig, subnetAdmins, costSchedule } = specs[index]!;
    return [
      id,
      {
        subnet_kind: kind,
        subnet_admins: subnetAdmins?.map((admin) => ({ principal_id: toBase64(principalBytes(admin)) })) ?? null,
        cost_schedule: costSchedule,
        subnet_seed: [...subnetSeed(ranges, sha256)],
        instruction_config: instructionConfig,
        canister_ranges: ranges.map(({ start, end }) => ({ start: rawCanisterId(start), end: rawCanisterId(end) })),
      },
    ] as const;
  });
  const inOrder = entries.filter(([id]) => isThere(state, id)).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    subnet_configs: Object.fromEntries(inOrder.map(([id, config]) => [principalText(id), config])),
    default_effective_canister_id: rawCanisterId(defaultId),
  };
}

function rawCanisterId(id: CanisterId): { readonly canister_id: string } {
  return { canister_id: toBase64(principalBytes(id)) };
}

/** Hash of the ranges as the replica prints them: it follows from the topology alone. */
function subnetSeed(ranges: readonly CanisterRange[], sha256: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const printed = [...ranges]
    .sort((a, b) => (a.start < b.start ? -1 : 1))
    .map(({ start, end }) => `CanisterIdRange { start: CanisterId(${principalText(start)}), end: CanisterId(${principalText(end)}) }`);
  return sha256(encodeUtf8(`[${printed.join(", ")}]`));
}
