/**
 * The network that an instance begins with.
 */
import type { GenesisConfig } from "../../core/genesis.ts";
import type { InstanceConfig } from "./config.ts";
import type { InstanceHost } from "./instance-host.ts";
import { subnetRequest } from "./topology.ts";

/** Hops to other subnets take no round of their own: see above. */
const LATENCY = { name: "pocket-ic", roundNanos: 0n, hopRounds: { min: 1, max: 1 } };
/** Shorter than mainnet's, so that tests see statistics. Replica: `state_machine_builder`. */
const QUERY_STATISTICS_EPOCH_ROUNDS = 60;

export function genesisConfig(config: InstanceConfig, { stackBytes }: InstanceHost): GenesisConfig {
  return {
    seed: 0n,
    ...(config.initialTimeNanos === null ? {} : { timeNanos: config.initialTimeNanos }),
    subnets: config.subnets.map((spec) => subnetRequest(spec, config)),
    latency: LATENCY,
    limits: {
      printing: true,
      rateLimiting: config.rateLimiting,
      exportLimits: config.exportLimits,
      paidFlexibleOutcalls: config.betaFeatures,
      queryStatisticsEpochRounds: QUERY_STATISTICS_EPOCH_ROUNDS,
      ...(stackBytes === undefined ? {} : { stackBytes }),
    },
  };
}
