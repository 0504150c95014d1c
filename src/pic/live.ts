/**
 * An instance whose rounds run by themselves, with the host's time, and to which agents connect by a port.
 */
import { AutoProgress } from "../api/pocketic/auto-progress.ts";
import type { Instance } from "../api/pocketic/instance.ts";

/** A port at which somebody listens. */
export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

export class Live {
  private readonly serve: (instance: Instance) => Promise<Served>;
  private begun: Promise<{ readonly progress: AutoProgress; readonly served: Served }> | null = null;

  constructor(serve: (instance: Instance) => Promise<Served>) {
    this.serve = serve;
  }

  /** The port; the same one while the instance is live. */
  async start(instance: Instance): Promise<number> {
    this.begun ??= this.begin(instance);
    return (await this.begun).served.port;
  }

  async stop(): Promise<void> {
    const { begun } = this;
    this.begun = null;
    if (begun === null) return;
    const { progress, served } = await begun;
    await served.close();
    await progress.stop();
  }

  private async begin(instance: Instance): Promise<{ readonly progress: AutoProgress; readonly served: Served }> {
    const progress = new AutoProgress(instance, 0);
    return { progress, served: await this.serve(instance) };
  }
}
