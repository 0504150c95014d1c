/** A module that the platform, or Cannery, does not take. Thrown while it is examined, caught in `prepare.ts`. */
import type { Advice, ModuleRefusal } from "./module-info.ts";

export class Refused extends Error {
  override name = "Refused";
  readonly kind: ModuleRefusal["kind"];
  readonly advice: Advice | null;

  constructor(kind: ModuleRefusal["kind"], description: string, advice: Advice | null = null) {
    super(description);
    this.kind = kind;
    this.advice = advice;
  }
}
