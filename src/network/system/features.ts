/**
 * PocketIC's features as far as there are canisters for them: the registry, the ledgers, the cycles minting canister, and Internet Identity with a module.
 *
 * Each step takes one round, and the steps come in the real server's order, so that an instance begins at the time that clients know.
 * Replica: `create_subnet`, `update_cmc`, `deploy_icp_token`, `deploy_cycles_token` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { Principal } from "@icp-sdk/core/principal";
import { assert } from "../../base/assert.ts";
import type { IcpFeature, PicSubnetKind } from "../../api/pocketic/config.ts";
import type { Features } from "../../api/pocketic/features.ts";
import { runCall } from "../../api/pocketic/awaiting.ts";
import type { Instance } from "../../api/pocketic/instance.ts";
import { NO_BYTES } from "../../base/bytes.ts";
import { encodeArgument, idOf, opt, principalOf, type ArgumentValue } from "../../core/management/candid.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type SubnetId } from "../../core/state/ids.ts";
import { parsePrincipal } from "../../core/state/principal.ts";
import { route } from "../../core/state/world.ts";
import { GOVERNANCE, NNS_ROOT, SYSTEM_CANISTER_IDS, type SystemCanister } from "./canisters.ts";
import {
  conversionRate,
  cyclesLedger,
  cyclesMinting,
  DEFAULT_RATE,
  defaultSubnets,
  fiduciarySubnets,
  internetIdentity,
  ledger,
  registry,
  type CmcCall,
  type SystemInstallation,
} from "./plan.ts";

/** Which canister a feature is; the others have none here. */
const CANISTERS: { readonly [F in IcpFeature]?: SystemCanister } = {
  registry: "registry",
  cycles_minting: "cmc",
  icp_token: "ledger",
  cycles_token: "cycles-ledger",
  ii: "internet-identity",
};

/** `moduleOf`: the bytes of a module, or `null`. */
export function systemFeatures(moduleOf: (name: SystemCanister) => Uint8Array | null): Features {
  return {
    refusal(feature) {
      const name = CANISTERS[feature];
      if (name === undefined)
        return `Cannery's PocketIC server does not support icp_features.${feature}: install the modules of the system canisters that the test needs at their mainnet ids.`;
      if (moduleOf(name) !== null) return null;
      return `Cannery brings no module for icp_features.${feature}: download it and give its path, CANNERY_SYSTEM_CANISTERS="${name}=PATH".`;
    },
    afterSubnet(instance, features, kind) {
      new Installer(instance, moduleOf).install(features, kind);
    },
  };
}

class Installer {
  private readonly instance: Instance;
  private readonly moduleOf: (name: SystemCanister) => Uint8Array | null;

  constructor(instance: Instance, moduleOf: (name: SystemCanister) => Uint8Array | null) {
    this.instance = instance;
    this.moduleOf = moduleOf;
  }

  install(features: readonly IcpFeature[], kind: PicSubnetKind): void {
    if (features.includes("registry")) this.updateRegistry();
    if (features.includes("cycles_minting")) this.updateCmc(features, kind);
    if (features.includes("icp_token")) this.ensure(ledger());
    if (features.includes("cycles_token")) this.ensure(cyclesLedger());
    if (features.includes("ii")) this.ensure(internetIdentity());
  }

  /** What it knows is told when it is installed: it is installed anew for each subnet that comes, where the real one is sent a mutation. */
  private updateRegistry(): void {
    const installation = registry(this.instance.state);
    if (!this.ensure(installation)) this.installCode(installation, { reinstall: null });
  }

  private updateCmc(features: readonly IcpFeature[], kind: PicSubnetKind): void {
    const isNew = this.ensure(cyclesMinting({ withCyclesLedger: features.includes("cycles_token") }));
    if (isNew) this.govern(conversionRate(this.instance.timeNanos, DEFAULT_RATE));
    this.govern(defaultSubnets(this.subnets("Application")));
    if (kind === "Fiduciary") for (const call of fiduciarySubnets(this.subnets("Fiduciary"))) this.govern(call);
  }

  private subnets(kind: PicSubnetKind): Principal[] {
    const { state, specs } = this.instance;
    return state.subnetOrder.filter((_, index) => specs[index]!.kind === kind).map(principalOf);
  }

  /** Unless it is there, or its subnet is not there yet. Whether it was installed. */
  private ensure(installation: SystemInstallation): boolean {
    const id = parsePrincipal(SYSTEM_CANISTER_IDS[installation.name]);
    const subnet = route(this.instance.state, id);
    if (subnet === null || this.instance.canister(id) !== null) return false;
    this.manage(subnet, "provisional_create_canister_with_cycles", {
      amount: opt(installation.cycles ?? 0n),
      settings: [],
      specified_id: opt(principalOf(id)),
      sender_canister_version: [],
    });
    this.installCode(installation, { install: null });
    return true;
  }

  private installCode({ name, arg = NO_BYTES }: SystemInstallation, mode: ArgumentValue["install_code"]["mode"]): void {
    const id = parsePrincipal(SYSTEM_CANISTER_IDS[name]);
    this.manage(route(this.instance.state, id)!, "install_code", {
      mode,
      canister_id: principalOf(id),
      wasm_module: this.moduleOf(name)!,
      arg,
      sender_canister_version: [],
    });
  }

  private manage<N extends "provisional_create_canister_with_cycles" | "install_code">(
    subnet: SubnetId,
    method: N,
    value: Parameters<typeof encodeArgument<N>>[1],
  ): void {
    this.run(subnet, NNS_ROOT, MANAGEMENT_CANISTER, { method, arg: encodeArgument(method, value) });
  }

  private govern(call: CmcCall): void {
    const id = parsePrincipal(SYSTEM_CANISTER_IDS.cmc);
    this.run(route(this.instance.state, id)!, GOVERNANCE, id, call);
  }

  private run(subnet: SubnetId, sender: string, receiver: CanisterId, { method, arg }: CmcCall): void {
    const call = { sender: idOf(Principal.fromText(sender)), receiver, method, arg, senderInfo: null };
    const outcome = runCall(this.instance, call, subnet);
    assert(outcome.kind === "replied", `${method} of a system canister succeeds: ${outcome.kind === "failed" ? outcome.message : ""}`);
  }
}
