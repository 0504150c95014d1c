/**
 * A network that runs already, such as one that `icp` started, as an instance: clients come to it by other ways too, and its rounds follow the host's
 * clock until somebody stops that.
 */
import type { Answer, Input } from "../../core/inputs.ts";
import type { NetworkState } from "../../core/state/network-state.ts";
import type { ServedNetwork } from "../http/served.ts";
import type { Progress } from "./auto-progress.ts";
import { Instance } from "./instance.ts";
import type { InstanceHost } from "./instance-host.ts";
import type { TickOptions } from "./journal.ts";
import { specOf } from "./topology.ts";

/** Whoever runs one fills this in. */
export interface RunningNetwork {
  readonly state: NetworkState;
  /** As its other clients see it. */
  readonly served: ServedNetwork;
  /** Applies an input; whom its events concern is told by the network itself. */
  step(input: Input): Answer | null;
  digest(): string;
  /** Rounds run by themselves from now on, with so many milliseconds between two at least; 0: as the network would have it. */
  live(delayMilliseconds: number): Progress;
  /** What `live` gave when the network began. */
  readonly progress: Progress;
}

export class RunningInstance extends Instance {
  private readonly running: RunningNetwork;

  constructor(running: RunningNetwork, host: InstanceHost) {
    const network = {
      get state() {
        return running.state;
      },
      step: (input: Input) => ({ events: [], answer: running.step(input) }),
      certificate: running.served.certificate,
      digest: () => running.digest(),
    };
    super(host, { network, specs: running.state.subnetOrder.map((id) => specOf(running.state.subnets.get(id)!.config)) });
    this.running = running;
  }

  override get timeNanos(): bigint {
    return this.running.served.now();
  }

  /** Nobody waits for the next round with a clock of its own. */
  protected override moveClock(timeNanos: bigint): void {
    super.moveClock(timeNanos, true);
  }

  /** A round of the network as it runs by itself, unless somebody says more of it. */
  protected override runTick(clockNanos: bigint, options: TickOptions): void {
    const { first = null, last = null, blockMakers = [] } = options;
    if (first === null && last === null && blockMakers.length === 0) this.step({ kind: "round", subnets: null });
    else super.runTick(clockNanos, options);
  }

  override served(): ServedNetwork {
    return this.running.served;
  }
}
