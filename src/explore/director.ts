/** A schedule that stands for another one, which changes: a network has one schedule for its life, and each run its own. */
import { ORDINARY, type Choice, type Schedule } from "../core/schedule/schedule.ts";

export class Director implements Schedule {
  current: Schedule = ORDINARY;
  /** Told what is asked, before it is answered. */
  onAsked: ((choice: Choice) => void) | null = null;

  get ordinary(): boolean {
    return this.current.ordinary;
  }

  get injects(): boolean {
    return this.current.injects === true;
  }

  get unlawful(): boolean {
    return this.current.unlawful === true;
  }

  choose(choice: Choice, options: number, nth?: number): number {
    this.onAsked?.(choice);
    return this.current.choose(choice, options, nth);
  }
}
