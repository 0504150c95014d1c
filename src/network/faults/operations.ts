/**
 * What rules have asked to be done in the middle of calls (stop, upgrade, …), until it is done.
 */
import type { FaultSchedule } from "./schedule.ts";

export class Operations {
  private readonly running = new Set<{ readonly submittedBefore: number }>();
  private readonly faults: FaultSchedule;
  /** How many calls were submitted so far: an operation that has submitted one is on its way through the network. */
  private readonly submitted: () => number;

  constructor(faults: FaultSchedule, submitted: () => number) {
    this.faults = faults;
    this.submitted = submitted;
  }

  /** An operation is still on its way to the network: its module is being read, say. */
  get isPreparing(): boolean {
    for (const { submittedBefore } of this.running) if (submittedBefore === this.submitted()) return true;
    return false;
  }

  /** Begins what rules have asked for in the step that was taken; `done` is called after each. */
  begin(done: () => void, failed: (error: unknown) => void): void {
    for (const { standing, tag, run } of this.faults.toRun.splice(0)) {
      const operation = { submittedBefore: this.submitted() };
      this.running.add(operation);
      void run()
        .catch(failed)
        .finally(() => {
          this.running.delete(operation);
          this.faults.release(standing, tag);
          done();
        });
    }
  }
}
