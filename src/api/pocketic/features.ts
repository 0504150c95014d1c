/**
 * Features of instances (`icp_features`): system canisters that are there from the beginning.
 *
 * Source: pocketic-server.md 4.4. Their modules come from whoever has them; what is asked for here is checked by `config.ts`.
 */
import type { IcpFeature, PicSubnetKind } from "./config.ts";
import type { Instance } from "./instance.ts";

export interface Features {
  /** Why there is no such feature, or `null`. */
  refusal(feature: IcpFeature): string | null;
  /** Installs and configures what each subnet brings with it, `kind` being that of the newest. */
  afterSubnet(instance: Instance, features: readonly IcpFeature[], kind: PicSubnetKind): void;
}
