/**
 * The options of an instance as the server's configuration, which checks them.
 *
 * Source: pocketic-server.md 4; the requests that `@dfinity/pic` 0.23.0 makes of its options.
 */
import { instanceConfig, type InstanceConfig } from "../api/pocketic/config.ts";
import { SubnetStateType, type ApplicationSubnetConfig, type CreateInstanceOptions, type SubnetConfig } from "./types.ts";

/** Without options one application subnet. Throws `CreationRefused` and `BadShape`. */
export function configOf(options: CreateInstanceOptions | undefined, now: bigint): InstanceConfig {
  const { nns, sns, ii, fiduciary, bitcoin, system = [], verifiedApplication = [], icpFeatures, icpConfig } = options ?? {};
  const application = options?.application ?? [{ state: { type: SubnetStateType.New } }];
  const one = (subnet: SubnetConfig | undefined) => (subnet === undefined ? null : specOf(subnet));
  const json = {
    subnet_config_set: {
      nns: one(nns),
      sns: one(sns),
      ii: one(ii),
      fiduciary: one(fiduciary),
      bitcoin: one(bitcoin),
      system: system.map(specOf),
      application: application.map(specOf),
      cloud_engine: [],
      verified_application: verifiedApplication.map(specOf),
    },
    icp_config:
      icpConfig === undefined
        ? null
        : {
            beta_features: icpConfig.betaFeatures ?? null,
            canister_backtrace: icpConfig.canisterBacktrace ?? null,
            function_name_length_limits: icpConfig.functionNameLengthLimits ?? null,
            canister_execution_rate_limiting: icpConfig.canisterExecutionRateLimiting ?? null,
          },
    icp_features:
      icpFeatures === undefined
        ? null
        : {
            registry: icpFeatures.registry ?? null,
            cycles_minting: icpFeatures.cyclesMinting ?? null,
            icp_token: icpFeatures.icpToken ?? null,
            cycles_token: icpFeatures.cyclesToken ?? null,
            nns_governance: icpFeatures.nnsGovernance ?? null,
            sns: icpFeatures.sns ?? null,
            ii: icpFeatures.ii ?? null,
          },
    disable_ingress_validation: options?.disableIngressValidation ?? null,
  };
  return instanceConfig(json, now);
}

function specOf(subnet: SubnetConfig & Pick<ApplicationSubnetConfig, "costSchedule">): object {
  return {
    instruction_config: subnet.enableBenchmarkingInstructionLimits === true ? "Benchmarking" : "Production",
    cost_schedule: subnet.costSchedule ?? "Normal",
    state_config: subnet.state.type === SubnetStateType.New ? "New" : { FromPath: subnet.state.path },
  };
}
