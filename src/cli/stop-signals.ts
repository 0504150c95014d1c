/**
 * What asks a process to end: SIGINT and SIGTERM, and SIGHUP of a terminal that is closed.
 *
 * Source: icp-launcher.md 4. A second signal while it stops changes nothing: `icp` and the terminal both send one.
 */
export class StopSignals {
  private isAsked = false;
  private readonly onStop: (() => void)[] = [];

  /** `icp` lets networks in the background go on when the terminal goes. */
  constructor(options: { readonly hangUp: "stops" | "ignored" }) {
    const stop = (): void => {
      if (this.isAsked) return;
      this.isAsked = true;
      for (const run of this.onStop) run();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    process.on("SIGHUP", options.hangUp === "stops" ? stop : () => {});
  }

  /** At once when it was asked for before. */
  whenAsked(run: () => void): void {
    if (this.isAsked) run();
    else this.onStop.push(run);
  }
}
